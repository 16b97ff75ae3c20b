"""Which cell of a curved grid is nearest to each cell of a regular one: geometry alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data_layer.errors import UnreadableFile

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Index = npt.NDArray[np.int32]

# Spacings a person would choose, in degrees; each divides the circle.
_SPACINGS = np.array(
    [
        1 / n
        for n in (
            1000,
            500,
            400,
            300,
            200,
            150,
            120,
            100,
            80,
            60,
            50,
            40,
            36,
            30,
            24,
            20,
            16,
            15,
            12,
            10,
            8,
            6,
            5,
            4,
            3,
            2,
        )
    ]
    + [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 10.0, 15.0, 30.0]
)

# Cells of the regular grid: as many as a map can show, and a search of seconds.
_MOST_CELLS = 2_000_000

# The search holds about 150 bytes for each.
_MOST_SOURCE_CELLS = 6_000_000

# A cell reaches to its corners, half its diagonal from the centre; the rest is for
# cells that are larger on one side than on the other.
_REACH = 0.7

# Cells this many times as far from all their neighbours as is usual are none:
# a fill value's place, alone in an island.
_ASTRAY = 10


@dataclass(frozen=True)
class Placement:
    """A regular grid, and where its numbers come from.

    Attributes
    ----------
    lat, lon: cell centres, degrees; ``lon`` eastward from 0…360, beyond 360 for a
        region across Greenwich.
    source: ``(lat, lon)``, position of the nearest cell in the flattened source
        grid; -1 where none is near.
    spacing: of ``lat`` and of ``lon``, degrees.
    """

    lat: Floats
    lon: Floats
    source: Index
    spacing: tuple[float, float]


def place(lat: Floats, lon: Floats) -> Placement:
    """The regular grid for a curved one.

    Its spacing is the median one of the source's cells in latitude and in longitude,
    whichever way the source's rows run, rounded to a simple fraction of a degree, and
    coarser where there would be more than two million cells. A cell is that of the
    nearest centre on the sphere, within about half a diagonal of the source's cell.

    Parameters
    ----------
    lat, lon: ``(y, x)``, degrees, longitudes of any range. No cells are those of NaN,
        beyond the poles, at one place with a neighbour or astray (fill values), and
        columns and rows that repeat others (the overlap of a tripolar grid).

    Raises
    ------
    UnreadableFile: when there is no grid left, or one too large to search.
    """
    if lat.size > _MOST_SOURCE_CELLS:
        raise UnreadableFile(
            f"its two-dimensional grid has {lat.size} cells; "
            f"up to {_MOST_SOURCE_CELLS} can be placed on a map"
        )
    there = (np.abs(lat) <= 90.001) & (np.abs(lon) <= 720)
    lat, lon = np.where(there, lat, np.nan), np.where(there, lon, np.nan)
    points = _on_sphere(lat, lon)
    there &= ~_overlap(points) & ~_on_a_neighbour(lat, lon)
    points[~there] = np.nan
    beside = _to_neighbours(points)
    nearest = np.fmin.reduce(beside)
    known = nearest[np.isfinite(nearest)]
    if known.size < 4 or min(lat.shape) < 2:
        raise UnreadableFile("its two-dimensional latitudes and longitudes make no grid")
    usual = float(np.median(known))
    there &= ~(nearest > _ASTRAY * usual)
    spacing, rows, columns = _axes(np.where(there, lat, np.nan), np.where(there, lon, np.nan))
    along_x, along_y = np.fmin(*beside[:2]), np.fmin(*beside[2:])
    reach = _REACH * np.hypot(
        np.where(np.isnan(along_x), np.fmax(along_y, 0), along_x),
        np.where(np.isnan(along_y), np.fmax(along_x, 0), along_y),
    )
    reach[~(reach > 0)] = _REACH * usual
    found = _search(points[there], reach[there], rows, columns)
    cells = np.append(np.flatnonzero(there), -1).astype(np.int32)
    return Placement(rows, columns, cells[found], spacing)


def _on_sphere(lat: Floats, lon: Floats) -> Floats:
    """``(…, 3)`` unit vectors."""
    phi, lam = np.deg2rad(lat), np.deg2rad(lon)
    out = np.empty((*np.broadcast_shapes(lat.shape, lon.shape), 3))
    out[..., 0] = np.cos(phi) * np.cos(lam)
    out[..., 1] = np.cos(phi) * np.sin(lam)
    out[..., 2] = np.sin(phi)
    return out


def _overlap(points: Floats) -> Bools:
    """Columns of a wrapped grid and a row across its northern fold that repeat others."""
    out = np.zeros(points.shape[:2], bool)
    if points.shape[1] > 4 and _same(points[:, 0], points[:, -2]):
        out[:, [0, -1]] = True
    elif points.shape[1] > 4 and _same(points[:, 0], points[:, -1]):
        out[:, -1] = True
    folded = (
        np.roll(row[::-1], shift, axis=0) for row in points[-2:-4:-1] for shift in range(-3, 4)
    )
    if any(_same(points[-1], row) for row in folded):
        out[-1] = True
    return out


def _same(a: Floats, b: Floats) -> bool:
    """Whether nine in ten of the places are one and the same, to a hundred metres."""
    away = _distance(a, b)
    known = np.isfinite(away)
    return bool(known.any()) and float((away[known] < 1.6e-5).mean()) > 0.9


def _on_a_neighbour(lat: Floats, lon: Floats) -> Bools:
    out = np.zeros(lat.shape, bool)
    for a, b in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:, :], np.s_[:-1, :])):
        one = (lat[a] == lat[b]) & (lon[a] == lon[b])
        out[a] |= one
        out[b] |= one
    return out


def _to_neighbours(points: Floats) -> Floats:
    """``(4, y, x)`` distances to the neighbours in x, then in y; NaN where there is none."""
    out = np.full((4, *points.shape[:2]), np.nan)
    out[0, :, 1:] = out[1, :, :-1] = _distance(points[:, 1:], points[:, :-1])
    out[2, 1:] = out[3, :-1] = _distance(points[1:], points[:-1])
    return out


def _distance(a: Floats, b: Floats) -> Floats:
    """Of points on the sphere, in radii, through it."""
    d = a - b
    return np.asarray(np.sqrt(np.einsum("...i,...i", d, d)), np.float64)


def _axes(lat: Floats, lon: Floats) -> tuple[tuple[float, float], Floats, Floats]:
    """Spacings, latitudes and longitudes of the regular grid; NaN where there is no cell."""
    steps = [
        np.hypot(_turn(v[:-1, :-1], v[:-1, 1:]), _turn(v[:-1, :-1], v[1:, :-1])) for v in (lat, lon)
    ]
    usual = [float(np.nanmedian(s)) for s in steps]
    lat, lon = lat[np.isfinite(lat)], lon[np.isfinite(lon)] % 360
    for coarser in 1.25 ** np.arange(40):
        dy, dx = (
            float(_SPACINGS[np.abs(np.log(_SPACINGS / (u * coarser))).argmin()]) for u in usual
        )
        rows, columns = _rows(lat, dy), _columns(lon, dx)
        if rows.size * columns.size <= _MOST_CELLS:
            break
    return (dy, dx), rows, columns


def _turn(a: Floats, b: Floats) -> Floats:
    away = np.abs(a - b)
    return np.asarray(np.minimum(away, np.abs(away - 360)), np.float64)


def _offset(values: Floats, step: float) -> float:
    """0 when the source's cells are centred on multiples of the spacing, else a half."""
    return 0.0 if np.cos(2 * np.pi / step * values).mean() > 0 else 0.5


