"""The hot loops of the ensemble mean's scores, compiled. Each has a plain twin in the tests.

Arrays are (years, …, cells), contiguous. Loops go along the rows of cells, which the
compiler turns into vector instructions, and pass over the members once.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]

_LINE = 256


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def ensemble(members: Floats, mean: Floats, variance: Floats, with_variance: bool) -> None:
    """Mean and, if asked for, variance (divisor M - 1) of the members present, written.

    Parameters
    ----------
    members: (years, members, cells), NaN missing.
    mean: (years, cells); NaN without members.
    variance: (years, cells); NaN with fewer than two. Not touched unless asked for.
    """
    years, size, cells = members.shape
    count = np.empty(cells, np.int32)
    for y in range(years):
        mean[y] = 0.0
        count[:] = 0
        for m in range(size):
            for c in range(cells):
                v = np.float64(members[y, m, c])
                mean[y, c] += v if v == v else 0.0
                count[c] += v == v
        for c in range(cells):
            mean[y, c] = mean[y, c] / count[c] if count[c] > 0 else np.nan
        if not with_variance:
            continue
        variance[y] = 0.0
        for m in range(size):
            for c in range(cells):
                d = np.float64(members[y, m, c]) - mean[y, c]
                variance[y, c] += d * d if d == d else 0.0
        for c in range(cells):
            variance[y, c] = variance[y, c] / (count[c] - 1) if count[c] > 1 else np.nan


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def moments(forecast: Floats, observed: Floats, out: Floats) -> None:
    """What the scores of the cells' pairs are made of, written to ``out``.

    Parameters
    ----------
    forecast, observed: (years, cells), NaN missing.
    out: (7, cells): pairs, mean of either, variance of either and covariance (divisor n),
        mean absolute error; NaN, apart from the first, without pairs.
    """
    years, cells = forecast.shape
    n = np.empty(_LINE)
    sums = np.empty((6, _LINE))
    for first in range(0, cells, _LINE):
        width = min(_LINE, cells - first)
        n[:] = 0.0
        sums[:] = 0.0
        for y in range(years):
            for c in range(width):
                f, o = np.float64(forecast[y, first + c]), np.float64(observed[y, first + c])
                both = f - o == f - o
                n[c] += 1.0 if both else 0.0
                sums[0, c] += f if both else 0.0
                sums[1, c] += o if both else 0.0
                sums[5, c] += abs(f - o) if both else 0.0
        for c in range(width):
            sums[0, c] = sums[0, c] / n[c] if n[c] > 0 else np.nan
            sums[1, c] = sums[1, c] / n[c] if n[c] > 0 else np.nan
        for y in range(years):
            for c in range(width):
                f = np.float64(forecast[y, first + c]) - sums[0, c]
                o = np.float64(observed[y, first + c]) - sums[1, c]
                both = f - o == f - o
                sums[2, c] += f * f if both else 0.0
                sums[3, c] += o * o if both else 0.0
                sums[4, c] += f * o if both else 0.0
        for c in range(width):
            out[0, first + c] = n[c]
            out[1, first + c] = sums[0, c]
            out[2, first + c] = sums[1, c]
            for k in range(2, 6):
                out[k + 1, first + c] = sums[k, c] / n[c] if n[c] > 0 else np.nan


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def ranks(values: Floats, out: Floats) -> None:
    """Rank of each year among its cell's, 1 the least, ties shared; (years, cells), written.

    NaN keeps NaN.
    """
    years, cells = values.shape
    series = np.empty(years)
    for c in range(cells):
        for y in range(years):
            series[y] = values[y, c]
        order = np.argsort(series)  # NaN last
        i = 0
        while i < years:
            j = i + 1
            while j < years and series[order[j]] == series[order[i]]:
                j += 1
            missing = np.isnan(series[order[i]])
            for k in range(i, j):
                out[order[k], c] = np.nan if missing else 0.5 * (i + j + 1)
            i = j
