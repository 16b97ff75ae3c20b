"""Rank histogram: where among the members did the observation fall?

Flat when observations and members come from one distribution; a hump for too much spread, a
bowl for too little, a slope for a bias (Hamill 2001,
doi:10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from data_layer.verification import probabilistic_kernels as kernels
from data_layer.verification.pairs import (
    at_least,
    described,
    flat,
    labelled,
    matched,
    regional_weights,
)

RankTies = Literal["random", "fractional"]


def rank_histogram(
    members: xr.DataArray,
    observed: xr.DataArray,
    weights: xr.DataArray | None = None,
    *,
    ties: RankTies = "random",
    seed: int = 0,
) -> xr.Dataset:
    """Years (and cells) in which the observation had each rank among the members.

    Parameters
    ----------
    members: (init, member, cells…). A year with any member missing is left out of the cell, as
        ranks among fewer do not compare.
    observed: (init, cells…), NaN missing.
    weights: over the cells of a region; histograms of the cells are averaged with them and
        scaled to the number of pairs of cells with a weight.
    ties: an observation that equals t members takes one of its t + 1 ranks at random, drawn
        with ``seed``; or 1 / (t + 1) of each.

    Returns
    -------
    ``count`` (rank, …), ranks from 1 to members + 1; ``samples`` (…), the sum of them; and
    ``p_value`` (…) of Pearson's chi-square test of a flat histogram, members degrees of
    freedom, which takes pairs as independent: over a region, where neighbours are alike, it
    comes out too small. NaN p-values without pairs.

    Raises
    ------
    BadRequest: without members or years; for other years or cells.
    """
    members, observed = matched(members, observed, "member")
    size = members.sizes["member"]
    at_least(1, size, "members", "A rank histogram")
    at_least(1, observed.sizes["init"], "years", "A rank histogram")
    values, truth = flat(members, 2), flat(observed, 1)
    below, equal = np.empty(truth.shape, np.int16), np.empty(truth.shape, np.int16)
    kernels.place_among_members(values, truth, below, equal)
    if ties == "random":
        draw = np.random.default_rng(seed).random(truth.shape, dtype=np.float32)
        # Below 1 even when single precision rounds up, so no rank beyond the last.
        taken = np.minimum((draw * (equal + 1)).astype(np.int16), equal)
        below, equal = np.where(below >= 0, below + taken, below), np.zeros_like(equal)
    counts = np.zeros((size + 1, truth.shape[1]), np.float32)
    kernels.count_ranks(below, equal, counts)
    histogram = labelled(
        counts, ("rank", *observed.dims[1:]), observed, rank=np.arange(1, size + 2)
    )
    how = f"ties at random, seed {seed}" if ties == "random" else "ties spread over their ranks"
    method = f"rank of the observation among the members; {how}"
    if weights is not None:
        weights = regional_weights(histogram, weights)
        pairs = histogram.astype(np.float64).where(weights > 0).sum(("rank", *weights.dims))
        weighted = (histogram * weights).sum(weights.dims)
        total = weighted.sum("rank")
        histogram = weighted / total.where(total > 0) * pairs
        histogram = histogram.where(total > 0, 0)
        method += "; weighted over the region's cells"
    return xr.Dataset(
        {
            "count": described(histogram, "rank histogram", method),
            "samples": described(histogram.sum("rank"), "pairs", method),
            "p_value": described(
                _flatness(histogram),
                "p-value of a flat rank histogram",
                f"Pearson's chi-square, pairs taken as independent; {method}",
            ),
        }
    )


def _flatness(histogram: xr.DataArray) -> xr.DataArray:
    from scipy.special import chdtrc

    ranks = histogram.sizes["rank"]
    expected = histogram.sum("rank", dtype=np.float64) / ranks
    expected = expected.where(expected > 0)
    distance = ((histogram - expected) ** 2).sum("rank", skipna=False) / expected
    return distance.copy(data=chdtrc(ranks - 1, distance.values))
