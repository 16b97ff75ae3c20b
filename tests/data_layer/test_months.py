"""Months are counted from the month of the origin, whatever the calendar is called."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer.errors import UnreadableFile
from data_layer.layouts.months import in_months, month_starts


def counted(values, units="months since 1960-01-01", calendar="360") -> xr.Variable:
    return xr.Variable("S", np.asarray(values), {"units": units, "calendar": calendar})


def written(v: xr.Variable) -> list[str]:
    return month_starts(v).values.astype("datetime64[D]").astype(str).tolist()


def test_the_month_of_a_count():
    assert written(counted([0, 1, 794])) == ["1960-01-01", "1960-02-01", "2026-03-01"]


def test_the_middle_of_a_month_is_of_that_month():
    assert written(counted([0.5, 793.5])) == ["1960-01-01", "2026-02-01"]


def test_before_the_origin():
    assert written(counted([-1, -0.5, -12])) == ["1959-12-01", "1959-12-01", "1959-01-01"]


def test_the_day_of_the_origin_does_not_count():
    assert written(counted([794.0], "months since 1960-01-02 21:00:00")) == ["2026-03-01"]


@given(st.integers(1700, 2200), st.integers(1, 12), st.sampled_from(["f4", "f8", "i4"]))
def test_any_month_there_and_back(year, month, dtype):
    count = np.array([(year - 1960) * 12 + month - 1], dtype)
    assert written(counted(count)) == [f"{year:04d}-{month:02d}-01"]


@given(st.integers(-3000, 3000), st.sampled_from([-1, 1]))
def test_what_single_precision_leaves_is_taken_for_nothing(count, side):
    near = np.nextafter(np.float32(count), np.float32(count + side))
    assert written(counted([near])) == written(counted([count]))


def test_scalars_and_attributes():
    v = xr.Variable((), 794, {"units": "months since 1960-01-01", "long_name": "start"})
    found = month_starts(v)
    assert found.dims == ()
    assert found.attrs == {"long_name": "start"}
    assert found.dtype == "datetime64[ns]"


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e15, 5000, -5000])
def test_what_is_no_month_is_refused(value):
    with pytest.raises(UnreadableFile, match="which is no month"):
        month_starts(counted([1, value]))


@pytest.mark.parametrize(
    ("units", "yes"),
    [
        ("months since 1960-01-01", True),
        ("Months since 1960-1-1 00:00:00", True),
        ("month since 1960-01", True),
        ("days since 1960-01-01", False),
        ("months", False),
        ("", False),
    ],
)
def test_what_is_counted_in_months(units, yes):
    assert in_months(counted([1], units)) is yes