def _rows(lat: Floats, step: float) -> Floats:
    offset = _offset(lat, step)
    first, last = (round(float(v) / step - offset) for v in (lat.min(), lat.max()))
    rows = np.asarray((np.arange(first, last + 1) + offset) * step, np.float64)
    return rows[np.abs(rows) <= 90]


def _columns(lon: Floats, step: float) -> Floats:
    """Eastward; the whole circle where no three columns that follow each other are empty."""
    offset = _offset(lon, step)
    whole = round(360 / step)
    held = np.unique(np.round(lon / step - offset).astype(np.int64) % whole)
    gaps = np.diff(held, append=held[0] + whole)
    widest = int(gaps.argmax())
    if gaps[widest] <= 3:
        first, count = 0, whole
    else:
        first = int(held[(widest + 1) % held.size])
        count = (int(held[widest]) - first) % whole + 1
    return np.asarray((np.arange(first, first + count) + offset) * step, np.float64)


def _search(points: Floats, reach: Floats, rows: Floats, columns: Floats) -> Index:
    """``(rows, columns)`` position of the nearest point, ``len(points)`` where none reaches."""
    # Half a second to import, for archives that need it alone.
    from scipy.spatial import cKDTree

    tree = cKDTree(points, balanced_tree=False, compact_nodes=False)
    limits = np.append(reach, -1.0)
    furthest = float(reach.max())
    out = np.empty((rows.size, columns.size), np.int32)
    for start in range(0, rows.size, 64):
        part = np.s_[start : start + 64]
        places = _on_sphere(rows[part, None], columns[None, :])
        away, found = tree.query(places, distance_upper_bound=furthest)
        out[part] = np.where(away <= limits[found], found, len(points))
    return out
