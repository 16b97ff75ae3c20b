"""Products against their formulas."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer.errors import UnknownProduct
from data_layer.products import asked_for, infos, registry

MEMBERS = hnp.arrays(
    "f4",
    st.tuples(st.integers(2, 6), st.integers(1, 4), st.integers(1, 4)),
    elements=st.floats(-1000, 1000, width=32) | st.just(np.nan),
)
ATTRS = {"units": "K", "standard_name": "air_temperature", "cell_methods": "time: mean"}


def ensemble(values: np.ndarray) -> xr.DataArray:
    members = {"member": np.arange(len(values))}
    return xr.DataArray(values, members, ("member", "lat", "lon"), "tas", ATTRS)


class Members:
    """Inputs that are a forecast alone."""

    def __init__(self, members: xr.DataArray) -> None:
        self.members = members


def computed(name: str, members: xr.DataArray) -> xr.DataArray:
    product, asked = asked_for(name)
    return product.compute(Members(members), asked)


ALONE = sorted(i.name for i in infos() if not i.needs and i.name != "threshold_probability")


def mean_of(cell: np.ndarray) -> float:
    return float(np.sum(cell) / cell.size) if cell.size else np.nan


def spread_of(cell: np.ndarray) -> float:
    if cell.size < 2:
        return np.nan
    return float(np.sqrt(np.sum((cell - mean_of(cell)) ** 2) / (cell.size - 1)))


@pytest.mark.parametrize(("name", "formula"), [("mean", mean_of), ("spread", spread_of)])
@given(values=MEMBERS)
def test_a_cell_is_the_formula_of_the_members_it_has(name, formula, values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a service's log is no place for empty slices
        out = computed(name, ensemble(values))
    assert out.dims == ("lat", "lon")
    assert out.dtype == np.float32
    for y, x in np.ndindex(out.shape):
        cell = values[:, y, x].astype("f8")
        expected = np.float32(formula(cell[np.isfinite(cell)]))
        np.testing.assert_allclose(out.values[y, x], expected, rtol=1e-6, atol=1e-10)


def test_closed_forms():
    values = np.array([1, 2, 3, 4], "f8")[:, None, None]
    assert computed("mean", ensemble(values)).item() == 2.5
    assert computed("spread", ensemble(values)).item() == np.sqrt(5 / 3)


def test_many_numbers_of_single_precision_are_summed_in_double():
    values = np.full((1000, 1, 1), 300.1, "f4")
    assert computed("mean", ensemble(values)).item() == np.float32(300.1)
    assert computed("spread", ensemble(values)).item() == 0


@pytest.mark.parametrize("dtype", ["i2", "i4", "u1"])
def test_the_mean_of_counts_has_decimals(dtype):
    counts = ensemble(np.array([1, 2], dtype)[:, None, None])
    assert computed("mean", counts).item() == 1.5
    assert computed("spread", counts).item() == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize(
    ("name", "said"),
    [("mean", "realization: mean"), ("spread", "realization: standard_deviation")],
)
def test_attributes_are_kept_and_say_what_was_done(name, said):
    members = ensemble(np.ones((3, 2, 2)))
    out = computed(name, members)
    assert out.attrs == ATTRS | {"cell_methods": f"time: mean {said}"}
    assert members.attrs == ATTRS
    assert out.name == "tas"
    bare = members.copy()
    bare.attrs = {}
    assert computed(name, bare).attrs == {"cell_methods": said}


@pytest.mark.parametrize("name", ALONE)
def test_other_dims_stay_and_input_is_not_changed(name):
    values = np.random.default_rng(1).normal(size=(3, 2, 2, 2))
    members = xr.DataArray(values.copy(), dims=("member", "lead", "lat", "lon"))
    out = computed(name, members)
    kept = ("member",) if registry()[name].info.per_member else ()
    assert set(out.dims) == {*kept, "lead", "lat", "lon"}
    np.testing.assert_array_equal(members.values, values)


def test_every_product_says_what_it_is():
    for info in infos():
        assert info.title
        assert info.method
        assert info.range_of in ("", *registry())
    assert registry()["spread"].info.min_members == 2
    assert registry()["mean"].info.range_of == "value"


def test_products_of_single_members_come_first():
    assert infos()[0].name == "value"


def test_an_unknown_product_names_those_there_are():
    with pytest.raises(UnknownProduct) as caught:
        asked_for("magic")
    assert set(caught.value.exists) == set(registry())


def test_listing_products_loads_no_array_library():
    code = (
        "import sys; from data_layer.products import infos; assert infos(); "
        "sys.exit(len({'numpy', 'xarray', 'netCDF4'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
