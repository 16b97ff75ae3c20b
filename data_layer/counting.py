"""How many members lie above a bound, cell by cell: the loop behind every probability."""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

Singles = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int32]

_STRIP = 256  # cells counted together: their counters stay in the processor's first cache


def counts_above(
    members: npt.NDArray[Any], bounds: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Members present in each cell, and of them those above each bound.

    Parameters
    ----------
    members: (members, …), NaN where missing.
    bounds: (bounds, …), the same cells. None is above a bound that is NaN.

    Returns
    -------
    (…) and (bounds, …) int32.
    """
    cells = members.shape[1:]
    flat, limits = (
        np.ascontiguousarray(a, np.float32).reshape(a.shape[0], math.prod(cells))
        for a in (members, bounds)
    )
    present = np.zeros(flat.shape[1], np.int32)
    above = np.zeros(limits.shape, np.int32)
    _count(flat, limits, present, above)
    return present.reshape(cells), above.reshape(bounds.shape[0], *cells)


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _count(members: Singles, bounds: Singles, present: Counts, above: Counts) -> None:
    for first in range(0, members.shape[1], _STRIP):
        last = min(first + _STRIP, members.shape[1])
        here = present[first:last]
        for m in range(members.shape[0]):
            row = members[m, first:last]
            for c in range(row.size):
                here[c] += row[c] == row[c]
        for b in range(bounds.shape[0]):
            bound = bounds[b, first:last]
            over = above[b, first:last]
            for m in range(members.shape[0]):
                row = members[m, first:last]
                for c in range(row.size):
                    over[c] += row[c] > bound[c]
