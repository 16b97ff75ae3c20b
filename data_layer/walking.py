"""Which files there are, and whether any of them changed."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISREG

from data_layer.checksums import Promises, is_manifest
from data_layer.described import FILE_NAME
from data_layer.records import FileStat
from data_layer.stores import identity, is_store, within_store

SUFFIXES = (".nc", ".nc4", ".cdf", ".netcdf", ".grib", ".grb", ".grib2", ".grb2")

# Whoever writes a file is done with it, or has written more to it, within this time; if
# not, it is noticed when all files are looked at.
YOUNG_NS = 20 * 10**9
# Of the time, the part that may be spent on looking at every file.
SHARE_OF_TIME = 0.02


def walk(folder: Path) -> Iterator[FileStat]:
    """Every file of the folder with a NetCDF or GRIB name, folder by folder, in order of its name.

    A Zarr store, a folder, is one of these files (:func:`data_layer.stores.identity`).
    Hidden names (a leading dot) are left out: writers use them for files that
    are not complete. So are links that lead out of the folder.
    """
    root = os.path.realpath(folder)
    promises = Promises()
    waiting = [""]
    while waiting:
        place = waiting.pop()
        files, manifests, folders = _listed(root, place)
        promises.enter(place, [Path(root, m.path) for m in manifests])
        stores = [store for f in folders if is_store(f) for store in _as_file(root, f)]
        for file in sorted((*files, *stores), key=lambda f: f.path) if stores else files:
            promised = promises.of(file.path)
            yield replace(file, promised=promised) if promised else file
        waiting += (f for f in reversed(folders) if not is_store(f))


def _as_file(root: str, store: str) -> Iterator[FileStat]:
    try:
        yield FileStat(store, *identity(Path(root, store)))
    except OSError:
        return  # removed while we looked


def _listed(root: str, place: str) -> tuple[list[FileStat], list[FileStat], list[str]]:
    """Files, manifests and folders right in ``place``, which is relative to ``root``.

    In a Zarr store all files count, whatever their names.
    """
    in_store = within_store(place)
    files: list[FileStat] = []
    manifests: list[FileStat] = []
    folders: list[str] = []
    try:
        with os.scandir(os.path.join(root, place)) as entries:
            there = sorted(
                (e for e in entries if in_store or e.name[0] != "."), key=lambda e: e.name
            )
    except OSError:
        return files, manifests, folders  # removed while we looked, or not for us
    for entry in there:
        path = os.path.join(place, entry.name)
        try:
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif (held := files if in_store else _kind(entry.name, files, manifests)) is not None:
                if entry.is_symlink() and not _within(root, entry.path):
                    continue
                stat = entry.stat()
                if S_ISREG(stat.st_mode):  # reading a pipe would wait for ever
                    held.append(FileStat(path, stat.st_size, stat.st_mtime_ns))
        except OSError:
            continue  # a link in a circle, or removed while we looked
    return files, manifests, folders


def _kind(name: str, files: list[FileStat], manifests: list[FileStat]) -> list[FileStat] | None:
    """Which of the two a name belongs to, if any."""
    if name.lower().endswith(SUFFIXES):
        return files
    return manifests if is_manifest(name) else None


def _within(root: str, path: str) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(root)


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
        promised = f"\0{s.promised}" if s.promised else ""
        h.update(os.fsencode(f"{s.path}\0{s.size}\0{s.mtime_ns}{promised}\n"))
    return h.hexdigest()[:16]


@dataclass(frozen=True)
class _Seen:
    """A folder at an earlier look."""

    mtime_ns: int
    held: int  # a hash of its files and manifests
    folders: tuple[str, ...]
    nearest_ns: int  # of its times and its files', the nearest to that look


class Changes:
    """Tells whether a folder changed, at a small part of the cost of a walk.

    A file that appears or goes changes the time of the folder it lies in, and folders
    are few. One that is being written does not: so folders in which something is young
    are looked at file by file. Files that are written over in place after a long time
    are found when all are looked at, which is done as often as takes a fiftieth of the
    time: at each look in a small archive. The folders of a Zarr store are looked at like
    any others, and all files in them. Events of the operating system would say more,
    but not on network file systems, where archives lie, nor for any number of folders.
    """

    def __init__(
        self,
        folder: Path,
        now_ns: Callable[[], int] = time.time_ns,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._now_ns = now_ns
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._description: tuple[FileStat, ...] = ()
        self._all_due = 0.0

    def look(self) -> bool:
        """Whether anything changed since the last look; true at the first.

        Raises
        ------
        OSError: when the folder itself cannot be looked at.
        """
        begun = self._clock()
        at_all = begun >= self._all_due
        root = os.path.realpath(self._folder)
        os.stat(root)
        first = not self._seen
        seen: dict[str, _Seen] = {}
        waiting = [""]
        while waiting:
            place = waiting.pop()
            now = self._look_at(root, place, self._seen.get(place), at_all)
            if now is not None:
                seen[place] = now
                waiting += now.folders
        description = description_stats(self._folder)
        changed = (
            first
            or description != self._description
            or seen.keys() != self._seen.keys()
            or any(now.held != self._seen[place].held for place, now in seen.items())
        )
        self._seen, self._description = seen, description
        if at_all:
            end = self._clock()
            self._all_due = end + (end - begun) / SHARE_OF_TIME
        return changed

    def _look_at(self, root: str, place: str, before: _Seen | None, at_all: bool) -> _Seen | None:
        now = self._now_ns()
        try:
            mtime_ns = os.stat(os.path.join(root, place)).st_mtime_ns
        except OSError:
            return None
        # Where clocks differ, nothing is young for long.
        old = before is not None and abs(now - before.nearest_ns) > YOUNG_NS
        if before is not None and old and before.mtime_ns == mtime_ns and not at_all:
            return before
        files, manifests, folders = _listed(root, place)
        held = (*files, *manifests)
        times = [mtime_ns, *(f.mtime_ns for f in held)]
        nearest = min(times, key=lambda t: abs(now - t))
        return _Seen(mtime_ns, hash(held), tuple(folders), nearest)
