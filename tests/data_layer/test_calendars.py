"""Dates of models' calendars: those that the standard one has, and those that it has not."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data_layer.errors import UnreadableFile
from data_layer.layouts.cf import LAYOUT


def counted(ds: xr.Dataset, name: str, numbers, calendar: str, unit: str = "days") -> xr.Dataset:
    """With a time given as numbers of a calendar, from 2023-01-01 there."""
    units = f"{unit} since 2023-01-01"
    attrs = {"units": units, "calendar": calendar, **ds[name].attrs}
    return ds.assign_coords({name: (ds[name].dims, np.asarray(numbers, "f8"), attrs)})


def days_of(path) -> list[str]:
    with LAYOUT.open(path) as ds:
        assert ds["time"].dtype.kind == "M"
        return [str(t)[:10] for t in ds["time"].values]


@pytest.fixture
def monthly(observations):
    """A year of months."""
    return observations(times=[f"2023-{m:02d}-01" for m in range(1, 13)])


@pytest.mark.parametrize("calendar", ["noleap", "365_day"])
def test_days_without_leap_years_are_the_days_of_their_names(calendar, observations, write):
    # 2024-02-28 and the day after it, which is the 1st of March.
    ds = counted(
        observations(times=("2023-01-01", "2023-01-02")), "time", [365 + 58, 365 + 59], calendar
    )
    assert days_of(write(ds, "t.nc")) == ["2024-02-28", "2024-03-01"]


@pytest.mark.parametrize("calendar", ["all_leap", "366_day"])
def test_a_leap_day_that_was_none_is_refused(calendar, observations, write):
    ds = counted(observations(times=("2023-01-01", "2023-01-02")), "time", [58, 59], calendar)
    with pytest.raises(UnreadableFile, match="such as 2023-02-29, which the standard calendar"):
        LAYOUT.open(write(ds, "t.nc"))


@pytest.mark.parametrize("first", [0, 15, 29])
def test_months_of_thirty_days_are_the_calendar_months(first, monthly, write):
    ds = counted(monthly, "time", first + 30 * np.arange(12), "360_day")
    assert [d[:7] for d in days_of(write(ds, "t.nc"))] == [f"2023-{m:02d}" for m in range(1, 13)]


def test_a_forecast_in_months_of_thirty_days_has_calendar_months(forecast, write):
    ds = forecast().isel(init=0).rename(lead="time")
    ds = ds.assign_coords(time=("time", [0, 1, 2], {"standard_name": "time", "bounds": "edges"}))
    ds = counted(ds, "time", [15, 45, 75], "360_day")
    ds = counted(ds, "init", 0, "360_day")
    edges = np.array([[0, 30], [30, 60], [60, 90]], "f8")
    ds["edges"] = (
        ("time", "bnds"),
        edges,
        {"units": "days since 2023-01-01", "calendar": "360_day"},
    )
    with LAYOUT.open(write(ds, "t.nc")) as got:
        assert (got["lead"].attrs["units"], got["lead"].values.tolist()) == ("months", [0, 1, 2])


def test_days_of_thirty_day_months_are_refused(observations, write):
    ds = counted(observations(times=("2023-01-01", "2023-01-02")), "time", [58, 59], "360_day")
    with pytest.raises(UnreadableFile, match="2023-02-29, which the standard calendar does not"):
        LAYOUT.open(write(ds, "t.nc"))


@pytest.mark.parametrize("missing", [np.nan, -9999])
def test_missing_dates_stay_missing(missing, observations, write):
    ds = counted(observations(times=("2023-01-01", "2023-01-02")), "time", [missing, 59], "noleap")
    ds["time"].attrs["_FillValue"] = -9999.0
    with pytest.raises(UnreadableFile, match="missing"):
        LAYOUT.open(write(ds, "t.nc"))


def test_days_of_a_calendar_that_is_off_by_thirteen_are_refused(observations, write):
    ds = counted(observations(times=("2023-01-01", "2023-01-02")), "time", [0, 1], "julian")
    with pytest.raises(UnreadableFile, match="'julian', whose days are not"):
        LAYOUT.open(write(ds, "t.nc"))


@pytest.mark.parametrize(
    ("start", "unit", "leads", "calendar", "refused"),
    [
        (31, "days", [0, 1, 27], "noleap", False),  # February 2023, which had 28 days
        (365 + 31, "days", [0, 1, 27], "noleap", False),  # to 28 February 2024
        (365 + 31, "days", [0, 1, 28], "noleap", True),  # the 1st of March there
        (365 + 31, "hours", [0, 24, 696], "noleap", True),
        (365 + 31, "months", [0, 1, 28], "noleap", False),
        (0, "days", [0, 1, 29], "360_day", False),
        (0, "days", [0, 1, 30], "360_day", True),
        (0, "months", [0, 1, 30], "360_day", False),
    ],
)
def test_leads_in_days_must_end_where_they_do_in_the_standard_calendar(
    start, unit, leads, calendar, refused, forecast, write
):
    path = write(counted(forecast(leads=leads, unit=unit), "init", [start], calendar), "t.nc")
    if refused:
        with pytest.raises(UnreadableFile, match=f"{unit} of the calendar '{calendar}'"):
            LAYOUT.open(path)
    else:
        with LAYOUT.open(path) as ds:
            assert ds["lead"].values.tolist() == leads
            assert ds["init"].dtype.kind == "M"
