"""Means and standard deviations against numpy's, in double precision."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer.moments import mean, moments

POOLS = hnp.arrays(
    "f4",
    hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=7),
    elements=st.floats(-1e4, 1e4, width=32) | st.sampled_from([np.nan, np.inf, -np.inf]),
)


def plain(pool: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = np.where(np.isfinite(pool), pool, np.nan).astype("f8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # cells with too few values
        return np.nanmean(values, axis=0), np.nanstd(values, axis=0, ddof=1)


@given(POOLS)
def test_any_pool(pool):
    found = moments(pool)
    for got, expected in zip(found, plain(pool), strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(mean(pool), found[0])


@pytest.mark.parametrize("cells", [1, 511, 512, 513, 1500])
def test_grids_that_are_no_whole_strips(cells):
    pool = np.random.default_rng(cells).normal(280, 5, (20, cells)).astype("f4")
    pool[3, ::5] = np.nan
    for got, expected in zip(moments(pool), plain(pool), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_a_small_spread_about_a_large_mean_is_kept():
    pool = np.array([100000.0, 100000.03125, 100000.0625], "f4")
    found = moments(pool)
    assert found[0] == np.float32(100000.03125)
    assert found[1] == np.float32(0.03125)


def test_what_does_not_vary_has_no_spread():
    _, std = moments(np.full((999, 3), 300.1, "f4"))
    np.testing.assert_array_equal(std, 0)


def test_one_value_has_no_deviation_and_none_has_no_mean():
    found = moments(np.array([[1.0, np.nan], [np.nan, np.nan]]))
    np.testing.assert_array_equal(found[0], [1, np.nan])
    np.testing.assert_array_equal(found[1], [np.nan, np.nan])
    for got in moments(np.empty((0, 2, 2))):
        assert got.shape == (2, 2)
        assert np.isnan(got).all()
    assert moments(np.empty((3, 0)))[0].shape == (0,)


def test_order_of_samples_and_of_memory_do_not_matter():
    pool = np.random.default_rng(3).normal(size=(9, 4, 5))
    expected = moments(pool)
    for other in (pool[::-1], np.asfortranarray(pool)):
        for got, wanted in zip(moments(other), expected, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-7)


def test_whole_numbers():
    found = moments(np.array([1, 2, 3, 4]))
    assert found[0] == 2.5
    assert found[1] == pytest.approx(np.sqrt(5 / 3))
