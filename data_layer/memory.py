"""How much memory is taken at one go, and what becomes of memory that was freed."""

from __future__ import annotations

import ctypes

# What is unpacked of a file: a global map of 0.05 degrees in single precision is 104 MB.
LARGEST_AT_ONCE = 256_000_000

# Numbers of mallopt(3), and the most it takes for the second.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_FROM_HEAP = 32 << 20
_KEPT_OF_HEAP = 64 << 20


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
