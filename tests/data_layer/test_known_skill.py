"""Scores of the made-up world, whose true skill is known, against that truth.

With ρ the correlation of a member with the truth, and of two members
(:func:`data_layer.demo.climate.predictability`), M members and n years:

- the mean of the ensemble has the variance v = ρ + (1 - ρ) / M of the truth's, and its
  correlation with the truth is ρ / √v;
- the error of the mean is (1 - ρ) (1 + 1/M), so spread and error agree; taking off a mean
  error learnt from the other years makes it n / (n - 1) of that;
- a member is as far from the truth as from another member, N(0, 2 (1 - ρ)), so the fair CRPS
  is √((1 - ρ) / π) and its skill 1 - √(1 - ρ);
- the fair RPS of thirds bounded by ±q is Σ (p - Φ₂(q, q; ρ)) over both bounds, that of
  climatology Σ p (1 - p).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from data_layer.api import ProductRequest
from data_layer.demo.climate import QUANTITIES, World, cold_drift, predictability
from data_layer.demo.synthetic import write_archive
from data_layer.local import LocalSource
from data_layer.verification.correction import cross_validated
from data_layer.verification.crps import crps
from data_layer.verification.deterministic import bias, correlation
from data_layer.verification.pairs import average
from data_layer.verification.resampling import bootstrap
from data_layer.verification.scores import Past, score_of
from data_layer.verification.spread import spread_error_ratio

YEARS = range(1961, 2001)
N, MEMBERS, LEAD, MONTH = len(YEARS), 9, 1, 10
SEEDS = range(48)
# Far enough apart to know nothing of each other, and where El Niño, which lasts from year to
# year, has next to no part in the temperature.
PLACES = [(0.0, 0.0), (0.0, 20.0), (0.0, 330.0), (-55.0, 60.0), (-55.0, 300.0), (60.0, 60.0)]
LEVEL = 0.9


@pytest.fixture(scope="module")
def past() -> xr.Dataset:
    """Hindcast and observations of tas, dims (init, member, cell): all places of all seeds."""
    lat = np.array(sorted({y for y, _ in PLACES}))
    lon = np.array(sorted({x for _, x in PLACES}))
    rows = [int(np.flatnonzero(lat == y)[0]) for y, _ in PLACES]
    columns = [int(np.flatnonzero(lon == x)[0]) for _, x in PLACES]
    hindcasts, observed = [], []
    for seed in SEEDS:
        world = World(lat, lon, seed)
        hindcasts.append(
            [
                world.forecast(dt.datetime(y, MONTH, 1), LEAD + 1, MEMBERS)["tas"][:, LEAD]
                for y in YEARS
            ]
        )
        observed.append([world.observed(dt.datetime(y, MONTH + LEAD, 1))["tas"] for y in YEARS])
    cells = [np.asarray(x)[..., rows, columns] for x in (hindcasts, observed)]
    rho = np.tile(predictability(LEAD, np.array([y for y, _ in PLACES])), len(SEEDS))
    flat = [np.moveaxis(x, 0, -2).reshape(*x.shape[1:-1], -1) for x in cells]
    return xr.Dataset(
        {
            "hindcast": (("init", "member", "cell"), flat[0]),
            "observed": (("init", "cell"), flat[1]),
        },
        {"init": list(YEARS), "rho": ("cell", rho)},
    )


@pytest.fixture(scope="module")
def corrected(past) -> xr.DataArray:
    return cross_validated(past["hindcast"], past["observed"])


def correlation_of_the_mean(rho):
    return rho / np.sqrt(rho + (1 - rho) / MEMBERS)


def fair_rpss(rho):
    bounds = stats.norm.ppf([1 / 3, 2 / 3])
    both = [stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([q, q]) for q in bounds]
    return 1 - (1 - sum(both)) / (4 / 9)


def fair_crpss(rho):
    return 1 - np.sqrt(1 - rho)


def roc_area_of_the_upper_third(rho):
    """By simulation; members beyond the bound are binomial, given what they share."""
    rng = np.random.default_rng(0)
    truth, shared = rng.normal(size=(2, 400_000))
    bound = stats.norm.ppf(2 / 3)
    middle = rho * truth + np.sqrt(rho * (1 - rho)) * shared
    above = rng.binomial(MEMBERS, stats.norm.sf((bound - middle) / np.sqrt(1 - rho)))
    of = [np.bincount(above[truth > bound], minlength=MEMBERS + 1),
          np.bincount(above[truth <= bound], minlength=MEMBERS + 1)]  # fmt: skip
    yes, no = (x / x.sum() for x in of)
    return float(yes[1:] @ np.cumsum(no)[:-1] + 0.5 * yes @ no)


def held(interval: xr.Dataset, truth) -> int:
    return int(((interval["low"] <= truth) & (truth <= interval["high"])).sum())


def check_coverage(found: int, cells: int) -> None:
    """Percentile intervals of 40 years are known to hold a little less than they say."""
    low, high = stats.binom.interval(0.999, cells, LEVEL)
    assert low - 0.04 * cells <= found <= high


def test_the_places_are_what_they_are_taken_for(past):
    """Neither El Niño nor the neighbours are in them, and there are two kinds of skill."""
    (tas,) = (q for q in QUANTITIES if q.name == "tas")
    for height, at, width in tas.pattern:
        for y, x in PLACES:
            east = (x - at[1] + 180) % 360 - 180
            away = ((y - at[0]) / width[0]) ** 2 + (east / width[1]) ** 2
            assert abs(height) * np.exp(-away) < 0.2
    assert set(np.round(past["rho"].values, 2)) == {0.21, 0.7}


@pytest.mark.parametrize(
    ("score", "truth"),
    [
        (correlation, correlation_of_the_mean),
        (spread_error_ratio, lambda rho: np.sqrt((N - 1) / N) + 0 * rho),
    ],
    ids=["correlation", "spread / error"],
)
def test_intervals_hold_the_truth_as_often_as_they_say(past, corrected, score, truth):
    interval = bootstrap(score, corrected, past["observed"], resamples=400, level=LEVEL)
    check_coverage(held(interval, truth(past["rho"])), past.sizes["cell"])
    # And are no wider than they must be: another skill is mostly outside.
    wrong = truth(past["rho"]) + 0.5 * np.where(past["rho"] > 0.5, -1, 1)
    assert held(interval, wrong) < 0.5 * past.sizes["cell"]


def test_intervals_of_the_bias_hold_the_models_drift(past):
    interval = bootstrap(bias, past["hindcast"], past["observed"], resamples=400, level=LEVEL)
    lat = np.tile([y for y, _ in PLACES], len(SEEDS))
    drift = cold_drift(np.zeros(lat.size), LEAD, lat)
    assert drift.min() < -0.5
    check_coverage(held(interval, drift), past.sizes["cell"])


def test_intervals_of_the_crps_hold_the_truth_as_often_as_they_say(past, corrected):
    scale = _deviation(past)
    standard = [x / scale for x in (corrected, past["observed"])]
    interval = bootstrap(
        lambda h, o: average(crps(h, o, estimator="fair")), *standard, resamples=200, level=LEVEL
    )
    rho = past["rho"]
    learnt = (1 + 1 / MEMBERS) / (N - 1)
    truth = np.sqrt(2 / np.pi * (1 - rho) * (2 + learnt)) - np.sqrt((1 - rho) / np.pi)
    check_coverage(held(interval, truth), past.sizes["cell"])


def _deviation(past: xr.Dataset) -> xr.DataArray:
    """The world's standard deviation of each cell, as its temperature is made."""
    lat = np.tile([y for y, _ in PLACES], len(SEEDS)).astype(float)
    lon = np.tile([x for _, x in PLACES], len(SEEDS)).astype(float)
    (tas,) = (q for q in QUANTITIES if q.name == "tas")
    values = [
        float(tas.values(np.ones(1), 11, np.array(y), np.array(x))[0])
        - float(tas.values(np.zeros(1), 11, np.array(y), np.array(x))[0])
        for y, x in zip(lat, lon, strict=True)
    ]
    return xr.DataArray(values, dims="cell")


