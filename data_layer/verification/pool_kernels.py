"""Pools of many values of a cell, compiled: sorted, and parts of them left out.

Each kernel has a plain twin in the tests. Arrays are (years, members, cells), contiguous,
and a line of neighbouring cells is worked on together. They stay in one file because the
compiler's cache of a loop looks at the date of its own file alone, not at that of what it
calls.
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]
Unsigned = npt.NDArray[Any]
Rows = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int32]
Room = tuple[Floats, Unsigned, Unsigned, Places, Places]

_LINE = 64
_ROUNDING = 8 * np.finfo(np.float64).eps
_LONG_LINE = 1024  # where there is no pool to be kept in the cache


def room(size: int, dtype: npt.DTypeLike) -> Room:
    """Room for pools of up to ``size`` floats of ``dtype`` (4 or 8 bytes).

    Returns
    -------
    The pool to be filled, its bits (the same memory), and what :func:`ascending` works in:
    keys (2, size), order (2, size), counts (bytes of a float, 256).
    """
    pool = np.empty(size, dtype)
    unsigned = np.dtype(f"u{pool.itemsize}")
    keys, order = np.empty((2, size), unsigned), np.empty((2, size), np.int32)
    return pool, pool.view(unsigned), keys, order, np.empty((pool.itemsize, 256), np.int32)


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def ascending(raw: Unsigned, n: int, keys: Unsigned, order: Places, counts: Places) -> Places:
    """Places of a pool's first ``n`` floats, the least first: the first ``n`` of the result.

    ``raw`` is the pool's bits; there is no NaN among its first ``n``. -0.0 comes just
    before 0.0. The result lies in ``order``.
    """
    counts[:] = 0
    digits = counts.shape[0]
    top = 8 * digits - 1
    key, at, key_to, at_to = keys[0], order[0], keys[1], order[1]
    for i in range(n):
        # Bits of floats, turned round so that their order as numbers is the floats'.
        # Stored before they are read again: signed and unsigned mixed would become floats.
        if (raw[i] >> top) & 1:
            key[i] = ~raw[i]
        else:
            key[i] = raw[i] | (1 << top)
        k = key[i]
        for d in range(digits):
            counts[d, (k >> (8 * d)) & 255] += 1
        at[i] = i
    for d in range(digits):
        count = counts[d]
        if n == 0 or count[(key[0] >> (8 * d)) & 255] == n:
            continue
        before = 0
        for b in range(256):
            here = count[b]
            count[b] = before
            before += here
        for i in range(n):
            k = key[i]
            b = (k >> (8 * d)) & 255
            to = count[b]
            count[b] = to + 1
            key_to[to] = k
            at_to[to] = at[i]
        key, at, key_to, at_to = key_to, at_to, key, at
    return at  # type: ignore[no-any-return]


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def moments(values: Floats, training: Rows, mean: Floats, std: Floats) -> None:
    """Mean and standard deviation (divisor n - 1) of the pools, (rows, cells), written.

    NaN is missing. The years left out are not summed at all, so that not even their
    rounding is seen.
    """
    years, members, cells = values.shape
    count = np.empty((years, _LONG_LINE))
    centre = np.empty((years, _LONG_LINE))
    scatter = np.empty((years, _LONG_LINE))
    n, middle, squares = np.empty(_LONG_LINE), np.empty(_LONG_LINE), np.empty(_LONG_LINE)
    for first in range(0, cells, _LONG_LINE):
        width = min(_LONG_LINE, cells - first)
        count[:] = 0.0
        centre[:] = 0.0
        scatter[:] = 0.0
        for y in range(years):
            for m in range(members):
                row = values[y, m, first : first + width]
                for c in range(width):
                    v = np.float64(row[c])
                    count[y, c] += 1.0 if v == v else 0.0
                    centre[y, c] += v if v == v else 0.0
            for c in range(width):
                centre[y, c] /= max(count[y, c], 1.0)
            for m in range(members):
                row = values[y, m, first : first + width]
                for c in range(width):
                    d = np.float64(row[c]) - centre[y, c]
                    scatter[y, c] += d * d if d == d else 0.0
        for r in range(training.shape[0]):
            n[:] = 0.0
            middle[:] = 0.0
            squares[:] = 0.0
            for y in range(years):
                if training[r, y]:
                    for c in range(width):
                        n[c] += count[y, c]
                        middle[c] += count[y, c] * centre[y, c]
            for c in range(width):
                middle[c] = middle[c] / n[c] if n[c] > 0 else np.nan
            for y in range(years):
                if training[r, y]:
                    for c in range(width):
                        squares[c] += scatter[y, c] + count[y, c] * (centre[y, c] - middle[c]) ** 2
            for c in range(width):
                mean[r, first + c] = middle[c]
                # Rounding alone makes no spread.
                if squares[c] <= n[c] * (_ROUNDING * middle[c]) ** 2:
                    squares[c] = 0.0
                std[r, first + c] = np.sqrt(squares[c] / (n[c] - 1)) if n[c] > 1 else np.nan


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def quantiles(
    values: Floats,
    training: Rows,
    wanted: Floats,
    pool: Floats,
    raw: Unsigned,
    keys: Unsigned,
    order: Places,
    counts: Places,
    out: Floats,
) -> None:
    """Quantiles (R-7) of the pools, (rows, wanted, cells), written to ``out``.

    Each cell's whole pool is sorted once; the rank of a value among those that a row keeps
    is then found from the places of those it leaves out.

    Parameters
    ----------
    wanted: probabilities.
    pool … counts: as :func:`room` gives them for years × members.
    """
    years, members, cells = values.shape
    line = np.empty((_LINE, years * members), values.dtype)
    year = np.empty(years * members, np.int32)
    place = np.empty((years, members), np.int32)
    found = np.empty(years, np.int32)
    # Written out line by line: the places of one cell's results lie far apart.
    block = np.empty((training.shape[0], wanted.size, _LINE), out.dtype)
    absent = np.full(training.shape, -1, np.int32)
    for row in range(training.shape[0]):
        n = 0
        for y in range(years):
            if not training[row, y]:
                absent[row, n] = y
                n += 1
    for first in range(0, cells, _LINE):
        width = min(_LINE, cells - first)
        for y in range(years):
            for m in range(members):
                for c in range(width):
                    line[c, y * members + m] = values[y, m, first + c]
        for c in range(width):
            n = 0
            for y in range(years):
                for m in range(members):
                    v = line[c, y * members + m]
                    if v == v:
                        pool[n] = v
                        year[n] = y
                        n += 1
            ranked = ascending(raw, n, keys, order, counts)
            found[:] = 0
            for i in range(n):
                y = year[ranked[i]]
                place[y, found[y]] = i
                found[y] += 1
            for row in range(training.shape[0]):
                kept = 0
                for y in range(years):
                    kept += found[y] if training[row, y] else 0
                for q in range(wanted.size):
                    if kept == 0:
                        block[row, q, c] = np.nan
                        continue
                    rank = wanted[q] * (kept - 1)
                    # A rank meant to be whole is whole, so that the bound is the value itself.
                    if abs(rank - np.rint(rank)) < 1e-9:
                        rank = np.rint(rank)
                    at = _whereabouts(int(rank), absent[row], place, found)
                    low = high = pool[ranked[at]]
                    if rank > int(rank):
                        at += 1
                        while not training[row, year[ranked[at]]]:
                            at += 1
                        high = pool[ranked[at]]
                    # Infinities and equal neighbours stay what they are.
                    if low == high:
                        block[row, q, c] = low
                    else:
                        a, b = np.float64(low), np.float64(high)
                        block[row, q, c] = a + (b - a) * (rank - int(rank))
        out[:, :, first : first + width] = block[:, :, :width]


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _whereabouts(rank: int, absent: Places, place: Places, found: Places) -> int:
    """Place in the whole sorted pool of the value that has ``rank`` among the years kept.

    The least ``at`` with ``at = rank + (values left out up to at)``, found by going up to it.

    Parameters
    ----------
    absent: the years left out, then -1.
    place, found: places of each year's values in the sorted pool, and how many they are.
    """
    at = rank
    while True:
        reached = rank
        for y in absent:
            if y < 0:
                break
            low, high = 0, found[y]
            while low < high:
                middle = (low + high) // 2
                if place[y, middle] <= at:
                    low = middle + 1
                else:
                    high = middle
            reached += low
        if reached == at:
            return at
        at = reached


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def rank_sums(
    members: Floats,
    hindcast: Floats,
    pool: Floats,
    raw: Unsigned,
    keys: Unsigned,
    order: Places,
    counts: Places,
    out: Floats,
) -> None:
    """p-values (cells,), written to ``out``, of (members, cells) against (values, cells)."""
    few, many, cells = members.shape[0], hindcast.shape[0], members.shape[1]
    line = np.empty((_LINE, few + many), members.dtype)
    for first in range(0, cells, _LINE):
        width = min(_LINE, cells - first)
        for m in range(few):
            for c in range(width):
                line[c, m] = members[m, first + c]
        for m in range(many):
            for c in range(width):
                line[c, few + m] = hindcast[m, first + c]
        for c in range(width):
            n, mine = 0, 0
            for m in range(few + many):
                v = line[c, m]
                if v == v:
                    pool[n] = v
                    n += 1
                    mine += m < few
            if mine == 0 or mine == n:
                out[first + c] = np.nan
                continue
            ranked = ascending(raw, n, keys, order, counts)
            total, ties = 0.0, 0.0  # sum of the members' ranks; sum of t³ - t over ties
            i = 0
            while i < n:
                j, here = i, 0
                while j < n and pool[ranked[j]] == pool[ranked[i]]:
                    here += ranked[j] < mine
                    j += 1
                total += here * 0.5 * (i + j + 1)
                t = float(j - i)
                ties += t * t * t - t
                i = j
            a, b = float(mine), float(n - mine)
            apart = abs(total - a * (a + 1) / 2 - a * b / 2) - 0.5
            variance = a * b / 12 * (n + 1 - ties / (float(n) * (n - 1)))
            # With all values equal rounding leaves some variance or none.
            if i == n and ties >= float(n) * (float(n) * n - 1) * (1 - 1e-12):
                out[first + c] = 1.0
            else:
                out[first + c] = min(1.0, math.erfc(apart / math.sqrt(2 * variance)))
