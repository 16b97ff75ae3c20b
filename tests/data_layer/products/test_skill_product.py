"""Scores by name, as the list of products offers them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data_layer.errors import BadRequest
from data_layer.products import asked_for
from data_layer.products import skill as offered
from data_layer.verification.folds import Scheme
from data_layer.verification.scores import SCORES, Past, score_of
from tests.data_layer.products.made import computed, random_inputs


def test_the_scores_offered_are_those_there_are():
    assert [name for name, _ in offered.SCORES] == list(SCORES)


def test_their_titles_are_the_same_but_for_a_capital_at_the_beginning():
    for name, title in offered.SCORES:
        full = SCORES[name].title
        assert title[1:] == full[1:]
        assert title[0] in (full[0], full[0].lower())
        if full[:2].isupper():  # an acronym
            assert title == full


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("validation", ["loo", "l3o", "split", "none"])
def test_a_product_is_the_score_of_its_inputs(name, validation):
    inputs = random_inputs()
    found = computed(f"skill:score={name},category=below,validation={validation}", inputs)
    past = Past(inputs.past, inputs.seen, Scheme.parse(validation))
    expected = score_of(name, past, "below")
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found.attrs["climatology"] == "hindcast 1990-2001, 12 years observed"
    assert found.attrs["sample_size"] == 12


@pytest.mark.parametrize("name", SCORES)
def test_a_perfect_ensemble_has_the_best_score(name):
    inputs = random_inputs(years=30)
    perfect = replace(inputs, past=inputs.past * 0 + inputs.seen)
    found = computed(f"skill:score={name},validation=none", perfect)
    best = SCORES[name].best
    if name == "spread_error":  # no error, so no ratio
        assert found.isnull().all()
    elif name in ("ignorance", "interest"):  # chances are kept from 0 and 1
        worthless = SCORES[name].worthless
        assert (abs(found - best) < abs(found - worthless)).all()
    else:
        np.testing.assert_allclose(found, best, atol=1e-3)


@pytest.mark.parametrize("name", [s.name for s in SCORES.values() if s.worthless is not None])
def test_a_forecast_of_chance_scores_about_as_nothing(name):
    inputs = random_inputs(years=12)
    rng = np.random.default_rng(2)
    cells = {"lat": np.arange(30.0), "lon": np.arange(30.0)}
    past = inputs.past.isel(lat=0, lon=0, drop=True).expand_dims(cells, (2, 3)).copy()
    seen = inputs.seen.isel(lat=0, lon=0, drop=True).expand_dims(cells, (1, 2)).copy()
    past[...], seen[...] = rng.normal(size=past.shape), rng.normal(size=seen.shape)
    members = inputs.members.isel(lat=0, lon=0, drop=True).expand_dims(cells, (1, 2))
    chance = replace(inputs, past=past, seen=seen, members=members)
    found = float(computed(f"skill:score={name}", chance).mean())
    score = SCORES[name]
    if name in ("msss", "rpss_plain", "bss", "ignorance", "interest", "crpss"):
        # What a small ensemble costs, or a mean learnt from eleven years: below worthless.
        worse = found > score.worthless if name == "ignorance" else found < score.worthless
        assert worse or abs(found - score.worthless) < 0.02
    else:
        assert found == pytest.approx(score.worthless, abs=0.05 * (100 if score.best == 100 else 1))


def test_categories_differ_where_a_score_is_of_one():
    inputs = random_inputs()
    for name, score in SCORES.items():
        below, above = (
            computed(f"skill:score={name},category={c}", inputs) for c in ("below", "above")
        )
        assert np.allclose(below, above, equal_nan=True) != score.by_category


def test_a_planted_leak_is_not_seen():
    """A year's own terciles and corrections come from the others, also when it is absurd."""
    inputs = random_inputs()
    for year in range(12):
        past, seen = inputs.past.copy(), inputs.seen.copy()
        past[{"init": year}] += 1e4
        seen[{"init": year}] += 1e4
        moved = Past(past, seen)
        # All of its members, and its observation, lie above the terciles of the others.
        assert (moved.terciles.isel(init=year, category=2) == 7).all()
        assert (moved.seen_terciles.isel(init=year) == 2).all()
        assert (moved.halves.isel(init=year, category=1) == 7).all()
        own = moved.corrected.isel(init=year) - 1e4
        expected = Past(inputs.past, inputs.seen).corrected.isel(init=year)
        np.testing.assert_allclose(own, expected, atol=0.02)


def test_too_few_years_are_refused_and_say_what_is_needed():
    inputs = random_inputs(years=2)
    with pytest.raises(BadRequest, match="2 years are too few for 'loo'"):
        computed("skill:score=rpss", inputs)
    with pytest.raises(BadRequest, match="l5o"):
        computed("skill:score=rpss,validation=l5o", random_inputs(years=6))


def test_an_unknown_score_names_those_there_are():
    inputs = random_inputs()
    with pytest.raises(BadRequest, match="There is no score 'best'") as caught:
        score_of("best", Past(inputs.past, inputs.seen))
    assert set(caught.value.exists) == set(SCORES)
    with pytest.raises(BadRequest, match="The option score cannot be 'best'"):
        asked_for("skill:score=best")


@pytest.mark.parametrize("name", SCORES)
def test_a_score_of_a_region_is_one_number_and_names_its_method(name):
    inputs = random_inputs(years=20)
    weights = np.cos(np.deg2rad(inputs.seen["lat"])) + 0 * inputs.seen["lon"]
    found = score_of(name, Past(inputs.past, inputs.seen), weights=weights)
    assert found.dims == ()
    assert np.isfinite(found)
    assert found.attrs["method"]
    if name != "bias":
        assert "cross-validated, leaving out the year judged" in found.attrs["method"]
