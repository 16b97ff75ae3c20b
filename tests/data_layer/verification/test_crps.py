"""CRPS of ensembles and of climatology: published values, closed forms, oracles, twins."""

from __future__ import annotations

import numpy as np
import pytest
import scores
import xarray as xr
import xskillscore as xs
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer.verification import probabilistic_kernels as kernels
from data_layer.verification.crps import crps, crps_of_climatology, crpss

FEW = st.floats(-3, 3, width=16) | st.just(np.nan)
HINDCASTS = hnp.arrays(
    st.sampled_from(["f4", "f8"]),
    st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 3)),
    elements=FEW,
)


def hindcast(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("init", "member", "lat", "lon")[: values.ndim])


def observations(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("init", "lat", "lon")[: values.ndim])


def random_pairs(years=12, members=7, ny=3, nx=4, seed=1):
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((years, 1, ny, nx))
    forecast = hindcast((signal + rng.standard_normal((years, members, ny, nx))).astype("f4"))
    observed = observations((signal[:, 0] + rng.standard_normal((years, ny, nx))).astype("f4"))
    return forecast, observed


def documented():
    """The example of xskillscore's documentation: members last, years in ``x``."""
    rng = np.random.RandomState(42)
    observed = rng.normal(size=(3, 3))
    return observed, rng.normal(size=(3, 3, 3))


def by_member(members: np.ndarray) -> xr.DataArray:
    return xr.DataArray(members.transpose(0, 2, 1), dims=("init", "member", "lat"))


def plain_crps(members: np.ndarray, observed: np.ndarray, fair: bool) -> np.ndarray:
    out = np.full(observed.shape, np.nan)
    for y, c in np.ndindex(observed.shape):
        x = members[y, :, c].astype("f8")
        x = x[~np.isnan(x)]
        below = x.size * (x.size - 1) if fair else x.size**2
        if below and not np.isnan(observed[y, c]):
            away = np.abs(x - observed[y, c]).mean()
            out[y, c] = away - np.abs(x[:, None] - x).sum() / (2 * below)
    return out


def plain_crps_of_other_years(observed: np.ndarray, fair: bool) -> np.ndarray:
    others = np.stack([np.delete(observed, y, axis=0) for y in range(observed.shape[0])])
    return plain_crps(others, observed, fair)


def test_documented_crps_plain_and_fair():
    observed, members = documented()
    o = observations(observed)
    plain = crps(by_member(members), o)
    np.testing.assert_allclose(plain.mean("init"), [1.04497153, 0.48997746, 0.47994095], atol=5e-9)
    fair = crps(by_member(members), o, estimator="fair")
    np.testing.assert_allclose(fair.mean("init"), [0.86487601, 0.26399584, 0.3083712], atol=5e-9)


def test_the_mean_crps_of_climatology_has_a_closed_form():
    _, observed = random_pairs()
    n = observed.sizes["init"]
    apart = np.abs(observed.values[:, None] - observed.values[None]).sum((0, 1))
    plain, fair = (crps_of_climatology(observed, estimator=e) for e in ("plain", "fair"))
    np.testing.assert_allclose(plain.mean("init"), apart / (2 * (n - 1) ** 2), rtol=1e-5)
    np.testing.assert_allclose(fair.mean("init"), apart / (2 * n * (n - 1)), rtol=1e-5)


def test_crps_agrees_with_xskillscore_and_scores():
    forecast, observed = random_pairs(members=33, ny=15, nx=20)
    theirs = xs.crps_ensemble(observed, forecast, dim=[])
    np.testing.assert_allclose(crps(forecast, observed), theirs, rtol=1e-5, atol=1e-6)
    for estimator, method in (("plain", "ecdf"), ("fair", "fair")):
        theirs = scores.probability.crps_for_ensemble(
            forecast, observed, "member", method=method, preserve_dims="all"
        )
        np.testing.assert_allclose(
            crps(forecast, observed, estimator=estimator), theirs, rtol=1e-5, atol=1e-6
        )


@given(HINDCASTS, st.booleans(), st.data())
def test_the_crps_kernel_and_its_twin(values, fair, data):
    if fair and values.shape[1] < 2:
        fair = False
    shape = (values.shape[0], values.shape[2])
    observed = data.draw(hnp.arrays(values.dtype, shape, elements=FEW))
    got = crps(hindcast(values), observations(observed), estimator="fair" if fair else "plain")
    expected = plain_crps(values, observed, fair)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 33, 99])
def test_the_crps_of_any_number_of_members_over_many_cells(size):
    forecast, observed = random_pairs(years=2, members=size, ny=10, nx=27)
    got = crps(forecast, observed).values.reshape(2, -1)
    expected = plain_crps(
        forecast.values.reshape(2, size, -1), observed.values.reshape(2, -1), False
    )
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


@given(st.integers(1, 40), st.randoms(use_true_random=False))
def test_the_network_sorts(size, random):
    values = [random.randrange(10) for _ in range(size)]
    expected = sorted(values)
    for i, j in kernels.sorting_network(size):
        values[i], values[j] = min(values[i], values[j]), max(values[i], values[j])
    assert values == expected


def test_the_crps_of_large_values_keeps_its_precision():
    forecast, observed = random_pairs(members=33)
    kelvin = crps((forecast + 300).astype("f4"), (observed + 300).astype("f4"))
    expected = plain_crps(
        (forecast + 300).astype("f4").values.reshape(12, 33, -1),
        (observed + 300).astype("f4").values.reshape(12, -1),
        False,
    )
    np.testing.assert_allclose(kelvin.values.reshape(12, -1), expected, rtol=1e-5, atol=1e-6)


@given(hnp.arrays("f4", st.tuples(st.integers(3, 7), st.integers(1, 4)), elements=FEW))
def test_the_kernel_of_climatology_and_its_twin(values):
    for fair in (False, True):
        got = crps_of_climatology(observations(values), estimator="fair" if fair else "plain")
        expected = plain_crps_of_other_years(values, fair)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_a_year_with_one_side_missing_does_not_count():
    members, observed = random_pairs()
    half = members.copy()
    half[4] = np.nan
    np.testing.assert_allclose(
        crpss(half, observed), crpss(members.drop_isel(init=4), observed.drop_isel(init=4)),
        rtol=1e-5, atol=1e-6,
    )  # fmt: skip
    assert crps(half, observed)[4].isnull().all()
