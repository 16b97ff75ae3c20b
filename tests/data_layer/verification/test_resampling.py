"""Intervals that hold the truth as often as they say, and maps free of false discoveries."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from data_layer.errors import BadRequest
from data_layer.verification.deterministic import bias, correlation, rmse
from data_layer.verification.msss import area_msss
from data_layer.verification.resampling import bootstrap, discoveries, independent_places


def made(
    seed: int = 0, years: int = 30, cells: int = 5, rho: float = 0.6, persistence: float = 0.0
) -> tuple[xr.DataArray, xr.DataArray]:
    """One member and observations of known correlation, standard normal; 0.5 too warm."""
    rng = np.random.default_rng(seed)
    pair = rng.normal(0, 1, (2, years, cells))
    for y in range(1, years):
        pair[:, y] = persistence * pair[:, y - 1] + np.sqrt(1 - persistence**2) * pair[:, y]
    first, second = pair[0], rho * pair[0] + np.sqrt(1 - rho**2) * pair[1]
    coords = {"init": 1981 + np.arange(years)}
    return (
        xr.DataArray(0.5 + first[:, None], coords, ("init", "member", "cell")),
        xr.DataArray(second, coords, ("init", "cell")),
    )


def held(truth: float, interval: xr.Dataset) -> int:
    return int(((interval["low"] <= truth) & (truth <= interval["high"])).sum())


@pytest.mark.parametrize(
    ("score", "truth"), [(correlation, 0.6), (bias, 0.5), (rmse, np.sqrt(0.8 + 0.25))]
)
def test_interval_holds_the_truth_about_as_often_as_it_says(score, truth):
    h, o = made(years=60, cells=1500)
    found = held(truth, bootstrap(score, h, o, resamples=300, level=0.9))
    # Percentile intervals of 60 years are known to hold a little less than they say.
    low, high = stats.binom.interval(0.999, 1500, 0.9)
    assert low - 0.04 * 1500 <= found <= high
    narrow = held(truth, bootstrap(score, h, o, resamples=300, level=0.5))
    assert abs(narrow - 750) < 0.08 * 1500


def test_blocks_keep_dependence_that_single_years_lose():
    h, o = made(years=60, cells=400, persistence=0.8, rho=0.0)
    single = held(0.5, bootstrap(bias, h, o, resamples=200))
    blocks = held(0.5, bootstrap(bias, h, o, resamples=200, block=8))
    assert single < blocks < 0.95 * 400
    assert blocks - single > 0.1 * 400


def test_a_block_as_long_as_the_record_is_the_record():
    h, o = made()
    got = bootstrap(bias, h, o, resamples=30, block=30)
    for bound in ("low", "high"):
        np.testing.assert_allclose(got[bound], bias(h, o), rtol=1e-9)


def test_interval_is_that_of_scores_of_resampled_years_one_by_one():
    h, o = (x.drop_vars("init") for x in made(years=12, cells=3))
    rng = np.random.default_rng(7)
    picks = rng.integers(0, 12, (50, 12, 1))[:, :, 0]
    scores = [correlation(h.isel(init=p), o.isel(init=p)) for p in picks]
    expected = np.quantile(scores, [0.1, 0.9], axis=0)
    got = bootstrap(correlation, h, o, resamples=50, level=0.8, seed=7)
    np.testing.assert_allclose([got["low"], got["high"]], expected, rtol=1e-9)


def test_batches_change_nothing(monkeypatch):
    h, o = made()
    whole = bootstrap(rmse, h, o, resamples=40)
    monkeypatch.setattr("data_layer.verification.resampling._BATCH", 3 * h.nbytes)
    xr.testing.assert_identical(bootstrap(rmse, h, o, resamples=40), whole)


def test_same_seed_same_interval():
    h, o = made()
    one, same, other = (bootstrap(rmse, h, o, resamples=40, seed=s) for s in (1, 1, 2))
    xr.testing.assert_identical(one, same)
    assert (one["low"] != other["low"]).any()


def test_any_score_and_regions():
    h, o = made(cells=6)
    grid = {"init": h["init"], "lat": [-60.0, 0.0, 60.0], "lon": [0.0, 1.0]}
    h = xr.DataArray(h.data.reshape(30, 1, 3, 2), grid, ("init", "member", "lat", "lon"))
    o = xr.DataArray(o.data.reshape(30, 3, 2), grid, ("init", "lat", "lon"))
    got = bootstrap(area_msss, h, o, resamples=100)
    assert got["low"].dims == ()
    assert got["low"] < area_msss(h, o) < got["high"]
    own = bootstrap(lambda f, x: (f.mean("member") - x).mean("init"), h, o, resamples=100)
    np.testing.assert_allclose(own["low"], bootstrap(bias, h, o, resamples=100)["low"])


def test_missing_cells_stay_missing():
    h, o = made()
    o[:, 2] = np.nan
    got = bootstrap(correlation, h, o, resamples=30)
    for bound in ("low", "high"):
        np.testing.assert_array_equal(got[bound].isnull(), [0, 0, 1, 0, 0])


def test_interval_names_its_method():
    h, o = made()
    method = bootstrap(rmse, h, o, resamples=30, block=3, seed=4)["low"].attrs["method"]
    for part in ("90%", "30 resamples", "blocks of 3 years", "seed 4", "root of the mean"):
        assert part in method


@pytest.mark.parametrize(
    "wrong", [{"level": 1.0}, {"level": 0.0}, {"block": 0}, {"block": 31}, {"resamples": 5}]
)
def test_intervals_that_cannot_be_are_refused(wrong):
    with pytest.raises(BadRequest):
        bootstrap(rmse, *made(), **wrong)


def test_too_few_years_for_an_interval():
    h, o = made()
    with pytest.raises(BadRequest, match="at least 3 years"):
        bootstrap(rmse, h[:2], o[:2])


P_VALUES = hnp.arrays("f8", st.integers(1, 40), elements=st.floats(0, 1))


@given(P_VALUES, st.sampled_from([0.05, 0.1, 0.4]))
def test_discoveries_are_those_of_scipy(p, alpha):
    got = discoveries(xr.DataArray(p), alpha=alpha, control="benjamini-hochberg")
    adjusted = stats.false_discovery_control(p)
    away = np.abs(adjusted - alpha) > 1e-9
    np.testing.assert_array_equal(got.values[away], adjusted[away] <= alpha)
    wilks = discoveries(xr.DataArray(p), alpha=alpha)
    doubled = discoveries(xr.DataArray(p), alpha=2 * alpha, control="benjamini-hochberg")
    np.testing.assert_array_equal(wilks, doubled)


def test_missing_places_are_no_places():
    p = np.array([[0.004, 0.3], [np.nan, 0.012]])
    got = discoveries(xr.DataArray(p, dims=("lat", "lon")), alpha=0.01)
    np.testing.assert_array_equal(got, [[True, False], [False, True]])
    assert got.attrs["threshold"] == 0.012
    assert "over 3 places" in got.attrs["method"]
    assert "Wilks 2016" in got.attrs["method"]
    none = discoveries(xr.DataArray(np.full(3, np.nan)))
    assert not none.any()
    assert none.attrs["threshold"] == 0.0


def test_chance_maps_are_named_no_more_often_than_stated():
    rng = np.random.default_rng(0)
    some = sum(
        bool(discoveries(xr.DataArray(p), alpha=0.1, control="benjamini-hochberg").any())
        for p in rng.random((400, 200))
    )
    assert some <= stats.binom.ppf(0.999, 400, 0.1)
    assert some >= stats.binom.ppf(0.001, 400, 0.1)


@pytest.mark.parametrize("wrong", [{"alpha": 0.0}, {"alpha": 1.0}, {"control": "bonferroni"}])
def test_unknown_controls_are_refused(wrong):
    with pytest.raises(BadRequest):
        discoveries(xr.DataArray([0.1]), **wrong)


def test_independent_places_are_counted():
    rng = np.random.default_rng(0)
    series = rng.normal(0, 1, (3000, 4))
    repeated = np.repeat(series, 25, axis=1)
    field = xr.DataArray(repeated, dims=("init", "cell"))
    assert float(independent_places(field)) == pytest.approx(4, rel=0.02)
    one = xr.DataArray(np.outer(series[:, 0], np.arange(1.0, 9.0)), dims=("init", "cell"))
    assert float(independent_places(one)) == pytest.approx(1)
    eigen = np.linalg.eigvalsh(np.cov(repeated.T))
    expected = eigen.sum() ** 2 / (eigen**2).sum()
    assert float(independent_places(field)) == pytest.approx(expected, rel=1e-6)


def test_weights_and_gaps_of_independent_places():
    rng = np.random.default_rng(0)
    field = xr.DataArray(rng.normal(0, 1, (3000, 6)), dims=("init", "cell"))
    weights = xr.DataArray([1.0, 1, 1, 0, 0, 0], dims="cell")
    assert float(independent_places(field, weights)) == pytest.approx(3, rel=0.02)
    field[5, 0] = np.nan
    assert float(independent_places(field, weights)) == pytest.approx(2, rel=0.02)
    with pytest.raises(BadRequest, match="at least 3 years"):
        independent_places(field[:2])
