"""Results kept on disk under a key: each made once, all together within a limit.

A file appears whole or not at all; who wants one that is being made waits for it. Those that
were not used for the longest time go first.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, ClassVar, Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

# What a process that died left behind is this old.
ABANDONED_SECONDS = 3600.0


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
        except OSError as error:  # for want of memory or of handles, perhaps
            log.warning("%s cannot be read: %s", path.name, error)
            return None
        except (EOFError, ValueError) as error:
            self.discard(path, error)
            return None
        with suppress(OSError):  # a folder of somebody else's can be read all the same
            os.utime(path)
        return found

    def discard(self, path: Path, why: Exception) -> None:
        """Delete a file that is damaged: it will be made anew."""
        log.warning("%s is damaged (%s) and will be made anew", path.name, why)
        with suppress(OSError):
            path.unlink(missing_ok=True)

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
            try:
                yield
            finally:
                # Who waits for this one holds it next; who comes later makes another. At worst
                # a value that failed to be made is made by two at once.
                with suppress(OSError):
                    lock.unlink(missing_ok=True)

    def _put(self, key: str, value: T) -> None:
        path = self.path(key)
        # Processes of several containers may have one number.
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        try:
            with temporary.open("wb") as file:
                self.write(file, value)
                file.flush()
                os.fsync(file.fileno())  # else its name might outlive a power cut, and not it
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        self._tidy(keep=path)

    def _tidy(self, keep: Path) -> None:
        """Delete what was not used for the longest time, until the limit holds."""
        used = sorted(
            ((told.st_atime_ns, told.st_size, f) for f, told in self._files(self.suffix)),
            reverse=True,
        )
        total = 0
        for _, size, file in used:
            total += size
            if total > self._limit and file != keep:
                file.unlink(missing_ok=True)
        long_ago = time.time() - ABANDONED_SECONDS
        for suffix in (".part", ".lock"):
            for file, told in self._files(suffix):
                if told.st_mtime < long_ago:
                    file.unlink(missing_ok=True)

    def _files(self, suffix: str) -> Iterator[tuple[Path, os.stat_result]]:
        for file in self._folder.glob(f"*{suffix}"):
            try:
                told = file.stat()
            except FileNotFoundError:  # another process tidies up as well
                continue
            yield file, told
