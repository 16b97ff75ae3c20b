"""Rank histograms: ties, missing members, regions, and the test for flatness."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import xarray as xr
import xskillscore as xs
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer.errors import BadRequest
from data_layer.verification.ranks import rank_histogram

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 3))
FEW = st.integers(0, 3).map(float) | st.just(np.nan)


def hindcast(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("init", "member", "lat", "lon")[: values.ndim])


def observations(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("init", "lat", "lon")[: values.ndim])


def random_pairs(years=20, members=6, ny=3, nx=4, seed=4):
    rng = np.random.default_rng(seed)
    return (
        hindcast(rng.standard_normal((years, members, ny, nx)).astype("f4")),
        observations(rng.standard_normal((years, ny, nx)).astype("f4")),
    )


def cosine(ny=3, nx=4) -> xr.DataArray:
    weight = np.cos(np.deg2rad(np.linspace(-60, 60, ny)))
    return xr.DataArray(np.repeat(weight[:, None], nx, 1), dims=("lat", "lon"))


def plain_histogram(members: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """(ranks, cells), ties spread evenly."""
    years, size, cells = members.shape
    out = np.zeros((size + 1, cells))
    for y, c in np.ndindex(years, cells):
        x, o = members[y, :, c], observed[y, c]
        if not np.isnan(o) and not np.isnan(x).any():
            first, ties = (x < o).sum(), (x == o).sum()
            out[first : first + ties + 1, c] += 1 / (ties + 1)
    return out


@given(SHAPES, st.data())
def test_the_kernel_and_its_twin(shape, data):
    members = data.draw(hnp.arrays("f4", shape, elements=FEW))
    observed = data.draw(hnp.arrays("f4", (shape[0], shape[2]), elements=FEW))
    got = rank_histogram(hindcast(members), observations(observed), ties="fractional")
    expected = plain_histogram(members, observed)
    np.testing.assert_allclose(got["count"], expected, rtol=1e-5)
    np.testing.assert_allclose(got["samples"], expected.sum(0), rtol=1e-5)


@given(SHAPES, st.integers(0, 9), st.data())
def test_random_ties_take_a_rank_that_fits(shape, seed, data):
    members = data.draw(hnp.arrays("f4", (1, *shape[1:]), elements=FEW))
    observed = data.draw(hnp.arrays("f4", (1, shape[2]), elements=FEW))
    pairs = hindcast(members), observations(observed)
    got = rank_histogram(*pairs, seed=seed)
    spread = rank_histogram(*pairs, ties="fractional")
    np.testing.assert_array_equal(got["samples"], np.round(spread["samples"]))
    assert (spread["count"].values[got["count"].values > 0] > 0).all()
    xr.testing.assert_identical(got, rank_histogram(*pairs, seed=seed))


def test_random_ties_are_even():
    members, observed = hindcast(np.zeros((20_000, 3))), observations(np.zeros(20_000))
    got = rank_histogram(members, observed)
    np.testing.assert_allclose(got["count"] / 20_000, 0.25, atol=0.02)
    other = rank_histogram(members, observed, seed=1)
    assert not got["count"].equals(other["count"])


def test_without_ties_xskillscore_agrees():
    members, observed = random_pairs()
    theirs = xs.rank_histogram(observed, members, dim="init")
    ours = rank_histogram(members, observed)["count"].transpose(..., "rank")
    np.testing.assert_array_equal(ours, theirs.transpose(..., "rank"))


def test_the_test_of_flatness_is_pearsons():
    members, observed = random_pairs()
    result = rank_histogram(members, observed)
    expected = scipy.stats.chisquare(result["count"].values, axis=0).pvalue
    np.testing.assert_allclose(result["p_value"], expected, rtol=1e-6)


def test_flat_histograms_are_rejected_about_as_often_as_stated():
    members, observed = random_pairs(years=60, members=4, ny=40, nx=50)
    rejected = float((rank_histogram(members, observed)["p_value"] < 0.1).mean())
    assert rejected == pytest.approx(0.1, abs=0.03)
    low = rank_histogram(members - 2, observed)["p_value"]
    assert float((low < 0.1).mean()) > 0.95


def test_a_region_adds_up_its_cells():
    members, observed = random_pairs()
    maps, weights = rank_histogram(members, observed), cosine()
    region = rank_histogram(members, observed, weights)
    expected = (maps["count"] * weights).sum(("lat", "lon"))
    expected = expected / expected.sum() * 20 * 12
    np.testing.assert_allclose(region["count"], expected, rtol=1e-6)
    assert float(region["samples"]) == pytest.approx(20 * 12)
    ones = rank_histogram(members, observed, xr.ones_like(weights))
    np.testing.assert_allclose(ones["count"], maps["count"].sum(("lat", "lon")))


def test_years_with_a_member_missing_are_left_out():
    members, observed = random_pairs()
    members[3, 2] = np.nan
    observed[5] = np.nan
    observed[:, 0, 0] = np.nan
    kept = [y for y in range(20) if y not in (3, 5)]
    result = rank_histogram(members, observed, ties="fractional")
    alone = rank_histogram(members[kept], observed[kept], ties="fractional")
    xr.testing.assert_identical(result, alone)
    assert np.isnan(result["p_value"][0, 0])
    assert float(result["samples"][0, 0]) == 0
    assert result["p_value"].isnull().sum() == 1


def test_the_order_of_members_and_years_does_not_matter():
    members, observed = random_pairs()
    rng = np.random.default_rng(0)
    years, order = rng.permutation(20), rng.permutation(6)
    xr.testing.assert_equal(
        rank_histogram(members[years][:, order], observed[years]),
        rank_histogram(members, observed),
    )


def test_one_member_and_one_year():
    result = rank_histogram(hindcast(np.array([[1.0]])), observations(np.array([2.0])))
    np.testing.assert_array_equal(result["count"], [0, 1])
    np.testing.assert_array_equal(result["rank"], [1, 2])
    with pytest.raises(BadRequest, match="no dim 'member'"):
        rank_histogram(xr.DataArray([1.0], dims="init"), observations(np.array([2.0])))


def test_results_say_how_ties_were_split():
    members, observed = random_pairs()
    assert "seed 8" in rank_histogram(members, observed, seed=8)["count"].attrs["method"]
    spread = rank_histogram(members, observed, cosine(), ties="fractional")
    assert "spread over their ranks" in spread["p_value"].attrs["method"]
    assert "region" in spread["count"].attrs["method"]
