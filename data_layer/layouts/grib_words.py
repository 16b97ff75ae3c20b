"""What GRIB says of a field in words of its own, in those of CF.

Both GRIB files and the NetCDF files made of them (by cfgrib, or by the Copernicus
Climate Data Store) speak these words.

In a field that stands for a window (a mean, a maximum), GRIB's step is the window's
end; so is the valid time made of it (cfgrib #97). A month's number, ``forecastMonth``,
is 1 in the start's own month when the start is its first instant, else in the first
whole month after it (ecCodes, ``G1ForecastMonth``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.files import decoded
from data_layer.layouts.messages import DERIVED
from data_layer.schema import moments
from data_layer.timing import LeadUnit, Moment, lead_of

STARTS = ("indexing_time", "forecast_reference_time", "time")
STEPS = ("step", "forecast_period")
_OF_MONTHS = {
    "fcmean": "mean",
    "fcmax": "maximum",
    "fcmin": "minimum",
    "fcstdev": "standard_deviation",
}
_OF_STEPS = {"avg": "mean", "max": "maximum", "min": "minimum", "accum": "sum"}
_OTHER_TIMES = ("valid_time", "verifying_time", "valid_month", *STARTS)
# Copernicus' systems have their forecasts in real time from 2017 on.
LAST_HINDCAST = 2016

Leads = tuple[npt.NDArray[np.int64], LeadUnit]


def in_cf_words(raw: xr.Dataset) -> xr.Dataset:
    """The dataset, still lazy, with starts, leads and members in CF's names.

    Parameters
    ----------
    raw: undecoded; its variables have cfgrib's ``GRIB_…`` attributes. Where an
        attribute ``window_hours`` stands beside them, it is how long before its step a
        field's window begins (0: an instant, or a sum since the start).

    Raises
    ------
    UnreadableFile: when the starts or leads have no common axis.
    LeftOut: for means and the like of an ensemble.
    """
    ds = _without_derived(raw)
    name = next((n for n in STARTS if n in ds.variables), None)
    if name is None:
        raise UnreadableFile(f"no start was found under any of {', '.join(STARTS)}")
    starts = decoded(ds[[name]])[name].values
    when = moments(starts)
    leads, lead_name = _leads(ds, when)
    ds = _with_own_starts(ds, name)
    ds = ds.drop_vars([n for n in _OTHER_TIMES if n in ds.variables and n != name])
    ds = ds.rename({lead_name: "lead"})
    values, unit = leads
    attrs = {"units": unit, "standard_name": "forecast_period"}
    ds = ds.assign_coords(lead=(ds["lead"].dims, values.reshape(ds["lead"].shape), attrs))
    ds[name].attrs["standard_name"] = "forecast_reference_time"
    if "number" in ds.variables:
        ds["number"].attrs["standard_name"] = "realization"
    for v in ds.data_vars.values():
        v.attrs.pop("window_hours", None)
        if method := _cell_method(v):
            v.attrs.setdefault("cell_methods", f"time: {method}")
    hindcast = max(w.year for w in when) <= LAST_HINDCAST
    said = {
        "institution": raw.attrs.get("GRIB_centreDescription", ""),
        "forecast_role": "hindcast" if hindcast else "forecast",
    }
    return ds.assign_attrs({k: v for k, v in said.items() if not raw.attrs.get(k)})


def _without_derived(raw: xr.Dataset) -> xr.Dataset:
    fields = [n for n, v in raw.data_vars.items() if "GRIB_paramId" in v.attrs]
    derived = [n for n in fields if raw[n].attrs.get("GRIB_dataType") in DERIVED]
    if fields and derived == fields:
        kinds = ", ".join(sorted({raw[n].attrs["GRIB_dataType"] for n in derived}))
        raise LeftOut(f"it holds what was computed from members ({kinds}), not the members")
    return raw.drop_vars(derived)


def _with_own_starts(ds: xr.Dataset, name: str) -> xr.Dataset:
    """With ``member_init`` where each member of one nominal start tells its own."""
    if ds[name].size != 1:
        return ds
    for other in STARTS:
        if other in ds.variables and other != name and ds[other].dims == ("number",):
            own = decoded(ds[[other]])[other].values
            if (own != decoded(ds[[name]])[name].values).any():
                return ds.assign_coords(member_init=("number", own))
    return ds


def _leads(ds: xr.Dataset, starts: Sequence[Moment]) -> tuple[Leads, str]:
    if "forecastMonth" in ds.variables:
        numbers = np.atleast_1d(ds["forecastMonth"].values).astype(np.int64)
        return (numbers - _months_off(starts), "months"), "forecastMonth"
    name = next((n for n in STEPS if n in ds.variables), None)
    if name is None:
        raise UnreadableFile("no lead was found under forecastMonth, step or forecast_period")
    units = str(ds[name].attrs.get("units", "hours"))
    hours = np.atleast_1d(ds[name].values).astype(np.float64)
    hours *= 24 if units.startswith("day") else 1
    fields = [v for v in ds.data_vars.values() if "GRIB_paramId" in v.attrs]
    # One step alone is a scalar, which all fields are for.
    found = [_of_steps(v.attrs, hours, starts) for v in fields if {*ds[name].dims} <= {*v.dims}]
    if not found:
        raise UnreadableFile(f"none of its variables has the lead {name!r}")
    first, unit = found[0]
    if any(u != unit or not np.array_equal(first, x) for x, u in found):
        raise UnreadableFile(
            "some of its variables are for instants and others for windows of time, which are "
            "no common leads; a file of each kind can be read"
        )
    return (first, unit), name


def _months_off(starts: Sequence[Moment]) -> int:
    """What ``forecastMonth`` is in the start's own month."""
    on_the_first = {start == dt.datetime(start.year, start.month, 1) for start in starts}
    if len(on_the_first) > 1:
        raise UnreadableFile(
            "some of its starts are the first instant of a month and some are not, so a month's "
            "number is another lead for each; indexed by the nominal start (indexing_time) it "
            "can be read"
        )
    return 1 if on_the_first.pop() else 0


