"""How much memory is taken at one go and in all, and what becomes of memory that was freed."""

from __future__ import annotations

import ctypes
import resource
from collections.abc import Iterable
from dataclasses import dataclass

# What is unpacked of a file: a global map of 0.05 degrees in single precision is 104 MB.
LARGEST_AT_ONCE = 256_000_000

# Numbers of mallopt(3), and the most it takes for the second.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_FROM_HEAP = 32 << 20
_KEPT_OF_HEAP = 64 << 20


@dataclass(frozen=True)
class Budget:
    """What a front and its readers may take, in bytes.

    Attributes
    ----------
    limit: all together. The pages of libraries are in memory once, however many processes
        use them, and are counted once; all else here is each process's own.
    share: a reader between jobs. During one it may take more, as long as there is room.
    most: a reader at any time.
    answer: the largest answer.
    """

    limit: int
    share: int
    most: int
    answer: int


@dataclass(frozen=True)
class Held:
    """What a process has in memory: bytes of its own, and pages of files that others share."""

    own: int = 0
    shared: int = 0


def held_by(pid: int) -> Held:
    """What a process has in memory now; nothing when it is gone, or where nobody tells."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as statm:
            resident, shared = map(int, statm.read().split()[1:3])
    except (OSError, ValueError):
        return Held()
    page = resource.getpagesize()
    return Held((resident - shared) * page, shared * page)


def together(processes: Iterable[Held]) -> int:
    """Bytes that several processes take, libraries counted once."""
    processes = tuple(processes)
    return sum(p.own for p in processes) + max((p.shared for p in processes), default=0)


def limit_own(most: int) -> None:
    """Have this process refused more memory of its own than that, from now on.

    The kernel counts what was asked for, of which some is never touched: as much is
    allowed on top.
    """
    try:
        with open("/proc/self/statm", "rb") as statm:
            fields = [int(field) * resource.getpagesize() for field in statm.read().split()]
    except OSError:
        return
    untouched = max(0, fields[5] - (fields[1] - fields[2]))
    resource.setrlimit(resource.RLIMIT_DATA, (most + untouched, most + untouched))


def keep_freed() -> None:
    """Have freed memory used again, rather than given back and asked for anew.

    By the C library's defaults each map of some megabytes is new memory, which the
    kernel clears page by page as it is first touched: 2600 page faults for a frame of
    721 x 1440 cells, and more time than it takes to inflate one. The price is at most
    64 MB that a process keeps.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # musl has none
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_FROM_HEAP)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_OF_HEAP)


def give_back() -> None:
    """Give back what :func:`keep_freed` keeps."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # musl has none
        trim(0)