@pytest.mark.parametrize(
    ("name", "truth", "finite"),
    [
        ("acc", correlation_of_the_mean, 0.01),
        ("crpss", fair_crpss, 0.02),
        ("rpss", fair_rpss, 0.03),
        ("roc", roc_area_of_the_upper_third, 0.02),
        ("spread_error", lambda rho: 1.0, 0.03),
    ],
)
def test_on_average_a_score_is_the_truth(past, name, truth, finite):
    """``finite``: what forty years, in place of endless ones, cost or give a score."""
    scores = score_of(name, Past(past["hindcast"], past["observed"]))
    for rho in np.unique(past["rho"]):
        there = scores.where(past["rho"] == rho, drop=True)
        error = float(there.std()) / np.sqrt(there.size)
        assert float(there.mean()) == pytest.approx(truth(rho), abs=3.5 * error + finite)


def test_fair_scores_do_not_depend_on_the_number_of_members_and_plain_ones_do(past):
    few = past.isel(member=slice(0, 3))
    for fair in ("crpss", "rpss"):
        one, two = (float(score_of(fair, _past(x)).mean()) for x in (few, past))
        assert abs(one - two) < 0.03
    plain = [float(score_of("rpss_plain", _past(x)).mean()) for x in (few, past)]
    assert plain[1] - plain[0] > 0.1


def _past(some: xr.Dataset) -> Past:
    return Past(some["hindcast"], some["observed"])


def test_the_skill_that_an_archive_of_files_shows_is_the_worlds(tmp_path: Path):
    years = (1961, 1990)
    write_archive(
        tmp_path, years=years, start_months=(10,), members=MEMBERS, realtime=("2026-10-01",),
        realtime_members=4, leads=2, nlat=13, nlon=12,
    )  # fmt: skip
    source = LocalSource.open(tmp_path)
    for product, truth in (
        ("skill:score=acc", correlation_of_the_mean),
        ("skill:score=crpss", fair_crpss),
    ):
        request = ProductRequest(
            "synthetic-s2-forecast", "tas", product, init="2026-10-01", lead=LEAD
        )
        found = source.fetch(request).sel(lat=slice(-75, 75))
        expected = truth(predictability(LEAD, found["lat"].values))
        # Cells are neighbours, so each latitude is about four independent ones.
        by_latitude = found.mean("lon")
        assert float(abs(by_latitude.mean() - expected.mean())) < 0.08
        assert np.corrcoef(by_latitude, expected)[0, 1] > 0.7
