"""Units as CF writes them, and amounts of months of 28 to 31 days."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer.api import VariableInfo
from data_layer.errors import BadRequest
from data_layer.units import adds_up, converted, linear, parsed

DAY = 86400.0
MONTHS = np.array([31, 28, 31, 30, 29]) * DAY


def series(values, kind="f4", **attrs) -> xr.DataArray:
    return xr.DataArray(np.asarray(values, kind), dims="time", attrs=attrs)


@pytest.mark.parametrize(
    ("given_units", "wanted", "scale", "offset"),
    [
        ("K", "degC", 1, -273.15),
        ("degC", "K", 1, 273.15),
        ("Celsius", "kelvin", 1, 273.15),
        ("degrees_Celsius", "degC", 1, 0),
        ("degC", "degF", 1.8, 32),
        ("kg m-2 s-1", "mm/day", 86400, 0),
        ("kg m-2 s-1", "mm day-1", 86400, 0),
        ("kg/m2/s", "mm d-1", 86400, 0),
        ("kg m**-2 s**-1", "mm day-1", 86400, 0),
        ("mm day-1", "kg m-2 s-1", 1 / 86400, 0),
        ("m s-1", "mm day-1", 86400e3, 0),
        ("kg m-2", "mm", 1, 0),
        ("m", "kg m-2", 1000, 0),
        ("Pa", "hPa", 0.01, 0),
        ("mbar", "hPa", 1, 0),
        ("m2 s-2", "m^2/s^2", 1, 0),
        ("W m-2", "W/m2", 1, 0),
        ("%", "1", 0.01, 0),
        ("1", "", 1, 0),
        ("knots", "m s-1", 1852 / 3600, 0),
    ],
)
def test_one_unit_to_another(given_units, wanted, scale, offset):
    got = linear(given_units, wanted)
    assert got == (pytest.approx(scale, rel=1e-9), pytest.approx(offset, abs=1e-9))
    back = linear(wanted, given_units)
    assert back == (
        pytest.approx(1 / scale, rel=1e-9),
        pytest.approx(-offset / scale, abs=1e-9),
    )


def test_units_that_are_one_are_written_in_many_ways():
    ways = ("kg m-2 s-1", "kg m**-2 s**-1", "kg m^-2 s^-1", "kg/m2/s", " kg  m-2 s-1 ", "kg/m^2/s")
    assert len({parsed(way) for way in ways}) == 1
    assert parsed("m s-1") != parsed("m s")


@pytest.mark.parametrize(
    "units", ["nonsense", "degC degC x", "kg m-", "(", "K; import os", "m of x"]
)
def test_unknown_units_are_refused(units):
    for one, other in ((units, "K"), ("K", units)):
        with pytest.raises(BadRequest) as caught:
            linear(one, other)
        assert str(caught.value) == (
            f"The units {units!r} are not known. Give the units as CF does."
        )


@given(st.text(max_size=12))
def test_any_text_is_units_or_refused(text):
    with suppress(BadRequest):
        assert linear(text, text) == (1, 0)
        assert parsed(text) == parsed(f" {text} ")


@pytest.mark.parametrize(
    ("one", "other"), [("K", "mm day-1"), ("Pa", "K"), ("mm", "mm day-1"), ("kg", "mm"), ("1", "K")]
)
def test_units_of_other_quantities_are_refused(one, other):
    with pytest.raises(BadRequest) as caught:
        linear(one, other)
    assert str(caught.value) == (
        f"{one!r} cannot be converted to {other!r}: they are of different quantities. "
        f"There is: {one}."
    )
    assert caught.value.asked == other


def test_values_take_the_new_units_and_keep_the_rest():
    kelvin = series([273.15, 300.0], units="K", standard_name="air_temperature")
    kelvin = kelvin.assign_coords(time=[1, 2]).rename("tas")
    found = converted(kelvin, "K", "degC")
    np.testing.assert_allclose(found, [0, 26.85], atol=1e-4)
    assert found.attrs == {"units": "degC", "standard_name": "air_temperature"}
    assert (found.dtype, found.name) == (np.float32, "tas")
    np.testing.assert_array_equal(found["time"], [1, 2])
    assert kelvin.attrs["units"] == "K"


def test_the_same_units_change_nothing():
    values = series([1.0], units="anything at all")
    assert converted(values, "anything at all", "anything at all") is values


def test_units_of_one_meaning_keep_every_bit():
    values = series([0.1, np.nan])
    found = converted(values, "mm/day", "mm day-1")
    np.testing.assert_array_equal(found, values)
    assert found.attrs["units"] == "mm day-1"


def test_whole_numbers_get_decimals():
    np.testing.assert_allclose(converted(series([300], "i2"), "K", "degC"), [26.85])


def test_an_amount_of_a_month_is_a_rate_times_its_own_days():
    amount = series(np.full(5, 84.0), units="kg m-2", cell_methods="time: sum")
    found = converted(amount, "kg m-2", "mm day-1", MONTHS)
    np.testing.assert_allclose(found, 84.0 / np.array([31, 28, 31, 30, 29]), rtol=1e-6)
    assert found.attrs == {"units": "mm day-1", "cell_methods": "time: sum"}
    assert found.dtype == np.float32


def test_a_rate_of_a_month_becomes_its_amount():
    rate = series(np.full(5, 3.0))
    found = converted(rate, "mm day-1", "mm", MONTHS)
    np.testing.assert_allclose(found, 3.0 * np.array([31, 28, 31, 30, 29]), rtol=1e-6)
    np.testing.assert_allclose(
        converted(rate / 86400, "kg m-2 s-1", "m", MONTHS), found / 1000, rtol=1e-5
    )


@given(
    st.sampled_from(["mm", "kg m-2", "m", "cm"]),
    st.sampled_from(["mm day-1", "kg m-2 s-1", "m s-1", "mm/h"]),
    st.lists(st.floats(0, 500), min_size=5, max_size=5),
)
def test_there_and_back_again(amount, rate, values):
    first = series(values, "f8")
    back = converted(converted(first, amount, rate, MONTHS), rate, amount, MONTHS)
    np.testing.assert_allclose(back, first, rtol=1e-9, atol=1e-12)


def test_lengths_go_along_the_first_dim():
    whole = xr.DataArray(np.ones((5, 2, 3)), dims=("time", "lat", "lon"))
    found = converted(whole, "mm", "mm day-1", MONTHS)
    np.testing.assert_allclose(found[:, 1, 2], DAY / MONTHS)
    assert found.dims == whole.dims


def test_lengths_change_nothing_where_none_are_needed():
    kelvin = series([280.0] * 5)
    expected = converted(kelvin, "K", "degC")
    xr.testing.assert_identical(converted(kelvin, "K", "degC", MONTHS), expected)


@pytest.mark.parametrize(("one", "other"), [("K", "mm day-1"), ("mm", "K"), ("nonsense", "K")])
def test_lengths_help_no_other_quantity_and_the_refusal_is_the_same(one, other):
    with pytest.raises(BadRequest) as plain:
        converted(series([1.0] * 5), one, other)
    with pytest.raises(BadRequest) as caught:
        converted(series([1.0] * 5), one, other, MONTHS)
    assert str(caught.value) == str(plain.value)


def test_an_amount_without_a_length_is_refused():
    with pytest.raises(BadRequest, match="'mm' cannot be converted to 'mm day-1'"):
        converted(series([1.0]), "mm", "mm day-1")


def test_missing_values_stay_missing():
    found = converted(series([np.nan] * 5), "kg m-2", "mm day-1", MONTHS)
    assert np.isnan(found).all()


RAIN, SNOW = "precipitation_amount", "surface_snow_amount"


@pytest.mark.parametrize(
    ("variable", "beside", "expected"),
    [
        (VariableInfo("x", "X", "kg m-2", RAIN), "mm", True),
        (VariableInfo("x", "X", "kg m-2", RAIN, "time: sum"), "mm", True),
        (VariableInfo("x", "X", "kg m-2", RAIN, "time: mean"), "mm", False),
        (
            VariableInfo("x", "X", "mm", "", "time: sum within days time: mean over days"),
            "mm",
            False,
        ),
        (VariableInfo("x", "X", "mm", "", "area: mean time: sum"), "mm", True),
        (VariableInfo("x", "X", "kg m-2", SNOW), "kg m-2", False),
        (VariableInfo("x", "X", "mm"), "mm", False),
        (VariableInfo("x", "X", "mm"), "mm day-1", True),
        (VariableInfo("x", "X", "mm", SNOW, "time: mean"), "mm day-1", False),
        (VariableInfo("pr", "Pr", "mm"), "mm", True),
        (VariableInfo("x", "Total rain", "m"), "m", True),
        (VariableInfo("x", "Precipitable water", "kg m-2"), "kg m-2", False),
        (VariableInfo("zg", "Height", "m", "geopotential_height"), "m", False),
        (VariableInfo("pr", "Rain", "mm day-1", "lwe_precipitation_rate"), "mm", False),
        (VariableInfo("x", "X", "J m-2", "integral_of_toa_net_flux_wrt_time"), "W m-2", True),
        (VariableInfo("tas", "Temperature", "K"), "degC", False),
        (VariableInfo("x", "Rain", "no unit"), "mm", False),
    ],
)
def test_which_values_add_up(variable, beside, expected):
    assert adds_up(variable, beside) is expected
