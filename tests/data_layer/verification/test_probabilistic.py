"""Brier, RPS, CRPS, ignorance and discrimination: published values, closed forms, twins."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
import xskillscore as xs
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer.errors import BadRequest
from data_layer.verification.categories import category_counts, category_numbers
from data_layer.verification.crps import crps, crps_of_climatology, crpss
from data_layer.verification.pairs import average
from data_layer.verification.probabilistic import (
    brier,
    bss,
    effective_interest_rate,
    generalised_discrimination,
    ignorance,
    rps,
    rpss,
)

# Eight forecasts of S. Mason's Guidance on Verification of Operational Seasonal Climate
# Forecasts, table B.2. Those of the fourth add up to 0.99.
BELOW = [0.45, 0.5, 0.35, 0.33, 0.25, 0.2, 0.2, 0.25]
NORMAL = [0.35, 0.3, 0.4, 0.33, 0.35, 0.35, 0.35, 0.4]
ABOVE = [0.2, 0.2, 0.25, 0.33, 0.4, 0.45, 0.45, 0.35]
MASON = xr.DataArray(np.array([BELOW, NORMAL, ABOVE]).T, dims=("init", "category"))
MASON_OBSERVED = xr.DataArray(np.array([0.0, 0, 0, 0, 1, 1, 2, 2]), dims="init")

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


def counted(**sizes):
    forecast, observed = random_pairs(**sizes)
    thirds = (1 / 3, 2 / 3)
    return (
        category_counts(forecast, forecast.quantile(thirds, ("init", "member"))),
        category_numbers(observed, observed.quantile(thirds, "init")),
    )


def cosine(ny=3, nx=4) -> xr.DataArray:
    weight = np.cos(np.deg2rad(np.linspace(-60, 60, ny)))
    return xr.DataArray(np.repeat(weight[:, None], nx, 1), dims=("lat", "lon"))


def documented():
    """The example of xskillscore's documentation: members last, years in ``x``."""
    rng = np.random.RandomState(42)
    observed = rng.normal(size=(3, 3))
    return observed, rng.normal(size=(3, 3, 3))


def by_member(members: np.ndarray) -> xr.DataArray:
    return xr.DataArray(members.transpose(0, 2, 1), dims=("init", "member", "lat"))


# --- published values -------------------------------------------------------------------


def test_the_ranked_probability_score_of_masons_table():
    score = float(average(rps(MASON, MASON_OBSERVED)))
    assert score == pytest.approx(0.3718125, abs=1e-9)
    # xskillscore adds the term of the last category, which the fourth forecast makes 0.01².
    assert score + 0.01**2 / 8 == pytest.approx(0.371825, abs=1e-9)
    assert float(average(rps(MASON, MASON_OBSERVED, normalised=True))) == pytest.approx(score / 2)
    assert float(rpss(MASON, MASON_OBSERVED)) == pytest.approx(0.212632, abs=5e-7)


def test_ignorance_and_interest_of_masons_table():
    assert float(average(ignorance(MASON, MASON_OBSERVED))) == pytest.approx(1.370220, abs=5e-7)
    rate = float(effective_interest_rate(MASON, MASON_OBSERVED))
    assert rate == pytest.approx(0.160497, abs=5e-7)


def test_discrimination_of_masons_table():
    assert float(generalised_discrimination(MASON, MASON_OBSERVED)) == pytest.approx(0.875)


def test_documented_brier_scores():
    observed, members = documented()
    half = xr.DataArray([0.5], dims="quantile")
    o = category_numbers(observations(observed), half)
    f = category_counts(by_member(members), half)
    expected = [0.37037037, 0.14814815, 0.51851852]
    np.testing.assert_allclose(brier(f, o)[:, 1].mean("lat"), expected, atol=5e-8)
    event = xr.where(observations(observed) > 0.5, 1.0, 0.0)
    chance = (by_member(members) > 0.5).mean("member")
    np.testing.assert_allclose(brier(chance, event).mean("lat"), expected, atol=5e-9)


