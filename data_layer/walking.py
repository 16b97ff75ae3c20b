"""Which files there are, and whether any of them changed."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from data_layer import references
from data_layer.checksums import Promises, is_manifest
from data_layer.described import FILE_NAME, read_description
from data_layer.errors import BadRequest
from data_layer.records import FileStat
from data_layer.remote import LOOK_SECONDS
from data_layer.remote_stores import LOOKS, Look, RemotePath
from data_layer.stores import UNKNOWN_SIZE, identity, is_store, within_store

SUFFIXES = (".nc", ".nc4", ".cdf", ".netcdf", ".grib", ".grb", ".grib2", ".grb2")

# Whoever writes a file is done with it, or has written more to it, within this time; if
# not, it is noticed when all files are looked at.
YOUNG_NS = 20 * 10**9
# Of the time, the part that may be spent on looking at every file.
SHARE_OF_TIME = 0.02

# In place of the size of a file: a folder whose files nobody can tell.
_NO_SIZE = -1
_GONE = (errno.ENOENT, errno.ENOTDIR)


def walk(folder: Path) -> Iterator[FileStat]:
    """Every file of the folder with a known kind of name, folder by folder, in order of its name.

    Those are names of NetCDF, GRIB, and JSON, which may be a reference set. A Zarr store,
    a folder, is one of these files (:func:`data_layer.stores.identity`).
    Hidden names (a leading dot) are left out: writers use them for files that
    are not complete. So are links that lead out of the folder.

    A folder that is there and cannot be listed stands for its files (:func:`is_closed`).

    Raises
    ------
    OSError: when the folder itself cannot be listed.
    """
    root = os.path.realpath(folder)
    promises = Promises()
    waiting = [""]
    while waiting:
        place = waiting.pop()
        files, manifests, folders, _, closed = _listed(root, place)
        if closed and not within_store(place):
            if not place:
                raise OSError(closed, os.strerror(closed), root)
            yield _closed(place, closed)
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


def _closed(place: str, why: int) -> FileStat:
    return FileStat(place, _NO_SIZE, why)


def is_closed(stat: FileStat) -> bool:
    """Whether this is a folder that could not be listed, in place of the files in it."""
    return stat.size == _NO_SIZE


def why_closed(stat: FileStat) -> str:
    """Why that folder could not be listed; nothing for a file."""
    return f"this folder cannot be listed ({os.strerror(stat.mtime_ns)})" if is_closed(stat) else ""


class _Listing(NamedTuple):
    """What is right in a folder.

    ``ctimes_ns``: of each file, when its content, name or rights last changed. ``closed``:
    the error's number when the folder is there and cannot be listed, else 0.
    """

    files: list[FileStat]
    manifests: list[FileStat]
    folders: list[str]
    ctimes_ns: dict[str, int]
    closed: int = 0


def _listed(root: str, place: str) -> _Listing:
    """Files, manifests and folders right in ``place``, which is relative to ``root``.

    In a Zarr store all files count, whatever their names.
    """
    in_store = within_store(place)
    files: list[FileStat] = []
    manifests: list[FileStat] = []
    folders: list[str] = []
    ctimes_ns: dict[str, int] = {}
    try:
        with os.scandir(os.path.join(root, place)) as entries:
            there = sorted(
                (e for e in entries if in_store or e.name[0] != "."), key=lambda e: e.name
            )
    except OSError as error:
        removed = error.errno in _GONE
        return _Listing(files, manifests, folders, ctimes_ns, 0 if removed else error.errno or -1)
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
                    listed = FileStat(path, stat.st_size, stat.st_mtime_ns)
                    if not in_store and references.is_references(entry.name):
                        listed = FileStat(path, *references.identity(Path(entry.path)))
                    held.append(listed)
                    ctimes_ns[path] = stat.st_ctime_ns
        except OSError:
            continue  # a link in a circle, or removed while we looked
    return _Listing(files, manifests, folders, ctimes_ns)


def _kind(name: str, files: list[FileStat], manifests: list[FileStat]) -> list[FileStat] | None:
    """Which of the two a name belongs to, if any."""
    if name.lower().endswith(SUFFIXES) or references.is_references(name):
        return files
    return manifests if is_manifest(name) else None


def _within(root: str, path: str) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(root)


def fingerprint(folder: Path) -> str:
    """A digest of names, sizes and times: equal as long as nothing changed."""
    description = description_stats(folder)
    remote = (as_file(store, look) for store, look in elsewhere(folder, description) if look)
    return digest([*walk(folder), *remote, *description])


def elsewhere(
    folder: Path, description: tuple[FileStat, ...], wait: bool = False
) -> tuple[tuple[RemotePath, Look | None], ...]:
    """Stores at addresses that the archive's description names, and the last look at each.

    Looks are taken in time (:class:`data_layer.remote_stores.Looks`); nothing waits for them here.

    Parameters
    ----------
    description: its identity (:func:`description_stats`).
    wait: for those that go on, as long as each may take.
    """
    stores = _named(folder, description) if description else ()
    seconds = LOOK_SECONDS + 1 if wait else 0.0
    return tuple((store, LOOKS.said(store, seconds)) for store in stores)


@lru_cache(8)
def _named(folder: Path, _description: tuple[FileStat, ...]) -> tuple[RemotePath, ...]:
    try:
        return read_description(folder).elsewhere()
    except BadRequest:
        return ()  # whoever takes stock says so


def as_file(store: RemotePath, look: Look) -> FileStat:
    """A store at an address as one of the archive's files."""
    return FileStat(store.url, UNKNOWN_SIZE if not look.why else 0, look.mark)


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
    ctime_ns: int  # of its files, the latest
    closed: int  # whether it could not be listed


