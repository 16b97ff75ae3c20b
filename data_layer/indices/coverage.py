"""How much of each cell of a grid lies within a box or a polygon."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from data_layer.errors import BadRequest

Floats = npt.NDArray[np.float64]

# Lines of latitude through a cell, along which a polygon's share of it is measured.
LINES = 8


def lat_edges(lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """South and north edges of the cells, in the order of the centres ``lat`` (degrees).

    Midway between centres; the outer cells reach as far outward as inward, though not
    beyond the poles.

    Raises
    ------
    BadRequest: of fewer than two centres, whose cells have no size.
    """
    centres = np.asarray(lat, np.float64)
    _check_size(centres, "latitude")
    order = np.argsort(centres, kind="stable")
    half = np.diff(centres[order]) / 2
    south = np.empty_like(centres)
    north = np.empty_like(centres)
    south[order] = centres[order] - np.append(half[:1], half)
    north[order] = centres[order] + np.append(half, half[-1:])
    return np.clip(south, -90.0, 90.0), np.clip(north, -90.0, 90.0)


def lon_edges(lon: npt.ArrayLike) -> tuple[Floats, Floats]:
    """West and east edges of the cells, in the order of the centres ``lon`` (degrees).

    Any convention and any order will do; edges are given from about 0 to 360, and east
    is not less than west. Midway between neighbours on the circle; beside a gap wider
    than 1.5 times the usual spacing the grid ends, half a spacing from the last centre.

    Raises
    ------
    BadRequest: of fewer than two centres, whose cells have no size.
    """
    centres = np.asarray(lon, np.float64)
    _check_size(centres, "longitude")
    # The rounding makes 360.3 and 0.3 one and the same number.
    circle = np.round(np.mod(centres, 360.0), 9) % 360.0
    order = np.argsort(circle, kind="stable")
    around = circle[order]
    gaps = np.diff(around, append=around[0] + 360.0)
    usual = float(np.median(np.sort(gaps)[:-1]))
    half = np.where(gaps > 1.5 * usual, usual, gaps) / 2
    west = np.empty_like(centres)
    east = np.empty_like(centres)
    west[order] = around - np.roll(half, 1)
    east[order] = around + half
    return west, east


def unwrapped(lon: Floats, title: str) -> Floats:
    """Longitudes of a ring's corners, going on continuously: each side the shorter way.

    Raises
    ------
    BadRequest: when the ring goes around a pole, or is wider than the Earth.
    """
    if not lon.size:
        return lon
    steps = np.diff(lon, append=lon[:1])
    steps = np.where(np.abs(steps) > 180.0, (steps + 180.0) % 360.0 - 180.0, steps)
    along = lon[:1] + np.concatenate([[0.0], np.cumsum(steps)])
    width = float(along.max() - along.min())
    if abs(along[-1] - along[0]) > 180.0 or width > 360.0 + 1e-9:
        raise BadRequest(
            f"{title} is no region: its sides go around a pole or all around the Earth.",
            asked=f"{width:g} degrees of longitude",
            advice="Each side goes the shorter way. Write a box for a belt around the Earth.",
        )
    if width == 0.0:
        raise BadRequest(
            f"{title} is no region: it is of no width.",
            asked=title,
            advice="Each side goes the shorter way. Write a box for a belt around the Earth.",
        )
    return np.asarray(along[:-1], np.float64)


def _check_size(centres: Floats, what: str) -> None:
    if centres.ndim != 1 or centres.size < 2:
        raise BadRequest(
            f"An area mean needs a grid of two {what}s at the least.",
            asked=f"{centres.size} {what}{'s' * (centres.size != 1)}",
            advice="Take the mean before a single row, column or cell is chosen.",
        )


def within_box(
    box: tuple[float, float, float, float], south: Floats, north: Floats, west: Floats, east: Floats
) -> Floats:
    """Square degrees of each cell within a box, exactly; (ny, nx).

    Parameters
    ----------
    box: south, north, west, east; ``west ≥ east`` goes over the date line or Greenwich.
    south, north: (ny,) edges of the rows.
    west, east: (nx,) edges of the columns.
    """
    low, high, start, end = box
    end = end if end > start else end + 360.0 * (math.floor((start - end) / 360.0) + 1)
    height = np.clip(np.minimum(north, high) - np.maximum(south, low), 0.0, None)
    ends = np.array([start, min(end, start + 360.0)])
    return np.outer(height, _covered(west, east, ends))


def within_rings(
    rings: tuple[tuple[Floats, Floats], ...],
    south: Floats,
    north: Floats,
    west: Floats,
    east: Floats,
) -> Floats:
    """Square degrees of each cell within rings, by the even-odd rule; (ny, nx).

    Exact along longitude on each of :data:`LINES` lines of latitude, evenly spaced
    through the cell, and summed over them.

    Parameters
    ----------
    rings: longitudes and latitudes of the corners of each; the last joins the first.
        Longitudes go on continuously along a ring, so one over the date line runs past 180.
    south, north, west, east: as in :func:`within_box`.
    """
    x0 = np.concatenate([lon for lon, _ in rings])
    y0 = np.concatenate([lat for _, lat in rings])
    x1 = np.concatenate([np.roll(lon, -1) for lon, _ in rings])
    y1 = np.concatenate([np.roll(lat, -1) for _, lat in rings])
    out = np.zeros((south.size, west.size))
    inside = np.flatnonzero((north > y0.min()) & (south < y0.max()))
    for row in inside:
        step = (north[row] - south[row]) / LINES
        for line in south[row] + (np.arange(LINES) + 0.5) * step:
            # Half open, so that a corner on the line is crossed once by its two sides.
            cut = np.flatnonzero((y0 <= line) != (y1 <= line))
            if cut.size:
                along = (line - y0[cut]) / (y1[cut] - y0[cut])
                ends = np.sort(x0[cut] + along * (x1[cut] - x0[cut]))
                out[row] += step * _covered(west, east, ends)
    return out


def _covered(west: Floats, east: Floats, ends: Floats) -> Floats:
    """Degrees of each span west…east, anywhere on the circle, within pairs of ascending ends."""
    lengths = np.diff(ends)
    lengths[1::2] = 0.0
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    first = math.floor((west.min() - ends[-1]) / 360.0)
    last = math.ceil((east.max() - ends[0]) / 360.0)
    turns = 360.0 * np.arange(first, last + 1)[:, None]
    reached = [np.interp(edge - turns, ends, along) for edge in (west, east)]
    return np.asarray((reached[1] - reached[0]).sum(axis=0), np.float64)
