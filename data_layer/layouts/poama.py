"""POAMA-2: a file for each model version, member and start, with many variables in it.

``{m24a|m24b|m24c}/{e00…e10|emn}/{type}_{YYYYMMDD}.nc``: which model, member and start a
file is of stands in its path alone. The three model versions are one ensemble of 33.
Source: http://poama.bom.gov.au/data_server.shtml and data_server_file_structure.shtml,
and a public text dump of one ``dagc`` file, whose times are 1.0, 2.0, … 61.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.base import Repaired
from data_layer.layouts.labelled import axis_of_time, dates_of, fields, labelled, with_attributes
from data_layer.layouts.lazy import mapped
from data_layer.layouts.recognise import coordinates
from data_layer.timing import LeadUnit, Moment, lead_of, parse_digits

MEMBERS = 11
"""Of each model version."""

_NAME = re.compile(r"^(?P<type>da[gr]?c?|wa2?c?|mac?|oac?|mn_[a-z0-9]{3})_?(?P<init>\d{8})$")
_INDEX = re.compile(r"^I(AF|ARF[dwm]|D|DF|OA|OF|ORF[dwm])(_sa)?_\d{8}$")
_MODEL = re.compile(r"^(?P<family>[mp]24)(?P<version>[abc])$")
_MEMBER = re.compile(r"^e(?:\d{2}|mn)$")
_TITLES = {
    "da": "daily atmosphere",
    "dag": "daily atmosphere, global",
    "dar": "daily atmosphere, regional",
    "wa": "weekly atmosphere",
    "wa2": "fortnightly atmosphere",
    "ma": "monthly atmosphere",
    "oa": "monthly ocean",
}
_DAYS = {"wa": 7, "wa2": 14}
# What the files do not say, and was concluded from how far they reach.
_COUNTED = {
    "days": "Times in the files are taken for the ends of the days that they stand for.",
    "months": "A month 1 in the files is taken for that of the start, of which it may be a part.",
}
# The middle of the uppermost of 25 layers lies at 7.5 m.
_SURFACE = 20.0


@dataclass(frozen=True)
class _Place:
    """What the path says of the file.

    Attributes
    ----------
    type: of file, ``dagc``, ``ma``, ….
    kind: the type without the letter of corrected files.
    model: ``m24a``, …; empty when no folder says it.
    member: ``e00``, …, ``emn``; empty when no folder says it.
    """

    type: str
    kind: str
    init: Moment
    model: str
    member: str
    hindcast: bool

    @property
    def number(self) -> int:
        """The member's number in the ensemble of all model versions."""
        return MEMBERS * "abc".index(self.model[-1]) + int(self.member[1:])


def _place(path: Path) -> _Place | None:
    match = _NAME.match(path.stem)
    init = parse_digits(match["init"]) if match is not None else None
    if match is None or init is None:
        return None
    folders = path.parts[-2::-1]
    return _Place(
        type=match["type"],
        kind=match["type"] if match["type"].startswith("mn_") else match["type"].removesuffix("c"),
        init=init,
        model=next((f for f in folders if _MODEL.match(f)), ""),
        member=next((f for f in folders if _MEMBER.match(f)), ""),
        hindcast=any(f.lower().startswith("hindcast") for f in folders),
    )


