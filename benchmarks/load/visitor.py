"""Somebody who is signed in and steps through the leads, now and then."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TypeVar

from asking import Asker, Refused
from tornado.websocket import WebSocketClosedError

from load.page import APP, Lost, Page

SETTLED_SECONDS = 0.6
MEMBERS = 33

T = TypeVar("T")


@dataclass
class Seen:
    """What all visitors have met with.

    Attributes
    ----------
    opened: seconds from signing in to the map's description.
    frames: when each frame was asked for, and seconds until it was there, whole.
    told: messages sent to Python.
    failures: by their reasons.
    """

    opened: list[float] = field(default_factory=list)
    frames: list[tuple[float, float]] = field(default_factory=list)
    received: int = 0
    told: int = 0
    failures: Counter[str] = field(default_factory=Counter)


class Visitor:
    """One browser: a login, a connection for frames, a page with its websocket.

    Parameters
    ----------
    number: decides which member is looked at.
    product: ``mean`` for the map that all see first, ``value`` for a member of one's own.
    threads: where frames are waited for.
    """

    def __init__(self, number: int, url: str, product: str, threads: Executor, seen: Seen) -> None:
        self._member = str(number % MEMBERS) if product == "value" else "all"
        self._url, self._product, self._threads, self._seen = url, product, threads, seen
        self._random = random.Random(number)
        self._asker = Asker(url)
        self._page: Page | None = None

    @property
    def lost(self) -> str | None:
        """Why there is no websocket any more, if so."""
        return self._page.lost if self._page else "never opened"

    async def enter(self, username: str, password: str) -> bool:
        """Sign in and open the page; whether that came about."""
        begun = time.perf_counter()
        try:
            await self._apart(self._asker.sign_in, username, password)
            html = await self._apart(self._asker.get, f"/{APP}")
            self._page = await Page.open(self._url, html.decode(), self._asker.cookie)
        except (Lost, Refused, OSError, HTTPException, WebSocketClosedError) as error:
            self._seen.failures[f"page: {type(error).__name__} {error}"] += 1
            return False
        self._seen.opened.append(time.perf_counter() - begun)
        return True

    async def step_on(self, pause: float) -> None:
        """Look at the first map, then step to and fro, ``pause`` seconds apart on average.

        Ends by being cancelled.
        """
        assert self._page is not None
        lead, direction = 0, 1
        await self._fetch(lead)
        settling: asyncio.Task[None] | None = None
        while True:
            await asyncio.sleep(self._random.expovariate(1 / pause))
            if not 0 <= lead + direction < len(self._page.map.leads):
                direction = -direction
            lead += direction
            if settling is not None:
                settling.cancel()
            await self._fetch(lead)
            settling = asyncio.create_task(self._settle(lead))

    async def leave(self) -> None:
        """Close the page."""
        self._asker.close()
        if self._page is not None:
            await self._page.close()

    async def _fetch(self, lead: int) -> None:
        assert self._page is not None
        parts = self._page.map.path.split("/")
        parts[3] = self._product
        path = "/".join(parts).format(lead=self._page.map.leads[lead], member=self._member)
        asked = time.perf_counter()
        try:
            body = await self._apart(self._asker.get, f"/frames/{path}")
        except (Refused, OSError, HTTPException) as error:
            self._seen.failures[f"frame: {type(error).__name__} {error}"[:150]] += 1
            self._asker.close()
            return
        self._seen.frames.append((asked, time.perf_counter() - asked))
        self._seen.received += len(body)

    async def _settle(self, lead: int) -> None:
        await asyncio.sleep(SETTLED_SECONDS)
        assert self._page is not None
        try:
            # Given up later than this it would leave half a message behind.
            await asyncio.shield(self._page.tell(lead))
            self._seen.told += 1
        except WebSocketClosedError:
            self._seen.failures["message: the websocket is closed"] += 1

    async def _apart(self, ask: Callable[..., T], *given: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, ask, *given)
