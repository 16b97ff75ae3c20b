"""From a file on disk to a checked, canonical, lazy dataset; and from a folder to an index.

netCDF4 must never be called from two threads at once, so everything here runs
either in a reader process of one thread or under :class:`LocalSource`'s lock.
"""

from __future__ import annotations

import logging
import os
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
    walk,
)
from data_layer.errors import LeftOut, UnreadableFile
from data_layer.integrity import check_file
from data_layer.layouts import layouts
from data_layer.layouts.base import Layout
from data_layer.timing import format_init

log = logging.getLogger(__name__)


def choose_layout(path: Path) -> Layout:
    """The first layout that recognises the file.

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
        for layout in layouts():
            if layout.matches(raw, path):
                return layout
        held = ", ".join(f"{d}={n}" for d, n in raw.sizes.items()) or "nothing"
    raise UnreadableFile(f"no layout recognises it: latitude and longitude not found among {held}")


def layout_named(name: str) -> Layout:
    """The installed layout of that name."""
    return next(layout for layout in layouts() if layout.name == name)


def inspect(path: Path) -> FileSummary:
    """What a file holds, after checking that it can be believed.

    Raises
    ------
    UnreadableFile: with the reason, in words that can be shown to a person.
    """
    check_file(path)
    try:
        layout = choose_layout(path)
        with layout.open(path) as ds:
            summary = summarise(ds, layout.name)
            _smoke_read(ds)
    except UnreadableFile:
        raise
    except Exception as error:
        # A file may be wrong in ways that no library foresaw; it must not take
        # the others with it.
        raise UnreadableFile(f"it cannot be read ({type(error).__name__}: {error})") from error
    return summary


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
    on.
    """
    known = previous.known() if previous is not None else {}
    records: list[FileRecord] = []
    not_listed: list[tuple[FileStat, UnreadableFile]] = []
    for stat in walk(folder):
        found = known.get(stat)
        if found is None:
            try:
                found = FileRecord(stat, inspect(folder / stat.path))
            except LeftOut as error:
                found = error
            except UnreadableFile as error:
                found = error
                log.warning("refused %s: %s", stat.path, error.message)
        if isinstance(found, FileRecord):
            records.append(found)
        else:
            not_listed.append((stat, found))
    return build(folder, records, not_listed)


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
            try:
                ds = layout.open(self._folder / record.stat.path)
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
