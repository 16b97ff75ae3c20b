"""A map on an even grid: what can be drawn as an image of rows of one height."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.schema import wraps


@dataclass(frozen=True)
class Raster:
    """Cells of one size, from south to north and eastward.

    Attributes
    ----------
    values: (ny, nx) single or double precision; a missing value is NaN.
    x0, dx, y0, dy: centre of the first cell and spacing, degrees.
    wraps: whether the columns close the circle.
    rows, columns: latitude of each row (longitude of each column) in the file, where
        they are not evenly spaced there.
    level, full, at: of a part of a map: see :mod:`data_layer.cuts`.
    """

    values: npt.NDArray[Any]
    x0: float
    dx: float
    y0: float
    dy: float
    wraps: bool
    name: str = ""
    units: str = ""
    rows: tuple[float, ...] | None = None
    columns: tuple[float, ...] | None = None
    level: int = 0
    full: tuple[int, int] | None = None
    at: tuple[int, int] | None = None


def raster_of(da: xr.DataArray) -> Raster:
    """A map on an even grid.

    Parameters
    ----------
    da: dims ``(lat, lon)``, arranged (:func:`data_layer.schema.arrange`), in
        memory. What lies unevenly is spread over an even grid by repeating
        rows or columns.

    Raises
    ------
    BadRequest: for an array of other dims.
    """
    if da.dims != ("lat", "lon"):
        raise BadRequest(
            f"A frame is one map; this selection leaves {da.dims} open.",
            asked=str(da.dims),
            advice="Name the start, the lead and (for members) the member.",
        )
    lat, lon = da["lat"].values.astype(np.float64), da["lon"].values.astype(np.float64)
    rows, y0, dy = _even(lat)
    columns, x0, dx = _even(lon)
    values = np.asarray(da.values)
    native = values.dtype.newbyteorder("=")
    values = values.astype(native if native in (np.float32, np.float64) else np.float64, copy=False)
    if rows is not None:
        values = values[rows]
    if columns is not None:
        values = values[:, columns]
    return Raster(
        np.ascontiguousarray(values),
        x0,
        dx,
        y0,
        dy,
        wraps(lon),
        str(da.name or ""),
        str(da.attrs.get("units", "")),
        None if rows is None else tuple(round(float(v), 6) for v in lat[rows]),
        None if columns is None else tuple(round(float(v), 6) for v in lon[columns]),
    )


def _even(axis: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp] | None, float, float]:
    """Index that makes an ascending axis even (``None``: it is), first value, spacing.

    A browser draws an image with rows of one height. A Gaussian grid's rows are
    nearly so; each row of the frame takes the file's nearest row, at the
    spacing of the narrowest, so that no row of the file is lost (unless some
    are so narrow that the frame would have four times as many rows).
    """
    n = axis.size
    if n == 1:
        return None, round(float(axis[0]), 9), 1.0
    even = (axis[-1] - axis[0]) / (n - 1)
    if np.abs(axis - np.linspace(axis[0], axis[-1], n)).max() <= 0.02 * even:
        return None, round(float(axis[0]), 9), round(float(even), 9)
    narrow = float(np.diff(axis).min())
    count = min(math.ceil((axis[-1] - axis[0]) / narrow) + 1, 4 * n)
    fine = np.linspace(axis[0], axis[-1], count)
    nearest = np.searchsorted((axis[1:] + axis[:-1]) / 2, fine)
    return nearest, round(float(fine[0]), 9), round(float(fine[1] - fine[0]), 9)
