"""Which coordinate of a file is which: standard name, then units and axis, then name."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path

import xarray as xr

STANDARD_NAMES = {
    "init": {"forecast_reference_time"},
    "lead": {"forecast_period"},
    "member": {"realization"},
    "valid": {"time"},
    "lat": {"latitude"},
    "lon": {"longitude"},
}
NAMES = {
    "init": {
        "init",
        "s",
        "forecast_reference_time",
        "reftime",
        "reference_time",
        "forecast_time",
        "start_date",
        "init_date",
        "indexing_time",
        "initialisation_date",
    },
    "lead": {
        "lead",
        "l",
        "step",
        "leadtime",
        "lead_time",
        "forecast_period",
        "forecastmonth",
        "forecast_horizon",
        "prediction_timedelta",
    },
    "member": {
        "member",
        "m",
        "number",
        "realization",
        "realisation",
        "ensemble",
        "ensmem",
        "ens",
        "mem",
        "eps",
    },
    "valid": {"time", "valid_time", "t", "target", "verifying_time", "time_counter"},
    "lat": {"lat", "latitude", "y", "nav_lat"},
    "lon": {"lon", "longitude", "x", "nav_lon"},
}
_NORTH = re.compile(r"^degrees?_?n(orth)?$", re.IGNORECASE)
_EAST = re.compile(r"^degrees?_?e(ast)?$", re.IGNORECASE)
# A bare number at the end of a name may as well be a month or an hour.
_MEMBER_IN_NAME = re.compile(
    r"(?:^|[_\-.])(?:[emr]|(?:mem|ens|member|ensemble)[_\-]?)(\d{1,3})$", re.IGNORECASE
)
# 5, e05, member_5, and r05i00p00 of CMIP and Copernicus.
_MEMBER = re.compile(r"^(?:[a-z]+_?)?(\d+)(?:i\d+p\d+(?:f\d+)?)?$", re.IGNORECASE)
_DEGREES = re.compile(r"^deg", re.IGNORECASE)


def coordinates(ds: xr.Dataset) -> dict[str, str]:
    """Roles (``init lead member valid lat lon``) → the name of the variable that plays each.

    Dimensions with a coordinate are preferred over auxiliary coordinates, and a
    standard name over units, units over a known name. No variable plays two roles.
    """
    found: dict[str, str] = {}
    for role in NAMES:
        ranked = sorted(
            (rank, str(name))
            for name in ds.variables
            if (rank := _rank(ds, name, role)) and name not in found.values()
        )
        if ranked:
            found[role] = ranked[0][1]
    return found


# A station's or a ship's series are of places, whether these were recognised or not.
_OF_PLACES = {"featuretype", "cdm_data_type"}
_PLACES = re.compile(r"latitude|longitude|projection_[xy]_coordinate|angular_coordinate|platform")


def are_of_no_place(ds: xr.Dataset) -> bool:
    """Whether a file holds series such as indices, which have no grid and need none.

    All its dimensions must be axes that are recognised, of starts, leads, members or times
    (or the edges of their bounds), and nothing in it may speak of places. No values are read.
    """
    role = coordinates(ds)
    if {"lat", "lon"} & role.keys() or _OF_PLACES & {str(a).lower() for a in ds.attrs}:
        return False
    if any(_speaks_of_places(str(name), v) for name, v in ds.variables.items()):
        return False
    axes = {name for name in role.values() if ds.variables[name].dims == (name,)}
    axes |= {str(d) for d in ds.dims if d not in ds.variables and str(d).lower() in NAMES["member"]}
    axes |= _edges(ds)
    timed = {"init", "valid"} & role.keys()
    return bool(timed) and bool(axes) and set(ds.dims) <= axes


def _speaks_of_places(name: str, v: xr.Variable) -> bool:
    units = str(v.attrs.get("units", ""))
    return (
        name.lower() in NAMES["lat"] | NAMES["lon"]
        or bool(_PLACES.search(str(v.attrs.get("standard_name", ""))))
        or bool(_NORTH.match(units) or _EAST.match(units))
        or v.attrs.get("axis") in ("X", "Y")
        or "cf_role" in v.attrs
    )


def _edges(ds: xr.Dataset) -> set[str]:
    """The dims of bounds along which an interval's two ends lie."""
    bounds = {v.attrs.get("bounds") or v.encoding.get("bounds") for v in ds.variables.values()}
    ends = {str(ds.variables[b].dims[-1]) for b in bounds if b in ds.variables and ds[b].ndim == 2}
    return {d for d in ends if ds.sizes[d] == 2 and d not in ds.variables}


def reasons(ds: xr.Dataset) -> dict[str, str]:
    """Roles → why :func:`coordinates` gave them as it did, in words."""
    return {role: _why(ds, name, role) for role, name in coordinates(ds).items()}


def _why(ds: xr.Dataset, name: str, role: str) -> str:
    attrs = ds.variables[name].attrs
    grade = _rank(ds, name, role) % 10
    said = {
        1: f"its standard_name is {attrs.get('standard_name')}",
        2: f"its units are {attrs.get('units')}",
        3: f"its axis is {attrs.get('axis')}",
        4: "by its name",
    }
    return said[grade]


_AXES = {"lat": "Y", "lon": "X", "valid": "T", "member": "E"}


def _rank(ds: xr.Dataset, name: Hashable, role: str) -> int:
    """1 is the surest; 0 means the variable does not play the role."""
    v = ds.variables[name]
    attrs, lower = v.attrs, str(name).lower()
    auxiliary = 0 if v.dims == (name,) else 10
    standard = str(attrs.get("standard_name", ""))
    if standard in STANDARD_NAMES[role]:
        return 1 + auxiliary
    # A standard name of something else (grid_latitude of a rotated pole, say)
    # outweighs what axis, units and name suggest.
    if lower.endswith(("_bnds", "_bounds")) or standard not in ("", "unknown"):
        return 0
    units = str(attrs.get("units", ""))
    if (role == "lat" and _NORTH.match(units)) or (role == "lon" and _EAST.match(units)):
        return 2 + auxiliary
    weak = 0
    if role in ("lat", "lon"):
        # An axis called x or y may be kilometres or counts, with the degrees in
        # two-dimensional coordinates that say what they are.
        if units and not _DEGREES.match(units):
            return 0
        weak = 20
    if v.dims == (name,) and role in _AXES and attrs.get("axis") == _AXES[role]:
        return 3 + weak
    return 4 + auxiliary + weak if lower in NAMES[role] else 0


def member_from_name(path: Path) -> int | None:
    """``ensemble_003.nc`` → 3, ``tas_20200101_e07.nc`` → 7; ``None`` without such a part."""
    match = _MEMBER_IN_NAME.search(path.stem)
    return int(match.group(1)) if match else None


def member_number(label: object) -> int | None:
    """``"e07"`` → 7, ``b"r01i00p00"`` → 1; ``None`` when the label names no number."""
    text = label.decode("latin-1") if isinstance(label, bytes) else str(label)
    match = _MEMBER.match(text.strip())
    return int(match.group(1)) if match else None
