"""Forecast products of POAMA, as the Bureau's PASAP service wrote them: ``atmos_latest.nc``.

One map for each period and no members. ``init_date`` is the start, in the units of the
times; ``time_label`` names the periods in words; ``mask`` is 1 where the map is not to be
shown. Source: public code of the map service that drew them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import UnreadableFile
from data_layer.layouts.base import Repaired
from data_layer.layouts.labelled import axis_of_time, dates_of, fields
from data_layer.layouts.lazy import mapped
from data_layer.layouts.poama import without_sentinels
from data_layer.layouts.recognise import coordinates
from data_layer.timing import Moment

_SAID = ("init_date", "time_label")


class PasapLayout(Repaired):
    """A file of forecast products with ``init_date`` and ``time_label``."""

    name = "pasap"

    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        """Whether both are there, beside times, latitudes and longitudes."""
        return set(_SAID) <= set(raw.variables) and {"lat", "lon", "valid"} <= set(coordinates(raw))

    def repair(self, raw: xr.Dataset, path: Path) -> xr.Dataset:
        """See :meth:`Repaired.repair`."""
        time = axis_of_time(raw)
        init = _start(raw, time)
        labels = _labels(raw["time_label"], time)
        named = [n for n in fields(raw, time) if n != "mask" and raw[n].dtype.kind == "f"]
        mask = raw.variables.get("mask")
        for n in named:
            v = mapped(raw.variables[n], without_sentinels)
            if mask is not None and set(mask.dims) <= set(v.dims):
                v = mapped(v, _unmasked, mask)
            raw = raw.assign({n: v})
        said = f" Its times are called {', '.join(labels)}." if labels else ""
        attrs = {
            "institution": "Bureau of Meteorology",
            **raw.attrs,
            "system": "POAMA",
            "forecast_role": "forecast",
            "comment": f"A product of the whole ensemble: what is called member 0 is it.{said}",
        }
        gone = [n for n in (*_SAID, "lead_time", "mask") if n in raw.variables]
        return (
            raw.drop_vars(gone)
            .assign_coords(
                forecast_reference_time=(
                    (),
                    np.datetime64(init, "ns"),
                    {"standard_name": "forecast_reference_time"},
                )
            )
            .assign_attrs(attrs)
        )


def _start(raw: xr.Dataset, time: str) -> Moment:
    given = np.unique(np.asarray(raw["init_date"].values, np.float64))
    if given.size != 1 or not np.isfinite(given).all():
        raise UnreadableFile(f"its init_date is not one start, but {given[:3].tolist()}")
    (init,) = dates_of(given, raw[time].attrs | raw["init_date"].attrs)
    return init


def _labels(da: xr.DataArray, time: str) -> list[str]:
    """Of each time, from strings or from arrays of characters."""
    if time not in da.dims:
        return []
    values = da.transpose(time, ...).values
    rows = ("".join(map(_text, row)) for row in values.reshape(len(values), -1))
    return [label for row in rows if (label := row.strip("\0 "))]


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _unmasked(values: npt.NDArray[Any], mask: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.where(mask == 1, values.dtype.type(np.nan), values)


LAYOUT = PasapLayout()
