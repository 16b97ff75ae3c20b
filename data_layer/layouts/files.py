"""Files opened lazily, before anything is made of what they say."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from data_layer.errors import UnreadableFile
from data_layer.layouts.calendars import in_standard_calendar
from data_layer.layouts.chunks import with_direct_chunks
from data_layer.layouts.messages import is_grib, open_grib
from data_layer.layouts.zarrs import open_zarr


def open_raw(path: Path) -> xr.Dataset:
    """The file without any decoding, lazy; values are read by its chunks where they can be.

    Raises
    ------
    OSError, ValueError, RuntimeError: as the NetCDF library says it.
    UnreadableFile: for GRIB that makes no dataset, or without what reads it or Zarr.
    """
    if path.is_dir():
        return open_zarr(path)
    if is_grib(path):
        return open_grib(path)
    raw = xr.open_dataset(path, engine="netcdf4", decode_cf=False, chunks=None, cache=False)
    return with_direct_chunks(raw, path)


def decoded(raw: xr.Dataset) -> xr.Dataset:
    """``raw`` with times as dates, and values unpacked when they are read.

    Leads stay numbers with units: months have no length, and pandas' nanoseconds
    would invent one. Dates of models' calendars become the standard ones of their name.

    Raises
    ------
    UnreadableFile: for units or calendars that have no dates.
    """
    try:
        return in_standard_calendar(xr.decode_cf(raw, decode_timedelta=False), raw)
    except ValueError as error:
        what = str(error).split(". ")[0]
        raise UnreadableFile(f"it cannot be decoded: {what}") from error
