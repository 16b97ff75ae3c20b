"""Chances of categories of the hindcast, counted by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_layer.products.categories import CLASSES, GAUSSIAN_TERCILE
from tests.data_layer.products.made import Made, computed, forecast, hindcast, random_inputs

NAMES = ("below", "near", "above")
# Thirds of -3 … 3 lie at -1 and 1.
POOL = np.arange(-3.0, 4.0).reshape(7, 1)
BELOW, NEAR, ABOVE = -9.0, 0.0, 9.0


def counted(below: int, near: int, above: int) -> np.ndarray:
    return np.repeat([BELOW, NEAR, ABOVE], [below, near, above])


def inputs_of(columns: list[np.ndarray]) -> Made:
    """One cell (lon) for each ensemble; all of one hindcast with terciles at -1 and 1."""
    past = np.repeat(POOL[..., None], len(columns), axis=2)
    return Made(forecast(np.stack(columns, axis=1)), hindcast(past))


def chances(inputs: Made, method: str = "count") -> np.ndarray:
    return np.stack(
        [computed(f"tercile_probability:category={c},method={method}", inputs) for c in NAMES]
    )


def test_members_are_counted_between_the_thirds_of_the_hindcast():
    found = chances(inputs_of([counted(1, 2, 5), counted(0, 0, 8), counted(8, 0, 0)]))
    np.testing.assert_allclose(found, [[12.5, 0, 100], [25, 0, 0], [62.5, 100, 0]])


def test_what_lies_on_a_bound_belongs_below_it():
    found = chances(inputs_of([np.array([-1.0, 1.0]), np.array([-0.999, 1.001])]))
    np.testing.assert_allclose(found, [[50, 0], [50, 50], [0, 50]])


@given(st.integers(0, 10**6), st.sampled_from(["count", "gaussian"]))
def test_the_three_add_up_to_100_and_are_chances(seed, method):
    inputs = random_inputs(seed, members=3, size=2 + seed % 40)
    found = chances(inputs, method)
    np.testing.assert_allclose(found.sum(axis=0), 100, atol=1e-4)
    assert found.min() >= -1e-4
    assert found.max() <= 100


@pytest.mark.parametrize("method", ["count", "gaussian"])
def test_members_that_are_missing_are_not_counted(method):
    whole = inputs_of([np.array([-9.0, 0.5, 2.0])])
    gap = inputs_of([np.array([-9.0, np.nan, 0.5, np.nan, 2.0])])
    np.testing.assert_allclose(chances(gap, method), chances(whole, method))


@pytest.mark.parametrize("method", ["count", "gaussian"])
def test_one_member_and_members_alike_are_certain_of_their_category(method):
    for size in (1, 4):
        found = chances(inputs_of([np.full(size, v) for v in (BELOW, NEAR, ABOVE)]), method)
        np.testing.assert_array_equal(found, 100 * np.eye(3))


def test_a_gaussian_fit_by_hand():
    members = np.array([0.0, 1.0, 2.0])  # mean 1, deviation 1
    found = chances(inputs_of([members]), "gaussian")[:, 0]
    spread = np.sqrt(np.sum(np.arange(-3, 4) ** 2) / 6)
    from scipy.stats import norm

    lower, upper = (norm.cdf(s * GAUSSIAN_TERCILE * spread, 1, 1) for s in (-1, 1))
    np.testing.assert_allclose(found, 100 * np.array([lower, upper - lower, 1 - upper]), rtol=1e-5)


def test_the_gaussian_tercile_is_the_normal_distributions():
    from scipy.stats import norm

    assert pytest.approx(norm.ppf(2 / 3), abs=1e-6) == GAUSSIAN_TERCILE


def test_both_methods_agree_of_a_large_gaussian_ensemble():
    rng = np.random.default_rng(8)
    inputs = Made(
        forecast(rng.normal([0.4, -1.0, 0.0], [0.8, 1.2, 0.3], (40_000, 3))),
        hindcast(rng.normal(0, 1, (40, 1000, 3))),
    )
    np.testing.assert_allclose(chances(inputs), chances(inputs, "gaussian"), atol=1.2)


def test_a_forecast_drawn_from_the_hindcast_has_a_third_in_each():
    values = np.random.default_rng(9).normal(size=(30, 33, 4))
    inputs = Made(forecast(values.reshape(-1, 4)), hindcast(values))
    np.testing.assert_allclose(chances(inputs), 100 / 3, atol=0.1)
    np.testing.assert_allclose(computed("above_median", inputs), 50, atol=0.1)
    for name, share in (("tenth", 10), ("fifth", 20)):
        for side in ("lowest", "highest"):
            found = computed(f"extreme_probability:category={side}_{name}", inputs)
            np.testing.assert_allclose(found, share, atol=0.15)


def test_median_and_percentiles_by_hand():
    inputs = inputs_of([np.array([-4.0, -2.5, 0.0, 0.5])])
    assert computed("above_median", inputs).item() == 25
    # The fifth of -3 … 3 is -1.8 and its fourth fifth 1.8; the tenths lie at -2.4 and 2.4.
    found = {
        c: computed(f"extreme_probability:category={c}", inputs).item()
        for c in ("lowest_tenth", "lowest_fifth", "highest_fifth", "highest_tenth")
    }
    assert found == {
        "lowest_tenth": 50,
        "lowest_fifth": 50,
        "highest_fifth": 0,
        "highest_tenth": 0,
    }
    above = computed("percentile_probability:percentile=55", inputs).item()  # at 0.3
    below = computed("percentile_probability:percentile=55,side=below", inputs).item()
    assert (above, below) == (25, 75)


def expected_class(below: int, near: int, above: int) -> int:
    """The class by whole numbers, as the map's legend tells it."""
    size = below + near + above
    step = sum(Fraction(max(below, above), size) > Fraction(p, 100) for p in (50, 60, 70))
    largest = max(below, near, above)
    if Fraction(largest, size) <= Fraction(40, 100):
        return 6
    if near == largest:
        return 5
    if below == above:
        return 6
    return 4 - step if below > above else 7 + step


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 10, 11, 15, 20, 25, 33, 51])
def test_the_most_likely_tercile_of_every_ensemble_of_a_size(size):
    every = [(b, n, size - b - n) for b in range(size + 1) for n in range(size + 1 - b)]
    found = computed("likely_tercile", inputs_of([counted(*three) for three in every]))
    np.testing.assert_array_equal(found, [expected_class(*three) for three in every])


