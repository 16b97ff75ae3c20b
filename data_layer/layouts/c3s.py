"""The Copernicus Climate Change Service (C3S): seasonal forecasts as NetCDF.

Two kinds of files:

* providers' (conventions C3S-0.1 to C3S-0.3, ECMWF's "Guide to NetCDF encoding for C3S
  providers"): ``<centre>_<system>_<hindcast|forecast>_S<YYYYMMDDHH>_<realm>_<frequency>_
  <level>_<variable>_r01i00p00.nc``, one variable of one member of one start. ``leadtime``
  with bounds for a window, without for an instant; ``realization`` is text;
* those that the Climate Data Store, or cfgrib, converts from GRIB
  (:mod:`data_layer.layouts.grib_words`).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.base import Repaired
from data_layer.layouts.files import decoded
from data_layer.layouts.grib_words import STARTS, STEPS, in_cf_words
from data_layer.layouts.levels import levels_apart
from data_layer.layouts.messages import is_grib
from data_layer.schema import moments
from data_layer.timing import LeadUnit, add_months, lead_of

_CONVENTION = re.compile(r"\bC3S-0\.\d\b")
_REALIZATION = re.compile(r"^r(\d+)i(\d+)p(\d+)$")
_LEVELS = ("plev", "depth", "isobaricInhPa", "pressure_level")

_HOURS = {"hour": 1.0, "hours": 1.0, "h": 1.0, "day": 24.0, "days": 24.0, "d": 24.0}


class C3sLayout(Repaired):
    """Providers' files, and files converted from GRIB."""

    name = "c3s"

    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        """By the conventions that a provider names, or by the attributes GRIB leaves behind."""
        return (_provided(raw) or _converted(raw)) and not is_grib(path)

    def repair(self, raw: xr.Dataset, path: Path) -> xr.Dataset:
        """Starts, leads and members as CF says them, and which files are one dataset."""
        ds = _from_provider(raw) if _provided(raw) else in_cf_words(raw)
        for dim in _LEVELS:
            ds = levels_apart(ds, dim)
        return ds


def _provided(raw: xr.Dataset) -> bool:
    return bool(_CONVENTION.search(str(raw.attrs.get("Conventions", ""))))


def _converted(raw: xr.Dataset) -> bool:
    return (
        "GRIB_centre" in raw.attrs
        and any("GRIB_paramId" in v.attrs for v in raw.variables.values())
        and any(name in raw.variables for name in STARTS)
        and any(name in raw.variables for name in ("forecastMonth", *STEPS))
    )


def _from_provider(raw: xr.Dataset) -> xr.Dataset:
    if "leadtime" not in raw.variables:
        if raw.attrs.get("frequency") == "fix":
            raise LeftOut("it holds a field that does not change with time (frequency fix)")
        raise UnreadableFile("it has no leadtime, which C3S' conventions ask for")
    start = _start(raw)
    leads, unit = _leads(raw, start)
    realization = _realization(raw)
    match = _REALIZATION.match(realization)
    if match is None:
        raise UnreadableFile(
            f"its realization is {realization!r}; C3S' conventions ask for one like r01i00p00"
        )
    member, *others = map(int, match.groups())
    ds = raw.drop_vars(
        [
            name
            for name, v in raw.variables.items()
            if str(name).endswith("_bnds") or name in ("reftime", "time", "realization")
        ]
    )
    ds = ds.assign_coords(
        leadtime=("leadtime", leads, {"units": unit, "standard_name": "forecast_period"}),
        reftime=((), start, {"standard_name": "forecast_reference_time"}),
        realization=((), member, {"standard_name": "realization"}),
    )
    system = str(raw.attrs.get("source", "")).split(":")[0].strip()
    kind, every = (str(raw.attrs.get(k, "")) for k in ("forecast_type", "frequency"))
    called = [system or str(raw.attrs.get("institute_id", "")), kind, every]
    if any(others):  # started or built otherwise than the members of that number
        called.append("i{:02d}p{:02d}".format(*others))
    words = " ".join(word for word in called if word)
    said = {"system": system, "forecast_role": kind, "series": f"{words} {unit}", "title": words}
    return ds.assign_attrs({k: v for k, v in said.items() if v})


def _start(raw: xr.Dataset) -> np.datetime64:
    """The start: ``reftime``, or the attribute that says the same."""
    if "reftime" in raw.variables:
        starts = np.unique(decoded(raw[["reftime"]])["reftime"].values)
        if starts.size != 1:
            raise UnreadableFile(f"it has {starts.size} starts in reftime; one was expected")
        return np.datetime64(starts[0], "ns")
    said = str(raw.attrs.get("forecast_reference_time", ""))
    try:
        return np.datetime64(said.removesuffix("Z"), "ns")
    except ValueError as error:
        raise UnreadableFile(
            f"it has no reftime, and its forecast_reference_time is {said!r}, which is no date"
        ) from error


def _realization(raw: xr.Dataset) -> str:
    """The member's label, which may be written as one text or as its letters."""
    if "realization" not in raw.variables:
        raise UnreadableFile("it has no realization, which C3S' conventions ask for")
    letters = np.ravel(raw["realization"].values).tolist()
    parts = (x.decode("latin-1") if isinstance(x, bytes) else str(x) for x in letters)
    return "".join(parts).strip("\0 ")


def _leads(raw: xr.Dataset, start: np.datetime64) -> tuple[npt.NDArray[np.int64], LeadUnit]:
    """Leads to the first instants of windows, or to the instants."""
    lead = raw["leadtime"]
    unit = str(lead.attrs.get("units", "")).lower()
    if unit not in _HOURS:
        raise UnreadableFile(
            f"its leadtime is in {unit or 'nothing named'}; hours or days were expected"
        )
    ends = np.atleast_1d(lead.values).astype(np.float64) * _HOURS[unit]
    begins = ends
    bounds = str(lead.attrs.get("bounds", "leadtime_bnds"))
    if bounds in raw.variables:
        edges = raw[bounds].values.reshape(-1, 2).astype(np.float64) * _HOURS[unit]
        # A sum since the start is known by its end: its windows all begin as one.
        if len(edges) == 1 or len(np.unique(edges[:, 0])) > 1:
            begins, ends = edges[:, 0], edges[:, 1]
        else:
            begins = ends = edges[:, 1]
    elif not _of_instants(raw):
        raise UnreadableFile(
            "its values are for windows of time, and leadtime has no bounds that say which"
        )
    (origin,) = moments(np.atleast_1d(start))
    first = moments(start + _hours(begins))
    last = moments(start + _hours(ends))
    if all(
        begin.day == 1 and begin.hour == 0 and add_months(begin, 1) == end
        for begin, end in zip(first, last, strict=True)
    ):
        return np.array([lead_of(origin, begin, "months") for begin in first], np.int64), "months"
    if ((ends - begins) == 24).all() and not (begins % 24).any():
        return (begins // 24).astype(np.int64), "days"
    if not np.array_equal(begins, np.floor(begins)):
        raise UnreadableFile(f"its windows do not begin at whole hours: {begins[:3]}")
    return begins.astype(np.int64), "hours"


def _hours(values: npt.NDArray[np.float64]) -> npt.NDArray[np.timedelta64]:
    return np.round(values * 3600).astype(np.int64).astype("timedelta64[s]")


def _of_instants(raw: xr.Dataset) -> bool:
    """Whether the forecast's cell methods say instants, or nothing."""
    methods = [str(v.attrs.get("cell_methods", "")) for v in raw.variables.values() if v.ndim > 2]
    return all("time: point" in m or "time:" not in m for m in methods)


LAYOUT = C3sLayout()
