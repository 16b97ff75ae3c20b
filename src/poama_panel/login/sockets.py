"""The open websockets of each session, so that they can be closed with it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)

SESSION_ENDED = 4401


class Socket(Protocol):
    """What we ask of a websocket."""

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close it, giving the browser a code and a reason."""
        ...


class Sockets:
    """Sockets by session key. For one event loop."""

    def __init__(self) -> None:
        self._open: dict[str, set[Socket]] = {}

    def add(self, key: str, socket: Socket) -> None:
        """Remember an open socket."""
        self._open.setdefault(key, set()).add(socket)

    def discard(self, key: str, socket: Socket) -> None:
        """Forget a closed socket."""
        if (sockets := self._open.get(key)) is not None:
            sockets.discard(socket)
            if not sockets:
                del self._open[key]

    def close(self, key: str) -> None:
        """Close the sockets of a session that ended."""
        for socket in self._open.pop(key, set()):
            socket.close(SESSION_ENDED, "session ended")

    async def sweep(self, is_live: Callable[[str], Awaitable[bool]]) -> None:
        """Close the sockets of the sessions that are over, also those that say nothing."""
        for key in tuple(self._open):
            try:
                if not await is_live(key):
                    self.close(key)
            except SQLAlchemyError:
                # Nobody is thrown out because the database is away; nobody gets data either,
                # for tokens are not made without it.
                log.exception("could not look up sessions")
                return
