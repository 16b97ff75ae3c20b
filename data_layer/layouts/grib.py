"""GRIB files of monthly or daily forecasts, as MARS and the Climate Data Store hand them out."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from data_layer.layouts.base import Repaired
from data_layer.layouts.grib_words import in_cf_words
from data_layer.layouts.levels import levels_apart
from data_layer.layouts.messages import is_grib

_GRID = ("number", "lead", "latitude", "longitude")


class GribLayout(Repaired):
    """What :func:`data_layer.layouts.messages.open_grib` makes of a file's messages.

    Files of one of Copernicus' systems are one dataset, by centre and system.
    """

    name = "grib"

    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        """Whether the file is GRIB."""
        return is_grib(path)

    def repair(self, raw: xr.Dataset, path: Path) -> xr.Dataset:
        """Starts, leads and levels as CF says them; one system's files as one series."""
        ds = in_cf_words(raw)
        for dim in [d for d in ds.dims if d not in _GRID and not _is_start(ds, str(d))]:
            ds = levels_apart(ds, str(dim))
        centre, system = raw.attrs.get("GRIB_centre"), raw.attrs.get("GRIB_system")
        if centre and system and raw.attrs.get("GRIB_class") == "c3" and "," not in system:
            ds.attrs["system"] = f"{centre} system {system}"
            ds.attrs["title"] = f"{ds.attrs.get('institution') or centre}, system {system}"
            ds.attrs["series"] = f"C3S {centre} system {system} {ds['lead'].attrs['units']}"
        return ds


def _is_start(ds: xr.Dataset, dim: str) -> bool:
    return dim in ds.coords and ds[dim].attrs.get("standard_name") == "forecast_reference_time"


LAYOUT = GribLayout()
