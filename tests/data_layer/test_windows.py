"""Means over leads, and the time that they are for."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer.errors import UnknownLead
from data_layer.timing import valid_period
from data_layer.windows import averaged, period, window_leads

UNITS = {"units": "months"}


def members(leads=(0, 1, 2, 3), kind="f4") -> xr.DataArray:
    """Member m at lead x holds 100 m + x²."""
    leads = np.asarray(leads)
    values = 100 * np.arange(2)[:, None] + leads**2
    coords = {"member": [5, 7], "lead": ("lead", leads, UNITS), "init": np.datetime64("2026-10-01")}
    return xr.DataArray(values.astype(kind), coords, ("member", "lead"), "tas", {"units": "K"})


def test_every_window_that_is_whole():
    found = averaged(members(), 3, None)
    assert found.dims == ("member", "lead")
    np.testing.assert_array_equal(found["lead"], [0, 1])
    expected = np.array([[5 / 3, 14 / 3], [305 / 3, 314 / 3]])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_one_window():
    found = averaged(members(), 2, 1)
    np.testing.assert_array_equal(found["lead"], [1])
    np.testing.assert_array_equal(found, [[2.5], [102.5]])


def test_names_units_and_labels_stay():
    given_members = members()
    found = averaged(given_members, 2, None)
    assert (found.name, found.attrs, found.dtype) == ("tas", {"units": "K"}, np.float32)
    assert found["lead"].attrs == UNITS
    np.testing.assert_array_equal(found["member"], [5, 7])
    assert found["init"].item() == given_members["init"].item()


def test_a_window_of_one_changes_nothing():
    given_members = members()
    assert averaged(given_members, 1, None) is given_members


def test_a_mean_of_counts_has_decimals():
    found = averaged(members(kind="i4"), 2, 0)
    assert found.dtype == np.float64
    assert found.values[0, 0] == 0.5


def test_a_window_over_a_gap_is_none():
    found = averaged(members((0, 1, 3, 4, 5)), 2, None)
    np.testing.assert_array_equal(found["lead"], [0, 3, 4])
    with pytest.raises(UnknownLead):
        averaged(members((0, 1, 3, 4, 5)), 2, 1)


def test_the_order_of_leads_does_not_matter():
    expected = averaged(members(), 2, None)
    found = averaged(members((2, 0, 3, 1)), 2, None).sortby("lead")
    np.testing.assert_array_equal(found, expected)


def test_a_mean_of_which_a_lead_is_missing_is_missing():
    given_members = members()
    given_members[0, 1] = np.nan
    np.testing.assert_array_equal(
        np.isnan(averaged(given_members, 2, None)), [[True, True, False], [False] * 3]
    )


@pytest.mark.parametrize(("window", "lead"), [(3, 2), (5, None), (2, 3), (93, 0)])
def test_no_whole_window_says_what_there_is(window, lead):
    with pytest.raises(UnknownLead) as caught:
        averaged(members(), window, lead)
    error = caught.value
    assert error.message == f"A mean over {window} months needs as many leads one after the other."
    assert error.asked == f"window={window}" + ("" if lead is None else f" from lead {lead}")
    assert error.exists == ("0", "1", "2", "3")
    assert error.advice


@given(
    st.datetimes(dt.datetime(1960, 1, 1), dt.datetime(2090, 1, 1)),
    st.integers(0, 12),
    st.integers(1, 12),
    st.sampled_from(["months", "days"]),
)
def test_a_period_is_that_of_its_leads_one_after_the_other(init, lead, window, unit):
    init = init.replace(minute=0, second=0, microsecond=0)
    leads = window_leads(lead, window)
    assert leads == tuple(range(lead, lead + window))
    parts = [valid_period(init, x, unit) for x in leads]
    assert all(a[1] == b[0] for a, b in pairwise(parts))
    assert period(init, lead, window, unit) == (parts[0][0], parts[-1][1])


def test_a_season_from_november_ends_with_january():
    assert period(dt.datetime(2026, 10, 1), 1, 3, "months") == (
        dt.datetime(2026, 11, 1),
        dt.datetime(2027, 2, 1),
    )