def test_documented_threshold_brier_scores():
    observed, members = documented()
    expected = {0.2: 0.27160494, 0.5: 0.34567901, 0.8: 0.18518519}
    for threshold, score in expected.items():
        bound = xr.DataArray([threshold], dims="quantile")
        counts = category_counts(by_member(members), bound)
        numbers = category_numbers(observations(observed), bound)
        assert float(brier(counts, numbers)[:, 1].mean()) == pytest.approx(score, abs=5e-8)


def test_documented_rps():
    rng = np.random.RandomState(42)
    observed = observations(rng.random(size=(3, 3)))
    members = by_member(rng.random(size=(3, 3, 3)))
    for bounds, last in (
        (xr.DataArray([0.33, 0.66], dims="quantile"), 1.0),
        (observed.quantile((0.33, 0.66)), 0.88888889),
    ):
        score = rps(category_counts(members, bounds), category_numbers(observed, bounds))
        np.testing.assert_allclose(score.mean("init"), [0.37037037, 0.81481481, last], atol=1e-7)


# --- closed forms -----------------------------------------------------------------------


@pytest.mark.parametrize("many", [2, 3, 5, 10])
def test_the_skill_of_any_number_of_equal_chances_is_none(many):
    chance = xr.DataArray(np.full((many, many), 1 / many), dims=("init", "category"))
    observed = xr.DataArray(np.arange(many * 1.0), dims="init")
    for year in range(many):
        years = [year, year]
        assert float(rpss(chance[years], observed[years])) == pytest.approx(0, abs=1e-9)


def test_climatology_scores_five_ninths_and_two_ninths():
    chance = xr.DataArray(np.full((3, 3), 1 / 3), dims=("init", "category"))
    observed = xr.DataArray([0.0, 1.0, 2.0], dims="init")
    np.testing.assert_allclose(rps(chance, observed), [5 / 9, 2 / 9, 5 / 9])
    assert float(rpss(chance, observed)) == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(ignorance(chance, observed), np.log2(3))
    assert float(effective_interest_rate(chance, observed)) == pytest.approx(0, abs=1e-12)
    assert float(generalised_discrimination(chance, observed)) == 0.5


@pytest.mark.parametrize(
    ("size", "lost"),
    [(3, 0.148), (9, 0.049), (11, 0.040), (27, 0.0165), (33, 0.0135), (99, 0.0045)],
)
def test_what_the_debiased_skill_score_allows_for(size, lost):
    counts, observed = counted(members=size)
    score = average(rps(counts, observed), at_least_years=2)
    reference = average(rps(xr.full_like(counts, 1 / 3, float), observed))
    expected = 1 - score / (reference + 8 / (18 * size))
    np.testing.assert_allclose(
        rpss(counts, observed, estimator="debiased"), expected, rtol=1e-5, atol=1e-6
    )
    assert 8 / (18 * size) == pytest.approx(lost, abs=5e-4)


def test_what_debiasing_allows_for_is_what_random_members_lose():
    rng = np.random.default_rng(0)
    size, years = 9, 40_000
    members = hindcast(rng.random((years, size)))
    observed = observations(rng.random(years))
    thirds = xr.DataArray([1 / 3, 2 / 3], dims="quantile")
    counts, numbers = category_counts(members, thirds), category_numbers(observed, thirds)
    assert float(rpss(counts, numbers)) < -0.08
    assert float(rpss(counts, numbers, estimator="debiased")) == pytest.approx(0, abs=0.01)
    assert float(rpss(counts, numbers, estimator="fair")) == pytest.approx(0, abs=0.01)
    assert float(crpss(members[:400], observed[:400], estimator="fair")) == pytest.approx(
        0, abs=0.05
    )


def test_a_perfect_ensemble():
    _, observed = random_pairs()
    members = observed.expand_dims(member=5)
    np.testing.assert_array_equal(crps(members, observed), 0)
    np.testing.assert_array_equal(crpss(members, observed), 1)
    thirds = observed.quantile((1 / 3, 2 / 3), "init")
    counts, numbers = category_counts(members, thirds), category_numbers(observed, thirds)
    for score in (rpss, bss, generalised_discrimination):
        np.testing.assert_array_equal(score(counts, numbers), 1)
    np.testing.assert_array_equal(ignorance(counts, numbers), 0)
    np.testing.assert_allclose(effective_interest_rate(counts, numbers), 2, rtol=1e-6)


