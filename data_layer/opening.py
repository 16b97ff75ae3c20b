"""From a file on disk to a checked, canonical, lazy dataset; and from a folder to an index.

netCDF4 must never be called from two threads at once, so everything here runs
either in a reader process of one thread or under :class:`LocalSource`'s lock.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from data_layer import schema
from data_layer.api import NO_GRID, GridInfo, Role, VariableInfo
from data_layer.checksums import check_promise
from data_layer.described import NOTHING_SAID, Entry
from data_layer.errors import LeftOut, Unavailable, UnreadableFile
from data_layer.findings import ToInspect, take_stock
from data_layer.indexed import ArchiveIndex
from data_layer.indexfile import IndexFile
from data_layer.integrity import check_file
from data_layer.layouts import layouts
from data_layer.layouts.aligned import as_observations
from data_layer.layouts.base import Layout
from data_layer.layouts.corrections import Correct, correction, unchanged
from data_layer.layouts.files import open_raw
from data_layer.memory import LARGEST_AT_ONCE
from data_layer.records import FileRecord, FileStat, FileSummary, Finding, NotListed
from data_layer.references import is_references
from data_layer.storage import check_storage, size
from data_layer.stores import Elsewhere, Identities
from data_layer.timing import format_init
from data_layer.walking import description_stats, elsewhere

log = logging.getLogger(__name__)

TELL_SECONDS = 5.0


def choose_layout(path: Path, correct: Correct = unchanged) -> Layout:
    """The first layout that recognises the file, after ``correct``.

    Raises
    ------
    UnreadableFile: when the file cannot be opened, or no layout takes it.
    """
    try:
        raw = open_raw(path)
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


def inspect(
    path: Path,
    entry: Entry = NOTHING_SAID,
    promised: str = "",
    largest: int = LARGEST_AT_ONCE,
) -> FileSummary:
    """What a file holds, after checking that it can be believed.

    Parameters
    ----------
    entry: what the archive's description says of it.
    promised: its checksum by a manifest (:func:`data_layer.checksums.promises`).
    largest: bytes that may be unpacked at one go.

    Raises
    ------
    LeftOut: when it is not meant to be shown.
    UnreadableFile: with the reason, in words that can be shown to a person.
    Unavailable: when a store elsewhere does not answer.
    """
    if entry.leave_out:
        raise LeftOut("the catalogue file leaves it out")
    if is_references(path.name) and not isinstance(path, Elsewhere):
        path = entry.place(path.parent, path.name)
    check_file(path)
    check_storage(path, largest)
    if promised:
        check_promise(path, promised)
    try:
        if entry.layout:
            layout = layout_named(entry.layout)
        else:
            layout = choose_layout(path, correction_of(entry))
        with opened(path, layout, entry) as ds:
            summary = summarise(ds, layout.name)
            _smoke_read(ds, largest)
    except (UnreadableFile, Unavailable):
        raise
    except Exception as error:
        # A file may be wrong in ways that no library foresaw; it must not take
        # the others with it.
        raise UnreadableFile(f"it cannot be read ({type(error).__name__}: {error})") from error
    return as_described(summary, entry)


def opened(path: Path, layout: Layout, entry: Entry) -> xr.Dataset:
    """The canonical dataset of a file, as the archive's description wants it seen."""
    ds = layout.open(path, correction_of(entry))
    if entry.role != "observations" or not schema.is_forecast(ds):
        return ds
    try:
        return as_observations(ds)
    except BaseException:
        ds.close()
        raise


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
    if given.get("role") in ("forecast", "hindcast") and not summary.inits:
        raise UnreadableFile(
            f"the catalogue file calls it a {given['role']}, and no start was recognised in it"
        )
    return replace(summary, described=entry.written(), **given)  # type: ignore[arg-type]


def _smoke_read(ds: xr.Dataset, largest: int) -> None:
    """Read the last map of each variable: what cannot be read must not be listed."""
    for name in schema.data_variables(ds):
        last = ds[name].isel(dict.fromkeys(ds[name].dims[:-2], -1))
        if last.nbytes > largest:
            raise UnreadableFile(
                f"one map of its variable {name!r} takes {size(last.nbytes)}; "
                f"up to {size(largest)} are read at once"
            )
        try:
            last.load()
        except Unavailable:
            raise
        except Exception as error:
            raise UnreadableFile(f"its variable {name!r} cannot be read ({error})") from error


def _grid(ds: xr.Dataset) -> GridInfo:
    if schema.is_index(ds):
        return NO_GRID
    _, east = schema.lon_order(ds["lon"].values)
    lat = ds["lat"].values
    return GridInfo(
        ny=ds.sizes["lat"],
        nx=ds.sizes["lon"],
        lat=(round(float(lat.min()), 6), round(float(lat.max()), 6)),
        lon=(round(float(east[0]), 6), round(float(east[-1]), 6)),
        wraps=schema.wraps(east),
    )


