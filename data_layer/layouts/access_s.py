"""ACCESS-S1 and S2 of the Bureau of Meteorology, on latitude-longitude grids.

A file for each variable, member and start, with all leads: the atmosphere as the model
makes it (N216, 60 km) or calibrated (5 km). Names and folders tell what it is of
(:mod:`data_layer.layouts.access_names`). The ocean's and the ice's own grids are read by
another layout. Source: https://poama.bom.gov.au/general/dataserver/calibrated.html; units
and the holes in time axes as public code that reads the files knows them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.access_names import (
    AccessName,
    is_hindcast,
    parse_name,
    parse_place,
    series_of,
)
from data_layer.layouts.base import Repaired
from data_layer.layouts.holes import filled
from data_layer.layouts.labelled import axis_of_time, dates_of, fields, labelled, with_attributes
from data_layer.layouts.recognise import coordinates
from data_layer.timing import LeadUnit, Moment, add_months, lead_of

_PROBABILITIES = re.compile(r"^p_(?:atmos|ocean|ice)_.*_\d{8}(?:_[a-z]+)?$")
_CLIMATE = re.compile(r"^(?:d|w|m3?)[aoi]a?(?:q5)?_[A-Za-z][A-Za-z0-9_]*_clim\w*$")
_CURVILINEAR = ("nav_lat", "nav_lon")
_PERIODS = {"d": "daily", "w": "weekly", "m": "monthly", "m3": "three-monthly"}
_WINDOWS = {"w": "mean of 7 days from the day named", "m3": "mean of 3 months from the month named"}
_WIDTHS = {"w": 7, "m3": 3}
# Where a file says none: (variable, calibrated) → units.
_UNITS = {
    ("pr", True): "mm day-1",
    ("pr", False): "kg m-2 s-1",
    ("rsds", True): "W m-2",
    ("tasmax", True): "degC",
    ("tasmin", True): "degC",
}
# Counts that may lie between the times of one file.
_STEPS = {"w": (7,), "m3": (1, 3)}
# The longest run is of 279 days.
_LONGEST = timedelta(days=400)


class AccessSLayout(Repaired):
    """One variable, member and start of ACCESS-S, on latitudes and longitudes."""

    name = "access_s"

    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        """Whether the name is of this archive, and the grid is of latitudes and longitudes."""
        found = coordinates(raw)
        if any(name in raw.variables for name in _CURVILINEAR):
            return False
        if not all(axis in found and raw[found[axis]].ndim == 1 for axis in ("lat", "lon")):
            return False
        if _PROBABILITIES.match(path.stem) or _CLIMATE.match(path.stem):
            return True
        return parse_name(path) is not None and "valid" in found

    def repair(self, raw: xr.Dataset, path: Path) -> xr.Dataset:
        """See :meth:`Repaired.repair`."""
        name, place = parse_name(path), parse_place(path)
        if name is None:
            what = "probabilities" if _PROBABILITIES.match(path.stem) else "a mean over years"
            raise LeftOut(f"it holds {what} made of the members, and no member")
        if name.member is None:
            raise LeftOut("it is the mean of the members, which are there themselves")
        time = axis_of_time(raw)
        leads, unit, holes = _leads(raw, time, name)
        hindcast = is_hindcast(name, place)
        calibrated = name.calibrated or place.calibration.startswith(("calibrated", "biascorr"))
        raw = with_attributes(raw, {n: _said(raw[n], name, calibrated) for n in fields(raw, time)})
        series = series_of(path)
        remarks = (
            f"Leads are of a {_WINDOWS[name.period]}." if name.period in _WINDOWS else "",
            _FILLED if holes else "",
            str(raw.attrs.get("comment", "")),
        )
        attrs = {
            "institution": "Bureau of Meteorology",
            **raw.attrs,
            "title": _title(series, name),
            "system": place.system,
            "forecast_role": "hindcast" if hindcast else "forecast",
            "series": series,
            "comment": " ".join(r for r in remarks if r),
            "lead_width": str(_WIDTHS.get(name.period, 1)),
        }
        return labelled(raw, time, name.init, name.member, leads, unit).assign_attrs(attrs)


_FILLED = (
    "The time axis of some files has holes; what lies there is dated by its position, "
    "which the other times of the file agree with."
)


def _title(series: str, name: AccessName) -> str:
    of = series.removesuffix(name.type).strip().replace("_", " ")
    return f"{of}, {_PERIODS[name.period]} ({name.type})"


def _said(da: xr.DataArray, name: AccessName, calibrated: bool) -> dict[str, str]:
    """Attributes that the file lacks."""
    attrs = {}
    units = _UNITS.get((str(da.name), calibrated))
    if units and not str(da.attrs.get("units", "")).strip():
        attrs["units"] = units
    if name.period in _WINDOWS:
        said = str(da.attrs.get("cell_methods") or "time: mean")
        attrs["cell_methods"] = f"{said} (comment: {_WINDOWS[name.period]})"
    return attrs


def _leads(raw: xr.Dataset, time: str, name: AccessName) -> tuple[list[int], LeadUnit, list[int]]:
    """The leads, their unit, and the positions that the file does not date."""
    unit: LeadUnit = "months" if name.period in ("m", "m3") else "days"
    bounds = raw[time].attrs.get("bounds")
    bounded = bounds in raw.variables and raw[bounds].ndim == 2
    stamps = raw[bounds].values[:, 0] if bounded else raw[time].values
    dates = _dates(np.asarray(stamps, np.float64), raw[time].attrs, name.init, unit)
    counts = [np.nan if d is None else lead_of(name.init, d, unit) for d in dates]
    steps = _STEPS.get(name.period, (1,))
    leads, holes = filled(np.array(counts), steps)
    # Of months, an uneven count means that the dates were not understood.
    if unit == "months" and not np.isin(np.diff(leads), steps).all():
        raise UnreadableFile(f"its times lie in months that do not follow one another: {leads}")
    if bounded or leads[0] == 0:
        return leads, unit, holes
    if name.period in _WINDOWS:
        raise UnreadableFile(
            f"its first time is {leads[0]} {unit} after the start: without bounds of the times "
            f"it cannot be told where each {_PERIODS[name.period]} window begins"
        )
    if unit == "months" and all(d is None or (d.day, d.hour) == (1, 0) for d in dates):
        raise UnreadableFile(
            "its times are the first days of months, from a month after the start: without "
            "bounds of the times it cannot be told whether those months begin or end there"
        )
    return leads, unit, holes


def _dates(
    values: npt.NDArray[np.float64], attrs: Mapping[Any, Any], init: Moment, unit: LeadUnit
) -> list[Moment | None]:
    """Dates of a time axis; ``None`` where the number cannot be one of this forecast's."""
    if "since" not in str(attrs.get("units", "")):
        raise UnreadableFile(
            f"its times are in {attrs.get('units') or 'no units'}, not days since a date"
        )
    epoch, one = dates_of(np.array([0.0, 1.0]), attrs)
    earliest = add_months(init, 0) if unit == "months" else init
    low, high = ((d - epoch) / (one - epoch) for d in (earliest, init + _LONGEST))
    told = (values >= low) & (values <= high)
    found = iter(dates_of(values[told], attrs) if told.any() else [])
    return [next(found) if t else None for t in told]


LAYOUT = AccessSLayout()