# --- oracles ----------------------------------------------------------------------------


@pytest.mark.parametrize("fair", [False, True])
def test_rps_and_brier_agree_with_xskillscore(fair):
    forecast, observed = random_pairs(ny=2)
    edges = xr.DataArray([-0.5, 0.5], dims="quantile")
    counts, numbers = category_counts(forecast, edges), category_numbers(observed, edges)
    estimator = "fair" if fair else "plain"
    theirs = xs.rps(observed, forecast, np.array([-9, -0.5, 0.5, 9]), fair=fair, dim=[])
    np.testing.assert_allclose(rps(counts, numbers, estimator=estimator), theirs, atol=1e-6)
    theirs = xs.brier_score(observed > 0.5, forecast > 0.5, fair=fair, dim=[], member_dim="member")
    ours = brier(counts, numbers, estimator=estimator).sel(category=2)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


# --- properties -------------------------------------------------------------------------


def all_scores(members, observed, weights=None):
    thirds = (1 / 3, 2 / 3)
    counts = category_counts(members, members.quantile(thirds, ("init", "member")))
    numbers = category_numbers(observed, observed.quantile(thirds, "init"))
    return {
        "crpss": crpss(members, observed, weights=weights),
        "fair crpss": crpss(members, observed, estimator="fair", weights=weights),
        "rpss": rpss(counts, numbers, weights=weights),
        "fair rpss": rpss(counts, numbers, estimator="fair", weights=weights),
        "debiased rpss": rpss(counts, numbers, estimator="debiased", weights=weights),
        "bss": bss(counts, numbers, weights=weights),
        "fair bss": bss(counts, numbers, estimator="fair", weights=weights),
        "eir": effective_interest_rate(counts, numbers, zeros="shrunk", weights=weights),
        "discrimination": generalised_discrimination(counts, numbers),
    }


def test_the_order_of_members_and_years_does_not_matter():
    members, observed = random_pairs()
    rng = np.random.default_rng(3)
    years, order = rng.permutation(12), rng.permutation(7)
    shuffled = all_scores(members[years][:, order], observed[years])
    for name, score in all_scores(members, observed).items():
        np.testing.assert_allclose(shuffled[name], score, rtol=2e-5, atol=1e-6, err_msg=name)


@pytest.mark.filterwarnings("ignore:All-NaN slice")
def test_missing_cells_stay_missing_and_missing_years_are_left_out():
    members, observed = random_pairs()
    observed[:, 0, 0] = np.nan
    members[:, :, 1, 1] = np.nan
    gone = members.copy()
    gone[4] = np.nan
    without = all_scores(members.drop_isel(init=4), observed.drop_isel(init=4))
    # Terciles of the observations must not know the year either.
    for name, score in all_scores(gone, observed.where(np.arange(12)[:, None, None] != 4)).items():
        by_cell = score if "category" not in score.dims else score[0]
        nowhere = np.nonzero(by_cell.isnull().values)
        assert list(zip(*nowhere, strict=True)) == [(0, 0), (1, 1)], name
        np.testing.assert_allclose(score, without[name], rtol=2e-5, atol=1e-6, err_msg=name)


def test_a_cell_with_one_pair_has_no_skill_score():
    counts, numbers = counted()
    numbers[1:, 0, 0] = np.nan
    numbers[2:, 0, 1] = np.nan
    for score in (rpss(counts, numbers), bss(counts, numbers)[0]):
        assert np.isnan(score[0, 0])
        assert np.isfinite(score[0, 1])


