"""From a file on disk to a checked, canonical, lazy dataset; and from a folder to an index.

netCDF4 must never be called from two threads at once, so everything here runs
either in a reader process of one thread or under :class:`LocalSource`'s lock.
"""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from data_layer import schema
from data_layer.api import GridInfo, Role, VariableInfo
from data_layer.catalogue import (
    ArchiveIndex,
    FileRecord,
    FileStat,
    FileSummary,
    build,
    description_stats,
    walk,
)
from data_layer.described import NOTHING_SAID, Entry, read_description
from data_layer.errors import LeftOut, UnreadableFile
from data_layer.integrity import check_file
from data_layer.layouts import layouts
from data_layer.layouts.base import Layout
from data_layer.layouts.corrections import Correct, correction, unchanged
from data_layer.timing import format_init

log = logging.getLogger(__name__)


def choose_layout(path: Path, correct: Correct = unchanged) -> Layout:
    """The first layout that recognises the file, after ``correct``.

    Raises
    ------
    UnreadableFile: when the file cannot be opened, or no layout takes it.
    """
    try:
        raw = xr.open_dataset(path, engine="netcdf4", decode_cf=False, chunks=None, cache=False)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UnreadableFile(f"it cannot be opened as NetCDF ({reason})") from error
    with raw:
        corrected = correct(raw)
        for layout in layouts():
            if layout.matches(corrected, path):
                return layout
        held = ", ".join(f"{d}={n}" for d, n in raw.sizes.items()) or "nothing"
    raise UnreadableFile(f"no layout recognises it: latitude and longitude not found among {held}")


def layout_named(name: str) -> Layout:
    """The installed layout of that name.

    Raises
    ------
    UnreadableFile: when there is none.
    """
    for layout in layouts():
        if layout.name == name:
            return layout
    there = ", ".join(layout.name for layout in layouts())
    raise UnreadableFile(f"its layout {name!r} is not installed; there are {there}")


def inspect(path: Path, entry: Entry = NOTHING_SAID) -> FileSummary:
    """What a file holds, after checking that it can be believed.

    Parameters
    ----------
    entry: what the archive's description says of it.

    Raises
    ------
    LeftOut: when it is not meant to be shown.
    UnreadableFile: with the reason, in words that can be shown to a person.
    """
    if entry.leave_out:
        raise LeftOut("the catalogue file leaves it out")
    check_file(path)
    correct = correction_of(entry)
    try:
        layout = layout_named(entry.layout) if entry.layout else choose_layout(path, correct)
        with layout.open(path, correct) as ds:
            summary = summarise(ds, layout.name)
            _smoke_read(ds)
    except UnreadableFile:
        raise
    except Exception as error:
        # A file may be wrong in ways that no library foresaw; it must not take
        # the others with it.
        raise UnreadableFile(f"it cannot be read ({type(error).__name__}: {error})") from error
    return as_described(summary, entry)


def correction_of(entry: Entry) -> Correct:
    """What an entry corrects in the files themselves."""
    words = {name: v.attributes() for name, v in entry.variables.items()}
    parts = {str(part): name for part, name in entry.coordinates.items()}
    return correction(parts, words)


def as_described(summary: FileSummary, entry: Entry) -> FileSummary:
    """A summary with an entry's words in place of the file's."""
    said = {
        "series": entry.id,
        "title": entry.title,
        "role": entry.role,
        "of": entry.of,
        "scope": entry.scope,
        "system": entry.system,
        "institution": entry.institution,
        "licence": entry.licence,
        "synthetic": entry.synthetic,
        "notes": (entry.comment,) if entry.comment else None,
    }
    given = {name: value for name, value in said.items() if value is not None}
    if given.get("role") == "observations" and summary.inits:
        raise UnreadableFile("the catalogue file calls it observations, and it holds forecasts")
    if given.get("role") in ("forecast", "hindcast") and not summary.inits:
        raise UnreadableFile(
            f"the catalogue file calls it a {given['role']}, and no start was recognised in it"
        )
    return replace(summary, described=entry.written(), **given)  # type: ignore[arg-type]


def _smoke_read(ds: xr.Dataset) -> None:
    """Read the last map of each variable: what cannot be read must not be listed."""
    for name in schema.data_variables(ds):
        last = dict.fromkeys(ds[name].dims[:-2], -1)
        try:
            ds[name].isel(last).load()
        except Exception as error:
            raise UnreadableFile(f"its variable {name!r} cannot be read ({error})") from error


