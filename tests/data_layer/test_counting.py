"""Members above bounds against numpy's comparison."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_layer.counting import counts_above


@st.composite
def cases(draw) -> tuple[np.ndarray, np.ndarray]:
    members, bounds = draw(st.integers(0, 9)), draw(st.integers(0, 3))
    cells = draw(st.sampled_from([(), (1,), (3,), (2, 2), (255,), (257,), (0,)]))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    values, limits = (
        rng.choice([-1.0, 0.0, 0.5, 1.0, np.nan], (n, *cells)) for n in (members, bounds)
    )
    return values, limits


@given(cases())
def test_counts_are_those_of_a_comparison(case):
    members, bounds = case
    present, above = counts_above(members, bounds)
    assert present.dtype == above.dtype == np.int32
    np.testing.assert_array_equal(present, (~np.isnan(members)).sum(axis=0))
    np.testing.assert_array_equal(above, (members[None] > bounds[:, None]).sum(axis=1))


def test_what_equals_a_bound_is_not_above_it():
    members = np.array([1.0, 2.0, 3.0])
    _, above = counts_above(members, np.array([0.0, 1.0, 2.0, 3.0]))
    assert above.tolist() == [3, 2, 1, 0]


def test_a_missing_bound_has_none_above_it():
    present, above = counts_above(np.array([[1.0], [2.0]]), np.array([[np.nan]]))
    assert (present.item(), above.item()) == (2, 0)


def test_infinite_members_are_there_and_above_everything_finite():
    present, above = counts_above(np.array([np.inf, -np.inf, 0.0]), np.array([5.0, -5.0]))
    assert present == 3
    assert above.tolist() == [1, 2]


def test_bounds_of_other_cells_are_refused():
    with pytest.raises(ValueError, match="reshape"):
        counts_above(np.zeros((3, 4)), np.zeros((1, 5)))


def test_the_order_of_memory_does_not_matter():
    members = np.random.default_rng(0).normal(size=(7, 5, 6))
    bounds = np.zeros((1, 5, 6))
    expected = counts_above(members, bounds)
    for got, wanted in zip(
        counts_above(np.asfortranarray(members), np.asfortranarray(bounds)), expected, strict=True
    ):
        np.testing.assert_array_equal(got, wanted)