def test_skill_of_a_region_is_a_ratio_of_means():
    members, observed = random_pairs()
    weights = cosine()
    region = all_scores(members, observed, weights)

    def mean(by_year):
        return float(by_year.mean("init").weighted(weights).mean())

    expected = 1 - mean(crps(members, observed)) / mean(crps_of_climatology(observed))
    assert float(region["crpss"]) == pytest.approx(expected, rel=1e-5)
    thirds = (1 / 3, 2 / 3)
    counts = category_counts(members, members.quantile(thirds, ("init", "member")))
    numbers = category_numbers(observed, observed.quantile(thirds, "init"))
    reference = rps(xr.full_like(counts, 1 / 3, float), numbers)
    expected = 1 - mean(rps(counts, numbers)) / mean(reference)
    assert float(region["rpss"]) == pytest.approx(expected, rel=1e-5)
    assert region["bss"].dims == ("category",)
    assert "ratio of means" in region["rpss"].attrs["method"]


def test_skill_of_a_single_event_is_against_the_other_years():
    chance = xr.DataArray([0.8, 0.1, 0.6, 0.3], dims="init")
    happened = xr.DataArray([1.0, 0.0, 0.0, 1.0], dims="init")
    score = np.mean([0.04, 0.01, 0.36, 0.49])
    # The other three years had it once or twice.
    assert float(bss(chance, happened)) == pytest.approx(1 - score / (2 / 3) ** 2)
    assert float(bss(chance, happened, reference=0.5)) == pytest.approx(1 - score / 0.25)


def test_impossible_categories_that_happen():
    counts = xr.DataArray(np.array([[9, 0, 0], [3, 3, 3]], "i2"), dims=("init", "category"))
    observed = xr.DataArray([2.0, 1.0], dims="init")
    np.testing.assert_allclose(ignorance(counts, observed), [np.inf, np.log2(3)], rtol=1e-6)
    shrunk = ignorance(counts, observed, zeros="shrunk")
    np.testing.assert_allclose(shrunk, [-np.log2((1 / 3) / 10), np.log2(3)], rtol=1e-6)
    assert "(e + 1/K) / (M + 1)" in shrunk.attrs["method"]
    assert float(effective_interest_rate(counts, observed)) == -1


def test_one_member_or_one_year():
    one, observed = random_pairs(members=1)
    np.testing.assert_allclose(crps(one, observed), np.abs(one[:, 0] - observed), rtol=1e-6)
    counts = category_counts(one, xr.DataArray([-0.5, 0.5], dims="quantile"))
    numbers = category_numbers(observed, xr.DataArray([-0.5, 0.5], dims="quantile"))
    for fair in (crps, crpss):
        with pytest.raises(BadRequest, match="at least 2 members"):
            fair(one, observed, estimator="fair")
    for fair in (rps, rpss, brier, bss):
        with pytest.raises(BadRequest, match="at least 2 members"):
            fair(counts, numbers, estimator="fair")
    members, observed = random_pairs(years=1)
    assert crps(members, observed).shape == (1, 3, 4)
    counts, numbers = counted(years=1)
    for skill in (rpss, bss, generalised_discrimination):
        with pytest.raises(BadRequest, match="at least 2 years"):
            skill(counts, numbers)
    with pytest.raises(BadRequest, match="at least 2 years"):
        crpss(members, observed)


def test_a_fair_score_of_probabilities_is_refused():
    for score in (rps, brier):
        with pytest.raises(BadRequest, match="number of members"):
            score(MASON, MASON_OBSERVED, estimator="fair")
    with pytest.raises(BadRequest, match="number of members"):
        ignorance(MASON, MASON_OBSERVED, zeros="shrunk")


def test_a_single_event_is_0_or_1():
    with pytest.raises(BadRequest, match="happened"):
        brier(MASON[:, 0].drop_vars("category", errors="ignore"), MASON_OBSERVED)


def test_results_say_what_they_are():
    members, observed = random_pairs()
    members.attrs["units"] = "K"
    score = crps(members, observed, estimator="fair")
    assert score.attrs == {
        "long_name": "continuous ranked probability score",
        "units": "K",
        "method": "fair CRPS",
    }
    assert score.dtype == np.float32
    for name, result in all_scores(members, observed).items():
        assert result.attrs["units"] == "1", name
        assert result.attrs["method"], name
        assert result.dims[-2:] == ("lat", "lon"), name
