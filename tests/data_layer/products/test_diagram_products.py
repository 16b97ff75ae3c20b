"""Diagrams, intervals and distributions: what they are of, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.verification.scores import Past, score_of
from tests.data_layer.products.made import (
    Made,
    computed,
    forecast,
    hindcast,
    observed,
    random_inputs,
)


def at_a_place(seed: int = 0, years: int = 30, members: int = 9) -> Made:
    """Inputs without cells: a truth, members that follow it half, all normal."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1, years)
    past = 0.7 * truth[:, None] + rng.normal(0, 0.7, (years, members))
    return Made(
        forecast(rng.normal(1, 0.7, members)), hindcast(past), observed(truth), observed(truth[:1])
    )


def test_an_areas_skill_is_no_mean_of_the_cells_skill():
    inputs = random_inputs()
    whole = computed("area_skill:score=rpss", inputs)
    assert whole.dims == ()
    past = Past(inputs.hindcast(), inputs.observed())
    weights = np.cos(np.deg2rad(past.observed["lat"])).broadcast_like(
        past.observed.isel(init=0, drop=True)
    )
    assert float(whole) == pytest.approx(float(score_of("rpss", past, weights=weights)))
    cells = computed("skill:score=rpss", inputs)
    assert float(whole) != pytest.approx(float(cells.weighted(weights).mean()), abs=1e-6)


def test_a_perfect_forecast_is_reliable_and_finds_all_events():
    truth = np.random.default_rng(1).normal(0, 1, 30)
    inputs = Made(
        forecast(np.zeros(5)),
        hindcast(np.repeat(truth[:, None], 5, axis=1)),
        observed(truth),
    )
    curve = computed("reliability:validation=none", inputs)
    frequency = curve.sel(statistic="observed_frequency").values
    there = ~np.isnan(frequency)
    assert frequency[there].tolist() == [0.0, 1.0]
    assert float(curve.sel(statistic="samples").sum()) == 30
    roc = computed("roc_curve:validation=none", inputs)
    assert 1.0 in roc.sel(statistic="hit_rate").values[roc.sel(statistic="false_alarm_rate") == 0]
    assert float(roc["threshold"].max()) == pytest.approx(1.01)


def test_ranks_count_every_year_once():
    inputs = at_a_place()
    ranks = computed("rank_histogram", inputs)
    assert ranks.sizes == {"rank": 10}
    assert float(ranks.sum()) == 30
    assert "correction of the mean" in ranks.attrs["method"]


def test_an_interval_holds_the_score_and_names_the_level():
    inputs = at_a_place()
    interval = computed("skill_interval:level=80", inputs)
    low, high = interval.values
    assert low < float(computed("skill", inputs)) < high
    wider = computed("skill_interval:level=95", inputs)
    assert wider.sel(bound="low") < low
    assert "80% percentile bootstrap" in interval.attrs["method"]


def test_an_interval_of_a_map_is_refused_with_what_to_ask():
    with pytest.raises(BadRequest, match="not of a map"):
        computed("skill_interval", random_inputs())


def test_the_fan_is_the_hindcasts_percentiles():
    inputs = at_a_place()
    fan = computed("fan", inputs)
    expected = np.percentile(inputs.hindcast().values, fan["percentile"].values)
    np.testing.assert_allclose(fan, expected, rtol=1e-5)
    assert fan.attrs["units"] == "K"


def test_bars_are_the_terciles_and_sum_to_all():
    inputs = random_inputs()
    bars = computed("tercile_bars", inputs)
    for name in ("below", "near", "above"):
        one = computed(f"tercile_probability:category={name}", inputs)
        np.testing.assert_array_equal(bars.sel(category=name), one)
    np.testing.assert_allclose(bars.sum("category"), 100, rtol=1e-5)


def test_a_distribution_falls_from_all_to_none_and_its_densities_to_one():
    inputs = at_a_place()
    curves = computed("distribution", inputs)
    for name in ("forecast", "hindcast"):
        chance = curves.sel(curve=name).values
        assert (chance[0], chance[-1]) == (1.0, 0.0)
        assert (np.diff(chance) <= 0).all()
        density = curves.sel(curve=f"{name}_density")
        assert float(density.integrate("amount")) == pytest.approx(1, abs=0.1)
    with pytest.raises(BadRequest, match="one lead, at a place"):
        computed("distribution", random_inputs())


def test_the_chance_of_an_anomaly_counts_members_beyond_the_hindcasts_mean():
    inputs = Made(
        forecast(np.array([0.0, 1.0, 2.0, 3.0])), hindcast(np.array([[0.0, 2.0], [1.0, 1.0]]))
    )
    assert float(computed("anomaly_probability:threshold=0.5", inputs)) == 50.0
    below = computed("anomaly_probability:threshold=0.5,side=below", inputs)
    assert float(below) == 50.0
    assert float(computed("anomaly_probability", inputs)) == 50.0


def test_members_anomalies_have_the_anomaly_as_their_mean():
    inputs = random_inputs()
    each = computed("member_anomaly", inputs)
    assert each.sizes["member"] == inputs.members.sizes["member"]
    xr.testing.assert_allclose(
        each.mean("member").drop_vars("init"), computed("anomaly", inputs).drop_vars("init"), 1e-4
    )


def test_past_forecasts_stand_beside_what_happened():
    inputs = at_a_place()
    past = computed("past_forecasts", inputs)
    assert past.dims == ("statistic", "init")
    np.testing.assert_array_equal(past["init"], inputs.past["init"])
    np.testing.assert_allclose(past.sel(statistic="mean"), inputs.past.mean("member"), rtol=1e-5)
    for percent in (10, 33, 50, 67, 90):
        np.testing.assert_allclose(
            past.sel(statistic=f"p{percent}"),
            inputs.past.quantile(percent / 100, "member"),
            rtol=1e-5,
        )
    np.testing.assert_allclose(past.sel(statistic="observed"), inputs.seen, rtol=1e-6)
    for name, share in (("lower", 1 / 3), ("upper", 2 / 3)):
        assert np.unique(past.sel(statistic=name)).size == 1
        bound = float(inputs.seen.quantile(share))
        assert float(past.sel(statistic=name)[0]) == pytest.approx(bound, rel=1e-5)


def test_of_a_past_year_that_is_not_known_nothing_is_told():
    inputs = at_a_place()
    inputs.past[3] = np.nan
    inputs.past[4, 0] = np.nan
    inputs.seen = inputs.seen.isel(init=slice(0, -2))
    past = computed("past_forecasts", inputs)
    assert past.sel(statistic="p50").isnull().values.nonzero()[0].tolist() == [3]
    seen = past.sel(statistic="observed").isnull().values.nonzero()[0].tolist()
    assert seen == [28, 29]
    assert not past.sel(statistic="upper").isnull().any()


def test_past_forecasts_are_of_a_place_and_a_lead():
    with pytest.raises(BadRequest, match="one lead"):
        computed("past_forecasts", random_inputs())
