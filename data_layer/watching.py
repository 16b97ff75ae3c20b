"""Notices new, changed and removed files, and has readers answer from them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from data_layer.catalogue import ArchiveIndex
from data_layer.errors import DataLayerError
from data_layer.findings import Stock, take_stock
from data_layer.indexfile import IndexFile
from data_layer.readers import ReaderPool
from data_layer.records import FileStat, Finding, NotListed, Shared
from data_layer.survey import Survey
from data_layer.walking import Changes

log = logging.getLogger(__name__)

# A look that failed is not tried again at once.
LOOKS_AFTER_FAILURE = 10
# While many files are new, an index of those looked at so far is put to use: the first
# after this time, and the next ones as often as the processor can bear.
FIRST_PART_SECONDS = 15.0
PART_SECONDS = 4.0
SHARE_OF_TIME = 0.1
# A file that may have been refused for a fault of the machine gets another chance.
SECOND_CHANCE_SECONDS = 900.0
TELL_SECONDS = 5.0


class Watch:
    """Keeps a pool's index up to date with a folder.

    Parameters
    ----------
    folder: what to look at.
    pool: readers that look at new files, and that answer by the index.
    kept: what was found is kept there for the next start.
    every: seconds between looks.
    deadline: seconds a reader may take for one new file.
    renewed: told of each new index once it is in use.
    """

    def __init__(
        self,
        folder: Path,
        pool: ReaderPool,
        *,
        kept: IndexFile | None = None,
        every: float = 1.0,
        deadline: float = 30.0,
        renewed: Callable[[ArchiveIndex], object] = lambda index: None,
    ) -> None:
        self._folder = folder
        self._pool = pool
        self._kept = kept
        self._every = every
        self._renewed = renewed
        self._changes = Changes(folder)
        self._survey = Survey(pool, deadline, self._take_in)
        self._shared = Shared()
        self._found: dict[FileStat, Finding] = {}
        self._description: tuple[FileStat, ...] = ()
        self._fresh: list[Finding] = []  # not yet kept, nor in the index
        self._changed = True  # files were added, changed or removed, and no stock taken since
        self._outdated = True  # the index is not what it would be if it were made now
        self._part_due = float("inf")
        self._second_chance = 0.0
        self._tell_due = 0.0

    @property
    def progress(self) -> str:
        """How far a look at new files is; empty when there are none."""
        return self._survey.progress

    async def run(self) -> None:
        """Look for ever. The old index stays in use until there is a newer one."""
        try:
            await self._guarded(self._recall)
            while True:
                begun = time.monotonic()
                went_well = await self._guarded(self._look)
                took = time.monotonic() - begun
                # Looking is done in time, and not for more than half of it.
                pause = max(self._every - took, min(self._every, took))
                await self._pause(pause if went_well else self._every * LOOKS_AFTER_FAILURE)
        finally:
            await self._survey.close()

    async def _pause(self, seconds: float) -> None:
        """Wait; not longer than until all new files have been looked at."""
        if self._survey.idle.is_set():
            await asyncio.sleep(seconds)
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._survey.idle.wait(), seconds)

    async def _guarded(self, step: Callable[[], Awaitable[None]]) -> bool:
        """Whether a step went well; if not, the log says so and we go on."""
        try:
            await step()
        except (DataLayerError, OSError) as error:
            log.error("The archive could not be looked through; the old index stays: %s", error)
        except Exception:
            log.exception("The archive could not be looked through; the old index stays")
        else:
            return True
        return False

    async def _recall(self) -> None:
        """Begin with what was kept, as far as the archive's description still allows."""
        if self._kept is None:
            return
        begun = time.monotonic()
        before = {f.stat: f for f in await asyncio.to_thread(self._kept.load)}
        if before:
            stock = await asyncio.to_thread(take_stock, self._folder, before, before)
            self._found = {f.stat: f for f in stock.known}
            self._description = stock.description
            await self._publish()
            log.info("%d files known from before, in %.1f s", len(before), time.monotonic() - begun)

    async def _look(self) -> None:
        self._changed |= await asyncio.to_thread(self._changes.look)
        if self._changed or time.monotonic() > self._second_chance:
            await self._take_stock()
        if self._survey.progress and time.monotonic() > self._tell_due:
            self._tell_due = time.monotonic() + TELL_SECONDS
            log.info(self._survey.progress)
        idle = self._survey.idle.is_set()
        if (self._outdated or self._fresh) and (idle or time.monotonic() > self._part_due):
            await self._publish()

    async def _take_stock(self) -> None:
        before = self._before()
        stock = await asyncio.to_thread(take_stock, self._folder, before)
        self._changed = False
        if len(stock.known) < len(before):
            self._outdated = True
            await asyncio.to_thread(self._forget, before, stock)
        if stock.description != self._description:
            self._outdated = True
            self._description = stock.description
        self._survey.want(stock.new)

    def _before(self) -> dict[FileStat, Finding]:
        """What is known, but for what deserves a second chance now."""
        if time.monotonic() < self._second_chance:
            return dict(self._found)
        self._second_chance = time.monotonic() + SECOND_CHANCE_SECONDS
        return {
            stat: found
            for stat, found in self._found.items()
            if not (isinstance(found, NotListed) and found.passing)
        }

    def _forget(self, before: dict[FileStat, Finding], stock: Stock) -> None:
        """Drop what was found in files that changed since, or are gone."""
        for stat in before.keys() - {f.stat for f in stock.known}:
            del self._found[stat]
        gone = stock.gone(before)
        if self._kept is not None and gone:
            self._kept.update((), gone)

    def _take_in(self, found: list[Finding]) -> None:
        found = [self._shared.finding(f) for f in found]
        self._found.update({f.stat: f for f in found})
        if not self._fresh and self._pool.index is None:
            self._part_due = time.monotonic() + FIRST_PART_SECONDS
        self._fresh += found

    async def _publish(self) -> None:
        """Make an index of all that is known, and have readers answer by it."""
        begun = time.monotonic()
        fresh, self._fresh, self._outdated = self._fresh, [], False
        if self._kept is not None and fresh:
            await asyncio.to_thread(self._kept.update, fresh)
        stock = Stock(self._folder, self._description, tuple(self._found.values()), ())
        index = await asyncio.to_thread(stock.index)
        self._pool.index = index
        now = time.monotonic()
        self._part_due = now + max(PART_SECONDS, (now - begun) / SHARE_OF_TIME)
        held = index.catalogue
        log.info("%d datasets, %d files refused", len(held.datasets), len(held.refused))
        self._renewed(index)