def _of_steps(
    attrs: dict[str, object], hours: npt.NDArray[np.float64], starts: Sequence[Moment]
) -> Leads:
    """Leads of steps that end at ``hours``, to the first instant of each window."""
    if str(attrs.get("GRIB_dataType")) in _OF_MONTHS:
        if len(starts) > 1:
            raise UnreadableFile(
                "its months are counted in hours from several starts, and months differ in "
                "length; a file for each start can be read, and so can forecastMonth"
            )
        ends = [starts[0] + dt.timedelta(hours=float(h)) for h in hours]
        last = [end - dt.timedelta(seconds=1) for end in ends]
        return np.array([lead_of(starts[0], m, "months") for m in last], np.int64), "months"
    window = attrs.get("window_hours")
    if window is None:
        window = _guessed_window(str(attrs.get("GRIB_stepType", "instant")), hours)
    begins = hours - float(str(window))
    if not np.array_equal(begins, np.floor(begins)):
        raise UnreadableFile(f"its steps are not whole hours: {hours[:3]}")
    if window == 24 and not (begins % 24).any():
        return (begins // 24).astype(np.int64), "days"
    return begins.astype(np.int64), "hours"


def _guessed_window(kind: str, hours: npt.NDArray[np.float64]) -> float:
    """Hours that a field of that step type is for; a sum is taken to be since the start."""
    if kind not in _OF_STEPS or kind == "accum":
        return 0
    if not (hours % 24).any():
        return 24
    if np.array_equal(hours, hours[0] * np.arange(1, hours.size + 1)):
        return float(hours[0])
    raise UnreadableFile(f"how long the windows of its {kind} values are cannot be told")


def _cell_method(v: xr.DataArray) -> str | None:
    kind = str(v.attrs.get("GRIB_dataType", ""))
    return _OF_MONTHS.get(kind) or _OF_STEPS.get(str(v.attrs.get("GRIB_stepType", "")))
