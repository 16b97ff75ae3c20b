"""Observations of the periods that forecasts are for, on the forecasts' grid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from data_layer import schema
from data_layer.api import DatasetInfo, ProductRequest
from data_layer.ensembles import Ensembles
from data_layer.errors import NotComparable
from data_layer.indexed import DatasetIndex
from data_layer.linking import same_variable
from data_layer.regridding import regrid
from data_layer.timing import LeadUnit, Moment, add_months, parse_init
from data_layer.units import converted
from data_layer.windows import period


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
    like: a forecast of that place, arranged, whose leads, cells and units the result has.
    starts: of the forecasts.
    window: leads that each value is a mean of.

    Returns
    -------
    Dims ``init`` and those of ``like`` without ``member``; missing where a period was not
    observed from end to end.

    Raises
    ------
    NotComparable: when the observations are means over longer times than the leads are.
    """
    info = dataset.info
    variable = same_variable(forecast.variable(request.variable), info.variables)
    if variable is None:
        raise NotComparable(
            f"The observations {info.id!r} have no {request.variable!r}.",
            asked=request.variable,
            exists=[v.name for v in info.variables],
        )
    unit = forecast.lead_unit
    window *= forecast.width
    leads = [int(x) for x in np.atleast_1d(like["lead"].values)]
    monthly = _monthly(info.times)
    wanted = {
        (start, lead): _times(*period(parse_init(start), lead, window, unit), monthly, unit)
        for start in starts
        for lead in leads
    }
    needed = {t for times in wanted.values() for t in times}
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
    values = converted(values, variable.units, str(like.attrs.get("units", "")), seconds)
    dims = [d for d in like.dims if d not in ("member", "lead")]
    flat = values.values.reshape(len(periods), int(np.prod(values.shape[1:])))
    at = {t: i for i, t in enumerate(periods)}
    out = np.full((len(starts), len(leads), flat.shape[1]), np.nan, np.float32)
    for i, start in enumerate(starts):
        for j, lead in enumerate(leads):
            times = wanted[start, lead]
            if times and all(t in at for t in times):
                out[i, j] = flat[[at[t] for t in times]].mean(axis=0, dtype=np.float64)
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


def _monthly(times: Sequence[str]) -> bool:
    """Whether observations are of whole months rather than of days.

    Raises
    ------
    NotComparable: when they are of neither.
    """
    moments = [parse_init(t) for t in times]
    if len({_month(m) for m in moments}) == len(moments):
        return True
    if len({_day(m) for m in moments}) == len(moments):
        return False
    raise NotComparable(
        "The observations are several a day: neither of days nor of months.",
        advice="Choose observations of days or months.",
    )


def _month(time: Moment) -> Moment:
    """The month that a time is of; archives write its first instant, or its middle."""
    return time.replace(day=1, hour=0, minute=0, second=0)


def _day(time: Moment) -> Moment:
    return time.replace(hour=0, minute=0, second=0)


def _times(begin: Moment, end: Moment, monthly: bool, unit: LeadUnit) -> list[Moment]:
    """The times of all observations that a period is made of."""
    if monthly:
        if unit != "months":
            raise NotComparable(
                f"The observations are of months, the forecast is of {unit}.",
                advice="Choose observations of days.",
            )
        months, at = [], _month(begin)
        while at < end:
            months.append(at)
            at = add_months(at, 1)
        return months
    day = _day(begin)
    return [day + dt.timedelta(days=n) for n in range(max(1, (end - day).days))]


def _seconds(time: Moment, monthly: bool) -> float:
    """Length of the period that an observation is of."""
    return (add_months(time, 1) - time).total_seconds() if monthly else 86400.0


def _spacing(info: DatasetInfo) -> tuple[float, float]:
    """Degrees between cells in latitude and longitude."""
    g = info.grid
    lat = (g.lat[1] - g.lat[0]) / (g.ny - 1) if g.ny > 1 else 1.0
    lon = (g.lon[1] - g.lon[0]) / (g.nx - 1) if g.nx > 1 else 1.0
    return lat, lon
