"""What spares a second reading: a cache bounded by bytes, and one flight per question.

Both belong to one event loop and are not for several threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache

V = TypeVar("V")

_ENTRY_OVERHEAD = 512


class ByteCache(Generic[V]):
    """The most recently used values, up to ``max_bytes`` in all.

    A value larger than the whole cache is not kept.

    Parameters
    ----------
    size_of: the bytes that a value takes.
    """

    def __init__(self, max_bytes: int, size_of: Callable[[V], int]) -> None:
        self._size_of = size_of
        self._entries: LRUCache[Hashable, V] = LRUCache(
            max_bytes, getsizeof=lambda value: size_of(value) + _ENTRY_OVERHEAD
        )

    @property
    def size(self) -> int:
        """Bytes held now, with an allowance for each entry's key."""
        return int(self._entries.currsize)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable) -> V | None:
        """The value kept under ``key``, now the most recently used."""
        return self._entries.get(key)

    def put(self, key: Hashable, value: V) -> None:
        """Keep ``value``, forgetting the least recently used ones as needed."""
        if self._size_of(value) + _ENTRY_OVERHEAD <= self._entries.maxsize:
            self._entries[key] = value

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()


class SingleFlight(Generic[V]):
    """Equal questions asked while the first is under way share its answer.

    Whoever calls has been authorised already: there is no check on joining.
    A caller who goes away does not cancel the flight for the others. Errors go
    to all who wait and are not kept.
    """

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[V]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    async def do(self, key: Hashable, start: Callable[[], Awaitable[V]]) -> V:
        """The answer of the flight under way for ``key``, or of a new one from ``start``."""
        task = self._flights.get(key)
        if task is None:
            task = asyncio.create_task(self._fly(start))
            self._flights[key] = task
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task)

    @staticmethod
    async def _fly(start: Callable[[], Awaitable[V]]) -> V:
        return await start()

    def _land(self, key: Hashable, task: asyncio.Task[V]) -> None:
        del self._flights[key]
        # An error is marked as seen: everyone who asked may have gone away.
        if not task.cancelled():
            task.exception()
