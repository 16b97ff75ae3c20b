"""Two dims made one give what numpy gives, and read no more than is asked for."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer.layouts.stacked import stacked
from tests.data_layer.test_lazy import selections
from tests.layouts.counted import Counted

SIZES = {"S": 3, "L": 4, "hdate": 2, "Y": 5}
VALUES = np.arange(120, dtype="i4").reshape(tuple(SIZES.values()))
PAIRS = np.array([[2, 0], [0, 1], [0, 0], [1, 1], [2, 1]])


def lazy(order: tuple[str, ...]) -> tuple[xr.Variable, Counted]:
    at = [list(SIZES).index(d) for d in order]
    file = Counted(VALUES.transpose(at))
    return file.variable(order, units="K"), file


ORDERS = [("S", "L", "hdate", "Y"), ("hdate", "S", "L", "Y"), ("L", "hdate", "Y", "S")]


@pytest.mark.parametrize("order", ORDERS)
@given(
    at=st.fixed_dictionaries(
        {}, optional={d: selections(n) for d, n in (("init", 5), ("L", 4), ("Y", 5))}
    )
)
def test_any_selection_is_that_of_the_array_in_memory(order, at):
    v, _ = lazy(order)
    made = stacked(v, ("S", "hdate"), "init", PAIRS)
    values = VALUES[PAIRS[:, 0], :, PAIRS[:, 1], :]
    memory = xr.Variable(("init", "L", "Y"), values, {"units": "K"}).transpose(*made.dims)
    xr.testing.assert_identical(made.isel(at).load(), memory.isel(at))


@pytest.mark.parametrize("order", ORDERS)
def test_nothing_is_read_before_it_is_asked_for(order):
    v, file = lazy(order)
    stacked(v, ("S", "hdate"), "init", PAIRS).isel(init=slice(1, 3), L=0)
    assert file.cells == []


@pytest.mark.parametrize("order", ORDERS)
def test_one_map_is_one_read_of_its_own_cells(order):
    v, file = lazy(order)
    made = stacked(v, ("S", "hdate"), "init", PAIRS)
    made.isel(init=3, L=2).load()
    assert file.cells == [SIZES["Y"]]


def test_the_new_dim_stands_where_the_first_stood():
    for order in ORDERS:
        v, _ = lazy(order)
        made = stacked(v, ("S", "hdate"), "init", PAIRS)
        expected = ["init" if d == "S" else d for d in order if d != "hdate"]
        assert list(made.dims) == expected
