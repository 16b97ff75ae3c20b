"""Puts what layouts found in each file together into datasets.

This module opens no files, and imports neither xarray nor netCDF4.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from data_layer import __version__
from data_layer.api import DatasetInfo, RefusedFile, VariableInfo
from data_layer.described import Entry
from data_layer.errors import LeftOut, UnreadableFile
from data_layer.holders import Holders
from data_layer.indexed import ArchiveIndex, DatasetIndex
from data_layer.linking import LAGGED, link
from data_layer.naming import shown, slug, template, unique_ids, words
from data_layer.pooling import Pool, of_one_hour
from data_layer.records import FileRecord, FileStat, FileSummary, NotListed
from data_layer.timing import lead_of, parse_init, valid_period
from data_layer.walking import digest

T = TypeVar("T")

# Members of one lagged ensemble start within this many days of each other.
LAG_DAYS = 31


def build(
    folder: Path,
    records: Iterable[FileRecord],
    not_listed: Iterable[NotListed | tuple[FileStat, UnreadableFile]] = (),
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
    records = sorted(records, key=lambda r: r.stat.path)
    given = sorted((NotListed(*n) for n in not_listed), key=lambda n: n.stat.path)
    groups: dict[object, list[FileRecord]] = defaultdict(list)
    for record in records:
        groups[_group_of(record)].append(record)
    datasets: list[DatasetIndex] = []
    repeats: list[NotListed] = []
    for group in groups.values():
        if group[0].summary.series:
            kept, refused = _without_repeats(group)
            repeats += refused
            joined = [_join(kept)]
        else:
            joined = [_join(group)] if _disjoint(group) else [_join([one]) for one in group]
        datasets += joined
        datasets += (pooled for one in joined if (pooled := _pooled(one)) is not None)
    everything = [r.stat for r in records] + [n.stat for n in given]
    told = sorted([*given, *repeats], key=lambda n: n.stat.path)
    repeating = {n.stat for n in repeats}
    return ArchiveIndex(
        folder=str(folder.resolve()),
        fingerprint=digest([*everything, *description]),
        description=description,
        datasets=tuple(_linked(_with_unique_ids(datasets))),
        refused=tuple(_told(n) for n in told if not isinstance(n.why, LeftOut)),
        left_out=tuple(_told(n) for n in told if isinstance(n.why, LeftOut)),
        # Whether a file repeats another is found anew each time: the other may go.
        _not_listed=tuple(given),
        _repeating=tuple(r for r in records if r.stat in repeating) if repeating else (),
    )


def _told(file: NotListed) -> RefusedFile:
    described = Entry.read(file.described)
    return RefusedFile(shown(file.stat.path), file.why.message, described.scope or "")


def _group_of(record: FileRecord) -> object:
    """Equal for files that may be one dataset."""
    s = record.summary
    kind = (s.layout, s.role, s.grid, s.lead_unit, s.width, s.system, s.synthetic, s.of, s.scope)
    lagged_inside = record.stat.path if s.member_inits else ""
    if s.series:
        return (s.series, kind, lagged_inside)
    return (*os.path.split(template(record.stat.path)), s.variables, kind, lagged_inside)


def _disjoint(group: list[FileRecord]) -> bool:
    """Whether no two files hold the same start and member, or the same time."""
    holders = Holders()
    for record in group:
        if holders.twin(record) is not None:
            return False
        holders.add(record)
    return True


def _without_repeats(group: list[FileRecord]) -> tuple[list[FileRecord], list[NotListed]]:
    """The files of a series, without those that hold what another holds or say it otherwise."""
    kept: list[FileRecord] = []
    refused: list[NotListed] = []
    holders = Holders()
    described: dict[str, VariableInfo] = {}
    for record in group:
        twin = holders.twin(record)
        odd = next(
            (v for v in record.summary.variables if described.get(v.name, v).units != v.units), None
        )
        if twin is not None:
            why = f"it holds what {shown(twin.stat.path)} holds already"
        elif odd is not None:
            why = (
                f"its variable {odd.name!r} is in {odd.units!r}, "
                f"in the series' other files in {described[odd.name].units!r}"
            )
        else:
            kept.append(record)
            holders.add(record)
            for v in record.summary.variables:
                described.setdefault(v.name, v)
            continue
        refused.append(NotListed(record.stat, UnreadableFile(why), record.described))
    return kept, refused


def _join(group: list[FileRecord]) -> DatasetIndex:
    first = group[0].summary
    merged = replace(
        first,
        variables=tuple({v.name: v for v in _all(r.summary.variables for r in group)}.values()),
        inits=tuple(sorted(set(_all(r.summary.inits for r in group)))),
        leads=tuple(sorted(set(_all(r.summary.leads for r in group)))),
        members=tuple(sorted(set(_all(r.summary.members for r in group)))),
        times=tuple(sorted(set(_all(r.summary.times for r in group)))),
        notes=tuple(dict.fromkeys(_all(r.summary.notes for r in group))),
    )
    nominal = ""
    if _is_lagged(group, merged):
        nominal = merged.inits[-1]
        own = {m: r.summary.inits[0] for r in group for m in r.summary.members}
        merged = replace(
            merged,
            inits=(nominal,),
            leads=_nominal_leads(group, nominal),
            member_inits=tuple(own[m] for m in merged.members),
        )
    place, name = os.path.split(group[0].stat.path)
    stem = os.path.splitext(name)[0]
    named = words(stem)
    info = DatasetInfo(
        id=slug(first.series or "-".join(named)) or slug(place) or slug(stem) or "dataset",
        title=first.title or shown(first.series or " ".join(named or [stem])),
        version=_version(group),
        role=merged.role,
        layout=merged.layout,
        variables=merged.variables,
        grid=merged.grid,
        lead_unit=merged.lead_unit,
        width=merged.width,
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


def _pooled(dataset: DatasetIndex) -> DatasetIndex | None:
    """The lagged ensembles of a dataset, where the archive's description asks for them."""
    lagged, info = Entry.read(dataset.files[0].described).lagged, dataset.info
    if lagged is None or dataset.nominal or info.member_inits or not info.members:
        return None
    if not of_one_hour(info.inits, info.lead_unit):
        return None
    first, last = info.members[0], info.members[-1]
    pool = Pool(info.inits, lagged.starts, lagged.days, stride=last - first + 1)
    inits = pool.complete()
    # A mean of all members must be of all: leads that the oldest start does not reach are none.
    leads = pool.leads_of_all(info.leads, info.lead_unit)
    if not inits or not leads:
        return None
    return DatasetIndex(
        replace(
            info,
            id=f"{info.id}{LAGGED}",
            title=f"{info.title}, lagged",
            inits=inits,
            leads=leads,
            members=tuple(m + lag * pool.stride for lag in range(pool.size) for m in info.members),
            notes=(*info.notes, pool.told(first, last)),
            pooled=pool.size,
        ),
        dataset.files,
        pool=pool,
    )


