"""Chances of amounts, and amounts of chances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data_layer.products.made import Made, computed, forecast, random_inputs

RAIN = Made(forecast([[0.0], [0.0], [2.0], [4.0], [10.0]]))


@pytest.mark.parametrize(
    ("amount", "above"), [("0", 60), ("-0", 60), ("-1", 100), ("2", 40), ("1.9", 60), ("10", 0)]
)
def test_the_share_of_members_above_an_amount(amount, above):
    assert computed(f"threshold_probability:threshold={amount}", RAIN).item() == above
    below = computed(f"threshold_probability:threshold={amount},side=below", RAIN)
    assert below.item() == 100 - above
    assert below.attrs["units"] == "%"


def test_an_amount_in_decimals_is_met_as_the_forecast_writes_it():
    inputs = Made(forecast([[273.15], [280.0]]))
    assert computed("threshold_probability:threshold=273.15", inputs).item() == 50


@pytest.mark.parametrize(
    ("chance", "amount"), [("50", 2), ("25", 4), ("75", 0), ("1", 9.76), ("99", 0), ("10", 7.6)]
)
def test_the_amount_that_is_exceeded_with_a_chance(chance, amount):
    found = computed(f"exceeded_value:chance={chance}", RAIN)
    assert found.item() == pytest.approx(amount, rel=1e-6)
    assert found.attrs["units"] == "K"


@given(st.integers(0, 10**6), st.integers(1, 98), st.integers(1, 98))
def test_the_less_likely_the_larger(seed, one, other):
    inputs = random_inputs(seed)
    low, high = (
        computed(f"exceeded_value:chance={c}", inputs) for c in (max(one, other), min(one, other))
    )
    assert (low <= high).all()
    assert (inputs.members.min("member") <= low).all()
    assert (high <= inputs.members.max("member")).all()


@given(st.integers(0, 10**6), st.integers(1, 99))
def test_an_amount_is_exceeded_about_as_often_as_it_says(seed, chance):
    inputs = random_inputs(seed, size=60)
    amounts = computed(f"exceeded_value:chance={chance}", inputs)
    share = 100 * (inputs.members > amounts).mean("member")
    # One member in sixty is the finest that can be told.
    np.testing.assert_allclose(share, chance, atol=100 / 60 + 1e-3)


def test_members_that_are_missing_are_left_out():
    values = RAIN.members.copy()
    values[4] = np.nan
    gap = Made(values)
    assert computed("threshold_probability:threshold=1", gap).item() == 50
    assert computed("exceeded_value:chance=50", gap).item() == 1
