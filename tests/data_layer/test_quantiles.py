"""Quantiles against numpy's, of pools of every kind."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer.quantiles import quantiles

USUAL = (0.1, 0.2, 1 / 3, 0.5, 2 / 3, 0.8, 0.9)
SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 5))
PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=9)
# A hair below single precision's limits, beyond which differences overflow.
ANY = st.floats(-(2.0**119), 2.0**119, width=32)


def plain(pool: np.ndarray, probabilities) -> np.ndarray:
    """numpy's definition, in double precision."""
    values = np.asarray(pool, "f4").astype("f8")
    values = np.where(np.isfinite(values), values, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # cells without values
        return np.nanquantile(values, np.asarray(probabilities, "f8"), axis=0).astype("f4")


def agree(pool: np.ndarray, probabilities) -> None:
    found = quantiles(pool, probabilities)
    assert found.dtype == np.float32
    largest = np.abs(np.where(np.isfinite(pool), pool, 0)).max(initial=0)
    np.testing.assert_allclose(
        found, plain(pool, probabilities), rtol=1e-6, atol=1e-6 * float(largest) + 1e-38
    )


@given(hnp.arrays("f4", SHAPES, elements=ANY), PROBABILITIES)
def test_any_numbers(pool, probabilities):
    agree(pool, probabilities)


@given(hnp.arrays("f4", SHAPES, elements=st.integers(-2, 2)), PROBABILITIES)
def test_ties(pool, probabilities):
    agree(pool, probabilities)


@given(hnp.arrays("f4", SHAPES, elements=ANY | st.sampled_from([np.nan, np.inf, -np.inf])))
def test_nan_and_infinities_are_missing(pool):
    agree(pool, (0.0, *USUAL, 1.0))


@pytest.mark.parametrize("samples", [2, 3, 7, 33, 253, 759])
@pytest.mark.parametrize("kind", ["normal", "rain", "heavy tail", "two clumps", "rounded"])
def test_pools_of_the_kinds_that_forecasts_have(samples, kind):
    rng = np.random.default_rng(samples)
    shape = (samples, 300)
    pool = {
        "normal": lambda: 280 + 5 * rng.normal(size=shape),
        "rain": lambda: np.where(rng.random(shape) < 0.7, 0.0, rng.gamma(0.4, 8, shape)),
        "heavy tail": lambda: rng.standard_cauchy(shape),
        "two clumps": lambda: np.where(rng.random(shape) < 0.5, 0, 1e6) + rng.normal(size=shape),
        "rounded": lambda: np.rint(280 + 3 * rng.normal(size=shape)),
    }[kind]()
    agree(pool.astype("f4"), (0.0, *USUAL, 1.0))


def test_cells_of_a_strip_do_not_disturb_each_other():
    rng = np.random.default_rng(4)
    pool = rng.normal(size=(50, 400)).astype("f4")
    pool[:, ::7] = 0.0
    pool[:, 3::11] = np.nan
    pool[10:, 5::13] = np.nan
    pool[:, 6::17] *= 1e30
    found = quantiles(pool, USUAL)
    np.testing.assert_allclose(found, plain(pool, USUAL), rtol=2e-6)
    for cell in (0, 3, 5, 6, 127, 128, 399):
        np.testing.assert_array_equal(found[:, cell], quantiles(pool[:, cell], USUAL))


def test_by_hand():
    pool = np.array([4.0, 1.0, 3.0, 2.0])
    np.testing.assert_allclose(
        quantiles(pool, (0, 1 / 3, 0.5, 2 / 3, 0.9, 1)), [1, 2, 2.5, 3, 3.7, 4], rtol=1e-6
    )


def test_one_value_is_every_quantile():
    np.testing.assert_array_equal(quantiles(np.array([[7.0, np.nan]]), USUAL)[:, 0], [7] * 7)
    pool = np.array([[np.nan], [7.0], [np.inf]])
    np.testing.assert_array_equal(quantiles(pool, (0, 0.3, 1))[:, 0], [7, 7, 7])


def test_a_cell_without_values_is_missing():
    assert np.isnan(quantiles(np.full((5, 2), np.nan), (0.0, 0.5))).all()
    assert np.isnan(quantiles(np.full((1, 1), np.inf), (0.5,))).all()


def test_an_empty_pool_is_missing_everywhere():
    found = quantiles(np.empty((0, 2, 3)), (0.3, 0.5))
    assert found.shape == (2, 2, 3)
    assert np.isnan(found).all()


def test_many_probabilities_in_any_order():
    pool = np.random.default_rng(0).normal(size=(31, 150))
    probabilities = np.r_[np.linspace(1, 0, 101), 0.5, 0.5]
    agree(pool, probabilities)
    ascending = quantiles(pool, np.linspace(0, 1, 101))
    assert (np.diff(ascending, axis=0) >= 0).all()


@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 2, 3), (6, 2, 1, 2), (6, 130)])
def test_any_shape(shape):
    pool = np.random.default_rng(1).normal(size=shape)
    found = quantiles(pool, (0.25, 0.75))
    assert found.shape == (2, *shape[1:])
    np.testing.assert_allclose(found, plain(pool, (0.25, 0.75)), rtol=1e-6, atol=1e-7)
    assert quantiles(pool, ()).shape == (0, *shape[1:])
    assert quantiles(np.empty((6, 0)), (0.25, 0.75)).shape == (2, 0)


def test_order_of_memory_and_type_do_not_matter():
    pool = np.random.default_rng(2).integers(0, 50, (20, 4, 6))
    expected = plain(pool, USUAL)
    for other in (pool, pool.astype("f8"), np.asfortranarray(pool), pool[::-1], pool.astype(">f4")):
        np.testing.assert_allclose(quantiles(other, USUAL), expected, rtol=1e-6)


def test_the_pool_is_not_changed():
    pool = np.array([[3.0, np.inf], [1.0, 2.0]], "f4")
    before = pool.copy()
    quantiles(pool, USUAL)
    np.testing.assert_array_equal(pool, before)


@given(hnp.arrays("f4", SHAPES, elements=st.floats(-100, 100, width=32)), st.randoms())
def test_the_order_of_samples_does_not_matter(pool, random):
    order = list(range(len(pool)))
    random.shuffle(order)
    np.testing.assert_array_equal(quantiles(pool[order], USUAL), quantiles(pool, USUAL))


@pytest.mark.parametrize("wrong", [(-0.1,), (1.1,), (np.nan,), (0.5, 2), ((0.1, 0.2),)])
def test_probabilities_beyond_0_and_1_are_refused(wrong):
    with pytest.raises(ValueError, match="probabilities lie within 0 and 1"):
        quantiles(np.zeros((3, 1)), wrong)