class Changes:
    """Tells whether a folder changed, at a small part of the cost of a walk.

    A file that appears or goes changes the time of the folder it lies in, and folders
    are few. One that is being written does not: so folders in which something is young
    are looked at file by file. Files that are written over in place after a long time
    are found when all are looked at, which is done as often as takes a fiftieth of the
    time: at each look in a small archive. The folders of a Zarr store are looked at like
    any others, and all files in them. Events of the operating system would say more,
    but not on network file systems, where archives lie, nor for any number of folders.

    Attributes
    ----------
    touched: files whose inode changed later than any in their folder had before the last
        look: among them those that were exchanged for others of the same size and time,
        which ``cp -p`` and ``rsync -t`` make, and those whose rights changed.
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
        self._elsewhere: tuple[tuple[RemotePath, Look | None], ...] = ()
        self._all_due = 0.0
        self.touched: frozenset[str] = frozenset()

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
        touched: set[str] = set()
        waiting = [""]
        while waiting:
            place = waiting.pop()
            now = self._look_at(root, place, self._seen.get(place), at_all, touched)
            if now is not None:
                seen[place] = now
                waiting += now.folders
        description = description_stats(self._folder)
        remote = elsewhere(self._folder, description)
        changed = (
            first
            or description != self._description
            or remote != self._elsewhere
            or bool(touched)
            or seen.keys() != self._seen.keys()
            or any(now.held != self._seen[place].held for place, now in seen.items())
        )
        self._seen, self._description, self._elsewhere = seen, description, remote
        self.touched = frozenset(touched)
        if at_all:
            end = self._clock()
            self._all_due = end + (end - begun) / SHARE_OF_TIME
        return changed

    def _look_at(
        self, root: str, place: str, before: _Seen | None, at_all: bool, touched: set[str]
    ) -> _Seen | None:
        now = self._now_ns()
        try:
            mtime_ns = os.stat(os.path.join(root, place)).st_mtime_ns
        except OSError:
            return None
        # Where clocks differ, nothing is young for long.
        old = before is not None and abs(now - before.nearest_ns) > YOUNG_NS and not before.closed
        if before is not None and old and before.mtime_ns == mtime_ns and not at_all:
            return before
        files, manifests, folders, ctimes_ns, closed = _listed(root, place)
        held = (*files, *manifests)
        if before is not None and not before.closed and not within_store(place):
            touched.update(path for path, at in ctimes_ns.items() if at > before.ctime_ns)
        times = [mtime_ns, *(f.mtime_ns for f in held)]
        nearest = min(times, key=lambda t: abs(now - t))
        latest = max([before.ctime_ns if before else 0, *ctimes_ns.values()])
        return _Seen(mtime_ns, hash((held, closed)), tuple(folders), nearest, latest, closed)
