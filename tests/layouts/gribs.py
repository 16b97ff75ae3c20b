"""GRIB messages, written with ecCodes as archives write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import eccodes
import numpy as np
import xarray as xr

MISSING = 9999.0

# Local definition 12 is ECMWF's for monthly forecasts with a nominal start.
C3S_MONTHLY = {
    "centre": "egrr",
    "subCentre": 98,
    "setLocalDefinition": 1,
    "localDefinitionNumber": 12,
    "class": "c3",
    "stream": "msmm",
    "type": "fcmean",
    "system": 14,
    "method": 1,
    "timeRangeIndicator": 10,
    "paramId": 167,
    "dataTime": 0,
}


def message(da: xr.DataArray, keys: Mapping[str, Any], edition: int = 1) -> bytes:
    """One map (lat, lon) in either order of its latitudes, as a message.

    Parameters
    ----------
    keys: of ecCodes, set in this order.
    """
    handle = eccodes.codes_grib_new_from_samples(f"regular_ll_sfc_grib{edition}")
    lat, lon = da["lat"].values, da["lon"].values
    grid = {
        "Ni": lon.size,
        "Nj": lat.size,
        "latitudeOfFirstGridPointInDegrees": lat[0],
        "latitudeOfLastGridPointInDegrees": lat[-1],
        "longitudeOfFirstGridPointInDegrees": lon[0],
        "longitudeOfLastGridPointInDegrees": lon[-1],
        "iDirectionIncrementInDegrees": lon[1] - lon[0],
        "jDirectionIncrementInDegrees": abs(lat[1] - lat[0]),
        "jScansPositively": int(lat[1] > lat[0]),
        "bitsPerValue": 24,
        "missingValue": MISSING,
        "bitmapPresent": int(da.isnull().any()),
    }
    for key, value in {**keys, **grid}.items():
        eccodes.codes_set(handle, key, value)
    eccodes.codes_set_values(handle, da.fillna(MISSING).values.ravel().astype(float))
    try:
        return eccodes.codes_get_message(handle)
    finally:
        eccodes.codes_release(handle)


def on(start: np.datetime64) -> int:
    """``20260901``."""
    return int(str(start)[:10].replace("-", ""))


def month(start: np.datetime64, lead: int) -> dict[str, int]:
    """What a monthly mean says of its month, ``lead`` months after a start on the first."""
    first = start.astype("datetime64[M]") + np.timedelta64(lead, "M")
    end = (first + np.timedelta64(1, "M")).astype("datetime64[h]") - start.astype("datetime64[h]")
    verifying = int(str(first)[:7].replace("-", ""))
    return {"step": int(end.astype(int)), "forecastMonth": lead + 1, "verifyingMonth": verifying}
