"""From decoded CF coordinates to the canonical dataset, whatever they are called.

Reads, on a latitude-longitude grid, or on any whose cells have a latitude and a longitude:

* dims init × member × lead (any order, any may be absent) with the leads as a
  number of months, days or hours, or as a timedelta;
* dims member × valid time, with the start as a scalar or as one start per
  member (a lagged ensemble, as GloSea4's);
* one member per file, its number in the file or at the end of the file's name;
* one map per file, with a scalar start and a scalar valid time or lead;
* valid time alone, as a dim or a scalar: observations;
* any of these without a grid, when there is nothing but series of no place: indices.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import UnreadableFile
from data_layer.layouts.calendars import check_days
from data_layer.layouts.curvilinear import on_axes
from data_layer.layouts.lazy import with_dims
from data_layer.layouts.recognise import (
    NAMES,
    are_of_no_place,
    coordinates,
    member_from_name,
    member_number,
)
from data_layer.layouts.rotated import with_places
from data_layer.schema import FORECAST_DIMS, OBSERVATION_DIMS, moments, nowhere, validate
from data_layer.timing import LeadUnit, Moment, lead_of

Leads = tuple[npt.NDArray[np.int64], LeadUnit]

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


def canonical(ds: xr.Dataset, path: Path) -> xr.Dataset:
    """The canonical dataset, still lazy (:func:`data_layer.schema.validate`).

    Parameters
    ----------
    ds: decoded times; leads as numbers with units, or timedeltas.
    path: where it lies; a member's number may stand in its name.

    Raises
    ------
    UnreadableFile: saying what could not be made out.
    """
    return validate(_canonical(ds, path))


def _canonical(ds: xr.Dataset, path: Path) -> xr.Dataset:
    ds = with_places(ds)
    role = coordinates(ds)
    if are_of_no_place(ds):
        # Its auxiliary coordinates (a month's number, say) would pass for indices.
        ds = ds.set_coords(list(role.values()))
        return _by_time(_without_blanks(ds, role.get("valid", "")), role, path)
    for axis, word in (("lat", "latitude"), ("lon", "longitude")):
        if axis not in role:
            raise UnreadableFile(f"no {word} was recognised")
    if any(ds[role[axis]].dims != (role[axis],) for axis in ("lat", "lon")):
        ds, axes = on_axes(ds, role["lat"], role["lon"])
        role |= axes
    ds = ds.reset_coords().set_coords(list(role.values()))
    lon = ds[role["lon"]].values
    if lon.size > 1 and (lon[-1] - lon[0]) % 360 == 0:
        ds = ds.isel({role["lon"]: slice(-1)})  # the first meridian, repeated to close the circle
    return _by_time(ds, role, path)


def _without_blanks(ds: xr.Dataset, time: str) -> xr.Dataset:
    """Series without the rows of a table that were left blank: no time, and no value either."""
    if time not in ds.dims or not np.issubdtype(ds[time].dtype, np.datetime64):
        return ds
    timeless = np.isnat(ds[time].values)
    if not timeless.any() or timeless.all():
        return ds
    rows = ds.isel({time: np.flatnonzero(timeless)})
    blank = all(bool(v.isnull().all()) for v in rows.values() if time in v.dims)
    return ds.isel({time: np.flatnonzero(~timeless)}) if blank else ds


def _by_time(ds: xr.Dataset, role: dict[str, str], path: Path) -> xr.Dataset:
    if "init" in role or "lead" in role or "member" in role:
        return _forecast(ds, role, path)
    return _observations(ds, role)


def _observations(ds: xr.Dataset, role: dict[str, str]) -> xr.Dataset:
    if "valid" not in role:
        raise UnreadableFile("neither a start nor a valid time was recognised")
    time = ds[role["valid"]]
    if time.ndim > 1:
        raise UnreadableFile(f"its time {role['valid']!r} is spread over {time.dims}")
    names = _cells(role) | dict.fromkeys(time.dims, "time")
    dim, times, attrs = _axis(time, "time")
    if _REPEATING & (time.attrs.keys() | time.encoding.keys()):
        ds = _said_to_repeat(ds)
        if np.issubdtype(times.dtype, np.datetime64) and times.size == 12:
            months = times.astype("datetime64[M]")
            if len(np.unique(months)) == 12:  # the middles of the months, or nearly
                times = months.astype("datetime64[ns]")
    coords = _grid(ds, role) | {"time": (dim, times, attrs)}
    return _assembled(ds, names, coords, OBSERVATION_DIMS)


# Of CF, of Ferret and of the IRI Data Library.
_REPEATING = {"climatology", "modulo", "modulus"}


def _said_to_repeat(ds: xr.Dataset) -> xr.Dataset:
    said = "A climatology: its times stand for every year, not for the year they name."
    return ds.assign_attrs(comment=" ".join(filter(None, [said, str(ds.attrs.get("comment", ""))])))


def _forecast(ds: xr.Dataset, role: dict[str, str], path: Path) -> xr.Dataset:
    if "init" not in role:
        raise UnreadableFile(
            "no start of the forecast was recognised (standard_name forecast_reference_time)"
        )
    init = ds[role["init"]]
    starts = init.values
    if not np.issubdtype(init.dtype, np.datetime64):
        raise UnreadableFile(f"its start {role['init']!r} is not a date of the standard calendar")
    if np.isnat(starts).any():
        raise UnreadableFile(f"its start {role['init']!r} is missing")
    member_dim, members = _members(ds, role.get("member"), path)
    per_member = init.ndim == 1 and init.dims[0] == member_dim
    if init.ndim > 1 or (init.ndim == 1 and not per_member and init.dims != (role["init"],)):
        raise UnreadableFile(f"its start {role['init']!r} is spread over {init.dims}")
    nominal = np.max(starts) if init.ndim == 0 or per_member else None
    lead_dim, (leads, unit) = _leads(ds, role, moments(starts), nominal)

    names = _cells(role)
    for dim, canonical in (
        (None if nominal is not None else role["init"], "init"),
        (member_dim, "member"),
        (lead_dim, "lead"),
    ):
        if dim in names:
            raise UnreadableFile(f"its {dim!r} stands for both {names[dim]} and {canonical}")
        if dim is not None:
            names[dim] = canonical
    coords = _grid(ds, role) | {
        "init": np.atleast_1d(starts if nominal is None else nominal),
        "member": members,
        "lead": ("lead", leads, {"units": unit}),
    }
    if per_member and len(np.unique(starts)) > 1:
        coords["member_init"] = ("member", starts)
    if "member_init" in ds.variables:  # told by the layout, beside one nominal start
        coords["member_init"] = ("member", np.atleast_1d(ds["member_init"].values))
    return _assembled(ds, names, coords, FORECAST_DIMS)


def _members(
    ds: xr.Dataset, name: str | None, path: Path
) -> tuple[str | None, npt.NDArray[np.int64]]:
    """The dim of the members (``None``: the file holds one) and their numbers."""
    if name is None:
        bare = [str(d) for d in ds.dims if d not in ds.variables]
        for unnumbered in bare:
            if unnumbered.lower() in NAMES["member"]:
                return unnumbered, np.arange(ds.sizes[unnumbered])
        return None, np.array([member_from_name(path) or 0])
    member = ds[name]
    if member.ndim > 1:
        raise UnreadableFile(f"its member {name!r} is spread over {member.dims}")
    dim = str(member.dims[0]) if member.ndim else None
    if np.issubdtype(member.dtype, np.number):
        return dim, _whole(np.atleast_1d(member.values), "member")
    numbers = [member_number(label) for label in np.ravel(member.values)]
    if None in numbers:
        raise UnreadableFile(f"its members are not numbers: {np.ravel(member.values)[:3]}")
    return dim, np.array(numbers, np.int64)


def _leads(
    ds: xr.Dataset, role: dict[str, str], starts: list[Moment], nominal: Any
) -> tuple[str | None, Leads]:
    """The dim of the leads (``None``: the file holds one), and the leads with their unit."""
    calendar = str(ds[role["init"]].encoding.get("calendar", ""))
    lead = ds[role["lead"]] if "lead" in role else None
    valid = ds[role["valid"]] if "valid" in role else None
    if lead is not None and lead.dims == (lead.name,):
        return str(lead.name), _lead_numbers(lead, valid, starts, calendar)
    if lead is not None and lead.ndim == 0 and _lead_unit(lead) == "months":
        return None, _lead_numbers(lead, None, starts, calendar)
    if valid is not None and valid.ndim <= 1 and nominal is not None:
        (origin,) = moments(nominal)
        begins, unit = _window_begins(ds, valid, origin)
        if unit == "days" and origin.hour and any((b - origin).seconds for b in begins):
            raise UnreadableFile(
                f"its days do not begin at the hour of its start, {origin:%H:%M}, "
                "and leads in days are counted from there"
            )
        leads = np.array([lead_of(origin, b, unit) for b in begins], np.int64)
        return (str(valid.dims[0]) if valid.ndim else None), (leads, unit)
    if lead is not None and lead.ndim <= 1:
        return (str(lead.dims[0]) if lead.ndim else None), _lead_numbers(
            lead, valid, starts, calendar
        )
    if lead is None and valid is None and nominal is not None:
        return None, (np.zeros(1, np.int64), "days")
    raise UnreadableFile("neither a lead nor a valid time was recognised as an axis")


def _lead_unit(lead: xr.DataArray) -> LeadUnit | None:
    said = str(lead.attrs.get("units", "")).lower().split()[:1]
    unit = _UNIT_WORDS.get(said[0]) if said else None
    called = f"{lead.name} {lead.attrs.get('long_name', '')}".lower()
    return "months" if unit is None and "month" in called else unit


def _lead_numbers(
    lead: xr.DataArray, valid: xr.DataArray | None, starts: list[Moment], calendar: str
) -> Leads:
    unit = _lead_unit(lead)
    if unit is None:
        raise UnreadableFile(
            f"its lead {lead.name!r} is counted in {lead.attrs.get('units') or 'nothing named'}; "
            "months, days or hours are understood"
        )
    values = np.atleast_1d(lead.values).astype(np.float64)
    if str(lead.name).lower() == "forecastmonth":
        # By definition 1 in the start's own month (Copernicus C3S); the valid
        # times beside it are the ends of the months.
        return _whole(np.floor(values - 1), "lead"), unit
    if unit == "months" and valid is not None and lead.dims and lead.dims[0] in valid.dims:
        # The valid time is what the file says of itself; a count that begins
        # at 1 for the start's own month would otherwise be taken for lead 1.
        first = valid.isel({d: 0 for d in valid.dims if d != lead.dims[0]})
        return np.array([lead_of(starts[0], b, unit) for b in _dates(first)], np.int64), unit
    leads = _whole(np.floor(values), "lead")
    if leads.size:
        check_days(starts, calendar, int(leads.max()), unit)
    return leads, unit


def _window_begins(
    ds: xr.Dataset, valid: xr.DataArray, origin: Moment
) -> tuple[Sequence[Moment], LeadUnit]:
    """First instants of the windows that the valid times stand for, and their kind.

    Bounds decide when there are any; else the spacing of the times does.
    """
    times = _dates(valid)
    bounds = valid.attrs.get("bounds") or valid.encoding.get("bounds")
    if bounds in ds.variables:
        edges = ds[bounds].values.reshape(-1, 2)
        begins, ends = moments(edges[:, 0]), moments(edges[:, 1])
        days = [(e - b).total_seconds() / 86400 for b, e in zip(begins, ends, strict=True)]
        if all(27.5 <= d <= 31.5 for d in days):
            return begins, "months"
        return begins, "days" if min(days) >= 1 else "hours"
    if len(times) > 1:
        gaps = [(b - a).total_seconds() / 86400 for a, b in pairwise(times)]
        if all(27.5 <= g <= 31.5 for g in gaps):
            return times, "months"
        if all(abs(g - round(g)) < 1e-6 and g >= 1 for g in gaps):
            return times, "days"
        return times, "hours"
    if "month" in str(valid.attrs).lower():
        return times, "months"
    return times, "hours" if (times[0] - origin).total_seconds() % 86400 else "days"


def _dates(times: xr.DataArray) -> list[Moment]:
    if not np.issubdtype(times.dtype, np.datetime64):
        raise UnreadableFile(f"its times {times.name!r} are not dates of the standard calendar")
    if np.isnat(times.values).any():
        raise UnreadableFile(f"some of its times {times.name!r} are missing")
    return moments(times.values)


def _whole(values: npt.NDArray[Any], what: str) -> npt.NDArray[np.int64]:
    if not np.array_equal(values, np.floor(values)):
        raise UnreadableFile(f"its {what}s are not whole numbers: {values[:3]}")
    return values.astype(np.int64)


def _axis(coord: xr.DataArray, dim: str) -> tuple[str, npt.NDArray[Any], dict[Any, Any]]:
    attrs = {k: v for k, v in coord.attrs.items() if k not in ("bounds", "climatology")}
    return dim, np.atleast_1d(coord.values), attrs


def _cells(role: dict[str, str]) -> dict[Any, str]:
    """The file's dims of the grid → the canonical ones; none for an index."""
    return {role[axis]: axis for axis in ("lat", "lon") if axis in role}


