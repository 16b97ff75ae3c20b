"""Climatologies kept on disk, so that each is computed once for each state of a hindcast.

A file holds planes (maps) of one hindcast, variable, start of the year, lead and window. It
appears whole or not at all; who wants one that is being made waits for it. All together take
no more than a limit: those that were not used for the longest time go.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

log = logging.getLogger(__name__)

Planes = Mapping[str, npt.NDArray[Any]]

SUFFIX = ".planes.npz"
DEFAULT_BYTES = 4 << 30
# A program that makes other numbers of the same files must not find these.
EDITION = 1


class PlaneStore:
    """Named sets of planes in a folder.

    Safe to use from any number of processes at once.

    Parameters
    ----------
    folder: made if need be.
    limit: bytes that all files may take.
    """

    def __init__(self, folder: Path, limit: int = DEFAULT_BYTES) -> None:
        self._folder = folder
        self._limit = limit

    def path(self, key: str) -> Path:
        """Where the planes of a key are kept."""
        told = f"{EDITION}\0{key}"
        return self._folder / f"{hashlib.sha256(told.encode()).hexdigest()[:40]}{SUFFIX}"

    def get(self, key: str) -> Planes | None:
        """The planes of a key; each is read when it is looked up. ``None`` for none."""
        path = self.path(key)
        try:
            planes: Planes = np.load(path, allow_pickle=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
            log.warning("%s is damaged (%s) and will be made anew", path.name, error)
            with suppress(OSError):
                path.unlink(missing_ok=True)
            return None
        with suppress(OSError):  # a folder of somebody else's can be read all the same
            os.utime(path)
        return planes

    def get_or_make(self, key: str, make: Callable[[], Planes]) -> Planes:
        """The planes of a key, made by ``make`` when there are none.

        What cannot be kept (a full disk, say) is made all the same.
        """
        found = self.get(key)
        if found is not None:
            return found
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._only(key):
                found = self.get(key)  # another process may have made it meanwhile
                if found is None:
                    found = make()
                    self._put(key, found)
                return found
        except OSError as error:
            log.warning("a climatology cannot be kept: %s", error)
            return make() if found is None else found

    @contextmanager
    def _only(self, key: str) -> Iterator[None]:
        """Hold while a key's planes are made; the lock of a process that dies is let go."""
        lock = self.path(key).with_suffix(".lock")
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        lock.unlink(missing_ok=True)

    def _put(self, key: str, planes: Planes) -> None:
        path = self.path(key)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with temporary.open("wb") as file:
                np.savez(file, **planes)  # type: ignore[arg-type]
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        self._tidy(keep=path)

    def _tidy(self, keep: Path) -> None:
        """Delete what was not used for the longest time, until the limit holds."""
        used = sorted(
            ((f.stat().st_atime_ns, f.stat().st_size, f) for f in self._folder.glob(f"*{SUFFIX}")),
            reverse=True,
        )
        total = 0
        for _, size, file in used:
            total += size
            if total > self._limit and file != keep:
                file.unlink(missing_ok=True)
