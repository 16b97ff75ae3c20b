"""The Southern Annular Mode: sea-level pressure at 40°S against that at 65°S."""

from __future__ import annotations

import numpy as np
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.indices.coverage import lat_edges, lon_edges

LATITUDES = (-40.0, -65.0)
SOURCE = "Gong and Wang (1999), doi:10.1029/1999GL900003"


def zonal_pressure(mslp: xr.DataArray) -> xr.DataArray:
    """Zonal means of sea-level pressure at the two latitudes.

    Parameters
    ----------
    mslp: dims ``lat``, ``lon`` and any others; all longitudes.

    Returns
    -------
    The other dims, in their order, and ``band`` (latitudes, -40 and -65), float64, in
    the units of ``mslp``; linear between the rows on either side. Missing where a cell is.

    Raises
    ------
    BadRequest: unless the grid goes around the Earth and from 65°S to 40°S.
    """
    for dim in ("lat", "lon"):
        if dim not in mslp.dims or dim not in mslp.coords:
            raise BadRequest(
                "The Southern Annular Mode needs a field on a grid.",
                asked=f"{mslp.name}({', '.join(map(str, mslp.dims))})",
                advice="Give sea-level pressure on a regular grid of latitudes and longitudes.",
            )
    lat = mslp["lat"].values
    lat_edges(lat)
    west, east = lon_edges(mslp["lon"].values)
    around = float((east - west).sum())
    if around < 359.0 or lat.min() > LATITUDES[1] or lat.max() < LATITUDES[0]:
        raise BadRequest(
            "The Southern Annular Mode is of zonal means at 40°S and 65°S.",
            asked=f"latitudes {lat.min():g} to {lat.max():g}, {around:g}° of longitude",
            advice="Give all longitudes, and rows from 65°S to 40°S at the least.",
        )
    rows = mslp.sortby("lat")
    # The rows needed, so that a global field is not averaged as a whole.
    ascending = rows["lat"].values
    first = max(int(np.searchsorted(ascending, LATITUDES[1], "right")) - 1, 0)
    last = int(np.searchsorted(ascending, LATITUDES[0], "left"))
    means = rows.isel(lat=slice(first, last + 1)).mean("lon", dtype=np.float64, skipna=False)
    lat_of_band = xr.DataArray(
        list(LATITUDES), dims="band", coords={"band": ("band", list(LATITUDES))}
    )
    out = means.interp(lat=lat_of_band).drop_vars("lat")
    out["band"].attrs = {"long_name": "latitude of the zonal mean", "units": "degrees_north"}
    out.attrs = dict(mslp.attrs)
    return out.transpose(..., "band").rename(mslp.name)


def sam(pressure: xr.DataArray, mean: xr.DataArray, deviation: xr.DataArray) -> xr.DataArray:
    """Index of the Southern Annular Mode: P*(40°S) − P*(65°S), each normalised.

    Gong and Wang (1999), doi:10.1029/1999GL900003. Positive when the westerlies are
    stronger and further south.

    Parameters
    ----------
    pressure: from :func:`zonal_pressure`: dim ``band`` and any others.
    mean, deviation: climatological mean and standard deviation of the same, with
        ``band`` and any of the other dims: for each lead and start, for instance
        ``hindcast.mean(("init", "member"))`` and ``hindcast.std(("init", "member"))``.

    Returns
    -------
    The other dims of ``pressure``, in their order, float64; without a unit. Missing
    where a deviation is 0.

    Raises
    ------
    BadRequest: when one of the three lacks a band, or the climatology has dims that
        ``pressure`` lacks.
    """
    for da in (pressure, mean, deviation):
        if "band" not in da.coords or not set(LATITUDES) <= set(np.atleast_1d(da["band"].values)):
            raise BadRequest(
                "The Southern Annular Mode needs pressures at 40°S and 65°S.",
                asked=f"{da.name}({', '.join(map(str, da.dims))})",
                advice="Take them, and their climatology, from zonal_pressure.",
            )
    extra = (set(mean.dims) | set(deviation.dims)) - set(pressure.dims)
    if extra:
        raise BadRequest(
            "The climatology has dims that the pressure has not.",
            asked=", ".join(sorted(map(str, extra))),
            exists=pressure.dims,
            advice="Average it over them first.",
        )
    normal = (pressure.astype(np.float64) - mean) / deviation.where(deviation > 0)
    north, south = (normal.sel(band=band, drop=True) for band in LATITUDES)
    out = (north - south).transpose(*(d for d in pressure.dims if d != "band")).rename("sam")
    out.attrs = {
        "long_name": "Southern Annular Mode index",
        "units": "1",
        "method": "normalised zonal-mean sea-level pressure at 40°S less that at 65°S",
        "references": SOURCE,
    }
    return out
