"""Files of the IRI Data Library: NMME, SubX, S2S and monthly observations.

What is particular to it:

* Axes are called S, M, L (or LA), Y, X, and T where there are no forecasts.
* S and T may count months, in the calendar "360" that CF does not know
  (:mod:`data_layer.layouts.months`).
* Leads are the middles of their windows: 0.5 is the first month or day.
* Reforecasts of S2S have three axes of time. S is the day on which a version of the
  model was used in real time and ``hdate`` the year that it forecast anew, written as
  the middle of that year in months; the reforecast starts on the day and month of S in
  the year of ``hdate``.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.base import Repaired
from data_layer.layouts.files import decoded
from data_layer.layouts.lazy import with_all_attributes
from data_layer.layouts.months import in_months, month_starts
from data_layer.layouts.recognise import are_of_no_place, coordinates
from data_layer.layouts.stacked import stacked
from data_layer.schema import moments
from data_layer.timing import Moment, format_init

# Attributes that only the Data Library gives to an axis.
_OF_AXES = {"gridtype", "pointwidth"}
_LEADS = ("L", "LA")
_UNITS = {
    "Celsius_scale": "degC",
    "Fahrenheit_scale": "degF",
    "Kelvin_scale": "K",
    "unitless": "1",
    "ids": "1",
}
_HINDCAST_WORDS = ("hindcast", "reforecast")


class IriLayout(Repaired):
    """The IRI Data Library's files, as ``data.nc`` or through OPeNDAP."""

    name = "iri"

    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        """Whether the file names the library's conventions, or its axes have their attributes."""
        axes = (raw.variables[d].attrs for d in raw.dims if d in raw.variables)
        return str(raw.attrs.get("Conventions", "")).startswith("IRIDL") or any(
            attrs.keys() >= _OF_AXES for attrs in axes
        )

    def repair(self, raw: xr.Dataset, path: Path) -> xr.Dataset:
        """Dates from months, whole leads, one start from S and ``hdate``."""
        ds = _in_known_words(raw)
        found = coordinates(ds)
        if are_of_no_place(ds):
            ds = _said_what_it_is(ds)
        elif "lat" not in found or "lon" not in found:
            raise UnreadableFile(_without_a_place(ds))
        _refuse_climatologies(ds)
        ds = _with_whole_leads(ds)
        ds = _with_reforecast_starts(ds) if "hdate" in ds.variables else _with_dates(ds)
        if any(word in path.name.lower() or word in _folders(path) for word in _HINDCAST_WORDS):
            ds = ds.assign_attrs(forecast_role="hindcast")
        return ds


def _folders(path: Path) -> list[str]:
    # .HINDCAST and .reforecast, where the library's own addresses are kept as folders.
    return [part.lower().strip(".") for part in path.parent.parts]


def _in_known_words(raw: xr.Dataset) -> xr.Dataset:
    changed = {}
    for name, v in raw.variables.items():
        attrs = dict(v.attrs)
        if attrs.get("units") in _UNITS:
            attrs["units"] = _UNITS[attrs["units"]]
        if attrs.get("calendar") == "360":
            attrs["calendar"] = "360_day"
        fill = attrs.get("_FillValue")
        if "missing_value" in attrs and isinstance(fill, np.floating) and np.isnan(fill):
            # Missing all the same, and xarray warns of two values that mean it.
            del attrs["_FillValue"]
        changed[name] = attrs
    return with_all_attributes(raw, changed)


def _without_a_place(ds: xr.Dataset) -> str:
    held = ", ".join(f"{n}({', '.join(map(str, v.dims))})" for n, v in ds.data_vars.items())
    averaged = _averaged(ds)
    what = f"{held} ({averaged})" if averaged else held or "no variable"
    return (
        f"it holds {what}, without latitudes and longitudes; fields on a grid can be shown, and "
        "series of times, starts, leads and members alone"
    )


def _averaged(ds: xr.Dataset) -> str:
    """Of what region it is the mean, in the library's words."""
    return next((str(v.attrs["history"]) for v in ds.values() if "history" in v.attrs), "")


def _said_what_it_is(ds: xr.Dataset) -> xr.Dataset:
    said = " ".join(filter(None, [_averaged(ds), str(ds.attrs.get("comment", ""))]))
    return ds.assign_attrs(comment=said) if said else ds


def _refuse_climatologies(ds: xr.Dataset) -> None:
    start = coordinates(ds).get("init")
    if start is not None and {"modulo", "modulus"} & ds[start].attrs.keys():
        raise LeftOut(
            f"its starts {start!r} repeat every year: it holds the mean of the forecasts of each "
            "month, and no forecast"
        )


def _with_dates(ds: xr.Dataset) -> xr.Dataset:
    """Months counted made dates; a valid time of start and lead, said twice, left away."""
    counted = [n for n, v in ds.variables.items() if in_months(v)]
    plain = {n: month_starts(ds.variables[n]) for n in counted if ds[n].ndim < 2}
    return ds.drop_vars([n for n in counted if n not in plain]).assign_coords(plain)


