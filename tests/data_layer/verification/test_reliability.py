"""Reliability curves: bins, weights, and terms that add up to the Brier score."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
import xskillscore as xs
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer.errors import BadRequest
from data_layer.verification.pairs import average
from data_layer.verification.probabilistic import brier
from data_layer.verification.reliability import reliability_curve

NUMBER = st.sampled_from([np.nan, 0.0, 1.0, 2.0])


def random_pairs(years=12, members=11, ny=4, nx=5, seed=3):
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(members, [0.3, 0.3, 0.4], (years, ny, nx)).transpose(0, 3, 1, 2)
    return (
        xr.DataArray(counts.astype("i2"), dims=("init", "category", "lat", "lon")),
        xr.DataArray(rng.integers(0, 3, (years, ny, nx)) * 1.0, dims=("init", "lat", "lon")),
    )


def cosine(ny=4, nx=5) -> xr.DataArray:
    weight = np.cos(np.deg2rad(np.linspace(-60, 60, ny)))
    return xr.DataArray(np.repeat(weight[:, None], nx, 1), dims=("lat", "lon"))


def test_a_curve_worked_by_hand():
    chance = xr.DataArray([0.0, 0.2, 0.2, 0.9, 1.0], dims="init")
    happened = xr.DataArray([0.0, 1.0, 0.0, 1.0, 1.0], dims="init")
    curve = reliability_curve(chance, happened, bins=2)
    np.testing.assert_allclose(curve["bin"], [0.25, 0.75])
    np.testing.assert_allclose(curve["forecast_probability"], [0.4 / 3, 0.95])
    np.testing.assert_allclose(curve["observed_frequency"], [1 / 3, 1])
    np.testing.assert_allclose(curve["share"], [0.6, 0.4])
    np.testing.assert_array_equal(curve["samples"], [3, 2])
    assert float(curve["climatology"]) == pytest.approx(0.6)
    np.testing.assert_allclose(curve["no_skill"], [(0.4 / 3 + 0.6) / 2, (0.95 + 0.6) / 2])
    assert float(curve["uncertainty"]) == pytest.approx(0.24)
    assert float(curve["resolution"]) == pytest.approx(0.6 * (1 / 3 - 0.6) ** 2 + 0.4 * 0.4**2)
    assert float(curve["reliability"]) == pytest.approx(0.6 * 0.2**2 + 0.4 * 0.05**2)
    assert float(curve["brier"]) == pytest.approx((0.64 + 0.04 + 0.01) / 5)


@pytest.mark.parametrize("bins", [None, 1, 5, 10])
def test_the_terms_add_up_to_the_brier_score_of_the_region(bins):
    counts, numbers = random_pairs()
    counts[3, :, 0, 0] = 0
    numbers[5, 1, 1] = np.nan
    # With a pair missing here and there, pooled pairs and means of means would differ.
    full_counts, full_numbers = random_pairs()
    curve = reliability_curve(counts, numbers, cosine(), bins=bins)
    total = curve["reliability"] - curve["resolution"] + curve["uncertainty"]
    np.testing.assert_allclose(total + curve["within_bins"], curve["brier"], rtol=1e-12)
    if bins is None:
        np.testing.assert_allclose(curve["within_bins"], 0, atol=1e-7)
    full = reliability_curve(full_counts, full_numbers, cosine(), bins=bins)
    expected = average(brier(full_counts, full_numbers), cosine())
    np.testing.assert_allclose(full["brier"], expected, rtol=1e-6)


def plain_bins(p, happened, weight, number, many):
    """Sums over all pairs of each bin, one pair after the other."""
    total, chance, hits = np.zeros((3, many))
    for value, o, w, k in zip(p, happened, weight, number, strict=True):
        if not np.isnan(value) and not np.isnan(o):
            total[k] += w
            chance[k] += w * value
            hits[k] += w * o
    with np.errstate(invalid="ignore"):
        return total / total.sum(), chance / total, hits / total


@given(
    hnp.arrays("i2", (5, 2), elements=st.integers(0, 4)),
    hnp.arrays("f4", (5, 2), elements=NUMBER),
    hnp.arrays("f8", 2, elements=st.floats(0.1, 3)),
)
def test_bins_of_member_counts_and_their_twin(first, observed, weights):
    counts = xr.DataArray(
        np.stack([first, 2 * np.ones_like(first), 6 - first], 1), dims=("init", "category", "lat")
    )
    curve = reliability_curve(
        counts, xr.DataArray(observed, dims=("init", "lat")), xr.DataArray(weights, dims="lat")
    )
    np.testing.assert_allclose(curve["bin"], np.arange(9) / 8)
    happened = np.where(np.isnan(observed), np.nan, observed == 0).ravel()
    share, chance, hits = plain_bins(
        first.ravel() / 8, happened, np.tile(weights, 5), first.ravel(), 9
    )
    got = curve.isel(category=0)
    np.testing.assert_allclose(got["share"], share, rtol=1e-6)
    np.testing.assert_allclose(got["forecast_probability"], chance, rtol=1e-6)
    np.testing.assert_allclose(got["observed_frequency"], hits, rtol=1e-6)


def test_bins_of_equal_width_agree_with_xskillscore():
    rng = np.random.default_rng(7)
    chance = xr.DataArray(rng.random((200, 3)), dims=("init", "lat"))
    happened = xr.DataArray((rng.random((200, 3)) < chance.values) * 1.0, dims=("init", "lat"))
    curve = reliability_curve(chance, happened, bins=5)
    theirs = xs.reliability(happened == 1, chance, dim="init")
    np.testing.assert_allclose(curve["observed_frequency"].T, theirs)
    np.testing.assert_array_equal(curve["samples"].T, theirs["samples"])
    together = reliability_curve(chance, happened, xr.DataArray(np.ones(3), dims="lat"), bins=5)
    theirs = xs.reliability(happened == 1, chance)
    np.testing.assert_allclose(together["observed_frequency"], theirs)


def test_a_share_of_members_on_an_edge_belongs_to_the_bin_above():
    counts = np.array([[k, 10 - k] for k in range(11)], "i2")
    forecast = xr.DataArray(counts, dims=("init", "category"))
    observed = xr.DataArray(np.zeros(11), dims="init")
    curve = reliability_curve(forecast, observed, bins=10).isel(category=0)
    np.testing.assert_array_equal(curve["samples"], [1] * 9 + [2])


def test_reliable_forecasts_lie_on_the_diagonal():
    rng = np.random.default_rng(1)
    chance = rng.integers(0, 11, 100_000) / 10
    happened = (rng.random(chance.size) < chance) * 1.0
    curve = reliability_curve(
        xr.DataArray(chance, dims="init"), xr.DataArray(happened, dims="init"), bins=10
    )
    np.testing.assert_allclose(
        curve["observed_frequency"], curve["forecast_probability"], atol=0.02
    )
    assert float(curve["reliability"]) < 1e-4


def test_the_order_of_years_and_cells_does_not_matter():
    counts, numbers = random_pairs()
    order = np.random.default_rng(0).permutation(12)
    there = reliability_curve(counts, numbers, cosine())
    back = reliability_curve(
        counts[order].transpose("lon", "category", "init", "lat"), numbers[order], cosine().T
    )
    for name in there:
        np.testing.assert_allclose(back[name], there[name], rtol=1e-9, atol=1e-12)


def test_without_weights_each_cell_has_its_curve():
    counts, numbers = random_pairs()
    numbers[:, 2, 2] = np.nan
    maps = reliability_curve(counts, numbers)
    assert maps["observed_frequency"].dims == ("bin", "category", "lat", "lon")
    one = reliability_curve(counts[..., 1, 3], numbers[..., 1, 3])
    for name in one:
        np.testing.assert_allclose(maps[name][..., 1, 3], one[name])
    for name in ("brier", "reliability", "resolution", "climatology"):
        missing = maps[name].isnull().all("category")
        assert list(zip(*np.nonzero(missing.values), strict=True)) == [(2, 2)]


def test_bins_that_cannot_be_made_are_refused():
    counts, numbers = random_pairs()
    with pytest.raises(BadRequest, match="bin"):
        reliability_curve(counts, numbers, bins=0)
    with pytest.raises(BadRequest, match="one size"):
        reliability_curve(counts / 11, numbers)
    counts[0, 0] += 1
    with pytest.raises(BadRequest, match="ensembles of 12"):
        reliability_curve(counts, numbers)


def test_one_year_of_a_region_is_enough_and_says_what_it_is():
    counts, numbers = random_pairs(years=1)
    curve = reliability_curve(counts, numbers, cosine())
    assert float(curve["share"].sum("bin")[0]) == pytest.approx(1)
    assert curve["share"].attrs["units"] == "1"
    assert "weighted" in curve["reliability"].attrs["method"]
    assert "one bin a number of members" in curve["share"].attrs["method"]