class PoamaLayout(Repaired):
    """What the Bureau of Meteorology's POAMA-2 wrote until 2018."""

    name = "poama"

    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        """Whether name, folders and axes are of this archive.

        Files of its types outside its folders are taken when their times have no date:
        then nobody can read them, and the reason can be told.
        """
        if _INDEX.match(path.stem):
            return any(_MODEL.match(part) for part in path.parts)
        place, found = _place(path), coordinates(raw)
        if place is None or not {"lat", "lon", "valid"} <= set(found):
            return False
        if {"init", "lead", "member"} & set(found):
            return False
        return bool(place.model) or not _dated(raw[found["valid"]])

    def repair(self, raw: xr.Dataset, path: Path) -> xr.Dataset:
        """See :meth:`Repaired.repair`."""
        place = _place(path)
        if place is None:
            raise LeftOut("it holds indices of regions, and no maps")
        _check(place)
        time = axis_of_time(raw)
        raw, remark = _at_surface(raw, time)
        leads, unit, window = _leads(raw[time], place)
        named = fields(raw, time)
        raw = raw.assign(
            {n: mapped(raw.variables[n], without_sentinels) for n in named if _floats(raw[n])}
        )
        if window:
            raw = with_attributes(raw, {n: _over(raw[n], window) for n in named})
        family = place.model[:-1]
        kept = str(raw.attrs.get("comment", ""))
        of = f"Leads are of a {window}." if window else ""
        remarks = (_numbering(family), _COUNTED[unit], of, remark, kept)
        attrs = {
            "institution": "Bureau of Meteorology",
            **raw.attrs,
            "title": f"POAMA-2 {_TITLES.get(place.kind, 'daily ocean')} ({place.type})",
            "system": f"POAMA-2 {family}",
            "forecast_role": "hindcast" if place.hindcast else "forecast",
            "series": f"POAMA-2 {family} {'hindcast ' if place.hindcast else ''}{place.type}",
            "comment": " ".join(r for r in remarks if r),
            "lead_width": str(_DAYS.get(place.kind, 1)),
        }
        return labelled(raw, time, place.init, place.number, leads, unit).assign_attrs(attrs)


def _check(place: _Place) -> None:
    if not place.model or not place.member:
        raise UnreadableFile(
            "it is a file of POAMA-2 and no folder says of which "
            f"{'member' if place.model else 'model version'}: keep the archive's folders, "
            f"{place.model or 'm24a'}/e00/{place.type}_{place.init:%Y%m%d}.nc"
        )
    if place.member == "emn":
        raise LeftOut(f"it is the mean of the members of {place.model}, which are there themselves")
    if int(place.member[1:]) >= MEMBERS:
        raise UnreadableFile(
            f"its member {place.member} is none of the {MEMBERS} of {place.model}, e00 to e10"
        )


def _numbering(family: str) -> str:
    ranges = [
        f"{MEMBERS * k} to {MEMBERS * (k + 1) - 1} are {family}{version}"
        for k, version in enumerate("abc")
    ]
    return f"Members {', '.join(ranges)} (members e00 to e10 of each model version)."


def _floats(da: xr.DataArray) -> bool:
    return np.issubdtype(da.dtype, np.floating)


