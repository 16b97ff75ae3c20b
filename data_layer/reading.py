"""What one reader process does: one job after another, on one thread.

The netCDF library must not be called from two threads and can be brought down
by a damaged file, so files are read in processes that may die. This module is
the inside of such a process; :mod:`data_layer.readers` supervises them.
"""

from __future__ import annotations

import ctypes
import gc
import io
import logging
import os
import pickle
import resource
import signal
import sys
import time
import traceback
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from data_layer.api import ForecastSource, ProductInfo, ProductRequest
from data_layer.cuts import WHOLE, Cut
from data_layer.errors import DataLayerError, TooLarge
from data_layer.findings import ToInspect
from data_layer.indexed import ArchiveIndex
from data_layer.memory import LARGEST_AT_ONCE, Budget, give_back, held_by, keep_freed, limit_own
from data_layer.records import Finding, Shared

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s[%(process)d]: %(message)s"

# On a frame of 721 x 1440 cells, zstd 1 and 3 take 1.1 ms and make the same 690 kB,
# level 6 four times as long; gzip 1 takes 20 ms for 742 kB, level 6 35 ms for 719 kB.
ZSTD_LEVEL = 1
GZIP_LEVEL = 1


class OpenSource(ForecastSource, Protocol):
    """A source that holds files open between answers."""

    def close(self) -> None:
        """Let go of the files; whoever asks again opens them again."""
        ...


class Archive(Protocol):
    """How a reader comes to its data. Sent to the reader, so it must pickle."""

    def load(self) -> None:
        """Load and compile what reading needs, before the first job."""
        ...

    def inspect(self, new: ToInspect) -> Finding:
        """What a file holds, or why it is not listed."""
        ...

    def open(self, index: ArchiveIndex, before: OpenSource | None) -> OpenSource:
        """A source that answers from what ``index`` lists.

        ``before`` is the last one, which may be used again. It must let go of its files
        when ``index`` has another fingerprint than its own.
        """
        ...


@dataclass(frozen=True)
class FolderArchive:
    """A folder of NetCDF files. The libraries that read them are loaded on first use.

    ``largest``: bytes that a file may have unpacked at one go. ``planes`` and ``pyramids``:
    where climatologies and coarser levels of maps are kept, and how many bytes they may take.
    """

    folder: Path
    largest: int = LARGEST_AT_ONCE
    planes: tuple[Path, int] | None = None
    pyramids: tuple[Path, int] | None = None

    def load(self) -> None:
        """Import the libraries, and have the kernels compiled by a first small frame."""
        import numpy as np
        import xarray as xr

        from data_layer import frames, local, opening, wire  # noqa: F401

        axis = np.arange(2.0)
        frames.encode(xr.DataArray(np.eye(2, dtype="f4"), {"lat": axis, "lon": axis}))

    def inspect(self, new: ToInspect) -> Finding:
        """See :func:`data_layer.opening.look_at`."""
        from data_layer.opening import look_at

        return look_at(self.folder, new, self.largest)

    def open(self, index: ArchiveIndex, before: OpenSource | None) -> OpenSource:
        """See :class:`data_layer.local.LocalSource`."""
        from data_layer.local import LocalSource
        from data_layer.planes import PlaneStore
        from data_layer.pyramids import PyramidStore

        if isinstance(before, LocalSource):
            before.replace(index)
            return before
        planes = PlaneStore(*self.planes) if self.planes else None
        pyramids = PyramidStore(*self.pyramids) if self.pyramids else None
        return LocalSource(index, planes=planes, pyramids=pyramids)


@dataclass(frozen=True)
class Job:
    """One order to a reader, and as much of the index as it needs.

    ``compared``: that is, with what the dataset is compared with.
    """

    op: str
    args: tuple[Any, ...] = ()
    index: ArchiveIndex | None = None
    compared: bool = False


@dataclass(frozen=True)
class Answer:
    """What became of a job: a value, an error to raise again, or a fault to be logged.

    ``held``: bytes of memory that the reader has for itself afterwards.
    """

    value: Any = None
    error: DataLayerError | None = None
    fault: str = ""
    held: int = 0

    def send(self, connection: Connection) -> None:
        """Send it; bytes go behind it as they are, because pickling copies them twice."""
        bulk = self.value if isinstance(self.value, bytes) else None
        told = (self if bulk is None else replace(self, value=None), bulk is not None)
        written = io.BytesIO()
        _PlainErrors(written, pickle.HIGHEST_PROTOCOL).dump(told)
        connection.send_bytes(written.getbuffer())
        if bulk is not None:
            connection.send_bytes(bulk)

    @classmethod
    def receive(cls, connection: Connection) -> Answer:
        """The inverse of :meth:`send`."""
        answer: Answer
        answer, has_bulk = pickle.loads(connection.recv_bytes())  # noqa: S301 - our own reader's
        return replace(answer, value=connection.recv_bytes()) if has_bulk else answer


class _PlainErrors(pickle.Pickler):
    """Writes our errors as they are, without their tracebacks.

    Libraries that a reader loads (Dask is one) have all exceptions take them along, and so the
    modules in them, which the front must not load.
    """

    def reducer_override(self, obj: object) -> Any:
        """See :class:`pickle.Pickler`."""
        return obj.__reduce__() if isinstance(obj, DataLayerError) else NotImplemented


