"""Start, lead and valid time: the arithmetic, in one place.

A lead is a whole number in the dataset's ``lead_unit``:

``months``
    calendar months between the month of the start and the month forecast, so
    the first full month after a start on 24 July is lead 1, and a start on
    1 July has July as lead 0. The forecast is for the whole calendar month.
``days``
    whole days from the start; the forecast is for the 24 hours from then on.
``hours``
    hours from the start; the forecast is for that instant.

Months are counted, never measured in nanoseconds: they differ in length.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal

LeadUnit = Literal["months", "days", "hours"]

Moment = dt.datetime


def parse_init(text: str) -> Moment:
    """``2011-07-24`` or ``2011-07-24T12`` → that moment (UTC, naive).

    Raises
    ------
    ValueError: for anything else.
    """
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H"):
        try:
            moment = dt.datetime.strptime(text, form)
        except ValueError:
            continue
        if format_init(moment) == text:
            return moment
    raise ValueError(f"{text!r} is not a start; write YYYY-MM-DD or YYYY-MM-DDTHH")


def parse_digits(text: str) -> Moment | None:
    """``20110724``, as file names write a day → that moment; ``None`` when it is no day."""
    try:
        return parse_init(f"{text[:4]}-{text[4:6]}-{text[6:]}")
    except ValueError:
        return None


def format_init(moment: Moment) -> str:
    """The inverse of :func:`parse_init`; the hour is written only when it is not 0."""
    return moment.strftime("%Y-%m-%dT%H" if moment.hour else "%Y-%m-%d")


def add_months(moment: Moment, months: int) -> Moment:
    """The first instant of the month ``months`` after the month of ``moment``."""
    index = moment.year * 12 + moment.month - 1 + months
    return dt.datetime(index // 12, index % 12 + 1, 1)


def valid_period(init: Moment, lead: int, unit: LeadUnit) -> tuple[Moment, Moment]:
    """First and last instant (the last excluded) that a forecast is for.

    Parameters
    ----------
    init: start of the forecast (nominal start of a lagged ensemble).
    lead: whole number of ``unit``.
    """
    if unit == "months":
        return add_months(init, lead), add_months(init, lead + 1)
    if unit == "days":
        begin = init + dt.timedelta(days=lead)
        return begin, begin + dt.timedelta(days=1)
    instant = init + dt.timedelta(hours=lead)
    return instant, instant


def lead_of(init: Moment, begin: Moment, unit: LeadUnit) -> int:
    """The lead whose valid period begins at (or, for months, contains) ``begin``."""
    if unit == "months":
        return (begin.year - init.year) * 12 + begin.month - init.month
    seconds = (begin - init).total_seconds()
    return int(seconds // (86400 if unit == "days" else 3600))


def describe_day(moment: Moment) -> str:
    """The day as a person writes it: ``24 Jul 2011``."""
    return f"{moment.day} {moment.strftime('%b %Y')}"


def describe_valid(init: Moment, lead: int, unit: LeadUnit) -> str:
    """The valid period as a person writes it: ``Aug 2011``, ``24 Jul 2011``, ``… 06:00``."""
    begin, _ = valid_period(init, lead, unit)
    if unit == "months":
        return begin.strftime("%b %Y")
    day = describe_day(begin)
    return day if unit == "days" else f"{day} {begin.strftime('%H:%M')} UTC"


def whole_windows(leads: Sequence[int], window: int) -> tuple[int, ...]:
    """Of ``leads``, those from which ``window`` of them follow one after the other."""
    there = set(leads)
    return tuple(x for x in leads if there.issuperset(range(x, x + window)))


def describe_window(init: Moment, lead: int, window: int, unit: LeadUnit) -> str:
    """The time that ``window`` leads are for: ``Dec 2026 – Feb 2027``, ``24 – 30 Jul 2011``."""
    if window == 1:
        return describe_valid(init, lead, unit)
    begin, _ = valid_period(init, lead, unit)
    last, _ = valid_period(init, lead + window - 1, unit)
    if unit == "hours":
        return (
            f"{describe_valid(init, lead, unit)} – {describe_valid(init, lead + window - 1, unit)}"
        )
    day = unit == "days"
    end = describe_day(last) if day else last.strftime("%b %Y")
    if day and (begin.year, begin.month) == (last.year, last.month):
        return f"{begin.day} – {end}"
    first = f"{begin.day} {begin.strftime('%b')}" if day else begin.strftime("%b")
    return f"{first} – {end}" if begin.year == last.year else f"{first} {begin.year} – {end}"


def describe_season(init: Moment, lead: int, window: int, unit: LeadUnit) -> str:
    """As short as it is understood: ``DJF 2026/27``, ``Dec–Jan 2026/27``, ``24 Jul 2011``."""
    begin, _ = valid_period(init, lead, unit)
    if window == 1 or unit != "months":
        return describe_valid(init, lead, unit)
    months = [add_months(begin, n) for n in range(window)]
    year = f"{begin.year}"
    if months[-1].year != begin.year:
        year += f"/{months[-1].year % 100:02d}"
    if window == 2:
        return f"{months[0].strftime('%b')}–{months[1].strftime('%b')} {year}"
    return f"{''.join(m.strftime('%b')[0] for m in months)} {year}"


def describe_lead(lead: int, unit: LeadUnit) -> str:
    """``lead 1 month``, ``lead 3 days``, ``lead 12 hours``."""
    return f"lead {lead} {unit[:-1] if lead == 1 else unit}"
