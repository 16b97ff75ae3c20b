"""One map as a binary frame, and back.

A frame is for drawing and probing: numbers, not a picture. Layout of the bytes
(little endian)::

    0   4  magic "PPF1"
    4   4  length of the header, n (a multiple of 4)
    8   n  header, JSON in UTF-8, padded with blanks
    8+n    planes of one byte for each of ny × nx cells

Rows go from south to north, eastward in a row. The header's ``coding`` says what the
planes are:

``u16``
    Low bytes, then high bytes of 16-bit cells in the coding of
    :func:`data_layer.kernels.quantise`. Cell 0 is missing; the value of any other
    cell q is ``(base + q) * step``. So a value is right to ``step / 2``, and
    ``step`` is 1, 2 or 5 times a power of ten: the values shown are round ones.
``u8``
    The same with one plane, of 8-bit cells. Numbers that are counts or shares of a
    count are sent so by themselves: no value is rounded then.
``f4``, ``f8``
    The numbers as they are, in single or double precision: their first (lowest)
    bytes, their second bytes, and so on. ``base`` and ``step`` are those that
    ``u16`` would have, for who draws them through a table of colours.

Header
    ``coding``; ``shape`` [ny, nx]; ``x0``, ``dx``, ``y0``, ``dy`` centre of the first
    cell and spacing, degrees; ``wraps`` whether the cells close the circle;
    ``step``, ``base``; ``min``, ``max`` exact extremes or null; ``units``;
    ``name``; ``rows`` (``columns``) where the latitudes (longitudes) are not
    evenly spaced: that of the file's row behind each row of the frame. Of a part
    of a map (:mod:`data_layer.cuts`) also ``level``, ``full`` [ny, nx] of the map's
    own cells, and ``at`` [row, column] of the first cell among those of the level.
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
from data_layer.cuts import Precision
from data_layer.rasters import Raster, raster_of

MAGIC = b"PPF1"
MEDIA_TYPE = "application/vnd.poama.frame"

# A frame has at least this many steps between its extremes, fewer than three
# times as many: four for each colour of a map, and finer than what a forecast means.
# (Twice as many levels are a bit more for each cell, a third more bytes.)
LEVELS = 1024
# Of a coarse frame at most this many.
BYTE_LEVELS = 254

# Where the extremes differ by less than this part of their size, fewer steps
# do: value / step must stay a number whose units a double can count.
_LEAST_SPREAD = 2.0**-38
# A constant map is told as exactly as single precision tells it.
_CONSTANT_SPREAD = 2.0**-24 * LEVELS
_TINY = 1e-300
# Of a quantum: what a value may lie beside a multiple of it, for rounding in single precision.
_ROUNDING = 1e-4


def nice_step(spread: float) -> float:
    """The largest of 1, 2, 5 × 10ⁿ that divides ``spread`` into at least ``LEVELS`` steps."""
    return _nice_below(spread / LEVELS) if spread > 0 else 1.0


def _nice_below(target: float) -> float:
    exponent = math.floor(math.log10(target))
    for mantissa in (5, 2, 1):
        # float(): powers of ten below one are only exact when parsed as decimals.
        step = float(f"{mantissa}e{exponent}")
        if step <= target:
            return step
    return float(f"5e{exponent - 1}")


def _nice_above(target: float) -> float:
    exponent = math.floor(math.log10(target))
    steps = (float(f"{mantissa}e{exponent}") for mantissa in (1, 2, 5, 10))
    return next((step for step in steps if step >= target), float(f"2e{exponent + 1}"))


def _spread(low: float, high: float) -> float:
    """What the steps for a map of these extremes divide; 0 for nothing."""
    size = max(abs(low), abs(high))
    if not size > 0:
        return 0.0
    part = _CONSTANT_SPREAD if low == high else _LEAST_SPREAD
    spread = min(high - low, sys.float_info.max)
    return max(spread, part * size, _TINY)


def encode(da: xr.DataArray, precision: Precision = "fine", quantum: float = 0.0) -> bytes:
    """A map as a frame: :func:`encode_raster` of :func:`data_layer.rasters.raster_of`.

    Parameters
    ----------
    da: dims ``(lat, lon)``, arranged (:func:`data_layer.schema.arrange`), in memory.

    Raises
    ------
    BadRequest: for an array of other dims.
    """
    return encode_raster(raster_of(da), precision, quantum)


def encode_raster(raster: Raster, precision: Precision = "fine", quantum: float = 0.0) -> bytes:
    """A map on an even grid as a frame.

    Parameters
    ----------
    precision: see :class:`data_layer.cuts.Cut`.
    quantum: what the values may all be multiples of; 0 when that is not known. If they
        are, and there are few enough of them, one byte for each holds them exactly.
    """
    values = np.ascontiguousarray(raster.values)
    low, high = kernels.extremes(values)
    spread = _spread(low, high)
    if precision == "exact":
        coding, step = f"f{values.dtype.itemsize}", nice_step(spread)
    elif _counted(values, low, high, quantum):
        coding, step = "u8", quantum
    elif precision == "byte":
        coding, step = "u8", _nice_above(spread / (BYTE_LEVELS - 1)) if spread else 1.0
    else:
        coding, step = "u16", nice_step(spread)
    base = float(np.rint(low / step) - 1) if math.isfinite(low) else 0.0
    head = _head(raster, coding, step, int(base), low, high)
    planes = values.dtype.itemsize if precision == "exact" else 1 if coding == "u8" else 2
    frame = np.empty(len(head) + planes * values.size, np.uint8)
    frame[: len(head)] = np.frombuffer(head, np.uint8)
    payload = frame[len(head) :].reshape(planes, *values.shape)
    if precision == "exact":
        little = np.asarray(values, values.dtype.newbyteorder("<"))
        payload[:] = little.view(np.uint8).reshape(*values.shape, planes).transpose(2, 0, 1)
    elif coding == "u8":
        kernels.quantise_byte(values, step, base, payload[0])
    else:
        kernels.quantise(values, step, base, payload[0], payload[1])
    return frame.tobytes()


def _counted(values: npt.NDArray[Any], low: float, high: float, quantum: float) -> bool:
    """Whether all values are multiples of ``quantum``, and within so many of each other."""
    few = quantum > 0 and math.isfinite(low) and (high - low) / quantum <= BYTE_LEVELS
    return few and bool(kernels.are_multiples(values, quantum, _ROUNDING))


def _head(raster: Raster, coding: str, step: float, base: int, low: float, high: float) -> bytes:
    header: dict[str, Any] = {
        "coding": coding,
        "shape": list(raster.values.shape),
        "x0": raster.x0,
        "dx": raster.dx,
        "y0": raster.y0,
        "dy": raster.dy,
        "wraps": raster.wraps,
        "step": step,
        "base": base,
        "min": low if math.isfinite(low) else None,
        "max": high if math.isfinite(high) else None,
        "units": raster.units,
        "name": raster.name,
    }
    if raster.full is not None:
        header |= {"level": raster.level, "full": raster.full, "at": raster.at}
    if raster.rows is not None:
        header["rows"] = raster.rows
    if raster.columns is not None:
        header["columns"] = raster.columns
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return MAGIC + len(text).to_bytes(4, "little") + text


def decode(frame: bytes) -> xr.DataArray:
    """A frame as a float64 array with dims ``(lat, lon)``.

    ``attrs["step"]`` is what its values are rounded to, 0 where they are not.

    Raises
    ------
    ValueError: when the bytes are not a whole frame.
    """
    header, payload = split(frame)
    try:
        ny, nx = header["shape"]
        planes = payload.reshape(-1, ny, nx)
        if header["coding"] in _EXACT:
            shuffled = np.ascontiguousarray(planes.transpose(1, 2, 0))
            values = shuffled.view(f"<{header['coding']}")[..., 0].astype(np.float64)
            values = np.where(np.isfinite(values), values, np.nan)
        else:
            q = np.empty((ny, nx), np.uint16)
            if header["coding"] == "u8":
                kernels.restore_byte(planes[0], q)
            else:
                kernels.restore(planes[0], planes[1], q)
            counted = (header["base"] + q.astype(np.float64)) * header["step"]
            values = np.where(q == 0, np.nan, counted)
        lat = header.get("rows", header["y0"] + header["dy"] * np.arange(ny))
        lon = header.get("columns", header["x0"] + header["dx"] * np.arange(nx))
        step = 0.0 if header["coding"] in _EXACT else header["step"]
        attrs = {"units": header["units"], "step": step}
        coords = {
            "lat": ("lat", np.asarray(lat, np.float64)),
            "lon": ("lon", np.asarray(lon, np.float64)),
        }
        return xr.DataArray(values, coords, ("lat", "lon"), header["name"] or None, attrs)
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"not a whole frame: its header is damaged ({error!r})") from error


_PLANES = {"u8": 1, "u16": 2, "f4": 4, "f8": 8}
_EXACT = ("f4", "f8")


def split(frame: bytes) -> tuple[dict[str, Any], npt.NDArray[np.uint8]]:
    """Header and payload of a frame; ``ValueError`` when it is damaged."""
    if frame[:4] != MAGIC or len(frame) < 8:
        raise ValueError(f"not a frame: it begins with {frame[:4]!r}")
    n = int.from_bytes(frame[4:8], "little")
    header: dict[str, Any] = json.loads(frame[8 : 8 + n])
    try:
        ny, nx = map(int, header["shape"])
        planes = _PLANES[header["coding"]]
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError("not a whole frame: its header tells no shape or coding") from error
    payload = np.frombuffer(frame, np.uint8, offset=8 + n)
    if payload.size != planes * ny * nx:
        raise ValueError(f"not a whole frame: {payload.size} bytes for {ny} × {nx} cells")
    return header, payload
