"""Variables on several levels, taken apart into one variable for each level."""

from __future__ import annotations

import numpy as np
import xarray as xr


def levels_apart(ds: xr.Dataset, dim: str) -> xr.Dataset:
    """``ds``, still lazy, without ``dim``: ``ta`` at 85000 Pa becomes ``ta_850``.

    Parameters
    ----------
    dim: a dim with a coordinate. Pressures are written in hPa, anything else as it is.

    Returns
    -------
    The same dataset where the dim is missing. A variable of one level keeps its name.
    """
    if dim not in ds.dims:
        return ds
    pressure = str(ds[dim].attrs.get("units", "")) == "Pa"
    labels = [f"{x:g}" for x in ds[dim].values.astype(np.float64) / (100 if pressure else 1)]
    unit = "hPa" if pressure else str(ds[dim].attrs.get("units", ""))
    apart: dict[str, xr.Variable] = {}
    for name, v in ds.data_vars.items():
        if dim not in v.dims:
            apart[str(name)] = v.variable
            continue
        for i, label in enumerate(labels):
            one = v.variable.isel({dim: i})
            if len(labels) > 1:
                called = one.attrs.get("long_name") or str(name)
                one.attrs = {**one.attrs, "long_name": f"{called} at {label} {unit}".strip()}
            apart[f"{name}_{label}" if len(labels) > 1 else str(name)] = one
    return xr.Dataset(
        apart, {n: c.variable for n, c in ds.coords.items() if dim not in c.dims}, ds.attrs
    )
