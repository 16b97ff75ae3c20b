"""What exists on disk, as an index.

This module opens no files: it walks the folder, and it puts what layouts found
in each file together into datasets. It imports neither xarray nor netCDF4, so
the HTTP front can hold an index without being able to read a file.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from itertools import count as count_from
from pathlib import Path
from stat import S_ISREG

from data_layer.api import Catalogue, DatasetInfo, GridInfo, RefusedFile, Role, VariableInfo
from data_layer.described import FILE_NAME
from data_layer.errors import LeftOut, UnknownDataset, UnreadableFile
from data_layer.timing import LeadUnit, lead_of, parse_init, valid_period

SUFFIXES = (".nc", ".nc4", ".cdf", ".netcdf")

# Members of one lagged ensemble start within this many days of each other.
LAG_DAYS = 31


@dataclass(frozen=True)
class FileStat:
    """A file's name relative to the folder, and its identity."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class FileSummary:
    """What one file holds, as its layout read it; the parts of a :class:`DatasetInfo`.

    Files of one ``series`` belong together wherever they lie. ``described`` is what the
    archive's description said when the file was looked at
    (:meth:`data_layer.described.Entry.written`).
    """

    layout: str
    role: Role
    variables: tuple[VariableInfo, ...]
    grid: GridInfo
    lead_unit: LeadUnit = "months"
    inits: tuple[str, ...] = ()
    leads: tuple[int, ...] = ()
    members: tuple[int, ...] = ()
    member_inits: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    title: str = ""
    system: str = ""
    institution: str = ""
    licence: str = ""
    synthetic: bool = False
    notes: tuple[str, ...] = ()
    series: str = ""
    of: str = ""
    scope: str = ""
    described: str = ""


@dataclass(frozen=True)
class FileRecord:
    """One readable file: its identity and what it holds."""

    stat: FileStat
    summary: FileSummary


@dataclass(frozen=True)
class DatasetIndex:
    """A dataset and the files behind it.

    ``nominal`` is the one start of a lagged ensemble whose members lie in
    files of their own, else empty.
    """

    info: DatasetInfo
    files: tuple[FileRecord, ...]
    nominal: str = ""

    def files_for(
        self, variable: str, init: str | None = None, member: int | None = None
    ) -> list[FileRecord]:
        """The files that hold that variable, start and member (``None``: any)."""
        return [
            f
            for f in self.files
            if any(v.name == variable for v in f.summary.variables)
            and (init is None or self.nominal or init in f.summary.inits)
            and (member is None or member in f.summary.members)
        ]


@dataclass(frozen=True)
class ArchiveIndex:
    """Everything known of one folder.

    Attributes
    ----------
    fingerprint: tells whether it is out of date.
    refused: files that cannot be believed.
    left_out: files that are in order and are nothing to show.
    description: the identity of the archive's description, if it has one.
    """

    folder: str
    fingerprint: str = ""
    datasets: tuple[DatasetIndex, ...] = ()
    refused: tuple[RefusedFile, ...] = ()
    left_out: tuple[RefusedFile, ...] = ()
    description: tuple[FileStat, ...] = ()
    _not_listed: tuple[tuple[FileStat, UnreadableFile], ...] = field(default=(), repr=False)
    _repeating: tuple[FileRecord, ...] = field(default=(), repr=False)

    @property
    def catalogue(self) -> Catalogue:
        """The index as the outside sees it, without paths."""
        return Catalogue(tuple(d.info for d in self.datasets), self.refused)

    def dataset(self, id: str) -> DatasetIndex:  # noqa: A002 - the field's own name
        """The dataset of that id, or :class:`~data_layer.errors.UnknownDataset`."""
        for d in self.datasets:
            if d.info.id == id:
                return d
        self.catalogue.dataset(id)
        raise UnknownDataset(f"There is no dataset {id!r}.", asked=id)

    def known(self) -> dict[FileStat, FileRecord | UnreadableFile]:
        """What an earlier scan found in each file: a record, or why it is not listed."""
        found: dict[FileStat, FileRecord | UnreadableFile] = {
            f.stat: f for d in self.datasets for f in d.files
        }
        found.update({f.stat: f for f in self._repeating})
        found.update(self._not_listed)
        return found


