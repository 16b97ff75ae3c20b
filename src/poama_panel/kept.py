"""Frames kept in the view: many look at the same map on the same morning."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from cachetools import LRUCache

DEFAULT_BYTES = 64 << 20
# The data layer looks for changed files about as often; so a frame is no staler than there.
FRESH_SECONDS = 1.0
# Of all, the part that one frame may take.
_LARGEST = 1 / 8
_OVERHEAD = 1024

Key = tuple[str, str, str]


@dataclass(frozen=True)
class KeptFrame:
    """A frame as the data layer sent it.

    Attributes
    ----------
    headers: those the browser is told.
    body: compressed, if they say so.
    checked: when the data layer last said that this is the answer.
    """

    headers: Mapping[str, str]
    body: bytes
    checked: float


class KeptFrames:
    """The frames asked for last, by scope, address and codings accepted.

    The scope is part of the key, because the data layer's yes was said to a token of it:
    nobody is shown from here what the data layer would not have shown them.

    Parameters
    ----------
    limit: bytes of all frames together; 0 for keeping none.
    clock: seconds that only grow.
    """

    def __init__(
        self, limit: int = DEFAULT_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self.largest = int(limit * _LARGEST)
        self._frames: LRUCache[Key, KeptFrame] = LRUCache(
            limit, getsizeof=lambda frame: len(frame.body) + _OVERHEAD
        )

    def get(self, key: Key) -> tuple[KeptFrame | None, bool]:
        """What is kept, and whether it may be shown without asking the data layer."""
        found = self._frames.get(key)
        return found, found is not None and self._clock() - found.checked < FRESH_SECONDS

    def put(self, key: Key, headers: Mapping[str, str], body: bytes) -> None:
        """Keep a whole answer."""
        if len(body) + _OVERHEAD <= self.largest:
            self._frames[key] = KeptFrame(dict(headers), body, self._clock())

    def confirm(self, key: Key, frame: KeptFrame) -> None:
        """The data layer said that this is still the answer."""
        self._frames[key] = replace(frame, checked=self._clock())

    def forget(self, key: Key) -> None:
        """The data layer no longer says so."""
        self._frames.pop(key, None)