class Reader:
    """Carries out jobs on an archive.

    Parameters
    ----------
    largest: bytes of the largest answer, or no limit.
    """

    def __init__(self, archive: Archive, largest: int | None = None) -> None:
        self._archive = archive
        self._largest = largest
        self._source: OpenSource | None = None
        self._ops: dict[str, Callable[..., Any]] = {
            "inspect": self.inspect,
            "products": self.products,
            "canary": self.canary,
            "frame": self.frame,
            "limits": self.limits,
            "array": self.array,
            "json": self.json,
            "netcdf": self.netcdf,
        }

    def do(self, job: Job) -> Answer:
        """The job's answer; errors are part of it."""
        try:
            if job.index is not None:
                self._source = self._archive.open(job.index, self._source)
            return Answer(self._sendable(self._ops[job.op](*job.args)))
        except DataLayerError as error:
            return Answer(error=error)
        except MemoryError:
            return Answer(
                error=TooLarge(
                    "This needs more memory than a reader may take.",
                    advice="Ask for a smaller region, or for fewer leads or members.",
                )
            )
        except Exception:
            return Answer(fault=traceback.format_exc())

    def _sendable(self, value: Any) -> Any:
        """The value, unless whoever hands it on could not hold it."""
        if isinstance(value, bytes) and self._largest is not None and len(value) > self._largest:
            raise TooLarge(
                f"The answer takes {len(value):,} bytes; the limit is {self._largest:,}.",
                asked=f"{len(value)} bytes",
                exists=[f"{self._largest} bytes"],
                advice="Ask for a smaller region, or for fewer starts, leads or members at once.",
            )
        return value

    def let_go(self) -> None:
        """Close files, and give back memory that is free."""
        if self._source is not None:
            self._source.close()
        gc.collect()
        give_back()

    def inspect(self, files: Sequence[ToInspect], seconds: float) -> list[Finding]:
        """What the first of ``files`` hold: as many as there is time for, one at least.

        Open files are closed first, as some may have been written over. As long as one
        handle of a file is open, HDF5 gives each further one what it remembers of the
        file: a mixture of what it was and what it is.
        """
        if self._source is not None:
            self._source.close()
        end = time.monotonic() + seconds
        found: list[Finding] = []
        shared = Shared()
        for new in files:
            found.append(shared.finding(self._archive.inspect(new)))
            if time.monotonic() >= end:
                break
        return found

    @property
    def source(self) -> ForecastSource:
        """The source on the index that came with the last job."""
        if self._source is None:
            raise RuntimeError("no index has come yet")
        return self._source

    def products(self) -> tuple[ProductInfo, ...]:
        """What can be computed; asked here because products may need libraries to load."""
        return self.source.products()

    def canary(self, request: ProductRequest) -> None:
        """Read something, to see that reading works at all."""
        self.source.fetch(request)

    def frame(self, request: ProductRequest, encoding: str, cut: Cut = WHOLE) -> bytes:
        """A frame in a content coding: ``zstd``, ``gzip`` or ``identity``."""
        return compress(self.source.frame(request, cut), encoding)

    def limits(self, request: ProductRequest) -> Any:
        """The range of a selection."""
        return self.source.limits(request)

    def array(self, request: ProductRequest) -> bytes:
        """The answer as :mod:`data_layer.wire` writes arrays."""
        from data_layer import wire

        return wire.encode(self.source.fetch(request))

    def json(self, request: ProductRequest) -> bytes:
        """The answer as plain JSON."""
        from data_layer import wire

        return wire.to_json(self.source.fetch(request))

    def netcdf(self, request: ProductRequest) -> bytes:
        """The answer as a NetCDF file."""
        return self.source.netcdf(request)


def compress(data: bytes, encoding: str) -> bytes:
    """``data`` in an HTTP content coding (RFC 9110 §8.4.1, RFC 8878)."""
    if encoding == "identity":
        return data
    if encoding == "gzip":
        packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        return packer.compress(data) + packer.flush()
    if encoding == "zstd":
        import zstandard

        return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(data)
    raise ValueError(f"no content coding {encoding!r}")


def run(
    connection: Connection,
    archive: Archive,
    memory: int | None,
    parent: int,
    budget: Budget | None = None,
) -> None:
    """The life of a reader process: tell that it is ready, then answer jobs until told to go.

    Parameters
    ----------
    connection: jobs come in by it and answers go out.
    archive: what to read.
    memory: bytes of address space the process may take, or no limit.
    parent: the supervisor's process id; the reader does not outlive it.
    budget: bytes of its own memory that it may hold at all, and between jobs.
    """
    _die_with(parent)
    keep_freed()
    # An interrupt from the keyboard goes to the supervisor, which ends us in its own time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        os.environ.setdefault(f"{name}_NUM_THREADS", "1")
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    # Whoever gathers what is found says what was refused: many files in one line.
    logging.getLogger("data_layer.opening").setLevel(logging.WARNING)
    archive.load()
    if budget is not None:
        limit_own(budget.most)
    reader = Reader(archive, budget.answer if budget is not None else None)
    Answer().send(connection)
    while True:
        try:
            job = connection.recv()
        except (EOFError, OSError):
            return
        answer = reader.do(job)
        if budget is not None:
            answer = replace(answer, held=_held(reader, budget.share))
        try:
            answer.send(connection)
        except OSError:
            return
        del job, answer


def _held(reader: Reader, share: int) -> int:
    """Bytes that are held, after letting go of what can be if they are too many."""
    held = held_by(os.getpid()).own
    if held > share:
        reader.let_go()
        held = held_by(os.getpid()).own
    return held


def _die_with(parent: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)
