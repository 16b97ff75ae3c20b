"""Observations that are written like the forecasts they are compared with."""

from __future__ import annotations

import numpy as np
import xarray as xr

from data_layer import schema
from data_layer.errors import UnreadableFile
from data_layer.layouts.stacked import stacked
from data_layer.schema import OBSERVATION_DIMS, validate
from data_layer.timing import Moment, valid_period


def as_observations(ds: xr.Dataset) -> xr.Dataset:
    """Observations by start and lead as observations by time, still lazy.

    Verification sets come so: for each start and lead of a hindcast the observation of the
    time it is for. A time that several starts lead to is taken from the shortest lead.

    Parameters
    ----------
    ds: canonical forecast (:func:`data_layer.schema.validate`) with one member.

    Raises
    ------
    UnreadableFile: when it holds an ensemble, which no observation is.
    """
    if ds.sizes["member"] != 1:
        raise UnreadableFile(
            f"the catalogue file calls it observations, and it holds {ds.sizes['member']} members"
        )
    unit = schema.lead_unit(ds)
    starts = schema.moments(ds["init"].values)
    leads = [int(lead) for lead in ds["lead"].values]
    found: dict[Moment, tuple[int, int]] = {}
    for k in np.argsort(leads, kind="stable"):
        for i, start in enumerate(starts):
            found.setdefault(valid_period(start, leads[k], unit)[0], (i, int(k)))
    times = sorted(found)
    pairs = np.array([found[t] for t in times], np.int64)
    kept = {
        name: stacked(ds[name].variable.isel(member=0), ("init", "lead"), "time", pairs)
        for name in schema.data_variables(ds)
    }
    coords = {dim: (dim, ds[dim].values, ds[dim].attrs) for dim in ("lat", "lon")}
    time = ("time", np.array(times, "datetime64[ns]"))
    out = xr.Dataset(
        {n: v.transpose(*OBSERVATION_DIMS) for n, v in kept.items()},
        {"time": time, **coords},
        ds.attrs,
    )
    out.set_close(ds.close)
    return validate(out)
