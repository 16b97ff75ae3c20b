"""The compiled loops do, bit for bit, what plain numpy does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer import kernels

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)
ANY = st.sampled_from(["f4", "f8"]).flatmap(lambda t: hnp.arrays(t, SHAPES))
CELLS = hnp.arrays("u2", SHAPES)


def plain_extremes(a: np.ndarray) -> tuple[float, float]:
    finite = a[np.isfinite(a)].astype("f8")
    return (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)


def plain_planes(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differences to left + up - upleft modulo 2¹⁶, zigzag-coded, as low and high bytes."""
    edge = np.pad(q.astype("i8"), ((1, 0), (1, 0)))
    left, up, upleft = edge[1:, :-1], edge[:-1, 1:], edge[:-1, :-1]
    d = ((q - left - up + upleft + 2**15) % 2**16) - 2**15
    z = np.where(d >= 0, 2 * d, -2 * d - 1)
    return (z % 256).astype("u1"), (z // 256).astype("u1")


def quantised(a: np.ndarray, step: float, base: float) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.empty(a.shape, "u1"), np.empty(a.shape, "u1")
    kernels.quantise(a, step, base, low, high)
    return low, high


@given(ANY)
def test_extremes(a):
    np.testing.assert_array_equal(kernels.extremes(a), plain_extremes(a))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_map_without_a_number_has_no_extremes(value):
    assert np.isnan(kernels.extremes(np.full((2, 3), value, "f4"))).all()


@given(CELLS)
def test_planes_of_any_cells(q):
    a = np.where(q == 0, np.nan, q.astype("f8"))
    for got, expected in zip(quantised(a, 1.0, 0.0), plain_planes(q), strict=True):
        np.testing.assert_array_equal(got, expected)


@given(
    st.sampled_from(["f4", "f8"]).flatmap(
        lambda t: hnp.arrays(t, SHAPES, elements=st.floats(-100, 100, width=32) | st.just(np.nan))
    ),
    st.sampled_from([0.02, 0.05, 0.1, 1.0]),
)
def test_planes_of_any_map(a, step):
    base = float(np.rint(-100 / step) - 1)
    finite = np.isfinite(a)
    q = np.zeros(a.shape, "u2")
    q[finite] = (np.rint(a[finite].astype("f8") / step) - base).astype("u2")
    for got, expected in zip(quantised(a, step, base), plain_planes(q), strict=True):
        np.testing.assert_array_equal(got, expected)


@given(CELLS)
def test_restoring_undoes_quantising(q):
    low, high = plain_planes(q)
    out = np.empty(q.shape, "u2")
    kernels.restore(low, high, out)
    np.testing.assert_array_equal(out, q)


@given(SHAPES.flatmap(lambda s: hnp.arrays("u1", (2, *s))))
def test_quantising_undoes_restoring(planes):
    q = np.empty(planes.shape[1:], "u2")
    kernels.restore(planes[0], planes[1], q)
    np.testing.assert_array_equal(plain_planes(q), planes)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_is_no_number_is_missing(value):
    low, high = quantised(np.array([[value, 1.0], [1.0, value]]), 1.0, 0.0)
    out = np.empty((2, 2), "u2")
    kernels.restore(low, high, out)
    np.testing.assert_array_equal(out, [[0, 1], [1, 0]])


def test_a_smooth_field_leaves_nothing_in_the_high_plane():
    y, x = np.mgrid[0:50, 0:80]
    _, high = quantised(1000.0 + 3.0 * y + 2.0 * x, 1.0, 0.0)
    assert not high[1:, 1:].any()