def summarise(ds: xr.Dataset, layout: str) -> FileSummary:
    """A canonical dataset in plain words and numbers."""
    _, east = schema.lon_order(ds["lon"].values)
    lat = ds["lat"].values
    grid = GridInfo(
        ny=ds.sizes["lat"],
        nx=ds.sizes["lon"],
        lat=(round(float(lat.min()), 6), round(float(lat.max()), 6)),
        lon=(round(float(east[0]), 6), round(float(east[-1]), 6)),
        wraps=schema.wraps(east),
    )
    attrs = {str(k): str(v).strip() for k, v in ds.attrs.items()}
    forecast = schema.is_forecast(ds)
    common = {
        "layout": layout,
        "role": _role(attrs, forecast),
        "variables": tuple(_variable(ds[name]) for name in schema.data_variables(ds)),
        "grid": grid,
        "title": attrs.get("title", "")[:200],
        "system": (attrs.get("system") or attrs.get("source_id") or "")[:100],
        "institution": attrs.get("institution", "")[:200],
        "licence": (attrs.get("licence") or attrs.get("license") or "")[:500],
        "synthetic": attrs.get("synthetic", "").lower() in ("true", "1", "yes"),
        "series": attrs.get("series", "")[:100],
        "notes": tuple(attrs[k][:500] for k in ("comment",) if attrs.get(k)),
    }
    if not forecast:
        times = tuple(format_init(m) for m in sorted(schema.moments(ds["time"].values)))
        return FileSummary(**common, times=times)  # type: ignore[arg-type]
    members = ds["member"].values
    member_inits: tuple[str, ...] = ()
    if "member_init" in ds.coords:
        own = ds["member_init"].values[np.argsort(members)]
        member_inits = tuple(format_init(m) for m in schema.moments(own))
    return FileSummary(
        **common,  # type: ignore[arg-type]
        lead_unit=schema.lead_unit(ds),
        inits=schema.inits(ds),
        leads=tuple(sorted(int(x) for x in ds["lead"].values)),
        members=tuple(sorted(int(x) for x in members)),
        member_inits=member_inits,
    )


def _role(attrs: dict[str, str], forecast: bool) -> Role:
    if not forecast:
        return "observations"
    said = (attrs.get("forecast_role") or attrs.get("experiment") or "").lower()
    return "hindcast" if "hindcast" in said or "reforecast" in said else "forecast"


def _variable(da: xr.DataArray) -> VariableInfo:
    name = str(da.name)
    standard = str(da.attrs.get("standard_name", ""))
    standard = "" if standard == "unknown" else standard
    title = str(da.attrs.get("long_name") or standard.replace("_", " ") or name)[:200]
    return VariableInfo(
        name=name,
        title=title[:1].upper() + title[1:],
        units=str(da.attrs.get("units", "1")),
        standard_name=standard,
        cell_methods=str(da.attrs.get("cell_methods", "")),
    )


def scan(folder: Path, previous: ArchiveIndex | None = None) -> ArchiveIndex:
    """Index a folder, opening only the files that changed since ``previous``.

    A file that cannot be believed is refused with its reason and the others go
    on. A description of the archive that cannot be understood stops the scan: what it
    keeps from being seen must not be seen because of a slip of the pen.

    Raises
    ------
    BadRequest: when ``catalogue.yml`` cannot be understood.
    """
    stats = description_stats(folder)  # before it is read: what changes meanwhile is seen next
    description = read_description(folder)
    known = previous.known() if previous is not None else {}
    same_description = previous is not None and previous.description == stats
    records: list[FileRecord] = []
    not_listed: list[tuple[FileStat, UnreadableFile]] = []
    for stat in walk(folder):
        entry = description.entry_for(stat.path) or NOTHING_SAID
        found = known.get(stat)
        if isinstance(found, FileRecord):
            as_before = found.summary.described == entry.written()
        else:
            as_before = same_description
        if found is None or not as_before:
            try:
                found = FileRecord(stat, inspect(folder / stat.path, entry))
            except LeftOut as error:
                found = error
            except UnreadableFile as error:
                found = error
                log.warning("refused %s: %s", stat.path, error.message)
        if isinstance(found, FileRecord):
            records.append(found)
        else:
            not_listed.append((stat, found))
    return build(folder, records, not_listed, stats)


class OpenFiles:
    """Canonical datasets kept open, at most ``limit``, each as long as its file is the same."""

    def __init__(self, folder: Path, limit: int = 32) -> None:
        self._folder = folder
        self._limit = limit
        self._open: dict[FileStat, xr.Dataset] = {}

    def get(self, record: FileRecord) -> xr.Dataset:
        """The dataset of that file.

        Raises
        ------
        UnreadableFile: when the file is no longer the one that was indexed, or
            cannot be opened any more.
        """
        self.check(record)
        ds = self._open.pop(record.stat, None)
        if ds is None:
            layout = layout_named(record.summary.layout)
            correct = correction_of(Entry.read(record.summary.described))
            try:
                ds = layout.open(self._folder / record.stat.path, correct)
            except OSError as error:
                raise UnreadableFile(
                    f"{record.stat.path} cannot be opened ({error.strerror or error}).",
                    advice="Tell whoever keeps the archive.",
                ) from error
            while len(self._open) >= self._limit:
                self._open.pop(next(iter(self._open))).close()
        self._open[record.stat] = ds  # last is the most recently used
        return ds

    def check(self, record: FileRecord) -> None:
        """Raise :class:`UnreadableFile` when the file changed since it was indexed."""
        path = self._folder / record.stat.path
        try:
            stat = os.stat(path)
        except OSError as error:
            self._drop(record)
            raise UnreadableFile(
                f"{record.stat.path} is gone ({error.strerror}).",
                advice="Ask again in a few seconds, when the catalogue has been renewed.",
            ) from error
        if (stat.st_size, stat.st_mtime_ns) != (record.stat.size, record.stat.mtime_ns):
            self._drop(record)
            raise UnreadableFile(
                f"{record.stat.path} changed since it was indexed.",
                advice="Ask again in a few seconds, when the catalogue has been renewed.",
            )

    def _drop(self, record: FileRecord) -> None:
        ds = self._open.pop(record.stat, None)
        if ds is not None:
            ds.close()

    def close(self) -> None:
        """Close every file."""
        while self._open:
            self._open.popitem()[1].close()
