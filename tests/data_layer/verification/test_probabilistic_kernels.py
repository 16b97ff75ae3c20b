"""The compiled loops of category probabilities do what plain numpy does."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer.verification.categories import probabilities
from data_layer.verification.probabilistic import generalised_discrimination, rps


def observations(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("init", "lat"))


def plain_discrimination(p: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """F = P(j above i) / P(j and i differ), of all pairs with i observed below j."""
    out = np.full(observed.shape[1], np.nan)
    for c in range(observed.shape[1]):
        won = []
        for i, j in np.ndindex(observed.shape[0], observed.shape[0]):
            if observed[i, c] < observed[j, c] and not np.isnan(p[[i, j], :, c]).any():
                joint = np.outer(p[i, :, c], p[j, :, c])
                above, below = np.triu(joint, 1).sum(), np.tril(joint, -1).sum()
                won.append(0.5 if abs(above - below) <= 1e-6 else float(above > below))
        if won:
            out[c] = np.mean(won)
    return out


def plain_rps(p: np.ndarray, observed: np.ndarray, size: np.ndarray | None) -> np.ndarray:
    """(years, categories, cells); fair when ``size`` is given."""
    number = np.arange(p.shape[1])[:, None]
    happened = np.where(np.isnan(observed)[:, None], np.nan, observed[:, None] == number)
    miss = (p.cumsum(1) - happened.cumsum(1))[:, :-1] ** 2
    if size is not None:
        chance = p.cumsum(1)[:, :-1]
        with np.errstate(invalid="ignore", divide="ignore"):
            lost = chance * (1 - chance) / (size[:, None] - 1)
        miss = np.where(size[:, None] > 1, miss - lost, np.nan)
    return miss.sum(1)


@given(
    hnp.arrays("i2", st.tuples(st.integers(1, 5), st.integers(2, 5), st.integers(1, 3)),
               elements=st.integers(0, 3)),
    st.data(),
)  # fmt: skip
def test_the_rps_kernel_and_its_twin(counts, data):
    years, many, cells = counts.shape
    observed = data.draw(
        hnp.arrays("f4", (years, cells), elements=st.sampled_from([np.nan, *range(many)]))
    )
    size = counts.sum(1).astype("f8")
    with np.errstate(invalid="ignore"):
        p = np.where(size[:, None] > 0, counts / size[:, None], np.nan)
    forecast = xr.DataArray(counts, dims=("init", "category", "lat"))
    chances = xr.DataArray(p, dims=("init", "category", "lat"))
    expected = plain_rps(p, observed, None)
    truth = observations(observed)
    np.testing.assert_allclose(rps(forecast, truth), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(rps(chances, truth), expected, rtol=1e-6, atol=1e-9)
    if size.max() > 1:
        got = rps(forecast, truth, estimator="fair")
        np.testing.assert_allclose(got, plain_rps(p, observed, size), rtol=1e-5, atol=1e-6)


@given(
    hnp.arrays("i2", st.tuples(st.integers(2, 6), st.integers(2, 4), st.integers(1, 3)),
               elements=st.integers(0, 5)),
    st.data(),
)  # fmt: skip
def test_the_kernel_of_discrimination_and_its_twin(counts, data):
    years, many, cells = counts.shape
    observed = data.draw(
        hnp.arrays("f4", (years, cells), elements=st.sampled_from([np.nan, *range(many)]))
    )
    forecast = xr.DataArray(counts, dims=("init", "category", "lat"))
    got = generalised_discrimination(forecast, observations(observed))
    expected = plain_discrimination(probabilities(forecast).values.astype("f8"), observed)
    np.testing.assert_allclose(got, expected, rtol=1e-5)
