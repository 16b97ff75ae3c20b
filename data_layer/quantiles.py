"""Quantiles of a pool of values, cell by cell, exact and fast.

Terciles of a hindcast are quantiles over its years and members in each of some hundred
thousand cells. General routines (a sort, ``numpy.partition``) take the pools one by one.
Here a strip of neighbouring cells is worked on together, in the cache and with the
processor's vector instructions: counting how many values of each cell lie below a guess
narrows the bounds down until one value is left between them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

Singles = npt.NDArray[np.float32]

_STRIP = 128  # cells: the pools of so many stay in the processor's cache
_ROUNDS = 24  # of narrowing, at most; nearly always half of it does


def quantiles(pool: npt.NDArray[Any], probabilities: Sequence[float]) -> Singles:
    """Quantiles over the first axis.

    The definition is R's type 7, numpy's and xarray's "linear": the quantile p of n
    sorted values lies at ``p (n - 1)``, between neighbours in proportion (Hyndman and Fan
    1996, doi:10.1080/00031305.1996.10473566).

    Parameters
    ----------
    pool: (samples, …), any numbers; worked on in single precision. What is NaN or
        infinite is missing, and the others of the cell are its pool.
    probabilities: within 0 and 1.

    Returns
    -------
    (probabilities, …) float32; NaN in a cell without values.

    Raises
    ------
    ValueError: for a probability beyond 0 and 1.
    """
    wanted = np.asarray(probabilities, np.float64)
    if wanted.ndim != 1 or not ((wanted >= 0) & (wanted <= 1)).all():
        raise ValueError(f"probabilities lie within 0 and 1, not {list(probabilities)}")
    values = np.asarray(pool, np.float32)
    flat = np.ascontiguousarray(values.reshape(values.shape[0], math.prod(values.shape[1:])))
    out = np.full((wanted.size, flat.shape[1]), np.nan, np.float32)
    if flat.shape[0]:
        _quantiles(flat, wanted, out)
    return out.reshape(wanted.size, *values.shape[1:])


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _quantiles(values: Singles, wanted: npt.NDArray[np.float64], out: Singles) -> None:
    """``out`` is (wanted, cells), written."""
    samples, cells = values.shape
    strip = np.empty((samples, _STRIP), np.float32)
    least = np.empty(_STRIP, np.float32)
    most = np.empty(_STRIP, np.float32)
    present = np.empty(_STRIP, np.int32)
    rank = np.empty(_STRIP, np.int32)
    found = np.empty((2, _STRIP), np.float32)
    for first in range(0, cells, _STRIP):
        width = min(_STRIP, cells - first)
        strip[:, width:] = np.nan
        least[:] = np.inf
        most[:] = -np.inf
        present[:] = 0
        for s in range(samples):
            row = strip[s]
            row[:width] = values[s, first : first + width]
            for c in range(_STRIP):
                v = row[c]
                v = v if abs(v) < np.inf else np.float32(np.nan)
                row[c] = v
                least[c] = v if v < least[c] else least[c]
                most[c] = v if v > most[c] else most[c]
                present[c] += v == v
        for q in range(wanted.size):
            for c in range(_STRIP):
                rank[c] = int(wanted[q] * max(present[c] - 1, 0))
            _pick(strip, rank, least, most, present, found)
            for c in range(width):
                if present[c] == 0:
                    continue
                at = wanted[q] * (present[c] - 1)
                part = at - int(at)
                low, high = np.float64(found[0, c]), np.float64(found[1, c])
                out[q, first + c] = np.float32(low + (high - low) * part) if part > 0.0 else low


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _pick(
    strip: Singles,
    rank: npt.NDArray[np.int32],
    least: Singles,
    most: Singles,
    present: npt.NDArray[np.int32],
    found: Singles,
) -> None:
    """The value of each cell's ``rank`` (from 0), and the next one above, to ``found``.

    Between ``low`` (excluded) and ``high`` (included) lies the wanted value; ``below`` and
    ``upto`` count the values up to each. Where to look next is guessed from the counts, a
    little to the side where more values are, so that they are cut off (the idea is Floyd
    and Rivest's, doi:10.1145/360680.360691); at times it is the middle, as guesses can be bad.
    """
    samples = strip.shape[0]
    low = np.empty(_STRIP, np.float32)
    high = most.copy()
    below = np.zeros(_STRIP, np.int32)
    upto = present.copy()
    middle = np.empty(_STRIP, np.float32)
    count = np.empty(_STRIP, np.int32)
    for c in range(_STRIP):
        low[c] = np.nextafter(least[c], np.float32(-np.inf))
    for r in range(_ROUNDS):
        several = 0
        for c in range(_STRIP):
            count[c] = 0
            among = np.float32(max(upto[c] - below[c], 1))
            place = np.float32(rank[c] - below[c]) + np.float32(0.5)
            aside = np.float32(0.25) * np.sqrt(among)
            place = place - aside if place + place > among else place + aside
            share = min(max(place / among, np.float32(0.02)), np.float32(0.98))
            if r % 4 == 3:
                share = np.float32(0.5)
            middle[c] = low[c] + share * (high[c] - low[c])
            several += upto[c] - below[c] > 2
        if several == 0:
            break
        for s in range(samples):
            row = strip[s]
            for c in range(_STRIP):
                count[c] += row[c] <= middle[c]
        for c in range(_STRIP):
            if count[c] > rank[c]:
                high[c], upto[c] = middle[c], count[c]
            else:
                low[c], below[c] = middle[c], count[c]
    first = np.full(_STRIP, np.inf, np.float32)
    last = np.full(_STRIP, -np.inf, np.float32)
    after = np.full(_STRIP, np.inf, np.float32)
    for s in range(samples):
        row = strip[s]
        for c in range(_STRIP):
            v = row[c]
            a = v if v > low[c] else np.float32(np.inf)
            b = v if v <= high[c] else np.float32(-np.inf)
            d = v if v > high[c] else np.float32(np.inf)
            first[c] = a if a < first[c] else first[c]
            last[c] = b if b > last[c] else last[c]
            after[c] = d if d < after[c] else after[c]
    for c in range(_STRIP):
        if first[c] == last[c] or upto[c] - below[c] == 2:  # all the same, or just the two
            found[0, c] = first[c] if rank[c] == below[c] else last[c]
            found[1, c] = last[c] if rank[c] + 1 < upto[c] else after[c]
        elif present[c] > 0:
            _pick_slowly(strip[:, c], rank[c], found[:, c])


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _pick_slowly(pool: Singles, rank: int, found: Singles) -> None:
    """As :func:`_pick`, of one cell, by putting it in order."""
    ordered = np.sort(pool)  # NaN last
    found[0] = ordered[rank]
    found[1] = ordered[min(rank + 1, ordered.size - 1)]
