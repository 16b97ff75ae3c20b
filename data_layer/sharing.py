"""Encoded frames shared by several data layers, in a Redis server.

It is a help and no more: while it does not answer, each data layer goes on with what it has
itself and asks it again after a pause. Whoever looks something up here was authorised before.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

log = logging.getLogger(__name__)

# A frame's key holds the version of its data: what is old is not wrong, only unused.
KEPT_SECONDS = 24 * 3600
# A reader makes most frames anew in less time than this.
ANSWER_SECONDS = 0.25
PAUSE_SECONDS = 10.0


class SharedFrames(Protocol):
    """Bytes by key, for several processes."""

    async def get(self, key: str) -> bytes | None:
        """What is kept under a key; ``None`` for nothing, whatever the reason."""
        ...

    async def put(self, key: str, frame: bytes) -> None:
        """Keep it, if possible."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class NotShared:
    """Nothing is shared: a data layer by itself."""

    async def get(self, key: str) -> bytes | None:
        """Nothing."""
        return None

    async def put(self, key: str, frame: bytes) -> None:
        """Nowhere."""

    async def close(self) -> None:
        """Nothing to do."""


class RedisFrames:
    """Frames in a Redis server, which forgets what was not used when its memory is full.

    (Set ``maxmemory`` and ``maxmemory-policy allkeys-lru`` there.)

    Parameters
    ----------
    url: ``redis://…``, ``rediss://…`` or ``unix://…``, with a password if it needs one.
    clock: seconds that only grow.

    Raises
    ------
    ValueError: when the url is none, or the library is not installed.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        try:
            from redis.asyncio import Redis
            from redis.exceptions import RedisError
        except ImportError as error:
            raise ValueError(
                "frames cannot be shared, the Redis client is not installed; "
                "install poama-panel with the extra 'shared'"
            ) from error
        try:
            self._redis = Redis.from_url(
                url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
            )
        except ValueError as error:
            # Without the address: there may be a password in it.
            raise ValueError(
                "the address of the shared cache is not understood; "
                "give redis://host:6379/0, rediss://… or unix:///path"
            ) from error
        self._faults = (RedisError, OSError, TimeoutError)
        self._clock = clock
        self._away_until = 0.0

    async def get(self, key: str) -> bytes | None:
        """See :class:`SharedFrames`."""
        if self._clock() < self._away_until:
            return None
        try:
            found = await self._redis.get(_named(key))
        except self._faults as error:
            self._leave_alone(error)
            return None
        return found if isinstance(found, bytes) else None

    async def put(self, key: str, frame: bytes) -> None:
        """See :class:`SharedFrames`."""
        if self._clock() < self._away_until:
            return
        try:
            await self._redis.set(_named(key), frame, ex=KEPT_SECONDS)
        except self._faults as error:
            self._leave_alone(error)

    async def close(self) -> None:
        """See :class:`SharedFrames`."""
        await self._redis.aclose()

    def _leave_alone(self, error: Exception) -> None:
        # Without the message: it may name the address, and with it a password.
        log.warning(
            "the shared cache does not answer (%s); going on without it for %g s",
            type(error.__cause__ or error).__name__,
            PAUSE_SECONDS,
        )
        self._away_until = self._clock() + PAUSE_SECONDS


def _named(key: str) -> str:
    return f"poama:frame:{key}"


def shared_frames(url: str) -> SharedFrames:
    """The cache at an address, or none for no address."""
    return RedisFrames(url) if url else NotShared()
