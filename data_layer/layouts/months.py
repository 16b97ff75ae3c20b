"""Times counted in months, which no calendar of CF can decode.

"months since 1960-01-01" means calendar months to the archives that write it (the IRI
Data Library, with the calendar "360", and the Climate Prediction Center), whatever a
library takes a month to be in days.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import UnreadableFile

_SINCE = re.compile(r"^months?\s+since\s+(\d{4})-(\d{1,2})\b", re.IGNORECASE)
# What datetime64[ns] holds in full.
_FIRST, _LAST = np.datetime64("1678-01", "M"), np.datetime64("2262-03", "M")


def in_months(v: xr.Variable) -> bool:
    """Whether the variable is a time counted in months."""
    return bool(_SINCE.match(str(v.attrs.get("units", ""))))


def month_starts(v: xr.Variable) -> xr.Variable:
    """The first instant of each month counted, as datetime64[ns]; dims as before.

    A value between two whole ones (the middle of a month) is of the month it lies in.
    The day of the month in the units is not looked at: some programs write one that
    they do not mean.

    Parameters
    ----------
    v: :func:`in_months`; any dims. It is loaded.

    Raises
    ------
    UnreadableFile: when a time is missing or beyond what can be counted.
    """
    since = _SINCE.match(str(v.attrs["units"]))
    assert since is not None, "only times counted in months"
    values: npt.NDArray[Any] = np.asarray(v.values, np.float64)
    # Single precision leaves a little above or below whole numbers.
    counts = np.floor(np.round(values, 3))
    origin = np.datetime64(f"{since[1]}-{int(since[2]):02d}", "M")
    low, high = ((end - origin).astype(int) for end in (_FIRST, _LAST))
    if not ((low <= counts) & (counts <= high)).all():
        odd = values[~((low <= counts) & (counts <= high))].flat[0]
        raise UnreadableFile(f"one of its times is {odd:g} {v.attrs['units']}, which is no month")
    attrs = {k: x for k, x in v.attrs.items() if k not in _OF_NUMBERS}
    starts = (origin + counts.astype(np.int64)).astype("datetime64[ns]")
    return xr.Variable(v.dims, starts, attrs)


_OF_NUMBERS = ("units", "calendar", "_FillValue", "missing_value")
