"""Results kept on disk under a key: each made once, all together within a limit.

A file appears whole or not at all; who wants one that is being made waits for it. Those that
were not used for the longest time go first.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, ClassVar, Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class KeptFiles(ABC, Generic[T]):
    """Values in a folder, a file for each key.

    Safe to use from any number of processes at once.

    Parameters
    ----------
    folder: made if need be.
    limit: bytes that all files may take.

    Attributes
    ----------
    suffix: how the files' names end.
    edition: a program that makes other values of the same key must not find these.
    what: what is kept, in words.
    """

    suffix: ClassVar[str]
    edition: ClassVar[int]
    what: ClassVar[str]

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit

    @abstractmethod
    def read(self, path: Path) -> T:
        """The value in a file.

        Raises
        ------
        OSError: when it cannot be read.
        ValueError: when it is damaged.
        """

    @abstractmethod
    def write(self, file: BinaryIO, value: T) -> None:
        """Write a value to a new file."""

    def path(self, key: str) -> Path:
        """Where the value of a key is kept."""
        told = f"{self.edition}\0{key}"
        return self._folder / f"{hashlib.sha256(told.encode()).hexdigest()[:40]}{self.suffix}"

    def get(self, key: str) -> T | None:
        """The value of a key, ``None`` for none."""
        path = self.path(key)
        try:
            found = self.read(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, EOFError, ValueError) as error:
            log.warning("%s is damaged (%s) and will be made anew", path.name, error)
            with suppress(OSError):
                path.unlink(missing_ok=True)
            return None
        with suppress(OSError):  # a folder of somebody else's can be read all the same
            os.utime(path)
        return found

    def get_or_make(self, key: str, make: Callable[[], T]) -> T:
        """The value of a key, made by ``make`` when there is none.

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
            log.warning("%s cannot be kept: %s", self.what, error)
            return make() if found is None else found

    @contextmanager
    def _only(self, key: str) -> Iterator[None]:
        """Hold while a key's value is made; the lock of a process that dies is let go."""
        lock = self.path(key).with_suffix(".lock")
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        lock.unlink(missing_ok=True)

    def _put(self, key: str, value: T) -> None:
        path = self.path(key)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with temporary.open("wb") as file:
                self.write(file, value)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        self._tidy(keep=path)

    def _tidy(self, keep: Path) -> None:
        """Delete what was not used for the longest time, until the limit holds."""
        used = sorted(
            (
                (f.stat().st_atime_ns, f.stat().st_size, f)
                for f in self._folder.glob(f"*{self.suffix}")
            ),
            reverse=True,
        )
        total = 0
        for _, size, file in used:
            total += size
            if total > self._limit and file != keep:
                file.unlink(missing_ok=True)
