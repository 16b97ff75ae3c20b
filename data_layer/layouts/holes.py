"""Time axes with holes, filled where the rest of the axis leaves no doubt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from data_layer.errors import UnreadableFile


def filled(
    counts: npt.NDArray[np.float64], steps: Sequence[int] = (1,)
) -> tuple[list[int], list[int]]:
    """Whole counts for every position of a time axis, and the positions that had none.

    Parameters
    ----------
    counts: days or months since the start at each position, NaN where the file says nothing
        that can be believed.
    steps: counts that may lie between neighbours of this axis.

    Raises
    ------
    UnreadableFile: when the counts that there are do not ascend, or holes lie among
        fewer than two of them, or among some that are not one step apart, or would be
        before the start.
    """
    there = np.flatnonzero(np.isfinite(counts))
    holes = [int(i) for i in np.flatnonzero(~np.isfinite(counts))]
    known = counts[there]
    if (np.diff(known) <= 0).any():
        raise UnreadableFile(f"its times do not ascend: {_listed(known)} from the start")
    if not holes:
        return [int(c) for c in known], []
    of = f"{len(holes)} of its {counts.size} times are missing"
    if known.size < 2:
        raise UnreadableFile(f"{of}, and the others are too few to tell them by their position")
    step = (known[-1] - known[0]) / (there[-1] - there[0])
    complete = known[0] + step * (np.arange(counts.size) - there[0])
    if step in steps and complete[0] < 0:
        raise UnreadableFile("its times begin before the start")
    if step not in steps or (complete[there] != known).any():
        raise UnreadableFile(
            f"{of}, and the others are not evenly spaced, so that their position does not tell "
            f"them: {_listed(known)} from the start"
        )
    return [int(c) for c in complete], holes


def _listed(counts: npt.NDArray[np.float64]) -> str:
    return ", ".join(f"{c:g}" for c in counts[:8]) + (" …" if counts.size > 8 else "")
