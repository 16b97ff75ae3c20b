"""Past forecasts beside what happened."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.data_layer.products.made import (
    Made,
    computed,
    forecast,
    hindcast,
    observed,
    outcome,
    random_inputs,
)

POOL = np.arange(-3.0, 4.0).reshape(7, 1)  # thirds at -1 and 1
SEEN = np.arange(10.0, 17.0)  # thirds at 12 and 14
HAPPENED = {"below": 11.0, "near": 13.0, "above": 15.0}
HIT, BESIDE, OPPOSITE = 1, 2, 3


def hits(*ensembles: tuple[int, int, int]) -> np.ndarray:
    """(ensemble, observed): hit or miss of so many below, near and above, if each was observed."""
    members = np.stack([np.repeat([-9.0, 0.0, 9.0], three) for three in ensembles], axis=1)
    cells = members.repeat(3, axis=1)
    ones = np.ones(cells.shape[1])
    inputs = Made(
        forecast(cells),
        hindcast(POOL[..., None] * ones),
        observed(SEEN[:, None] * ones),
        outcome(list(HAPPENED.values()) * len(ensembles)),
    )
    return computed("hit", inputs).values.reshape(-1, 3)


@pytest.mark.parametrize(
    ("three", "expected"),
    [
        ((6, 3, 1), [HIT, BESIDE, OPPOSITE]),
        ((1, 8, 1), [BESIDE, HIT, BESIDE]),
        ((1, 3, 6), [OPPOSITE, BESIDE, HIT]),
        ((3, 4, 3), [BESIDE, HIT, BESIDE]),
        # Of two equally likely the outer one.
        ((5, 5, 0), [HIT, BESIDE, OPPOSITE]),
        ((0, 5, 5), [OPPOSITE, BESIDE, HIT]),
        ((14, 14, 5), [HIT, BESIDE, OPPOSITE]),
        ((5, 14, 14), [OPPOSITE, BESIDE, HIT]),
    ],
)
def test_hit_or_miss_by_hand(three, expected):
    assert hits(three).tolist() == [expected]


@pytest.mark.parametrize("three", [(5, 0, 5), (4, 2, 4), (1, 1, 1), (11, 11, 11), (7, 0, 7)])
def test_between_two_outer_ones_there_is_neither(three):
    assert np.isnan(hits(three)).all()


def expected_hits(low: int, mid: int, high: int) -> list[float]:
    if low == high and low >= mid:
        return [np.nan] * 3
    if max(low, high) < mid:
        return [BESIDE, HIT, BESIDE]
    return [HIT, BESIDE, OPPOSITE] if low > high else [OPPOSITE, BESIDE, HIT]


@pytest.mark.parametrize("size", [3, 7, 11, 15, 33])
def test_ties_are_ties_whatever_the_number_of_members(size):
    every = [(b, n, size - b - n) for b in range(size + 1) for n in range(size + 1 - b)]
    np.testing.assert_array_equal(hits(*every), [expected_hits(*three) for three in every])


def test_what_was_observed_on_a_bound_belongs_below_it():
    inputs = Made(
        forecast([[-9.0] * 4, [-9.0] * 4]),
        hindcast(np.repeat(POOL[..., None], 4, axis=2)),
        observed(np.repeat(SEEN[:, None], 4, axis=1)),
        outcome([12.0, 12.01, 14.0, 14.01]),
    )
    assert computed("hit", inputs).values.tolist() == [HIT, BESIDE, BESIDE, OPPOSITE]


def test_the_observed_tercile_never_sees_its_own_year():
    """A planted leak: with its own year, 1996, the thirds would lie elsewhere."""
    inputs = Made(
        forecast([[9.0], [9.0]], year=1996),
        hindcast(POOL[..., None]),
        observed(np.r_[SEEN[:6], 1e6][:, None]),
        outcome([13.2], year=1996),
    )
    # Thirds of 10 … 15 lie at 11.67 and 13.33: 13.2 was near normal.
    assert computed("hit", inputs).item() == BESIDE
    moved = replace(inputs, seen=observed(np.r_[SEEN[:6], -1e6][:, None]))
    assert computed("hit", moved).item() == BESIDE
    # Of another year the planted value counts: then 13.2 is above.
    other = replace(moved, members=forecast([[9.0], [9.0]], year=2026))
    assert computed("hit", other).item() == HIT


def test_what_is_missing_on_any_side_is_neither_hit_nor_miss():
    inputs = random_inputs()
    for name in ("members", "seen", "happened", "past"):
        gap = replace(inputs, **{name: getattr(inputs, name).copy()})
        getattr(gap, name)[{"lat": 1, "lon": 2}] = np.nan
        found = computed("hit", gap)
        assert np.isnan(found[1, 2])
        assert found.isnull().sum() <= 1 + computed("hit", inputs).isnull().sum()


def test_observed_and_its_difference_from_normal():
    inputs = Made(
        forecast([[5.0], [7.0]]),
        hindcast(POOL[..., None]),
        observed(SEEN[:, None]),
        outcome([16.0]),
    )
    assert computed("observed", inputs).item() == 16
    assert computed("observed_anomaly", inputs).item() == 3
    assert computed("error", inputs).item() == -10


def test_a_perfect_forecast_has_no_error():
    inputs = random_inputs()
    inputs.happened = inputs.members.mean("member").astype("f4")
    np.testing.assert_allclose(computed("error", inputs), 0, atol=1e-4)


def test_a_year_that_is_missing_is_left_out_of_the_observed_normal():
    seen = SEEN[:, None].copy()
    seen[0] = np.nan
    inputs = Made(forecast([[5.0]]), seen=observed(seen), happened=outcome([16.0]))
    assert computed("observed_anomaly", inputs).item() == pytest.approx(2.5)


def test_the_method_tells_both_sides():
    method = computed("hit:method=gaussian", random_inputs()).attrs["method"]
    assert "most likely tercile of the forecast (Gaussian fit" in method
    assert "against the observed one" in method