def _grid(ds: xr.Dataset, role: dict[str, str]) -> dict[str, Any]:
    if "lat" not in role:
        return dict(nowhere())
    return {axis: _axis(ds[role[axis]], axis) for axis in ("lat", "lon")}


def _assembled(
    ds: xr.Dataset, names: dict[Any, str], coords: dict[str, Any], dims: tuple[str, ...]
) -> xr.Dataset:
    """The canonical dataset of the variables that lie on all of the file's dims in ``names``.

    Canonical dims that the file does not have are added. Singleton extra dims
    (a height) are dropped; other extra dims make a variable unusable here.

    Parameters
    ----------
    names: the file's dims → the canonical ones.
    coords: the canonical coordinates.
    """
    if not names:
        raise UnreadableFile("it holds single numbers, and neither a map nor a series")
    usable = {
        name: v.variable
        for name, v in ds.data_vars.items()
        if set(names) <= set(v.dims)
        and all(v.sizes[d] == 1 for d in v.dims if d not in names)
        and np.issubdtype(v.dtype, np.number)
    }
    if not usable:
        held = ", ".join(f"{n}({', '.join(map(str, v.dims))})" for n, v in ds.data_vars.items())
        raise UnreadableFile(
            f"it holds no variable of numbers on {', '.join(map(str, names))} alone, "
            f"among {held or 'none at all'}"
        )
    extra = {name: dict.fromkeys(set(v.dims) - set(names), 0) for name, v in usable.items()}
    bare = xr.Dataset({name: v.isel(extra[name]) for name, v in usable.items()})
    bare = bare.rename_dims({a: b for a, b in names.items() if a != b})
    kept = {name: with_dims(v.variable, dims) for name, v in bare.data_vars.items()}
    return xr.Dataset(kept, coords, ds.attrs)
