"""Start, lead and valid time."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_layer.timing import (
    add_months,
    describe_lead,
    describe_valid,
    format_init,
    lead_of,
    parse_init,
    valid_period,
)

STARTS = st.datetimes(dt.datetime(1850, 1, 1), dt.datetime(2300, 12, 31)).map(
    lambda t: t.replace(minute=0, second=0, microsecond=0)
)
UNITS = st.sampled_from(["months", "days", "hours"])
LEADS = st.integers(-24, 400)


@given(STARTS)
def test_a_start_survives_being_written_and_read(start):
    assert parse_init(format_init(start)) == start


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2011",
        "2011-07",
        "2011-7-24",
        "2011-07-32",
        "2011-02-29",
        "2011-07-24T",
        "2011-07-24T24",
        "2011-07-24T12:00",
        "2011-07-24 12",
        " 2011-07-24",
        "2011-07-24T00",  # midnight is written without an hour: one start, one address
        "２０１１-07-24",
        "latest",
    ],
)
def test_what_is_not_a_start_is_refused(text):
    with pytest.raises(ValueError, match="write YYYY-MM-DD"):
        parse_init(text)


def test_written_starts_sort_as_they_come_in_time():
    starts = ["2010-12-31T18", "2011-01-01", "2011-01-01T06", "2011-01-02", "2011-10-01"]
    assert sorted(starts) == starts
    assert sorted(map(parse_init, starts)) == list(map(parse_init, starts))


@given(STARTS, LEADS, UNITS)
def test_the_lead_of_a_valid_period_is_the_lead(start, lead, unit):
    begin, _ = valid_period(start, lead, unit)
    assert lead_of(start, begin, unit) == lead


@given(STARTS, LEADS, st.sampled_from(["months", "days"]), st.floats(0, 0.999999))
def test_every_instant_of_a_period_has_its_lead(start, lead, unit, share):
    begin, end = valid_period(start, lead, unit)
    assert lead_of(start, begin + (end - begin) * share, unit) == lead


@given(STARTS, LEADS, st.sampled_from(["months", "days"]))
def test_periods_follow_each_other_without_a_gap(start, lead, unit):
    assert valid_period(start, lead, unit)[1] == valid_period(start, lead + 1, unit)[0]


@pytest.mark.parametrize("day", ["2011-01-28", "2011-01-29", "2011-01-30", "2011-01-31"])
def test_the_month_after_the_end_of_january_is_february(day):
    assert valid_period(parse_init(day), 1, "months") == (
        dt.datetime(2011, 2, 1),
        dt.datetime(2011, 3, 1),
    )


def test_the_first_full_month_after_a_start_late_in_july_is_lead_one():
    start = parse_init("2011-07-24")
    assert lead_of(start, dt.datetime(2011, 8, 1), "months") == 1
    assert lead_of(parse_init("2011-07-01"), dt.datetime(2011, 7, 1), "months") == 0


def test_months_are_counted_over_the_turn_of_the_year_and_leap_days():
    assert add_months(dt.datetime(2011, 12, 31), 1) == dt.datetime(2012, 1, 1)
    assert add_months(dt.datetime(2012, 1, 15), -1) == dt.datetime(2011, 12, 1)
    assert valid_period(dt.datetime(2012, 2, 29), 0, "months")[1] == dt.datetime(2012, 3, 1)
    assert valid_period(dt.datetime(2012, 2, 28), 1, "days")[0] == dt.datetime(2012, 2, 29)


def test_an_hour_is_an_instant():
    assert valid_period(dt.datetime(2011, 7, 24, 18), 12, "hours") == (
        dt.datetime(2011, 7, 25, 6),
        dt.datetime(2011, 7, 25, 6),
    )


def test_periods_and_leads_read_as_a_person_writes_them():
    start = dt.datetime(2011, 7, 4, 6)
    assert describe_valid(start, 1, "months") == "Aug 2011"
    assert describe_valid(start, 0, "days") == "4 Jul 2011"
    assert describe_valid(start, 30, "hours") == "5 Jul 2011 12:00 UTC"
    assert describe_lead(1, "months") == "lead 1 month"
    assert describe_lead(0, "days") == "lead 0 days"