def summarise(ds: xr.Dataset, layout: str) -> FileSummary:
    """A canonical dataset in plain words and numbers."""
    attrs = {str(k): str(v).strip() for k, v in ds.attrs.items()}
    forecast = schema.is_forecast(ds)
    common = {
        "layout": layout,
        "role": _role(attrs, forecast),
        "variables": tuple(_variable(ds[name]) for name in schema.data_variables(ds)),
        "grid": _grid(ds),
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
        width=int(attrs.get("lead_width", "1")),
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


def scan(
    folder: Path, previous: ArchiveIndex | None = None, kept: IndexFile | None = None
) -> ArchiveIndex:
    """Index a folder, opening only the files that changed since ``previous``.

    A file that cannot be believed is refused with its reason and the others go on.

    Parameters
    ----------
    kept: what was found is kept there; it stands in for ``previous`` where there is none.

    Raises
    ------
    BadRequest: when ``catalogue.yml`` cannot be understood.
    """
    if previous is not None:
        before = previous.known()
    else:
        before = {f.stat: f for f in kept.load()} if kept is not None else {}
    elsewhere(folder, description_stats(folder), wait=True)
    stock = take_stock(folder, before)
    found: list[Finding] = []
    told = time.monotonic()
    try:
        for new in stock.new:
            found.append(look_at(folder, new))
            if time.monotonic() > told + TELL_SECONDS:
                told = time.monotonic()
                log.info("%d of %d new files looked at", len(found), len(stock.new))
    finally:  # whoever loses patience goes on from here next time
        if kept is not None:
            kept.update(found, stock.gone(before))
    return stock.index(found)


def look_at(folder: Path, new: ToInspect, largest: int = LARGEST_AT_ONCE) -> Finding:
    """What is found in a file: what it holds, or why it is not listed.

    Parameters
    ----------
    largest: bytes that may be unpacked at one go.
    """
    try:
        if new.why:
            raise Unavailable(new.why)
        path = new.entry.place(folder, new.stat.path)
        return FileRecord(new.stat, inspect(path, new.entry, new.stat.promised, largest))
    except UnreadableFile as error:
        if not isinstance(error, LeftOut):
            log.info("refused %s: %s", new.stat.path, error.message)
        return NotListed(new.stat, error, new.described)
    except Unavailable as error:
        log.info("refused %s for now: %s", new.stat.path, error.message)
        return NotListed(new.stat, UnreadableFile(error.message), new.described, passing=True)


class OpenFiles:
    """Canonical datasets kept open, at most ``limit``, each as long as its file is the same."""

    def __init__(self, folder: Path, limit: int = 32) -> None:
        self._folder = folder
        self._limit = limit
        self._open: dict[FileStat, xr.Dataset] = {}
        self._identities = Identities()

    def get(self, record: FileRecord) -> xr.Dataset:
        """The dataset of that file.

        Raises
        ------
        Unavailable: when the file is no longer the one that was indexed.
        UnreadableFile: when it is, and cannot be opened any more.
        """
        self.check(record)
        ds = self._open.pop(record.stat, None)
        if ds is None:
            layout = layout_named(record.summary.layout)
            entry = Entry.read(record.summary.described)
            path = entry.place(self._folder, record.stat.path)
            try:
                ds = opened(path, layout, entry)
            except (MemoryError, Unavailable):
                raise
            except Exception as error:  # it was in order when it was indexed
                self.check(record, anew=True)
                raise UnreadableFile(
                    f"{record.stat.path} cannot be opened ({error}).",
                    advice="Tell whoever keeps the archive: the file is damaged.",
                ) from error
            if isinstance(path, Elsewhere):
                self.check(record, anew=True)  # for that it may have become another meanwhile
            while len(self._open) >= self._limit:
                self._open.pop(next(iter(self._open))).close()
        self._open[record.stat] = ds  # last is the most recently used
        return ds

    def check(self, record: FileRecord, anew: bool = False) -> None:
        """Raise :class:`Unavailable` when the file changed since it was indexed.

        Parameters
        ----------
        anew: by a look at this moment, whatever it costs
            (:class:`data_layer.stores.Identities`).
        """
        path = Entry.read(record.described).place(self._folder, record.stat.path)
        try:
            identity = self._identities.of(path, anew)
        except OSError as error:
            self._drop(record)
            raise Unavailable(
                f"{record.stat.path} is gone ({error.strerror}).",
                advice="Ask again in a few seconds, when the catalogue has been renewed.",
            ) from error
        if identity != (record.stat.size, record.stat.mtime_ns):
            self._drop(record)
            raise Unavailable(
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