def walk(folder: Path) -> Iterator[FileStat]:
    """Every file of the folder with a NetCDF name, in order of its path.

    Hidden names (a leading dot) are left out: writers use them for files that
    are not complete. So are links that lead out of the folder.
    """
    root = folder.resolve()
    for place, dirs, names in os.walk(root):
        dirs[:] = sorted(d for d in dirs if not d.startswith("."))
        for name in sorted(names):
            if name.startswith(".") or not name.lower().endswith(SUFFIXES):
                continue
            path = Path(place, name)
            try:
                if path.is_symlink() and not path.resolve().is_relative_to(root):
                    continue
                stat = path.stat()
            except (OSError, RuntimeError):
                continue  # a link in a circle, or removed while we looked
            if not S_ISREG(stat.st_mode):
                continue  # reading a pipe would wait for ever
            yield FileStat(str(path.relative_to(root)), stat.st_size, stat.st_mtime_ns)


def fingerprint(folder: Path) -> str:
    """A digest of names, sizes and times: equal as long as nothing changed."""
    return digest([*walk(folder), *description_stats(folder)])


def description_stats(folder: Path) -> tuple[FileStat, ...]:
    """The identity of the archive's description, if it has one."""
    try:
        stat = (folder / FILE_NAME).stat()
    except OSError:
        return ()
    return (FileStat(FILE_NAME, stat.st_size, stat.st_mtime_ns),)


def digest(stats: Iterable[FileStat]) -> str:
    """16 hex digits that identify these files, whatever their order."""
    h = hashlib.sha256()
    for s in sorted(stats, key=lambda s: s.path):
        # fsencode: names need not be UTF-8.
        h.update(os.fsencode(s.path) + f"\0{s.size}\0{s.mtime_ns}\n".encode())
    return h.hexdigest()[:16]


def build(
    folder: Path,
    records: Iterable[FileRecord],
    not_listed: Iterable[tuple[FileStat, UnreadableFile]] = (),
    description: tuple[FileStat, ...] = (),
) -> ArchiveIndex:
    """Put files together into datasets.

    Files of one series on one grid are one dataset. Without a series, files of one
    folder whose names differ only in numbers, and which hold other starts, members or
    times of the same variables on the same grid, are one. When every member has a
    start of its own within a month, they are one lagged ensemble at the latest start.

    Parameters
    ----------
    records: readable files.
    not_listed: the others, with what became of them.
    description: :func:`description_stats` from before it was read.
    """
    records, given = list(records), sorted(not_listed, key=lambda n: n[0].path)
    groups: dict[object, list[FileRecord]] = defaultdict(list)
    for record in records:
        groups[_group_of(record)].append(record)
    datasets: list[DatasetIndex] = []
    repeats: list[tuple[FileStat, UnreadableFile]] = []
    for group in groups.values():
        if group[0].summary.series:
            kept, refused = _without_repeats(group)
            repeats += refused
            datasets.append(_join(kept))
        else:
            datasets += [_join(group)] if _disjoint(group) else [_join([one]) for one in group]
    everything = [r.stat for r in records] + [stat for stat, _ in given]
    told = sorted([*given, *repeats], key=lambda n: n[0].path)
    return ArchiveIndex(
        folder=str(folder.resolve()),
        fingerprint=digest([*everything, *description]),
        description=description,
        datasets=tuple(_with_unique_ids(sorted(datasets, key=lambda d: d.files[0].stat.path))),
        refused=tuple(_told(stat, why) for stat, why in told if not isinstance(why, LeftOut)),
        left_out=tuple(_told(stat, why) for stat, why in told if isinstance(why, LeftOut)),
        # Whether a file repeats another is found anew each time: the other may go.
        _not_listed=tuple(given),
        _repeating=tuple(r for r in records if r.stat in {stat for stat, _ in repeats}),
    )


