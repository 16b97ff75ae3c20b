"""One map as a binary frame, and back.

A frame is for drawing and probing: numbers, not a picture. Layout of the bytes
(little endian)::

    0   4  magic "PPF1"
    4   4  length of the header, n (a multiple of 4)
    8   n  header, JSON in UTF-8, padded with blanks
    8+n    low bytes (ny × nx), then high bytes (ny × nx)

The two planes hold 16-bit cells in the coding of
:func:`data_layer.kernels.quantise`: rows south to north, eastward in a row.
Cell 0 is missing; the value of any other cell q is ``(base + q) * step``. So a
value is right to ``step / 2``, and ``step`` is 1, 2 or 5 times a power of ten:
the values shown are round ones.

Header
    ``shape`` [ny, nx]; ``x0``, ``dx``, ``y0``, ``dy`` centre of the first cell
    and spacing, degrees; ``wraps`` whether the cells close the circle;
    ``step``, ``base``; ``min``, ``max`` exact extremes or null; ``units``;
    ``name``; ``rows`` (``columns``) where the latitudes (longitudes) are not
    evenly spaced: that of the file's row behind each row of the frame.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer import kernels
from data_layer.errors import BadRequest
from data_layer.schema import wraps

MAGIC = b"PPF1"
MEDIA_TYPE = "application/vnd.poama.frame"

# A frame has at least this many steps between its extremes, fewer than three
# times as many: finer than any colour map and than what a forecast means.
LEVELS = 4096

# Where the extremes differ by less than this part of their size, fewer steps
# do: value / step must stay a number whose units a double can count.
_LEAST_SPREAD = 2.0**-38
# A constant map is told as exactly as single precision tells it.
_CONSTANT_SPREAD = 2.0**-24 * LEVELS
_TINY = 1e-300


def nice_step(spread: float) -> float:
    """The largest of 1, 2, 5 × 10ⁿ that divides ``spread`` into at least ``LEVELS`` steps."""
    if not spread > 0:
        return 1.0
    target = spread / LEVELS
    exponent = math.floor(math.log10(target))
    for mantissa in (5, 2, 1):
        # float(): powers of ten below one are only exact when parsed as decimals.
        step = float(f"{mantissa}e{exponent}")
        if step <= target:
            return step
    return float(f"5e{exponent - 1}")


def _step(low: float, high: float) -> float:
    """The step for a map of these extremes (NaN: of nothing)."""
    size = max(abs(low), abs(high))
    if not size > 0:
        return 1.0
    part = _CONSTANT_SPREAD if low == high else _LEAST_SPREAD
    spread = min(high - low, sys.float_info.max)
    return nice_step(max(spread, part * size, _TINY))


def encode(da: xr.DataArray) -> bytes:
    """A map as a frame.

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
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    if rows is not None:
        values = values[rows]
    if columns is not None:
        values = values[:, columns]
    values = np.ascontiguousarray(values)
    low, high = kernels.extremes(values)
    step = _step(low, high)
    base = float(np.rint(low / step) - 1) if math.isfinite(low) else 0.0
    header: dict[str, Any] = {
        "shape": list(values.shape),
        "x0": x0,
        "dx": dx,
        "y0": y0,
        "dy": dy,
        "wraps": wraps(lon),
        "step": step,
        "base": int(base),
        "min": low if math.isfinite(low) else None,
        "max": high if math.isfinite(high) else None,
        "units": str(da.attrs.get("units", "")),
        "name": str(da.name or ""),
    }
    if rows is not None:
        header["rows"] = [round(float(v), 6) for v in lat[rows]]
    if columns is not None:
        header["columns"] = [round(float(v), 6) for v in lon[columns]]
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    head = MAGIC + len(text).to_bytes(4, "little") + text
    frame = np.empty(len(head) + 2 * values.size, np.uint8)
    frame[: len(head)] = np.frombuffer(head, np.uint8)
    low_bytes, high_bytes = frame[len(head) :].reshape(2, *values.shape)
    kernels.quantise(values, step, base, low_bytes, high_bytes)
    return frame.tobytes()


def decode(frame: bytes) -> xr.DataArray:
    """A frame as a float64 array with dims ``(lat, lon)``.

    Raises
    ------
    ValueError: when the bytes are not a whole frame.
    """
    header, payload = split(frame)
    try:
        ny, nx = header["shape"]
        planes = payload.reshape(2, ny, nx)
        q = np.empty((ny, nx), np.uint16)
        kernels.restore(planes[0], planes[1], q)
        values = np.where(q == 0, np.nan, (header["base"] + q.astype(np.float64)) * header["step"])
        lat = header.get("rows", header["y0"] + header["dy"] * np.arange(ny))
        lon = header.get("columns", header["x0"] + header["dx"] * np.arange(nx))
        attrs = {"units": header["units"], "step": header["step"]}
        coords = {
            "lat": ("lat", np.asarray(lat, np.float64)),
            "lon": ("lon", np.asarray(lon, np.float64)),
        }
        return xr.DataArray(values, coords, ("lat", "lon"), header["name"] or None, attrs)
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"not a whole frame: its header is damaged ({error!r})") from error


def split(frame: bytes) -> tuple[dict[str, Any], npt.NDArray[np.uint8]]:
    """Header and payload of a frame; ``ValueError`` when it is damaged."""
    if frame[:4] != MAGIC or len(frame) < 8:
        raise ValueError(f"not a frame: it begins with {frame[:4]!r}")
    n = int.from_bytes(frame[4:8], "little")
    header: dict[str, Any] = json.loads(frame[8 : 8 + n])
    try:
        ny, nx = map(int, header["shape"])
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError("not a whole frame: its header tells no shape") from error
    payload = np.frombuffer(frame, np.uint8, offset=8 + n)
    if payload.size != 2 * ny * nx:
        raise ValueError(f"not a whole frame: {payload.size} bytes for {ny} × {nx} cells")
    return header, payload


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
    nearest = np.abs(fine[:, None] - axis[None, :]).argmin(axis=1)
    return nearest, round(float(fine[0]), 9), round(float(fine[1] - fine[0]), 9)
