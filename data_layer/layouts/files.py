"""Files opened lazily, before anything is made of what they say."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from data_layer.errors import UnreadableFile
from data_layer.layouts.chunks import with_direct_chunks


def open_raw(path: Path) -> xr.Dataset:
    """The file without any decoding, lazy; values are read by its chunks where they can be.

    Raises
    ------
    OSError, ValueError, RuntimeError: as the library says it.
    """
    raw = xr.open_dataset(path, engine="netcdf4", decode_cf=False, chunks=None, cache=False)
    return with_direct_chunks(raw, path)


def decoded(raw: xr.Dataset) -> xr.Dataset:
    """``raw`` with times as dates, and values unpacked when they are read.

    Leads stay numbers with units: months have no length, and pandas' nanoseconds
    would invent one.

    Raises
    ------
    UnreadableFile: for units or calendars that have no dates.
    """
    try:
        return xr.decode_cf(raw, decode_timedelta=False)
    except ValueError as error:
        what = str(error).split(". ")[0]
        raise UnreadableFile(f"it cannot be decoded: {what}") from error
