"""Corrections learnt from all years but the forecast's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data_layer.errors import BadRequest
from data_layer.products import asked_for
from data_layer.products.corrected import corrected
from tests.data_layer.products.made import (
    Made,
    computed,
    forecast,
    hindcast,
    observed,
    random_inputs,
)

KINDS = ("mean", "mean_std", "quantile")


def members_of(inputs: Made, kind: str):
    return corrected(inputs, asked_for(f"mean:correction={kind}")[1])


def test_without_a_correction_the_past_is_not_looked_at():
    inputs = Made(forecast([[5.0], [7.0]]))
    assert corrected(inputs, asked_for("mean")[1]) is inputs.members
    assert corrected(inputs, asked_for("value")[1]) is inputs.members


def test_the_mean_error_is_taken_off():
    inputs = Made(
        forecast([[5.0], [7.0]]),
        hindcast([[[1.0], [2.0]], [[3.0], [6.0]]]),  # mean 3
        observed([[10.0], [14.0]]),  # mean 12
    )
    np.testing.assert_allclose(members_of(inputs, "mean"), [[14], [16]])
    assert computed("mean:correction=mean", inputs).item() == 15


@pytest.mark.parametrize("kind", KINDS)
def test_a_forecast_like_the_hindcast_becomes_one_like_the_observations(kind):
    rng = np.random.default_rng(5)
    truth = rng.normal(290, 2, (40, 1))
    past = 280 + 0.5 * (truth[:, None] - 290) + rng.normal(0, 1, (40, 25, 1))
    inputs = Made(forecast(past.reshape(-1, 1)), hindcast(past), observed(truth))
    found = members_of(inputs, kind)
    assert float(found.mean()) == pytest.approx(truth.mean(), abs=0.05)
    if kind != "mean":
        assert float(found.std()) == pytest.approx(truth.std(), rel=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_leak_is_not_seen(kind):
    """The forecast's own year is in hindcast and observations, and must not matter."""
    inputs = random_inputs()
    own = replace(inputs, members=forecast(inputs.members.values, year=1995))
    at = {"init": 5}
    leak = replace(own, past=own.past.copy(), seen=own.seen.copy())
    leak.past[at] = 1e6
    leak.seen[at] = -1e6
    expected = members_of(own, kind)
    np.testing.assert_array_equal(members_of(leak, kind), expected)
    # And the test can tell: of another year the leak would show.
    later = replace(leak, members=inputs.members)
    assert not np.allclose(members_of(later, kind), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_named_and_units_stay(kind):
    inputs = random_inputs()
    found = members_of(inputs, kind)
    assert found.dims == inputs.members.dims
    assert found.dtype == inputs.members.dtype
    assert found.attrs["units"] == "K"
    assert found.attrs["method"].startswith("members after correction: ")
    assert "12 years" in found.attrs["method"]
    own = replace(inputs, members=forecast(inputs.members.values, year=1995))
    assert "11 years" in members_of(own, kind).attrs["method"]
    for text in ("mean:correction=", "exceeded_value:correction=",
                 "threshold_probability:threshold=290,correction="):  # fmt: skip
        assert "after correction" in computed(text + kind, inputs).attrs["method"]


@pytest.mark.parametrize("kind", KINDS)
def test_years_that_were_not_observed_do_not_teach(kind):
    inputs = random_inputs()
    gap = replace(inputs, seen=inputs.seen.copy())
    gap.seen[{"init": [0, 11]}] = np.nan
    between = {"init": slice(1, 11)}
    shorter = replace(inputs, past=inputs.past[between], seen=inputs.seen[between])
    # There are as many quantiles as years: not quite the same.
    tolerance = 1.0 if kind == "quantile" else 1e-4
    np.testing.assert_allclose(members_of(gap, kind), members_of(shorter, kind), atol=tolerance)


@pytest.mark.parametrize("kind", KINDS)
def test_one_year_teaches_nothing(kind):
    inputs = random_inputs(years=2)
    own = replace(inputs, members=forecast(inputs.members.values, year=1991))
    with pytest.raises(BadRequest, match="A correction needs at least 2 years"):
        members_of(own, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_places_stay_apart(kind):
    inputs = random_inputs()
    masked = replace(inputs, seen=inputs.seen.copy())
    masked.seen[{"lat": 0, "lon": 1}] = np.nan
    found, whole = members_of(masked, kind), members_of(inputs, kind)
    assert np.isnan(found[:, 0, 1]).all()
    np.testing.assert_array_equal(found[:, 1], whole[:, 1])
