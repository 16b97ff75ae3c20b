"""Mean and standard deviation over the first axis, cell by cell, in one pass over memory."""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

Singles = npt.NDArray[np.float32]

_STRIP = 512  # cells worked on together, so that the second look finds them in the cache


def moments(pool: npt.NDArray[Any]) -> tuple[Singles, Singles]:
    """Mean and standard deviation with divisor n - 1, float32 from sums in double precision.

    Parameters
    ----------
    pool: (samples, …), any numbers; worked on in single precision. What is NaN or infinite
        is missing, and the others of the cell are its pool.

    Returns
    -------
    Two arrays (…); NaN in a cell without values, the deviation in a cell with fewer than two.
    """
    flat = _flat(pool)
    mean = np.empty(flat.shape[1], np.float32)
    std = np.empty(flat.shape[1], np.float32)
    _moments(flat, mean, std)
    return mean.reshape(pool.shape[1:]), std.reshape(pool.shape[1:])


def mean(pool: npt.NDArray[Any]) -> Singles:
    """The first of :func:`moments` alone."""
    flat = _flat(pool)
    out = np.empty(flat.shape[1], np.float32)
    _mean(flat, out)
    return out.reshape(pool.shape[1:])


def _flat(pool: npt.NDArray[Any]) -> Singles:
    singles = np.ascontiguousarray(pool, np.float32)
    return singles.reshape(pool.shape[0], math.prod(pool.shape[1:]))


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _mean(pool: Singles, mean: Singles) -> None:
    total = np.empty(_STRIP)
    count = np.empty(_STRIP)
    for first in range(0, pool.shape[1], _STRIP):
        last = min(first + _STRIP, pool.shape[1])
        _sum(pool, first, last, total, count)
        for c in range(last - first):
            mean[first + c] = total[c] / count[c] if count[c] > 0 else np.nan


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _sum(
    pool: Singles,
    first: int,
    last: int,
    total: npt.NDArray[np.float64],
    count: npt.NDArray[np.float64],
) -> None:
    total[:] = 0.0
    count[:] = 0.0
    for s in range(pool.shape[0]):
        row = pool[s, first:last]
        for c in range(row.size):
            v = np.float64(row[c])
            there = abs(v) < np.inf
            total[c] += v if there else 0.0
            count[c] += 1.0 if there else 0.0


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _moments(pool: Singles, mean: Singles, std: Singles) -> None:
    total = np.empty(_STRIP)
    count = np.empty(_STRIP)
    square = np.empty(_STRIP)
    middle = np.empty(_STRIP)
    for first in range(0, pool.shape[1], _STRIP):
        last = min(first + _STRIP, pool.shape[1])
        _sum(pool, first, last, total, count)
        for c in range(last - first):
            middle[c] = total[c] / max(count[c], 1.0)
        square[:] = 0.0
        for s in range(pool.shape[0]):
            row = pool[s, first:last]
            for c in range(row.size):
                away = np.float64(row[c]) - middle[c]
                square[c] += away * away if abs(away) < np.inf else 0.0
        for c in range(last - first):
            mean[first + c] = middle[c] if count[c] > 0 else np.nan
            std[first + c] = np.sqrt(square[c] / (count[c] - 1)) if count[c] > 1 else np.nan