@pytest.mark.parametrize(
    ("three", "told"),
    [
        ((4, 3, 3), "no tercile over 40 %"),
        ((5, 3, 2), "below normal, 40 to 50 %"),
        ((6, 3, 1), "below normal, 50 to 60 %"),
        ((7, 3, 0), "below normal, 60 to 70 %"),
        ((8, 2, 0), "below normal, over 70 %"),
        ((3, 4, 3), "no tercile over 40 %"),
        ((2, 5, 3), "near normal, over 40 %"),
        ((0, 10, 0), "near normal, over 40 %"),
        ((3, 3, 4), "no tercile over 40 %"),
        ((2, 3, 5), "above normal, 40 to 50 %"),
        ((1, 3, 6), "above normal, 50 to 60 %"),
        ((0, 3, 7), "above normal, 60 to 70 %"),
        ((0, 2, 8), "above normal, over 70 %"),
        ((5, 0, 5), "no tercile over 40 %"),
        ((5, 5, 0), "near normal, over 40 %"),
        ((0, 5, 5), "near normal, over 40 %"),
    ],
)
def test_classes_at_their_edges(three, told):
    found = computed("likely_tercile", inputs_of([counted(*three)]))
    assert CLASSES[int(found.item()) - 1] == told


def test_the_classes_are_told_as_flags():
    attrs = computed("likely_tercile", random_inputs()).attrs
    assert list(attrs["flag_values"]) == list(range(1, 11))
    assert len(attrs["flag_meanings"].split()) == 10
    assert "standard_name" not in attrs


def test_method_and_climatology_are_named():
    inputs = random_inputs()
    told = "hindcast 1990-2001, 12 starts of 7 members, 84 values"
    for text in ("above_median", "tercile_probability", "likely_tercile", "extreme_probability"):
        assert computed(text, inputs).attrs["climatology"] == told
    counts, fit = (
        computed(f"tercile_probability:method={m}", inputs).attrs["method"]
        for m in ("count", "gaussian")
    )
    assert "share of members" in counts
    assert "Gaussian" in fit