def _told(stat: FileStat, why: UnreadableFile) -> RefusedFile:
    return RefusedFile(_shown(stat.path), why.message)


def _group_of(record: FileRecord) -> object:
    """Equal for files that may be one dataset."""
    s = record.summary
    kind = (s.layout, s.role, s.grid, s.lead_unit, s.system, s.synthetic, s.of, s.scope)
    lagged_inside = record.stat.path if s.member_inits else ""
    if s.series:
        return (s.series, kind, lagged_inside)
    return (*os.path.split(_template(record.stat.path)), s.variables, kind, lagged_inside)


def _without_repeats(
    group: list[FileRecord],
) -> tuple[list[FileRecord], list[tuple[FileStat, UnreadableFile]]]:
    """The files of a series, without those that hold what another holds or say it otherwise."""
    kept: list[FileRecord] = []
    refused: list[tuple[FileStat, UnreadableFile]] = []
    holder: dict[Held, FileRecord] = {}
    described: dict[str, VariableInfo] = {}
    for record in sorted(group, key=lambda r: r.stat.path):
        held = list(_held(record))
        twin = next((holder[h] for h in held if h in holder), None)
        odd = next(
            (v for v in record.summary.variables if described.get(v.name, v).units != v.units), None
        )
        if twin is not None:
            why = f"it holds what {_shown(twin.stat.path)} holds already"
        elif odd is not None:
            why = (
                f"its variable {odd.name!r} is in {odd.units!r}, "
                f"in the series' other files in {described[odd.name].units!r}"
            )
        else:
            kept.append(record)
            holder.update(dict.fromkeys(held, record))
            for v in record.summary.variables:
                described.setdefault(v.name, v)
            continue
        refused.append((record.stat, UnreadableFile(why)))
    return kept, refused


# A date (20261001, 20261001T12), a count, or a member (e05).
_NUMBER = re.compile(r"^(?:\d+(?:t\d+)?z?|(?:e|m|r|mem|ens|member|ensemble)\d+)$")


def _tokens(stem: str) -> list[str]:
    return re.split(r"[_\-. ]+", stem)


def _template(path: str) -> str:
    """The path with each part of the file's name that is a number made ``#``."""
    place, name = os.path.split(path)
    stem = os.path.splitext(name)[0]
    parts = ["#" if _NUMBER.match(t.lower()) else t for t in _tokens(stem)]
    return os.path.join(place, "_".join(parts))


# A variable at a start of a member, or at a time.
Held = tuple[str, str, int]


def _held(record: FileRecord) -> Iterator[Held]:
    s = record.summary
    for v in s.variables:
        yield from ((v.name, init, member) for init in s.inits for member in s.members)
        yield from ((v.name, time, 0) for time in s.times)


def _disjoint(group: list[FileRecord]) -> bool:
    """Whether no two files hold the same start and member, or the same time."""
    seen: set[Held] = set()
    for record in group:
        held = set(_held(record))
        if seen & held:
            return False
        seen |= held
    return True


