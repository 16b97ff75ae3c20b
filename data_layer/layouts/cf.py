"""Generic CF forecasts and observations, and one-file-per-member sets of them.

Reads, on a regular latitude-longitude grid:

* dims init × member × lead (any order, any may be absent) with the leads as a
  number of months, days or hours, or as a timedelta;
* dims member × valid time, with the start as a scalar or as one start per
  member (a lagged ensemble, as GloSea4's), or in no coordinate but one;
* one member per file, its number in the file or at the end of the file's name;
* dims valid time alone: observations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import UnreadableFile
from data_layer.layouts.recognise import coordinates, member_from_name
from data_layer.schema import FORECAST_DIMS, OBSERVATION_DIMS, moments, validate
from data_layer.timing import LeadUnit, Moment, lead_of

_UNIT_WORDS: dict[str, LeadUnit] = {
    "month": "months",
    "months": "months",
    "day": "days",
    "days": "days",
    "d": "days",
    "hour": "hours",
    "hours": "hours",
    "h": "hours",
    "hr": "hours",
}


_ONE_MAP: LeadUnit = "days"


class CfLayout:
    """See the module's docstring."""

    name = "cf"

    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        """Whether a latitude and a longitude axis can be made out."""
        found = coordinates(raw)
        return "lat" in found and "lon" in found

    def open(self, path: Path) -> xr.Dataset:
        """The file as a lazy canonical dataset."""
        # decode_timedelta=False: leads stay numbers with units, since months
        # have no length and pandas' nanoseconds would invent one.
        ds = xr.open_dataset(path, engine="netcdf4", chunks=None, cache=False, decode_timedelta=False)
        try:
            return validate(_canonical(ds, path))
        except Exception:
            ds.close()
            raise


LAYOUT = CfLayout()


def _canonical(ds: xr.Dataset, path: Path) -> xr.Dataset:
    role = coordinates(ds)
    for axis in ("lat", "lon"):
        if axis not in role:
            raise UnreadableFile(f"no {'latitude' if axis == 'lat' else 'longitude'} was recognised")
        if ds[role[axis]].dims != (role[axis],):
            raise UnreadableFile(
                f"its {axis} {role[axis]!r} is not an axis of its own; "
                "two-dimensional grids are not read yet"
            )
    ds = ds.reset_coords(drop=False).set_coords([n for n in role.values() if n in ds.variables])
    if "init" not in role and "lead" not in role and "member" not in role:
        return _observations(ds, role)
    return _forecast(ds, role, path)


def _observations(ds: xr.Dataset, role: dict[str, str]) -> xr.Dataset:
    if "valid" not in role:
        raise UnreadableFile("neither a start nor a valid time was recognised")
    names = {role["valid"]: "time", role["lat"]: "lat", role["lon"]: "lon"}
    return _keep(ds.rename(names), OBSERVATION_DIMS, ("time", "lat", "lon"))


def _forecast(ds: xr.Dataset, role: dict[str, str], path: Path) -> xr.Dataset:
    if "init" not in role:
        raise UnreadableFile(
            "no start of the forecast was recognised (standard_name forecast_reference_time)"
        )
    init = ds[role["init"]]
    if not np.issubdtype(init.dtype, np.datetime64):
        raise UnreadableFile(f"its start {role['init']!r} is not a date of the standard calendar")
    member_name = role.get("member")
    member_dim = ds[member_name].dims if member_name else ()
    starts = init.values
    per_member = init.ndim == 1 and init.dims == member_dim and role["init"] not in ds.dims
    if init.ndim > 1 or (init.ndim == 1 and not per_member and role["init"] not in ds.dims):
        raise UnreadableFile(f"its start {role['init']!r} is spread over {init.dims}")
    nominal = np.max(starts) if starts.ndim == 0 or per_member else None

    ds, lead_values, unit = _with_lead(ds, role, moments(np.atleast_1d(starts)), nominal)
    renames = {role["lat"]: "lat", role["lon"]: "lon"}
    if member_name and ds[member_name].dims == (member_name,):
        renames[member_name] = "member"
    if nominal is None:
        renames[role["init"]] = "init"
    ds = ds.rename({a: b for a, b in renames.items() if a != b})

    if "member" not in ds.dims:
        number = int(ds[member_name].values) if member_name and ds[member_name].ndim == 0 else None
        number = member_from_name(path) if number is None else number
        ds = ds.drop_vars(member_name) if member_name else ds
        ds = ds.expand_dims(member=[number or 0])
    else:
        ds = ds.assign_coords(member=("member", _whole(ds["member"].values, "member")))
    if nominal is not None:
        ds = ds.drop_vars(role["init"]).expand_dims(init=[nominal])
        if per_member and len(np.unique(starts)) > 1:
            ds = ds.assign_coords(member_init=("member", starts))
    ds = ds.assign_coords(lead=("lead", lead_values, {"units": unit}))
    return _keep(ds, FORECAST_DIMS, (*FORECAST_DIMS, "member_init"))


def _with_lead(
    ds: xr.Dataset, role: dict[str, str], starts: list[Moment], nominal: Any
) -> tuple[xr.Dataset, npt.NDArray[np.int64], LeadUnit]:
    """The dataset with a dimension ``lead``, the leads, and their unit."""
    lead_name, valid_name = role.get("lead"), role.get("valid")
    if lead_name and ds[lead_name].dims == (lead_name,):
        lead = ds[lead_name]
        ds = ds.rename({lead_name: "lead"}) if lead_name != "lead" else ds
        return ds, *_lead_numbers(lead, valid_name is not None and ds[valid_name], starts)
    if valid_name and ds[valid_name].dims == (valid_name,) and nominal is not None:
        begins, unit = _window_begins(ds, valid_name)
        (origin,) = moments(np.atleast_1d(nominal))
        leads = np.array([lead_of(origin, b, unit) for b in begins], np.int64)
        drop = [n for n in (lead_name,) if n and n in ds.variables]
        return ds.drop_vars(drop).rename({valid_name: "lead"}).drop_vars("lead"), leads, unit
    if nominal is not None:
        return _single_lead(ds, lead_name, valid_name, nominal)
    raise UnreadableFile("neither a lead nor a valid time was recognised as an axis")


