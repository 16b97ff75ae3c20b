"""Grids whose latitudes and longitudes are two-dimensional, shown on regular axes.

Each cell of the regular grid holds the number of the source cell whose centre is
nearest on the sphere, or is missing where there is none close by: no number is
made that is not in the file. Nothing of the data is read but what is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from fractions import Fraction
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from cachetools import LRUCache, cached
from xarray.core.indexing import LazilyIndexedArray

from data_layer.errors import UnreadableFile
from data_layer.layouts.lazy import LazyArray, with_dims
from data_layer.layouts.nearest import Placement, place
from data_layer.layouts.recognise import coordinates

Floats = npt.NDArray[np.float64]

# An archive holds few grids: one of the ocean's for each of the points T, U and V.
_GRIDS_KEPT = 8

# What speaks of the source's cells, and would be wrong of others.
_OF_CELLS = ("coordinates", "grid_mapping", "cell_measures")


def on_axes(ds: xr.Dataset, lat: str, lon: str) -> tuple[xr.Dataset, dict[str, str]]:
    """``ds`` with a latitude and a longitude axis, its data still lazy.

    A grid that is regular, only written in two dimensions, keeps its cells. Any other
    is shown on a regular one (:func:`data_layer.layouts.nearest.place`), which is worked
    out once for all files of that grid.

    Parameters
    ----------
    ds: decoded.
    lat, lon: names of its latitudes and longitudes, degrees, dims ``(y, x)`` in either
        order, or y alone and x alone.

    Returns
    -------
    The variables on both y and x or on neither, without those on the points of another
    grid; and what the axes ``lat`` and ``lon`` are called. Where the grid was not
    regular, the attribute ``comment`` says what is shown.

    Raises
    ------
    UnreadableFile: for coordinates that make no grid.
    """
    ds, lat, lon = _of_one_grid(ds, lat, lon)
    y, x, lats, lons = _on_both(ds, lat, lon)
    maps = {
        name: v
        for name, v in ds.variables.items()
        if {y, x} <= set(v.dims) and name not in (lat, lon)
    }
    bare = ds.drop_vars([n for n, v in ds.variables.items() if {y, x} & set(v.dims)])
    straight = _straight(lats, lons)
    if straight is None:
        found = _placed(lats, lons)
        straight = found.lat, found.lon
        maps = {n: _nearest(v, y, x, found) for n, v in maps.items() if v.dtype.kind in "iuf"}
        said = _said(ds, f"{lat}({y}, {x})", found, lats.shape)
        bare.attrs["comment"] = f"{said} {ds.attrs.get('comment', '')}".strip()
    axes = {y: (y, straight[0], _NORTH), x: (x, straight[1], _EAST)}
    return bare.assign(maps).assign_coords(axes), {"lat": str(y), "lon": str(x)}


_NORTH = {"standard_name": "latitude", "units": "degrees_north"}
_EAST = {"standard_name": "longitude", "units": "degrees_east"}


def _of_one_grid(ds: xr.Dataset, lat: str, lon: str) -> tuple[xr.Dataset, str, str]:
    """The coordinates that the first variable names, and only variables that name no others.

    Winds and currents may lie on other points of the same shape.
    """
    pairs = {name: _named(ds, v) for name, v in ds.data_vars.items()}
    chosen = next((pair for pair in pairs.values() if pair), (lat, lon))
    other = [name for name, pair in pairs.items() if pair not in (None, chosen)]
    return ds.drop_vars(other), *chosen


def _named(ds: xr.Dataset, v: xr.DataArray) -> tuple[str, str] | None:
    """Latitudes and longitudes of two dimensions that a variable names as its own."""
    said = v.encoding.get("coordinates") or v.attrs.get("coordinates") or ""
    names = [n for n in str(said).split() if n in ds.variables and ds[n].ndim == 2]
    found = coordinates(ds.reset_coords()[names])
    return (found["lat"], found["lon"]) if {"lat", "lon"} <= found.keys() else None


def _on_both(ds: xr.Dataset, lat: str, lon: str) -> tuple[Hashable, Hashable, Floats, Floats]:
    """The dims y and x, and the coordinates on ``(y, x)``."""
    a, b = ds[lat].variable, ds[lon].variable
    if a.ndim == b.ndim == 0:
        raise UnreadableFile(f"{lat!r} and {lon!r} name a single place; fields on a grid are read")
    # WRF repeats them for each time, and they do not move.
    a, b = (v.isel({d: 0 for d in v.dims[:-2] if v.sizes[d] == 1}) for v in (a, b))
    if a.ndim == b.ndim == 1 and a.dims != b.dims:
        y, x = a.dims[0], b.dims[0]
        lats, lons = np.broadcast_arrays(a.values[:, None], b.values[None, :])
    elif a.ndim == b.ndim == 2 and set(a.dims) == set(b.dims):
        y, x = a.dims
        lats, lons = a.values, b.transpose(y, x).values
    else:
        raise UnreadableFile(
            f"its latitudes lie along {lat}({', '.join(map(str, a.dims))}) and its longitudes "
            f"along {lon}({', '.join(map(str, b.dims))}); axes of their own, or the same two "
            "dimensions, are understood"
        )
    if not lats.size:
        raise UnreadableFile("its grid is empty")
    return y, x, lats.astype(np.float64), lons.astype(np.float64)


def _straight(lats: Floats, lons: Floats) -> tuple[Floats, Floats] | None:
    """The axes of a grid that is regular after all, or ``None``."""
    lat, lon = lats[:, 0], lons[0]
    if not (np.abs(lats - lat[:, None]).max() < 1e-5 and np.abs(lons - lon).max() < 1e-5):
        return None
    around = np.round(lon % 360, 5)
    once = len(np.unique(lat)) == lat.size and len(np.unique(around)) == lon.size
    return (lat, lon) if once else None


def _digest(lat: Floats, lon: Floats) -> tuple[tuple[int, ...], bytes]:
    both = hashlib.sha256(lat.tobytes())
    both.update(lon.tobytes())
    return lat.shape, both.digest()


@cached(LRUCache(_GRIDS_KEPT), key=_digest, lock=Lock())
def _placed(lat: Floats, lon: Floats) -> Placement:
    return place(lat, lon)


def _said(ds: xr.Dataset, where: str, found: Placement, shape: tuple[int, ...]) -> str:
    mappings = [str(v.attrs.get("grid_mapping_name", "")) for v in ds.variables.values()]
    named = [m.replace("_", " ") for m in mappings if m][:1]
    what = ", ".join([*named, where, f"{shape[0]} × {shape[1]} cells"])
    dy, dx = (Fraction(s).limit_denominator(1000) for s in found.spacing)
    return (
        f"Shown on a regular grid of {dy}° of latitude by {dx}° of longitude: each cell holds the "
        f"number of the nearest cell of the model's own grid ({what})."
    )


def _nearest(v: xr.Variable, y: Hashable, x: Hashable, found: Placement) -> xr.Variable:
    """``v`` on the regular grid, lazy, y and x last; missing where no cell is near."""
    front = [d for d in v.dims if d not in (y, x)]
    dims = tuple(map(str, (*front, y, x)))
    attrs = {k: a for k, a in v.attrs.items() if k not in _OF_CELLS}
    return xr.Variable(dims, LazilyIndexedArray(_Nearest(with_dims(v, dims), found)), attrs)


class _Nearest(LazyArray):
    def __init__(self, v: xr.Variable, found: Placement) -> None:
        self._v = v
        self._source = found.source
        self.shape = (*v.shape[:-2], *found.source.shape)
        self.dtype = np.result_type(v.dtype, np.float32)

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        front, last = key[:-2], key[-2:]
        rows, columns = (k if isinstance(k, slice) else np.atleast_1d(k) for k in last)
        block, source = _around(self._source[rows][:, columns], self._v.shape[-2:])
        part = self._v.isel(dict(zip(self._v.dims, (*front, *block), strict=True)))
        values = part.values.reshape(*part.shape[:-2], part.shape[-2] * part.shape[-1])
        out = values.take(source, axis=-1, mode="clip").astype(self.dtype, copy=False)
        out[..., source < 0] = np.nan
        # A number, unlike a slice or an array of one, takes its dim away.
        return out[(..., *(0 if isinstance(k, int | np.integer) else slice(None) for k in last))]


def _around(
    source: npt.NDArray[np.int32], shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], npt.NDArray[np.int32]]:
    """The block of the source grid that holds all of ``source``, and positions within it.

    It has one cell at least: that much is read even for a region without any.
    """
    there = source >= 0
    count = np.count_nonzero(there)
    if count * 2 > shape[0] * shape[1]:
        return (slice(None), slice(None)), source
    if not count:
        return (slice(0, 1), slice(0, 1)), source
    ys, xs = np.divmod(source[there], shape[1])
    south, north, west, east = (int(v) for v in (ys.min(), ys.max(), xs.min(), xs.max()))
    inside = source.copy()
    inside[there] = (ys - south) * (east + 1 - west) + xs - west
    return (slice(south, north + 1), slice(west, east + 1)), inside
