"""Observations on the forecast's grid: means over what each cell covers.

First-order conservative remapping between regular grids (Jones 1999,
doi:10.1175/1520-0493(1999)127<2204:FASOCR>2.0.CO;2), which on such grids is a matrix for
the latitudes and one for the longitudes. A mean of what was observed in a cell is what a
cell's forecast can be compared with; where the forecast's cells are the smaller ones, each
gets the value of the observation's cell around it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

Floats = npt.NDArray[np.float64]

# A cell less than half of which was observed is missing.
LEAST_COVERED = 0.5
_ROUNDING = 1e-9  # of a cell: its parts add up to half of it but for that
_SAME = 1e-3  # of the spacing: grids closer than that are the same


def edges(centres: Floats, spacing: float | None = None) -> Floats:
    """Edges of cells along an ascending axis, midway between their centres.

    Parameters
    ----------
    centres: n of them, degrees.
    spacing: degrees; needed for a single cell.

    Returns
    -------
    n + 1 edges.
    """
    if centres.size == 1:
        half = (spacing or 1.0) / 2
        return np.array([centres[0] - half, centres[0] + half])
    middles = (centres[1:] + centres[:-1]) / 2
    first, last = centres[0] - (middles[0] - centres[0]), centres[-1] + (centres[-1] - middles[-1])
    return np.concatenate([[first], middles, [last]])


def regrid(
    field: xr.DataArray, lat: Floats, lon: Floats, spacing: tuple[float, float]
) -> xr.DataArray:
    """``field`` as means over the cells around ``lat`` and ``lon``.

    Parameters
    ----------
    field: dims …, ``lat``, ``lon``, arranged (:func:`data_layer.schema.arrange`).
    lat, lon: centres of the wanted cells, ascending, degrees; longitudes of any turn.
    spacing: of the wanted cells, in case there is one only.

    Returns
    -------
    The same dims. Weights are areas on the sphere; what is missing is left out, and a cell
    of which less than half is there is missing.
    """
    own_lat, own_lon = (field[d].values.astype(float) for d in ("lat", "lon"))
    if _same(own_lat, lat) and _same(own_lon, lon):
        return field.assign_coords(lat=lat, lon=lon)
    rows = _overlaps(
        np.sin(np.deg2rad(np.clip(edges(lat, spacing[0]), -90, 90))),
        np.sin(np.deg2rad(np.clip(edges(own_lat), -90, 90))),
    )
    columns = _around(edges(lon, spacing[1]), edges(own_lon))
    values = field.values.reshape(-1, own_lat.size, own_lon.size).astype(float)
    there = np.isfinite(values)
    total = rows @ np.where(there, values, 0.0) @ columns.T
    weight = rows @ there.astype(float) @ columns.T
    whole = np.outer(
        np.diff(np.sin(np.deg2rad(np.clip(edges(lat, spacing[0]), -90, 90)))),
        np.diff(edges(lon, spacing[1])),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(weight >= (LEAST_COVERED - _ROUNDING) * whole, total / weight, np.nan)
    shape = (*field.shape[:-2], lat.size, lon.size)
    others = {d: field[d] for d in field.dims[:-2] if d in field.coords}
    coords: dict[Any, Any] = {**others, "lat": lat, "lon": lon}
    kind = field.dtype if field.dtype.kind == "f" else np.float64
    return xr.DataArray(
        mean.reshape(shape).astype(kind), coords, field.dims, field.name, field.attrs
    )


def _same(one: Floats, other: Floats) -> bool:
    if one.size != other.size:
        return False
    step = float(np.abs(np.diff(one)).min()) if one.size > 1 else 1.0
    return bool(np.abs(one - other).max() <= _SAME * step)


def _overlaps(wanted: Floats, own: Floats) -> Floats:
    """Length that each wanted cell (rows) shares with each own one (columns)."""
    low = np.maximum(wanted[:-1, None], own[None, :-1])
    high = np.minimum(wanted[1:, None], own[None, 1:])
    shared: Floats = np.clip(high - low, 0.0, None)
    return shared


def _around(wanted: Floats, own: Floats) -> Floats:
    """As :func:`_overlaps`, on a circle of 360°."""
    turns = [_overlaps(wanted, own + 360.0 * turn) for turn in (-2, -1, 0, 1, 2)]
    return np.asarray(np.sum(turns, axis=0), np.float64)
