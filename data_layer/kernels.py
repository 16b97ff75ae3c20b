"""The hot loops, compiled. Each has a plain numpy twin in the tests."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Cells = npt.NDArray[np.uint16]


def extremes(a: npt.NDArray[Any]) -> tuple[float, float]:
    """Least and greatest finite value of a (ny, nx) map; NaN, NaN when there is none."""
    # numpy's own loops are vectorised and three times as fast, but any NaN or
    # infinity comes out of them.
    low, high = float(a.min()), float(a.max())
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    return _finite_extremes(a)  # type: ignore[no-any-return]


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _finite_extremes(a: npt.NDArray[Any]) -> tuple[float, float]:
    low = np.inf
    high = -np.inf
    for y in range(a.shape[0]):
        for x in range(a.shape[1]):
            v = np.float64(a[y, x])
            if np.isfinite(v):
                low = min(low, v)
                high = max(high, v)
    if low > high:
        return np.nan, np.nan
    return low, high


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def quantise(a: npt.NDArray[Any], step: float, base: float, low: Bytes, high: Bytes) -> None:
    """Quantise a map and leave what its neighbours do not foretell, in two byte planes.

    ``q = rint(a / step) - base``, 0 where ``a`` is missing or infinite. Each q is replaced
    by its difference from ``left + up - upleft`` (the planar predictor of PNG's
    and FLIF's families), zigzag-coded so that small differences of either sign
    are small, and split into a plane of low and a plane of high bytes, which
    compress far better than the values do.

    Parameters
    ----------
    a: (ny, nx) float32 or float64.
    step, base: with ``1 ≤ q ≤ 65535`` for every cell that is not missing.
    low, high: (ny, nx) uint8, written.
    """
    ny, nx = a.shape
    up = np.zeros(nx, np.uint16)
    for y in range(ny):
        left = np.uint16(0)
        upleft = np.uint16(0)
        for x in range(nx):
            v = np.float64(a[y, x])
            q = np.uint16(0)
            if np.isfinite(v):
                q = np.uint16(np.rint(v / step) - base)
            u = up[x]
            d = np.int16(np.uint16(q - left - u + upleft))
            z = np.uint16((d << 1) ^ (d >> 15))
            low[y, x] = np.uint8(z & 255)
            high[y, x] = np.uint8(z >> 8)
            upleft = u
            left = q
            up[x] = q


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def restore(low: Bytes, high: Bytes, out: Cells) -> None:
    """The inverse of :func:`quantise`: byte planes (ny, nx) → q (ny, nx), written to ``out``."""
    ny, nx = out.shape
    for y in range(ny):
        left = np.uint16(0)
        upleft = np.uint16(0)
        for x in range(nx):
            z = np.uint16(low[y, x]) | np.uint16(np.uint16(high[y, x]) << 8)
            d = np.uint16((z >> 1) ^ np.uint16(-np.int32(z & 1)))
            u = np.uint16(0)
            if y > 0:
                u = out[y - 1, x]
            q = np.uint16(d + left + u - upleft)
            out[y, x] = q
            upleft = u
            left = q


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def quantise_byte(a: npt.NDArray[Any], step: float, base: float, out: Bytes) -> None:
    """As :func:`quantise`, for q of one byte, in one plane.

    Parameters
    ----------
    a: (ny, nx) float32 or float64.
    step, base: with ``1 ≤ q ≤ 255`` for every cell that is not missing.
    out: (ny, nx) uint8, written.
    """
    ny, nx = a.shape
    up = np.zeros(nx, np.uint8)
    for y in range(ny):
        left = np.uint8(0)
        upleft = np.uint8(0)
        for x in range(nx):
            v = np.float64(a[y, x])
            q = np.uint8(0)
            if np.isfinite(v):
                q = np.uint8(np.rint(v / step) - base)
            u = up[x]
            d = np.int8(np.uint8(q - left - u + upleft))
            out[y, x] = np.uint8((d << 1) ^ (d >> 7))
            upleft = u
            left = q
            up[x] = q


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def restore_byte(plane: Bytes, out: Cells) -> None:
    """The inverse of :func:`quantise_byte`: (ny, nx) → q (ny, nx), written to ``out``."""
    ny, nx = out.shape
    for y in range(ny):
        left = np.uint8(0)
        upleft = np.uint8(0)
        for x in range(nx):
            z = plane[y, x]
            d = np.uint8((z >> 1) ^ np.uint8(-np.int32(z & 1)))
            u = np.uint8(0)
            if y > 0:
                u = np.uint8(out[y - 1, x])
            q = np.uint8(d + left + u - upleft)
            out[y, x] = q
            upleft = u
            left = q


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def are_multiples(a: npt.NDArray[Any], quantum: float, beside: float) -> bool:
    """Whether every finite value of a (ny, nx) map is a multiple of ``quantum``.

    ``beside``: by what part of a quantum it may miss one.
    """
    for y in range(a.shape[0]):
        for x in range(a.shape[1]):
            v = np.float64(a[y, x])
            if np.isfinite(v):
                n = v / quantum
                if np.abs(n - np.rint(n)) > beside:
                    return False
    return True


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def pair_up(
    total: npt.NDArray[Any],
    count: npt.NDArray[np.uint32],
    total2: npt.NDArray[np.float64],
    count2: npt.NDArray[np.uint32],
) -> None:
    """Sums over 2 × 2 cells, and how many values there are in them.

    Parameters
    ----------
    total: (ny, nx) sums of the values of each cell; what is not finite is missing.
    count: (ny, nx) how many values each of them is of; or of size 0: one each.
    total2, count2: (⌈ny / 2⌉, ⌈nx / 2⌉), written.
    """
    ny, nx = total.shape
    single = count.size == 0
    for y in range(total2.shape[0]):
        for x in range(total2.shape[1]):
            s = 0.0
            n = np.uint32(0)
            for j in range(2 * y, min(2 * y + 2, ny)):
                for i in range(2 * x, min(2 * x + 2, nx)):
                    v = np.float64(total[j, i])
                    if single:
                        if np.isfinite(v):
                            s += v
                            n += np.uint32(1)
                    elif count[j, i] > 0:
                        s += v
                        n += count[j, i]
            total2[y, x] = s
            count2[y, x] = n


def unshuffle(shuffled: Bytes, size: int, out: Bytes) -> None:
    """Put the bytes of numbers together again: the inverse of HDF5's shuffle filter.

    Parameters
    ----------
    shuffled: the first bytes of all numbers, then the second bytes, and so on.
    size: bytes of a number: 2, 4 or 8.
    out: as long as ``shuffled``, written.
    """
    _UNSHUFFLE[size](shuffled, out.view(f"u{size}"))


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _unshuffle2(b: Bytes, out: npt.NDArray[np.uint16]) -> None:
    n = out.size
    for i in range(n):
        out[i] = np.uint16(b[i]) | np.uint16(b[n + i]) << np.uint16(8)


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _unshuffle4(b: Bytes, out: npt.NDArray[np.uint32]) -> None:
    n = out.size
    for i in range(n):
        out[i] = (
            np.uint32(b[i])
            | np.uint32(b[n + i]) << np.uint32(8)
            | np.uint32(b[2 * n + i]) << np.uint32(16)
            | np.uint32(b[3 * n + i]) << np.uint32(24)
        )


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _unshuffle8(b: Bytes, out: npt.NDArray[np.uint64]) -> None:
    n = out.size
    for i in range(n):
        word = np.uint64(0)
        for j in range(8):
            word |= np.uint64(b[j * n + i]) << np.uint64(8 * j)
        out[i] = word


_UNSHUFFLE = {2: _unshuffle2, 4: _unshuffle4, 8: _unshuffle8}