def _join(group: list[FileRecord]) -> DatasetIndex:
    first = group[0].summary
    merged = replace(
        first,
        variables=tuple({v.name: v for r in group for v in r.summary.variables}.values()),
        inits=tuple(sorted({i for r in group for i in r.summary.inits})),
        leads=tuple(sorted({x for r in group for x in r.summary.leads})),
        members=tuple(sorted({m for r in group for m in r.summary.members})),
        times=tuple(sorted({t for r in group for t in r.summary.times})),
        notes=tuple(dict.fromkeys(n for r in group for n in r.summary.notes)),
    )
    nominal = ""
    if _is_lagged(group, merged):
        nominal = merged.inits[-1]
        own = {m: r.summary.inits[0] for r in group for m in r.summary.members}
        leads = _nominal_leads(group, nominal)
        merged = replace(
            merged,
            inits=(nominal,),
            leads=leads,
            member_inits=tuple(own[m] for m in merged.members),
        )
    stem = os.path.splitext(os.path.basename(group[0].stat.path))[0]
    named = [t for t in _tokens(stem) if not _NUMBER.match(t.lower())]
    place = os.path.dirname(group[0].stat.path)
    info = DatasetInfo(
        id=_slug(first.series or "-".join(named)) or _slug(place) or _slug(stem) or "dataset",
        title=first.title or _shown(first.series or " ".join(named or [stem])),
        version=_version(group),
        role=merged.role,
        layout=merged.layout,
        variables=merged.variables,
        grid=merged.grid,
        lead_unit=merged.lead_unit,
        inits=merged.inits,
        leads=merged.leads,
        members=merged.members,
        member_inits=merged.member_inits,
        times=merged.times,
        system=merged.system,
        institution=merged.institution,
        licence=merged.licence,
        synthetic=merged.synthetic,
        notes=merged.notes,
        files=len(group),
        of=merged.of,
        scope=merged.scope,
    )
    return DatasetIndex(info, tuple(group), nominal)


def _version(group: list[FileRecord]) -> str:
    """Another one whenever a file changes, or what is said of it: either changes values."""
    files = digest(r.stat for r in group)
    said = {r.stat.path: r.summary.described for r in group if r.summary.described}
    if not said:
        return files
    return hashlib.sha256(f"{files}{sorted(said.items())}".encode()).hexdigest()[:16]


def _is_lagged(group: list[FileRecord], merged: FileSummary) -> bool:
    if len(merged.inits) < 2 or merged.member_inits:
        return False
    starts: dict[int, set[str]] = defaultdict(set)
    for r in group:
        if len(r.summary.inits) != 1:
            return False
        for m in r.summary.members:
            starts[m].add(r.summary.inits[0])
    if any(len(s) != 1 for s in starts.values()):
        return False
    first, last = parse_init(merged.inits[0]), parse_init(merged.inits[-1])
    return (last - first).days <= LAG_DAYS


def _nominal_leads(group: list[FileRecord], nominal: str) -> tuple[int, ...]:
    end = parse_init(nominal)
    leads: set[int] = set()
    for r in group:
        own, unit = parse_init(r.summary.inits[0]), r.summary.lead_unit
        leads |= {lead_of(end, valid_period(own, x, unit)[0], unit) for x in r.summary.leads}
    return tuple(sorted(leads))


def _shown(path: str) -> str:
    """A name as text that can be printed and sent, though it need not be UTF-8 on disk."""
    return os.fsencode(path).decode("utf-8", "replace")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64]


def _with_unique_ids(datasets: list[DatasetIndex]) -> Iterator[DatasetIndex]:
    """Datasets whose ids collide get their folder's name too, then their file's full name.

    In that order, because a file's full name holds a start, and in an archive
    that drops old starts an id made of it would not last.
    """
    for name_of in (_folder_id, _stem_id, _path_id):
        count: dict[str, int] = defaultdict(int)
        for d in datasets:
            count[d.info.id] += 1
        datasets = [
            replace(d, info=replace(d.info, id=name_of(d) or d.info.id))
            if count[d.info.id] > 1
            else d
            for d in datasets
        ]
    taken: set[str] = set()
    for d in datasets:
        choices = chain([d.info.id], (f"{d.info.id}-{n}" for n in count_from(2)))
        free = next(choice for choice in choices if choice not in taken)
        taken.add(free)
        yield replace(d, info=replace(d.info, id=free))


def _folder_id(d: DatasetIndex) -> str:
    return _slug(f"{os.path.dirname(d.files[0].stat.path)}/{d.info.id}")


def _stem_id(d: DatasetIndex) -> str:
    return _slug(os.path.splitext(os.path.basename(d.files[0].stat.path))[0])


def _path_id(d: DatasetIndex) -> str:
    return _slug(os.path.splitext(d.files[0].stat.path)[0])
