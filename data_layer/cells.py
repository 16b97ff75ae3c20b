"""Which cells of a grid a place or a region covers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.api import Box, Point, ProductRequest
from data_layer.errors import BadRequest

# Degrees. A box is written in decimals that the coordinates of a file, often in
# single precision, do not meet exactly.
_EDGE = 1e-4


def chosen(ds: xr.Dataset, request: ProductRequest) -> dict[str, object]:
    """Index of the cells that the request's point or box covers, in the file's order.

    Empty when it asks for the whole grid.

    Raises
    ------
    BadRequest: when that is no cell.
    """
    if request.point is not None:
        return _nearest(ds, request.point)
    if request.box is not None:
        return _within(ds, request.box)
    return {}


def _nearest(ds: xr.Dataset, point: Point) -> dict[str, object]:
    lat, lon = ds["lat"].values.astype(float), ds["lon"].values.astype(float)
    away = np.abs((lon - point.lon + 180) % 360 - 180)
    i, j = int(np.abs(lat - point.lat).argmin()), int(away.argmin())
    reach = [1.5 * float(np.median(np.abs(np.diff(a)))) if a.size > 1 else 1.0 for a in (lat, lon)]
    if abs(lat[i] - point.lat) > reach[0] or away[j] > reach[1]:
        raise BadRequest(
            f"The place {point.lat:g}, {point.lon:g} lies outside the grid.",
            asked=f"lat={point.lat:g}, lon={point.lon:g}",
            exists=[f"lat {lat.min():g} to {lat.max():g}", f"lon {lon.min():g} to {lon.max():g}"],
            advice="Choose a place within it.",
        )
    return {"lat": i, "lon": j}


def _within(ds: xr.Dataset, box: Box) -> dict[str, object]:
    lat, lon = ds["lat"].values.astype(float), ds["lon"].values.astype(float)
    rows = np.flatnonzero((lat >= box.south - _EDGE) & (lat <= box.north + _EDGE))
    if box.east - box.west >= 360:
        columns = np.arange(lon.size)
    else:
        width = (box.east - box.west) % 360
        columns = np.flatnonzero((lon - box.west + _EDGE) % 360 <= width + 2 * _EDGE)
    if not rows.size or not columns.size:
        raise BadRequest(
            "The box holds the centre of no cell.",
            asked=f"{box.south:g},{box.north:g},{box.west:g},{box.east:g}",
            exists=[f"lat {lat.min():g} to {lat.max():g}", f"lon {lon.min():g} to {lon.max():g}"],
            advice="Make it larger, or move it onto the grid.",
        )
    return {"lat": _run(rows), "lon": _run(columns)}


def _run(index: npt.NDArray[np.intp]) -> slice | npt.NDArray[np.intp]:
    """Neighbours as a slice, which files are read by many times faster than by a list."""
    first, last = int(index[0]), int(index[-1])
    return slice(first, last + 1) if last - first + 1 == index.size else index