def _all(tuples: Iterable[tuple[T, ...]]) -> Iterator[T]:
    """What is in any of them; a tuple that many files share is gone through once."""
    return chain.from_iterable({id(t): t for t in tuples}.values())


def _version(group: list[FileRecord]) -> str:
    """Another one whenever a file changes, or what is said of it: either changes values."""
    files = digest(r.stat for r in group)
    # And with another version of the program, which may read the same files otherwise.
    h = hashlib.sha256(f"{__version__} {files}".encode())
    for r in group:
        h.update(f"\0{r.described}".encode())
    return h.hexdigest()[:16]


def _is_lagged(group: list[FileRecord], merged: FileSummary) -> bool:
    if len(merged.inits) < 2 or merged.member_inits:
        return False
    first, last = parse_init(merged.inits[0]), parse_init(merged.inits[-1])
    if (last - first).days > LAG_DAYS or not of_one_hour(merged.inits, merged.lead_unit):
        return False
    starts: dict[int, set[str]] = defaultdict(set)
    for r in group:
        if len(r.summary.inits) != 1:
            return False
        for m in r.summary.members:
            starts[m].add(r.summary.inits[0])
    return all(len(s) == 1 for s in starts.values())


def _nominal_leads(group: list[FileRecord], nominal: str) -> tuple[int, ...]:
    end = parse_init(nominal)
    leads: set[int] = set()
    for r in group:
        own, unit = parse_init(r.summary.inits[0]), r.summary.lead_unit
        leads |= {lead_of(end, valid_period(own, x, unit)[0], unit) for x in r.summary.leads}
    return tuple(sorted(lead for lead in leads if lead >= 0))


def _linked(datasets: Iterable[DatasetIndex]) -> Iterator[DatasetIndex]:
    """Forecasts, hindcasts and observations that belong together, told of each other."""
    datasets = tuple(datasets)
    for d, info in zip(datasets, link([d.info for d in datasets]), strict=True):
        yield replace(d, info=info)


def _with_unique_ids(datasets: Iterable[DatasetIndex]) -> Iterator[DatasetIndex]:
    """Datasets in the order of their files.

    Those whose ids collide get their folder's name too, then their file's full name.
    In that order, because a file's full name holds a start, and in an archive
    that drops old starts an id made of it would not last.
    """
    datasets = sorted(datasets, key=lambda d: d.files[0].stat.path)
    wishes = []
    for d in datasets:
        place, name = os.path.split(d.files[0].stat.path)
        stem = os.path.splitext(name)[0]
        others = (f"{place}/{d.info.id}", stem, os.path.join(place, stem))
        wishes.append([d.info.id, *map(slug, others)])
    for d, free in zip(datasets, unique_ids(wishes), strict=True):
        yield replace(d, info=replace(d.info, id=free))