def _single_lead(
    ds: xr.Dataset, lead_name: str | None, valid_name: str | None, nominal: Any
) -> tuple[xr.Dataset, npt.NDArray[np.int64], LeadUnit]:
    """One map per file: its lead from the scalar valid time, else 0."""
    (origin,) = moments(np.atleast_1d(nominal))
    lead, unit = 0, _ONE_MAP
    if valid_name and ds[valid_name].ndim == 0:
        (begin,) = moments(np.atleast_1d(ds[valid_name].values))
        lead = lead_of(origin, begin, unit)
    drop = [n for n in (lead_name, valid_name) if n and n in ds.variables]
    return ds.drop_vars(drop).expand_dims("lead"), np.array([lead], np.int64), unit



def _lead_numbers(
    lead: xr.DataArray, valid: xr.DataArray | bool, starts: list[Moment]
) -> tuple[npt.NDArray[np.int64], LeadUnit]:
    words = str(lead.attrs.get("units", "")).lower().split()
    unit = _UNIT_WORDS.get(words[0]) if words else None
    if unit is None:
        unit = "months" if "month" in f"{lead.name} {lead.attrs.get('long_name', '')}".lower() else None
    if unit is None:
        raise UnreadableFile(
            f"its lead {lead.name!r} is counted in {' '.join(words) or 'nothing named'}; "
            "months, days or hours are understood"
        )
    values = lead.values.astype(np.float64)
    if isinstance(valid, xr.DataArray) and valid.ndim == 2 and unit == "months":
        # The valid time is what the file says of itself; a count that begins
        # at 1 for the start's own month would otherwise be taken for lead 1.
        first = moments(np.atleast_1d(valid.isel({d: 0 for d in valid.dims if d != lead.dims[0]})))
        return np.array([lead_of(starts[0], b, unit) for b in first], np.int64), unit
    if str(lead.name).lower() == "forecastmonth":
        values = values - 1  # by definition 1 in the start's own month (Copernicus C3S)
    return _whole(np.floor(values), "lead"), unit


def _window_begins(ds: xr.Dataset, valid_name: str) -> tuple[list[Moment], LeadUnit]:
    """First instants of the windows that the valid times stand for, and their kind.

    Bounds decide when there are any; else the spacing of the times does.
    """
    valid = ds[valid_name]
    if not np.issubdtype(valid.dtype, np.datetime64):
        raise UnreadableFile(f"its times {valid_name!r} are not dates of the standard calendar")
    times = moments(valid.values)
    bounds = valid.attrs.get("bounds") or valid.encoding.get("bounds")
    if bounds in ds.variables:
        edges = ds[bounds].values
        begins, ends = moments(edges[:, 0]), moments(edges[:, 1])
        days = [(e - b).total_seconds() / 86400 for b, e in zip(begins, ends, strict=True)]
        if all(27.5 <= d <= 31.5 for d in days):
            return begins, "months"
        return begins, "days" if min(days) >= 1 else "hours"
    if len(times) > 1:
        gaps = [(b - a).total_seconds() / 86400 for a, b in zip(times, times[1:], strict=False)]
        if all(27.5 <= g <= 31.5 for g in gaps):
            return times, "months"
        if all(abs(g - round(g)) < 1e-6 and g >= 1 for g in gaps):
            return times, "days"
        return times, "hours"
    return times, "months" if "month" in str(valid.attrs).lower() else "days"


def _whole(values: npt.NDArray[Any], what: str) -> npt.NDArray[np.int64]:
    numbers = np.asarray(values)
    if not np.issubdtype(numbers.dtype, np.number):
        try:
            numbers = np.array([int(str(v).lstrip("er")) for v in numbers.ravel()])
        except ValueError as error:
            raise UnreadableFile(f"its {what}s are not numbers: {numbers.ravel()[:3]}") from error
    if not np.array_equal(numbers, np.floor(numbers)):
        raise UnreadableFile(f"its {what}s are not whole numbers: {numbers.ravel()[:3]}")
    return numbers.astype(np.int64)


def _keep(ds: xr.Dataset, dims: tuple[str, ...], coords: tuple[str, ...]) -> xr.Dataset:
    """Only canonical coordinates, and the variables that lie on all of ``dims`` or lack some.

    A variable without a dimension (a file of one start has none for it) has
    been given it by ``expand_dims``; singleton extra dimensions (a height) are
    dropped, other extra dimensions make a variable unusable here.
    """
    kept: dict[str, xr.DataArray] = {}
    for name, v in ds.data_vars.items():
        extra = [d for d in v.dims if d not in dims]
        if not {"lat", "lon"} <= set(v.dims) or not np.issubdtype(v.dtype, np.number):
            continue
        if any(v.sizes[d] != 1 for d in extra):
            continue
        v = v.isel(dict.fromkeys(extra, 0), drop=True)
        if set(v.dims) == set(dims):
            kept[str(name)] = v.transpose(*dims).reset_coords(drop=True)
    out = xr.Dataset(kept, attrs=ds.attrs)
    return out.assign_coords({c: ds[c] for c in coords if c in ds.variables})
