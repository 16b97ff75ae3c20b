"""Zarr stores: folders that are one file of an archive.

A store is any folder whose name ends in ``.zarr``, with whatever lies in it. Others are
no folders (:class:`Elsewhere`).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path, PosixPath
from stat import S_ISDIR
from typing import ClassVar

SUFFIX = ".zarr"
# Files and folders looked at in a store; one that has more is refused.
MOST_ENTRIES = 200_000

# Of the time, the part that may be spent on looking whether stores in use have changed.
SHARE_OF_TIME = 0.1

# In place of the size of all that a store holds, where nobody can tell.
UNKNOWN_SIZE = 2**62

_SECOND = 10**9


class Elsewhere(PosixPath):
    """A store that is no folder, given where a path is expected.

    Its name and those above it are as a folder's would be, for layouts that look for
    words in them. Nothing lies at that path.

    Attributes
    ----------
    holds: seconds for which its identity, once it was asked for, may be taken to hold.
    """

    holds: ClassVar[float] = 0.0

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """As a store always is."""
        return True

    def identity(self) -> tuple[int, int]:
        """See :func:`identity`; the size may be ``UNKNOWN_SIZE``."""
        raise NotImplementedError

    def metadata(self) -> Mapping[str, bytes]:
        """The metadata of its arrays and groups, consolidated ones among them, by their names.

        Raises
        ------
        UnreadableFile: when they cannot be understood.
        OSError, Unavailable: when they cannot be read.
        """
        raise NotImplementedError

    def chunks(self) -> Collection[str] | None:
        """The names of its chunks, where they can be told."""
        return None


def is_store(name: str) -> bool:
    """Whether a folder of that name is a store."""
    return name.lower().endswith(SUFFIX)


def within_store(place: str) -> bool:
    """Whether a folder, relative to the archive's, is a store or lies in one."""
    return SUFFIX in place.lower() and any(map(is_store, place.split(os.sep)))


def entries(store: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All that is in a store, as name relative to it and entry; links are not followed.

    Ends after one more than ``MOST_ENTRIES``. What is removed meanwhile is passed over.
    """
    seen = 0
    waiting = [""]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(os.path.join(store, place)) as there:
                for entry in there:
                    seen += 1
                    if seen > MOST_ENTRIES + 1:
                        return
                    name = f"{place}/{entry.name}".lstrip("/")
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(name)
                    yield name, entry
        except OSError:
            continue


def identity(path: Path) -> tuple[int, int]:
    """Size and time of a file or a store: others when anything in it has changed.

    Of a store the size is that of all its files. The time is that of its youngest file
    to the second, and in place of nanoseconds a digest of the names, sizes and times of
    all: files that are added, removed, or exchanged for others of the same size and time
    make another identity. It costs a look at each file, of at most ``MOST_ENTRIES``.

    Raises
    ------
    OSError: when there is no such file.
    """
    if isinstance(path, Elsewhere):
        return path.identity()
    stat = os.stat(path)
    if not S_ISDIR(stat.st_mode):
        return stat.st_size, stat.st_mtime_ns
    return together(_held(path))


def _held(store: Path) -> Iterator[tuple[str, os.stat_result]]:
    for name, entry in entries(store):
        try:
            held = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if not S_ISDIR(held.st_mode):
            yield name, held


def together(files: Iterable[tuple[str, os.stat_result]]) -> tuple[int, int]:
    """The identity of several files as one, by their names, sizes and times."""
    size, newest = 0, 0
    lines = []
    for name, held in files:
        size += held.st_size
        newest = max(newest, held.st_mtime_ns)
        lines.append(os.fsencode(f"{name}\0{held.st_size}\0{held.st_mtime_ns}\n"))
    digest = hashlib.sha256(b"".join(sorted(lines))).digest()
    return size, newest // _SECOND * _SECOND + int.from_bytes(digest[:8]) % _SECOND


class Identities:
    """Identities of files in use, which are asked for at each read.

    A store of tens of thousands of chunks takes as long to look at as many maps to read.
    So what was seen of a store holds for ten times as long as the look took: some
    milliseconds for a small one, seconds for such a one; and at least for as long as a
    store elsewhere says.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[Path, tuple[float, tuple[int, int]]] = {}

    def of(self, path: Path, anew: bool = False) -> tuple[int, int]:
        """See :func:`identity`; ``anew``: as it is at this moment.

        Raises
        ------
        OSError: when there is no such file.
        """
        if not (isinstance(path, Elsewhere) or is_store(path.name)):
            return identity(path)
        begun = self._clock()
        due, found = self._seen.get(path, (begun, (0, 0)))
        if anew or begun >= due:
            self._seen.pop(path, None)
            found = identity(path)
            end = self._clock()
            pause = max(
                (end - begun) / SHARE_OF_TIME, path.holds if isinstance(path, Elsewhere) else 0.0
            )
            self._seen[path] = (end + pause, found)
        return found