def without_sentinels(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Infinite and huge numbers and -999 as missing, whatever the attributes say of them."""
    real = (np.abs(values) < 1e30) & (values != -999)
    return np.where(real, values, values.dtype.type(np.nan))


def _over(da: xr.DataArray, window: str) -> dict[str, str]:
    said = str(da.attrs.get("cell_methods") or "time: mean")
    return {"cell_methods": f"{said} (comment: {window})"}


def _at_surface(raw: xr.Dataset, time: str) -> tuple[xr.Dataset, str]:
    """The uppermost level of variables on several, and a remark on it.

    Levels that are no depths are left: such a variable is not one map for each lead.
    """
    found = coordinates(raw)
    on = {time, found["lat"], found["lon"]}
    levels = {d for n in fields(raw, time) for d in raw[n].dims if d not in on}
    for dim in sorted(map(str, levels)):
        depth = _depths(raw, dim)
        if depth is None:
            if all(raw.sizes[dim] > 1 and dim in raw[n].dims for n in fields(raw, time)):
                raise UnreadableFile(
                    f"its {dim!r} is not an axis of depths in metres that begins at the surface, "
                    "so that it cannot be told which of its levels to show"
                )
            continue
        top = int(np.argmin(depth))
        raw = raw.isel({dim: top}, drop=True)
        return raw, f"Of the levels, the uppermost is shown ({depth[top]:g} m)."
    return raw, ""


def _depths(raw: xr.Dataset, dim: str) -> npt.NDArray[np.float64] | None:
    """Depths in metres, downwards, of an axis of them that begins at the surface."""
    if dim not in raw.variables or raw[dim].dims != (dim,):
        return None
    attrs = raw[dim].attrs
    called = f"{dim} {attrs.get('standard_name', '')} {attrs.get('long_name', '')}".lower()
    metres = str(attrs.get("units", "")).lower() in ("m", "metre", "metres", "meter", "meters")
    if not metres or ("depth" not in called and "height" in called):
        return None
    depth: npt.NDArray[np.float64] = np.abs(raw[dim].values.astype(np.float64))
    return depth if np.min(depth) <= _SURFACE else None


def _dated(time: xr.DataArray) -> bool:
    return bool(re.search(r"since\s+\d", str(time.attrs.get("units", ""))))


def _leads(time: xr.DataArray, place: _Place) -> tuple[list[int], LeadUnit, str]:
    """The leads, their unit, and what they are of when it is neither a day nor a month."""
    values = np.asarray(time.values, np.float64)
    if not np.isfinite(values).all() or (np.diff(values) <= 0).any():
        raise UnreadableFile(f"its times do not ascend: {_some(values)}")
    if _dated(time):
        dates = dates_of(values, time.attrs)
        values = np.array([(d - place.init).total_seconds() / 86400 for d in dates])
    if place.kind in ("ma", "oa"):
        return _months(values, place.init), "months", ""
    width = _DAYS.get(place.kind, 1)
    window = f"mean of {width} days from the day named" if width > 1 else ""
    return _first_days(values, width), "days", window


def _first_days(since: npt.NDArray[np.float64], width: int) -> list[int]:
    """The first day of each window, counted from the start.

    The model writes a mean when its window is over, so whole numbers are the ends of
    windows, save where they begin with 0; a first time half a window on is a middle.

    Parameters
    ----------
    since: days from the start, or windows where they ascend by one.
    width: days of a window.
    """
    if width > 1 and (np.diff(since) == 1).all() and (since.size > 1 or since[0] == 1):
        since = since * width
    into = since[0] % width
    if into == 0:
        offset = 0.0 if since[0] == 0 else float(width)
    elif width == 1 or abs(into - width / 2) <= 0.5:
        offset = into
    else:
        raise UnreadableFile(
            f"its first time is {since[0]:g} days after the start, which is neither the begin, "
            f"the middle nor the end of {width} days"
        )
    first = np.round(since - offset, 3)
    if first[0] < 0 or (first != np.floor(first)).any():
        raise UnreadableFile(
            f"its times are not whole days apart, or before the start: {_some(since)} days after it"
        )
    return [int(day) for day in first]


def _months(since: npt.NDArray[np.float64], init: Moment) -> list[int]:
    """The calendar month of each time, counted from the start's own.

    Parameters
    ----------
    since: days from the start, or a count of months that begins with 0 or 1.
    """
    if (np.diff(since) == 1).all() and since[0] in (0, 1):
        return [int(n - since[0]) for n in since]
    dates = [init + np.timedelta64(round(s * 86400), "s").item() for s in since]
    months = [lead_of(init, d, "months") for d in dates]
    if all((d.day, d.hour) == (1, 0) for d in dates) and months[0] > 0:
        months = [m - 1 for m in months]  # a month is over when its mean is written
    if months[0] < 0 or (np.diff(months) != 1).any():
        raise UnreadableFile(
            "its times are neither a count of months nor days in months that follow one another: "
            f"{_some(since)}"
        )
    return months


def _some(values: npt.NDArray[np.float64]) -> str:
    return ", ".join(f"{v:g}" for v in values[:5]) + (" …" if values.size > 5 else "")


LAYOUT = PoamaLayout()