def _with_whole_leads(ds: xr.Dataset) -> xr.Dataset:
    leads = [
        n
        for n, v in ds.variables.items()
        if v.dims == (n,) and (n in _LEADS or v.attrs.get("standard_name") == "forecast_period")
    ]
    if len(leads) > 1:
        raise UnreadableFile(
            f"it holds leads of {len(leads)} kinds, {' and '.join(sorted(map(str, leads)))}; "
            "a file may hold one"
        )
    if not leads:
        return ds
    name = leads[0]
    lead = ds.variables[name]
    unit = str(lead.attrs.get("units", "")).lower()
    values = np.asarray(lead.values, np.float64)
    width = float(lead.attrs.get("pointwidth", 1))
    if unit.startswith(("month", "day")):
        if width not in (0, 1):
            raise UnreadableFile(
                f"its leads {name!r} stand for {width:g} {unit} each; "
                "forecasts of single months or days are read"
            )
        if (np.round(values * 2, 3) % 1).any():
            raise UnreadableFile(
                f"its leads {name!r} are neither whole {unit} nor the middles of them: {values[:3]}"
            )
        values = np.floor(np.round(values, 3))
    attrs = lead.attrs | {"standard_name": "forecast_period"}
    return ds.assign_coords({name: xr.Variable(lead.dims, values, attrs)})


# ------------------------------------------------------------------ reforecasts of S2S


def _with_reforecast_starts(ds: xr.Dataset) -> xr.Dataset:
    """S × hdate made one axis ``init``, ascending; data stay lazy."""
    real_time = coordinates(ds.drop_vars("hdate")).get("init", "S")
    for axis in (real_time, "hdate"):
        if axis not in ds.variables or ds[axis].dims != (axis,):
            raise UnreadableFile(
                f"it holds reforecasts and its {axis!r} is not an axis: a start is made of the "
                "day of S and the year of hdate"
            )
    if not in_months(ds.variables["hdate"]):
        raise UnreadableFile(
            f"its 'hdate' is counted in {ds['hdate'].attrs.get('units') or 'nothing named'}; "
            "months since a date are understood"
        )
    years = month_starts(ds.variables["hdate"]).values.astype("datetime64[Y]")
    days = decoded(_with_dates(ds[[real_time]]))[real_time].values
    if not np.issubdtype(days.dtype, np.datetime64) or np.isnat(days).any():
        raise UnreadableFile(f"its {real_time!r} is not a day of the standard calendar throughout")
    starts, pairs = reforecast_starts(days, years)
    out = ds.drop_vars([real_time, "hdate"])
    dims = (real_time, "hdate")
    merged: dict[Hashable, xr.Variable] = {
        n: stacked(v, dims, "init", pairs)
        for n, v in out.variables.items()
        if set(dims) <= set(v.dims)
    }
    out = out.drop_dims(dims, errors="ignore").assign(merged)
    attrs = {"standard_name": "forecast_reference_time"}
    return _with_dates(out.assign_coords(init=("init", starts, attrs))).assign_attrs(
        forecast_role="hindcast"
    )


def reforecast_starts(
    days: npt.NDArray[np.datetime64], years: npt.NDArray[np.datetime64]
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.int64]]:
    """Starts of reforecasts, ascending, and where each lies.

    The reforecasts of 29 February start on 28 February, in leap years too: those of the
    centres that have any under that day do (the S2S database's known issues, on the leap
    year 2024: https://confluence.ecmwf.int/pages/viewpage.action?pageId=51710274).

    Parameters
    ----------
    days: shape ``(s,)``, the days of real time.
    years: shape ``(h,)``, datetime64[Y].

    Returns
    -------
    Starts, datetime64[ns] of shape ``(s * h,)``, and positions of shape ``(s * h, 2)``
    in ``days`` and ``years``.

    Raises
    ------
    UnreadableFile: when two days of real time have a reforecast of the same start.
    """
    made: dict[Moment, tuple[int, int]] = {}
    for i, day in enumerate(moments(days)):
        same = day.replace(day=28) if (day.month, day.day) == (2, 29) else day
        for j, year in enumerate(moments(years)):
            start = same.replace(year=year.year)
            if start in made:
                other = moments(days)[made[start][0]]
                raise UnreadableFile(
                    f"it holds two reforecasts of {format_init(start)}, made for "
                    f"{format_init(other)} and {format_init(day)} by what may be two versions "
                    "of the model; a file may hold one year of S"
                )
            made[start] = (i, j)
    ascending = sorted(made)
    starts = np.array(ascending, "datetime64[ns]")
    return starts, np.array([made[s] for s in ascending], np.int64).reshape(-1, 2)


LAYOUT = IriLayout()
