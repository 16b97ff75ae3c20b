"""Dates of models' calendars, put into the standard one where they have a place in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cftime
import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import UnreadableFile
from data_layer.timing import LeadUnit, Moment

# Calendars whose days bear the names of standard ones, give or take a few.
_OF_MODELS = ("noleap", "365_day", "all_leap", "366_day", "360_day")

# A variable of more dates than this is data, and stays in the file.
_MOST_DATES = 1 << 20


def in_standard_calendar(ds: xr.Dataset, raw: xr.Dataset) -> xr.Dataset:
    """``ds`` with its cftime dates as datetime64, each the day of the same name.

    A day that the standard calendar lacks (30 February) has no such place, unless the
    dates are months of a 360-day calendar, which stand for the calendar months.
    Variables of more than a million dates are dropped.

    Parameters
    ----------
    ds: decoded.
    raw: the same before it was, to tell missing dates: xarray takes them for the origin of
        the units in these calendars.

    Raises
    ------
    UnreadableFile: for days that do not exist, and for calendars that are no model's.
    """
    for name, v in ds.variables.items():
        if v.dtype != object or "calendar" not in v.encoding:
            continue
        if v.size > _MOST_DATES:
            ds = ds.drop_vars([name])
        else:
            number = xr.decode_cf(raw[[name]], decode_times=False)[name]
            dates = np.array(v.values)
            dates[np.isnan(number.values)] = None
            values = _standard(dates, str(name))
            ds = ds.assign({name: xr.Variable(v.dims, values, v.attrs, v.encoding)})
    return ds


def check_days(starts: Sequence[Moment], calendar: str, furthest: int, unit: LeadUnit) -> None:
    """Raise when days counted in a model's calendar lead to another day in the standard one.

    Parameters
    ----------
    starts: of the forecasts, in the standard calendar.
    calendar: the one in which the file gives them.
    furthest: the longest lead, in ``unit``.

    Raises
    ------
    UnreadableFile: saying on which way the calendars part.
    """
    if calendar not in _OF_MODELS or unit == "months":
        return
    ahead = dt.timedelta(**{unit: furthest})
    for start in starts:
        there = cftime.datetime(*start.timetuple()[:6], calendar=calendar) + ahead
        if there.timetuple()[:6] != (start + ahead).timetuple()[:6]:
            raise UnreadableFile(
                f"its leads are {unit} of the calendar {calendar!r}: {furthest} {unit} from "
                f"{start:%Y-%m-%d} end on {there.strftime('%Y-%m-%d')} there, and on "
                f"{start + ahead:%Y-%m-%d} in the standard calendar"
            )


def _standard(dates: npt.NDArray[Any], name: str) -> npt.NDArray[np.datetime64]:
    there = [d for d in dates.flat if isinstance(d, cftime.datetime)]
    calendar = there[0].calendar if there else ""
    if there and calendar not in _OF_MODELS:
        raise UnreadableFile(
            f"its times {name!r} are dates of the calendar {calendar!r}, whose days are not "
            "those of the standard calendar"
        )
    absent = next((d for d in there if _moment(d) is None), None)
    if absent is None:
        moments = [_moment(d) for d in dates.flat]
    elif calendar == "360_day" and _are_months(dates):
        moments = [dt.datetime(d.year, d.month, 1) for d in dates.flat]
    else:
        raise UnreadableFile(
            f"its times {name!r} are days of the calendar {calendar!r}, such as "
            f"{absent.strftime('%Y-%m-%d')}, which the standard calendar does not have"
        )
    return np.array(moments, "datetime64[us]").reshape(dates.shape)


def _moment(date: Any) -> Moment | None:
    """The day of the same name; ``None`` when there is none, or the date is missing."""
    if not isinstance(date, cftime.datetime):
        return None
    try:
        return dt.datetime(*date.timetuple()[:6])
    except ValueError:
        return None


def _are_months(dates: npt.NDArray[Any]) -> bool:
    """Whether the dates follow each other by months of a 360-day calendar."""
    return (
        dates.ndim == 1 and dates.size > 1 and all((b - a).days == 30 for a, b in pairwise(dates))
    )
