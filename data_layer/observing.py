"""Observations of the periods that forecasts are for, on the forecasts' grid.

Observations are of whole days (UTC) or whole months, which is judged by the days between them.
What a forecast of a longer time is compared with is their mean, or their sum where the
forecast is an amount. A window is a mean over leads on either side: months of 31 days do not
weigh more than others. A forecast of instants (leads in hours), or of days that begin at
another hour than 00 UTC, is of none of these periods and is not compared.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import xarray as xr

from data_layer import schema
from data_layer.api import DatasetInfo, ProductRequest
from data_layer.ensembles import Ensembles
from data_layer.errors import NotComparable
from data_layer.indexed import DatasetIndex
from data_layer.linking import same_variable
from data_layer.regridding import regrid
from data_layer.timing import Moment, add_months, format_init, parse_init
from data_layer.units import adds_up, compared
from data_layer.windows import period, window_leads


def observed_for(
    reading: Ensembles,
    dataset: DatasetIndex,
    request: ProductRequest,
    like: xr.DataArray,
    forecast: DatasetInfo,
    starts: Sequence[str],
    window: int,
) -> xr.DataArray:
    """What was observed during the periods that forecasts of some starts are for.

    Parameters
    ----------
    dataset: of observations.
    request: names the forecast's variable and the place.
    like: a forecast of that place, arranged, whose leads and cells the result has.
    forecast: the dataset it is of; the result is in its variable's units.
    starts: of the forecasts.
    window: leads that each value is a mean of.

    Returns
    -------
    Dims ``init`` and those of ``like`` without ``member``; missing where a period was not
    observed from end to end.

    Raises
    ------
    NotComparable: when the observations are of neither days nor months, of longer times than the
    leads or of other times of the day, or in units of another quantity.
    """
    info, own = dataset.info, forecast.variable(request.variable)
    variable = same_variable(own, info.variables)
    if variable is None:
        raise NotComparable(
            f"The observations {info.id!r} have no {request.variable!r}.",
            asked=request.variable,
            exists=[v.name for v in info.variables],
        )
    leads = [int(x) for x in np.atleast_1d(like["lead"].values)]
    monthly = _monthly(info)
    averaged = sorted({x for lead in leads for x in window_leads(lead, window)})
    wanted = {
        start: {x: _times(parse_init(start), x, monthly, forecast) for x in averaged}
        for start in starts
    }
    needed = {t for by_lead in wanted.values() for t in chain.from_iterable(by_lead.values())}
    begins = _month if monthly else _day
    same_grid = info.grid == forecast.grid
    asked = replace(request, variable=variable.name, init=None, lead=None, member=None)
    if not same_grid:  # cells reach over the edge of the place
        asked = replace(asked, point=None, box=None)
    values = reading.observations(dataset, asked, lambda t: begins(t) in needed)
    lat, lon = (np.atleast_1d(like[d].values).astype(float) for d in ("lat", "lon"))
    if not same_grid:
        values = regrid(values, lat, lon, _spacing(forecast))
    periods = [begins(t) for t in schema.moments(values["time"].values)]
    seconds = np.array([_seconds(t, monthly) for t in periods])
    values = values.transpose("time", ...)
    whose = f"{variable.name!r} of the observations {info.id!r}"
    values = compared(values, variable.units, own.units, whose, seconds)
    total = np.sum if adds_up(own, variable.units) else np.mean
    dims = [d for d in like.dims if d not in ("member", "lead")]
    flat = values.values.reshape(len(periods), int(np.prod(values.shape[1:])))
    at = {t: i for i, t in enumerate(periods)}
    out = np.full((len(starts), len(leads), flat.shape[1]), np.nan, np.float32)
    for i, start in enumerate(starts):
        seen = {
            x: total(flat[[at[t] for t in times]], axis=0, dtype=float)
            for x, times in wanted[start].items()
            if all(t in at for t in times)
        }
        for j, lead in enumerate(leads):
            own_leads = window_leads(lead, window)
            if all(x in seen for x in own_leads):
                out[i, j] = np.mean([seen[x] for x in own_leads], axis=0)
    shape = (len(starts), len(leads), *(like.sizes[d] for d in dims))
    coords = {
        "init": np.array([parse_init(s) for s in starts], "datetime64[ns]"),
        "lead": ("lead", leads, like["lead"].attrs),
        "lat": like["lat"],
        "lon": like["lon"],
    }
    attrs = {**like.attrs, "observations": info.title or info.id}
    whole = xr.DataArray(out.reshape(shape), coords, ["init", "lead", *dims], like.name, attrs)
    return whole if "lead" in like.dims else whole.isel(lead=0)


def _monthly(info: DatasetInfo) -> bool:
    """Whether observations are of whole months rather than of days.

    Raises
    ------
    NotComparable: when they are of neither.
    """
    days = np.unique(np.array([t[:10] for t in info.times], "datetime64[D]"))
    if days.size < len(info.times):
        told = "several a day"
    elif days.size == 1:
        told = "of one time alone"
    else:
        shortest = int(np.diff(days).min() // np.timedelta64(1, "D"))
        if shortest == 1:
            return False
        months = np.unique(days.astype("datetime64[M]"))
        if 28 <= shortest <= 31 and months.size == days.size:
            return True
        told = f"{shortest} days apart"
    raise NotComparable(
        f"The observations {info.id!r} are {told}: neither of days nor of months.",
        asked=info.id,
        advice="Choose observations of days or months.",
    )


def _month(time: Moment) -> Moment:
    """The month that a time is of; archives write its first instant, or its middle."""
    return time.replace(day=1, hour=0, minute=0, second=0)


def _day(time: Moment) -> Moment:
    return time.replace(hour=0, minute=0, second=0)


def _times(start: Moment, lead: int, monthly: bool, forecast: DatasetInfo) -> list[Moment]:
    """The times of all observations that the period of a lead is made of."""
    unit = forecast.lead_unit
    begin, end = period(start, lead, forecast.width, unit)
    if unit == "hours":
        raise NotComparable(
            f"The leads of {forecast.id!r} are instants, counted in hours; the observations are "
            f"of {'months' if monthly else 'days'}.",
            asked=forecast.id,
            advice="Choose a forecast of days or months.",
        )
    if monthly:
        if unit != "months":
            raise NotComparable(
                f"The observations are of months, the forecast is of {unit}.",
                asked=forecast.id,
                advice="Choose observations of days.",
            )
        count = (end.year - begin.year) * 12 + end.month - begin.month
        return [add_months(begin, n) for n in range(count)]
    if begin != _day(begin):
        raise NotComparable(
            f"The days of a forecast started {format_init(start)} begin at "
            f"{begin:%H:%M} UTC, those of the observations at 00:00.",
            asked=format_init(start),
            advice="Choose a start at 00 UTC.",
        )
    return [begin + dt.timedelta(days=n) for n in range((end - begin).days)]


def _seconds(time: Moment, monthly: bool) -> float:
    """Length of the period that an observation is of."""
    return (add_months(time, 1) - time).total_seconds() if monthly else 86400.0


def _spacing(info: DatasetInfo) -> tuple[float, float]:
    """Degrees between cells in latitude and longitude."""
    g = info.grid
    lat = (g.lat[1] - g.lat[0]) / (g.ny - 1) if g.ny > 1 else 1.0
    lon = (g.lon[1] - g.lon[0]) / (g.nx - 1) if g.nx > 1 else 1.0
    return lat, lon
