"""The hot loops of the probabilistic scores, compiled. Each has a plain twin in the tests.

Arrays are (years, …, cells), contiguous. Members of one cell lie far apart in memory, so a
line of neighbouring cells is worked on together: every loop over cells then runs over
contiguous memory, which the compiler turns into vector instructions.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]
Counts = npt.NDArray[np.int16]
Network = npt.NDArray[np.int32]

_LINE = 128  # cells worked on together, so that their members stay in the cache


@lru_cache(maxsize=32)
def sorting_network(size: int) -> Network:
    """Which two places to compare and exchange, in turn, to sort ``size`` values.

    Batcher's merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M):
    O(size log² size) comparisons, the same ones whatever the values, so that a whole line of
    cells can be sorted at once. Returns (comparisons, 2).
    """
    pairs: list[tuple[int, int]] = []
    top = 1 << max(size - 1, 0).bit_length() >> 1
    p = top
    while p > 0:
        q, r, d = top, 0, p
        while d > 0:
            pairs.extend((i, i + d) for i in range(size - d) if i & p == r)
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return np.array(pairs, np.int32).reshape(-1, 2)


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def count_categories(members: Floats, bounds: Floats, out: Counts) -> None:
    """Members of each category, (years, bounds + 1, cells), written to ``out``.

    Parameters
    ----------
    members: (years, members, cells), NaN missing.
    bounds: (years or 1, bounds, cells), ascending; a cell where one is NaN counts 0.
    """
    years, size, cells = members.shape
    many = bounds.shape[1]
    below = np.empty((many + 1, _LINE), np.int32)  # the last row: members that are there
    valid = np.empty(_LINE, np.int32)
    for y in range(years):
        b = y if bounds.shape[0] > 1 else 0
        for first in range(0, cells, _LINE):
            width = min(_LINE, cells - first)
            below[:] = 0
            for m in range(size):
                values = members[y, m, first : first + width]
                for c in range(width):
                    below[many, c] += np.int32(values[c] == values[c])
                for k in range(many):
                    bound = bounds[b, k, first : first + width]
                    for c in range(width):
                        below[k, c] += np.int32(values[c] <= bound[c])
            valid[:] = 1
            for k in range(many):
                bound = bounds[b, k, first : first + width]
                for c in range(width):
                    valid[c] &= np.int32(bound[c] == bound[c])
            for k in range(many + 1):
                counts = out[y, k, first : first + width]
                for c in range(width):
                    lower = below[k - 1, c] if k > 0 else 0
                    counts[c] = (below[k, c] - lower) * valid[c]


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def rps(forecast: Floats, observed: Floats, counted: bool, fair: bool, out: Floats) -> None:
    """Ranked probability score, not divided by K - 1, (years, cells), written to ``out``.

    Parameters
    ----------
    forecast: (years, categories, cells), numbers of members when ``counted``, otherwise
        probabilities, NaN missing.
    observed: (years, cells) category numbers, NaN missing.
    fair: of counts, each term less F (1 - F) / (M - 1); NaN with a single member.
    """
    years, many, cells = forecast.shape
    size = np.empty(_LINE, np.float32)
    up_to = np.empty(_LINE, out.dtype)
    score = np.empty(_LINE, out.dtype)
    for y in range(years):
        for first in range(0, cells, _LINE):
            width = min(_LINE, cells - first)
            o = observed[y, first : first + width]
            size[:] = 0.0 if counted else 1.0
            up_to[:] = 0.0
            score[:] = 0.0
            if counted:
                for k in range(many):
                    f = forecast[y, k, first : first + width]
                    for c in range(width):
                        size[c] += f[c]
                for c in range(width):
                    size[c] = size[c] if size[c] > 0.0 else np.nan
            for k in range(many - 1):
                f = forecast[y, k, first : first + width]
                for c in range(width):
                    up_to[c] += f[c]
                    chance = up_to[c] / size[c]
                    miss = chance - (1.0 if o[c] <= k else 0.0)
                    score[c] += miss * miss
                    if fair:
                        others = size[c] - 1 if size[c] > 1.0 else np.nan
                        score[c] -= chance * (1 - chance) / others
            f = forecast[y, many - 1, first : first + width]
            for c in range(width):
                there = (o[c] == o[c]) & (f[c] == f[c])
                out[y, first + c] = score[c] if there else np.nan


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def crps(members: Floats, observed: Floats, network: Network, fair: bool, out: Floats) -> None:
    """Continuous ranked probability score, (years, cells), written to ``out``.

    The mean distance between members comes from their order:
    ``Σ|xi - xj| / 2 = Σ (2 i + 1 - n) x(i)`` over the n sorted values (i from 0).

    Parameters
    ----------
    members: (years, members, cells), NaN missing.
    observed: (years, cells), NaN missing.
    network: :func:`sorting_network` of the number of members.
    fair: divide by n (n - 1) instead of n²; NaN with a single member.
    """
    years, size, cells = members.shape
    line = np.zeros((size, _LINE), members.dtype)
    present = np.empty(_LINE, np.int32)
    away = np.empty(_LINE, np.float64)
    apart = np.empty(_LINE, np.float64)
    for y in range(years):
        for first in range(0, cells, _LINE):
            width = min(_LINE, cells - first)
            present[:] = 0
            away[:] = 0.0
            apart[:] = 0.0
            o = observed[y, first : first + width]
            for m in range(size):
                v = members[y, m, first : first + width]
                for c in range(width):
                    # Differences keep the precision that large values would take away.
                    d = v[c] - o[c]
                    there = d == d
                    present[c] += np.int32(there)
                    away[c] += abs(d) if there else 0.0
                    line[m, c] = d if there else np.inf
            for k in range(network.shape[0]):
                i, j = network[k, 0], network[k, 1]
                for c in range(_LINE):
                    a, b = line[i, c], line[j, c]
                    line[i, c] = a if a < b else b
                    line[j, c] = b if a < b else a
            for m in range(size):
                for c in range(width):
                    n = present[c]
                    apart[c] += (2 * m + 1 - n) * np.float64(line[m, c]) if m < n else 0.0
            for c in range(width):
                n = present[c]
                if n > 1 or (n == 1 and not fair):
                    others = n - 1 if fair else n
                    out[y, first + c] = away[c] / n - apart[c] / (np.float64(n) * others)
                else:
                    out[y, first + c] = np.nan


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def crps_of_other_years(observed: Floats, fair: bool, out: Floats) -> None:
    """CRPS of the other years' observations as an ensemble, (years, cells), written to ``out``.

    With A the sum of a year's distances to the n - 1 others and T the sum of all distances
    (each pair twice), the others are T - 2 A apart.

    Parameters
    ----------
    observed: (years, cells), NaN missing.
    fair: as for :func:`crps`; NaN with fewer than three years, otherwise than two.
    """
    years, cells = observed.shape
    away = np.empty((years, _LINE), np.float64)
    total = np.empty(_LINE, np.float64)
    present = np.empty(_LINE, np.int32)
    for first in range(0, cells, _LINE):
        width = min(_LINE, cells - first)
        away[:] = 0.0
        total[:] = 0.0
        present[:] = 0
        for y in range(years):
            for c in range(width):
                present[c] += np.int32(observed[y, first + c] == observed[y, first + c])
            for z in range(y):
                for c in range(width):
                    d = abs(np.float64(observed[y, first + c]) - observed[z, first + c])
                    d = d if d == d else 0.0
                    away[y, c] += d
                    away[z, c] += d
                    total[c] += 2.0 * d
        for y in range(years):
            for c in range(width):
                n = present[c] - 1
                v = observed[y, first + c]
                if v == v and (n > 1 or (n == 1 and not fair)):
                    others = n - 1 if fair else n
                    apart = (total[c] - 2.0 * away[y, c]) / (2.0 * n * others)
                    out[y, first + c] = away[y, c] / n - apart
                else:
                    out[y, first + c] = np.nan


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def concordance(forecast: Floats, observed: Floats, out: Floats) -> None:
    """Share of the pairs of years that the forecasts order as the observations, (cells).

    Pairs whose observations differ count; those whose forecasts tie count one half. For
    observations of 0 and 1 this is the area under the ROC curve.

    Parameters
    ----------
    forecast, observed: (years, cells); NaN on either side leaves a year out.
    """
    years, cells = forecast.shape
    agree = np.empty(_LINE, np.int32)
    pairs = np.empty(_LINE, np.int32)
    for first in range(0, cells, _LINE):
        width = min(_LINE, cells - first)
        agree[:] = 0
        pairs[:] = 0
        for y in range(years):
            for z in range(y):
                for c in range(width):
                    f = forecast[y, first + c] - forecast[z, first + c]
                    o = observed[y, first + c] - observed[z, first + c]
                    so = np.int32(o > 0) - np.int32(o < 0)
                    sf = np.int32(f > 0) - np.int32(f < 0)
                    there = np.int32(f == f)
                    agree[c] += so * sf
                    pairs[c] += so * so * there
        for c in range(width):
            n = pairs[c]
            out[first + c] = 0.5 + 0.5 * agree[c] / n if n > 0 else np.nan


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def discrimination(probabilities: Floats, observed: Floats, tolerance: float, out: Floats) -> None:
    """Generalised discrimination of category probabilities, (cells), written to ``out``.

    Parameters
    ----------
    probabilities: (years, categories, cells), NaN missing.
    observed: (years, cells) category numbers, NaN missing.
    tolerance: chances nearer to each other than this tie.
    """
    years, many, cells = probabilities.shape
    above = np.empty((years, many, _LINE), probabilities.dtype)
    lead = np.empty(_LINE, probabilities.dtype)
    agree = np.empty(_LINE, np.int32)
    pairs = np.empty(_LINE, np.int32)
    for first in range(0, cells, _LINE):
        width = min(_LINE, cells - first)
        agree[:] = 0
        pairs[:] = 0
        for y in range(years):
            above[y, many - 1, :] = 0.0
            for k in range(many - 2, -1, -1):
                for c in range(width):
                    above[y, k, c] = above[y, k + 1, c] + probabilities[y, k + 1, first + c]
        for y in range(years):
            for z in range(y):
                # How much likelier y is above z than z above y.
                lead[:] = 0.0
                for k in range(many - 1):
                    for c in range(width):
                        lead[c] += (
                            probabilities[z, k, first + c] * above[y, k, c]
                            - probabilities[y, k, first + c] * above[z, k, c]
                        )
                for c in range(width):
                    o = observed[y, first + c] - observed[z, first + c]
                    so = np.int32(o > 0) - np.int32(o < 0)
                    sf = np.int32(lead[c] > tolerance) - np.int32(lead[c] < -tolerance)
                    agree[c] += so * sf
                    pairs[c] += so * so * np.int32(lead[c] == lead[c])
        for c in range(width):
            n = pairs[c]
            out[first + c] = 0.5 + 0.5 * agree[c] / n if n > 0 else np.nan


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def place_among_members(members: Floats, observed: Floats, below: Counts, equal: Counts) -> None:
    """Members below and equal to the observation, (years, cells), written.

    Both are -1 where the observation or any member is missing, as ranks of ensembles of
    different sizes cannot be counted together.

    Parameters
    ----------
    members: (years, members, cells), NaN missing.
    observed: (years, cells), NaN missing.
    """
    years, size, cells = members.shape
    less = np.empty(_LINE, np.int32)
    same = np.empty(_LINE, np.int32)
    more = np.empty(_LINE, np.int32)
    for y in range(years):
        for first in range(0, cells, _LINE):
            width = min(_LINE, cells - first)
            less[:] = 0
            same[:] = 0
            more[:] = 0
            o = observed[y, first : first + width]
            for m in range(size):
                v = members[y, m, first : first + width]
                for c in range(width):
                    less[c] += np.int32(v[c] < o[c])
                    same[c] += np.int32(v[c] == o[c])
                    more[c] += np.int32(v[c] > o[c])
            for c in range(width):
                all_there = less[c] + same[c] + more[c] == size
                below[y, first + c] = less[c] if all_there else -1
                equal[y, first + c] = same[c] if all_there else -1


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def count_ranks(below: Counts, equal: Counts, out: Floats) -> None:
    """Years of each rank, (ranks, cells), added to ``out``.

    An observation that equals t members is spread evenly over the t + 1 ranks it may take.

    Parameters
    ----------
    below, equal: (years, cells) of :func:`place_among_members`.
    """
    years, cells = below.shape
    for y in range(years):
        for c in range(cells):
            if below[y, c] >= 0:
                share = 1.0 / (equal[y, c] + 1)
                for r in range(below[y, c], below[y, c] + equal[y, c] + 1):
                    out[r, c] += share
