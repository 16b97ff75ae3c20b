"""Curved grids made in code: a tripolar one as NEMO writes it, and one that is bent a little."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def tripolar(columns: int = 72, cap: float = 60.0, south: float = -77.0) -> tuple[Floats, Floats]:
    """Latitudes and longitudes ``(y, x)`` with ORCA's overlap: two columns, and one row.

    Mercator rows up to ``cap``; north of it the circles of a polar map are flattened
    until the last but one row lies folded upon itself between two poles on land.
    Longitudes from -180 to 180, the seam in the middle of the grid.
    """
    step = 360 / columns
    lam = 72.5 + step * np.arange(columns)
    rows = [0.0]
    while rows[-1] < cap:
        rows.append(rows[-1] + step * np.cos(np.deg2rad(rows[-1])))
    while rows[0] > south:
        rows.insert(0, rows[0] - step * np.cos(np.deg2rad(rows[0])))
    radius = np.tan(np.deg2rad((90 - rows[-1]) / 2))
    count = round(radius / (np.deg2rad(rows[-1] - rows[-2]) / 2))
    flat = (1 - np.arange(1, count + 1) / count)[:, None]
    x = radius * np.cos(np.deg2rad(lam - 72.5)) * np.ones_like(flat)
    y = radius * flat * np.sin(np.deg2rad(lam - 72.5))
    lat = np.vstack(
        [
            np.repeat(np.array(rows)[:, None], columns, 1),
            90 - 2 * np.rad2deg(np.arctan(np.hypot(x, y))),
        ]
    )
    lon = np.vstack([np.repeat(lam[None], len(rows), 0), 72.5 + np.rad2deg(np.arctan2(y, x))])
    across = -np.arange(columns) % columns
    lat, lon = (np.vstack([v, v[-2, across]]) for v in (lat, lon))
    return with_overlap(lat), (with_overlap(lon) + 180) % 360 - 180


def with_overlap(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """``(…, x)`` with the last column before the first, and the first after the last."""
    return np.concatenate([values[..., -1:], values, values[..., :1]], axis=-1)


def bent(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    """``(y, x)`` places near those of the axes, each nearest to its own."""
    y, x = np.meshgrid(lat, lon, indexing="ij")
    return y + np.sin(np.deg2rad(x)), x + np.sin(np.deg2rad(2 * y))


def nearest_by_hand(
    lat: Floats, lon: Floats, lats: Floats, lons: Floats
) -> tuple[npt.NDArray[np.intp], Floats]:
    """For places, the position of the nearest of ``lats`` and ``lons``, and the angle to it."""
    at = (unit(lat, lon) @ unit(lats.ravel(), lons.ravel()).T).argmax(axis=1)
    return at, angle(lat, lon, lats.ravel()[at], lons.ravel()[at])


def angle(lat: Floats, lon: Floats, other_lat: Floats, other_lon: Floats) -> Floats:
    """Degrees of a great circle from each place to its other."""
    chord = np.linalg.norm(unit(lat, lon) - unit(other_lat, other_lon), axis=-1)
    return np.rad2deg(2 * np.arcsin(chord / 2))


def unit(lat: Floats, lon: Floats) -> Floats:
    """``(…, 3)`` places on the sphere."""
    phi, lam = np.deg2rad(lat), np.deg2rad(lon)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)
