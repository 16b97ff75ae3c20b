"""Named areas of the Earth, and means over them with cos-latitude weights."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr
from cachetools import LRUCache, cached

from data_layer.errors import BadRequest
from data_layer.indices.coverage import (
    Floats,
    lat_edges,
    lon_edges,
    unwrapped,
    within_box,
    within_rings,
)

# A polygon of more is not drawn by hand, and takes long.
MOST_CORNERS = 200
# Of cells' weights that are kept.
_KEPT_BYTES = 32 << 20


class Bounds(NamedTuple):
    """A box, in degrees; ``west ≥ east`` goes over the date line or Greenwich."""

    south: float
    north: float
    west: float
    east: float


@dataclass(frozen=True, eq=False)
class Region:
    """An area: boxes or a polygon.

    Attributes
    ----------
    name: as a request writes it.
    title: as a person reads it.
    boxes: that do not overlap. Longitudes in any convention.
    rings: longitudes and latitudes of the corners of each ring of a polygon. What an
        odd number of rings surrounds is inside, so a ring in another is a hole.

    Raises
    ------
    BadRequest: of neither or both of boxes and rings, or of one that encloses nothing.
    """

    name: str
    title: str
    boxes: tuple[Bounds, ...] = ()
    rings: tuple[tuple[Floats, Floats], ...] = ()

    def __post_init__(self) -> None:
        if bool(self.boxes) == bool(self.rings):
            raise self._wrong("it has boxes and rings, or neither", "Give one of them.")
        for south, north, west, east in self.boxes:
            if not (-90 <= south < north <= 90 and np.isfinite([west, east]).all()):
                raise self._wrong(
                    f"its box is {south:g} to {north:g} north, {west:g} to {east:g} east",
                    "A box needs -90 ≤ south < north ≤ 90 and finite longitudes.",
                )
            if west == east:
                raise self._wrong("its box is of no width", "Write -180, 180 for all longitudes.")
        for lon, lat in self.rings:
            if not (lon.shape == lat.shape and lon.ndim == 1 and lon.size > 2):
                raise self._wrong(
                    f"a ring has {lon.shape} longitudes and {lat.shape} latitudes",
                    "A ring needs three corners or more.",
                )
            if not (np.isfinite(lon).all() and (np.abs(lat) <= 90).all()):
                raise self._wrong(
                    "a corner of it is nowhere on Earth",
                    "Write finite longitudes, and latitudes of -90 to 90.",
                )

    def _wrong(self, why: str, advice: str) -> BadRequest:
        return BadRequest(f"{self.title} is no region: {why}.", asked=self.name, advice=advice)

    def within(self, south: Floats, north: Floats, west: Floats, east: Floats) -> Floats:
        """Square degrees inside of each of the cells with those edges; (ny, nx)."""
        if self.rings:
            return within_rings(self.rings, south, north, west, east)
        return sum(
            (within_box(box, south, north, west, east) for box in self.boxes),
            np.zeros((south.size, west.size)),
        )


def box(name: str, title: str, south: float, north: float, west: float, east: float) -> Region:
    """A region of one box."""
    return Region(name, title, (Bounds(south, north, west, east),))


def polygon(name: str, title: str, corners: list[tuple[float, float]]) -> Region:
    """A region of one ring, from its corners as (longitude, latitude).

    A side goes the shorter way around the Earth, whichever way longitudes are written.

    Raises
    ------
    BadRequest: see :class:`Region`; of more than :data:`MOST_CORNERS`; or of a ring around a
        pole, or wider than the Earth.
    """
    if len(corners) > MOST_CORNERS:
        raise BadRequest(
            f"{title} has {len(corners)} corners; {MOST_CORNERS} are the most.",
            asked=f"{len(corners)} corners",
            advice="Leave out those that make the least difference.",
        )
    lon, lat = np.array(corners, np.float64).reshape(-1, 2).T
    return Region(name, title, rings=((unwrapped(lon, title), lat),))


# The areas of WMO's verification of long-range forecasts (WMO-No. 485, SVSLRF): the
# tropics from 20°S to 20°N, and the extratropics from there to the poles.
GLOBE = box("globe", "Globe", -90, 90, -180, 180)
TROPICS = box("tropics", "Tropics (20°S-20°N)", -20, 20, -180, 180)
NORTH = box("northern_extratropics", "Northern extratropics (20°N-90°N)", 20, 90, -180, 180)
SOUTH = box("southern_extratropics", "Southern extratropics (90°S-20°S)", -90, -20, -180, 180)
STANDARD = (GLOBE, TROPICS, NORTH, SOUTH)


@cache
def regions() -> Mapping[str, Region]:
    """The regions that have names: the standard boxes, Australia, its states and territories.

    The borders of the latter are Natural Earth's at 1:50 million, simplified to 0.03°.
    """
    made = json.loads((files(__package__) / "regions.json").read_text("utf-8"))
    unit = made["unit"]
    land = [
        Region(
            body["name"],
            body["title"],
            rings=tuple((np.array(x) * unit, np.array(y) * unit) for x, y in body["rings"]),
        )
        for body in made["regions"]
    ]
    return MappingProxyType({region.name: region for region in (*STANDARD, *land)})


def region(name: str) -> Region:
    """The region of that name.

    Raises
    ------
    BadRequest: listing the names there are.
    """
    try:
        return regions()[name]
    except KeyError:
        raise BadRequest(
            f"There is no region {name!r}.",
            asked=name,
            exists=regions(),
            advice="Choose one of them, or give a box.",
        ) from None


def area_weights(da: xr.DataArray, region: Region) -> xr.DataArray:
    """How much each cell counts in a mean over a region.

    The part of the cell inside the region, in square degrees, times the cosine of the
    latitude of the cell's centre: a cell half inside counts half. Boxes are exact;
    polygons are exact along 8 lines of latitude through each cell.

    Parameters
    ----------
    da: any array on a grid of one-dimensional ``lat`` and ``lon`` (cell centres in
        degrees, any order and convention).

    Returns
    -------
    dims (lat, lon), float64, with their coordinates; 0 outside.

    Raises
    ------
    BadRequest: without such a grid, or when no cell of it lies in the region.
    """
    lat, lon = _axes(da)
    shares = _shares_of(region, lat, lon)
    weights = np.zeros((lat.size, lon.size))
    weights[shares.rows, shares.columns] = shares.weights
    return xr.DataArray(
        weights, {"lat": da["lat"], "lon": da["lon"]}, ("lat", "lon"), name="area_weight"
    )


class _Shares(NamedTuple):
    """A region on a grid.

    ``rows`` and ``columns`` reach from the first cell that has a part in it to the last, and
    ``weights`` are theirs. ``whole`` is the sum that they would have on a grid from pole to pole
    and around.
    """

    rows: slice
    columns: slice
    weights: Floats
    whole: float


def _shares_of(region: Region, lat: Floats, lon: Floats) -> _Shares:
    """How a region lies on a grid: measured once, and kept for the next field of that grid."""
    return _kept_shares(region, *(np.asarray(x, np.float64).tobytes() for x in (lat, lon)))


@cached(
    LRUCache[object, _Shares](_KEPT_BYTES, getsizeof=lambda shares: shares.weights.nbytes + 256),
    key=lambda region, lat, lon: (region, lat, lon),
    lock=threading.Lock(),
)
def _kept_shares(region: Region, lats: bytes, lons: bytes) -> _Shares:
    lat, lon = np.frombuffer(lats), np.frombuffer(lons)
    weights = _cosine(lat)[:, None] * region.within(*lat_edges(lat), *lon_edges(lon))
    if not weights.any():
        around = f"{_degrees(lat, 'N', 'S')}, {_degrees(lon, 'E', 'W')}"
        raise BadRequest(
            f"{region.title} lies outside of the grid.",
            asked=region.name,
            exists=[f"a grid of {around}"],
            advice="Choose a region within it.",
        )
    rows, columns = (_extent(np.any(weights, axis)) for axis in (1, 0))
    return _Shares(rows, columns, weights[rows, columns].copy(), _area(lat, region))


def area_mean(da: xr.DataArray, region: Region, *, least: float = 0.5) -> xr.DataArray:
    """Mean over a region, each cell with its :func:`area_weights`.

    Parameters
    ----------
    da: dims ``lat`` and ``lon`` and any others. Missing cells (NaN) are left out.
    least: share of the region's area, 0 to 1, that must be there. A mean of less is
        missing. What lies beyond the grid is not there either.

    Returns
    -------
    The other dims, in their order, float64, in the units of ``da``; with the
    coordinate ``region`` and ``attrs["method"]``.

    Raises
    ------
    BadRequest: see :func:`area_weights`; or of a share that is none.
    """
    if not 0 <= least <= 1:
        raise BadRequest(
            f"The least share of a region is a number from 0 to 1, not {least:g}.",
            asked=f"{least:g}",
            advice="Write 0.5 for half of its area.",
        )
    shares = _shares_of(region, *_axes(da))
    # Of lazy data, only this much is read.
    part = da.isel(lat=shares.rows, lon=shares.columns)
    out: xr.DataArray = xr.apply_ufunc(
        _mean,
        part,
        # Sums of the same numbers in another order differ in the last digits.
        kwargs={"weights": shares.weights, "least": least * shares.whole * (1 - 1e-9)},
        input_core_dims=[["lat", "lon"]],
        dask="parallelized",
        output_dtypes=[np.float64],
        dask_gufunc_kwargs={"allow_rechunk": True},
    )
    out.name = da.name
    out.attrs = dict(da.attrs)
    out.attrs["cell_methods"] = f"{da.attrs.get('cell_methods', '')} area: mean".strip()
    out.attrs["method"] = (
        f"mean over {region.title}, weighted by cos(latitude) and by the part of each cell "
        f"inside; missing where less than {least * 100:g} % of the area is there"
    )
    return out.assign_coords(region=((), region.name, {"long_name": region.title}))


def _mean(values: npt.NDArray[Any], weights: Floats, least: float) -> Floats:
    """Means over the last two axes of what is there; missing where less weight than that is."""
    flat = values.reshape(*values.shape[:-2], -1)
    missing = np.isnan(flat)
    there = ~missing @ weights.ravel()
    total = np.where(missing, 0, flat) @ weights.ravel()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((there >= least) & (there > 0), total / there, np.nan)


def _area(lat: Floats, region: Region) -> float:
    """The sum that the weights would have if the grid's rows went from pole to pole and around."""
    south, north = lat_edges(lat)
    low, high = float(south.min()), float(north.max())
    below = np.linspace(-90.0, low, 2 + int(low + 90.0))
    above = np.linspace(high, 90.0, 2 + int(90.0 - high))
    rows = _cosine(lat), _cosine(_middle(below)), _cosine(_middle(above))
    circle = region.within(
        np.concatenate([south, below[:-1], above[:-1]]),
        np.concatenate([north, below[1:], above[1:]]),
        np.array([0.0]),
        np.array([360.0]),
    )
    return float(np.concatenate(rows) @ circle[:, 0])


def _extent(used: npt.NDArray[np.bool_]) -> slice:
    """The indices from the first that is used to the last."""
    there = np.flatnonzero(used)
    return slice(int(there[0]), int(there[-1]) + 1)


def _middle(edges: Floats) -> Floats:
    return (edges[1:] + edges[:-1]) / 2


def _cosine(lat: Floats) -> Floats:
    # Not below 0 at a pole that a file puts a hair too far.
    return np.clip(np.cos(np.radians(lat.astype(np.float64))), 0.0, None)


def _axes(da: xr.DataArray) -> tuple[Floats, Floats]:
    for dim in ("lat", "lon"):
        if dim not in da.dims or dim not in da.coords:
            raise BadRequest(
                f"An area mean needs a grid with an axis {dim!r}.",
                asked=f"{da.name}({', '.join(map(str, da.dims))})",
                advice="Give a field on a regular grid of latitudes and longitudes.",
            )
    return da["lat"].values, da["lon"].values


def _degrees(values: Floats, positive: str, negative: str) -> str:
    ends = (float(values.min()), float(values.max()))
    return " to ".join(f"{abs(v):g}°{positive if v >= 0 else negative}" for v in ends)
