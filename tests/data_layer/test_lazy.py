"""A lazy variable with its dims put in order, or its values changed, gives what numpy gives."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer.layouts.lazy import mapped, with_dims

SIZES = {"a": 4, "b": 3, "c": 5}
DIMS = ("new", "a", "b", "other", "c")
AXES = {d: SIZES.get(d, 1) for d in DIMS}


def selections(n: int) -> st.SearchStrategy:
    """Ways to index an axis of ``n``: one, a slice, a list."""
    ends = st.integers(-n - 1, n + 1) | st.none()
    return (
        st.integers(-n, n - 1)
        | st.builds(slice, ends, ends, st.integers(1, 3))
        | st.just(slice(None, None, -1))
        | st.lists(st.integers(-n, n - 1), min_size=1, max_size=4).map(np.array)
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("lazy") / "x.nc"
    values = np.arange(60, dtype="i4").reshape(5, 4, 3)
    xr.Dataset({"v": (("c", "a", "b"), values, {"units": "K"})}).to_netcdf(path)
    return path


@given(at=st.fixed_dictionaries({}, optional={d: selections(n) for d, n in AXES.items()}))
def test_any_selection_is_that_of_the_array_in_memory(path, at):
    with xr.open_dataset(path, engine="netcdf4", cache=False) as ds:
        lazy = with_dims(ds["v"].variable, DIMS)
        memory = ds["v"].variable.load().set_dims(AXES)
        xr.testing.assert_identical(lazy.isel(at).load(), memory.transpose(*DIMS).isel(at))


def test_what_is_in_order_is_left_alone(path):
    with xr.open_dataset(path, engine="netcdf4", cache=False) as ds:
        assert with_dims(ds["v"].variable, ("c", "a", "b")) is ds["v"].variable


@given(at=st.fixed_dictionaries({}, optional={d: selections(n) for d, n in SIZES.items()}))
def test_a_function_is_applied_to_whatever_is_selected(path, at):
    with xr.open_dataset(path, engine="netcdf4", cache=False) as ds:
        lazy = mapped(ds["v"].variable, lambda values: values * 2)
        assert not lazy._in_memory
        memory = ds["v"].variable.load() * 2
        np.testing.assert_array_equal(lazy.isel(at).values, memory.isel(at).values)
        assert lazy.attrs == {"units": "K"}


@given(at=st.fixed_dictionaries({}, optional={d: selections(n) for d, n in SIZES.items()}))
def test_a_function_of_two_variables_gets_the_same_cells_of_both(path, at):
    with xr.open_dataset(path, engine="netcdf4", cache=False) as ds:
        other = xr.Variable(("b", "c"), 100 * np.arange(15, dtype="i4").reshape(3, 5))
        lazy = mapped(ds["v"].variable, np.add, other)
        memory = ds["v"].variable.load() + other
        expected = memory.transpose("c", "a", "b").isel(at)
        np.testing.assert_array_equal(lazy.isel(at).values, expected.values)
