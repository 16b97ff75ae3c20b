"""Notices new, changed and removed files, and has readers answer from them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from data_layer.described import Entry, read_description
from data_layer.errors import BadRequest, DataLayerError, LeftOut, UnreadableFile
from data_layer.findings import Stock, ToInspect, take_stock
from data_layer.indexed import ArchiveIndex
from data_layer.indexfile import IndexFile
from data_layer.readers import ReaderPool
from data_layer.records import FileStat, Finding, NotListed, Shared
from data_layer.survey import Survey
from data_layer.walking import Changes, is_closed, why_closed

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
# Whoever saves the archive's description is done with it by then.
SAVING_SECONDS = 2.0
# More refused files than these at once are summed up in the log.
REFUSED_TOLD = 20


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
        # Shown as they were found until all of them have been looked at anew; then at once
        # as they were found by then: no dataset is seen half as it was and half as it is.
        self._awaited: set[FileStat] = set()
        self._anew: dict[FileStat, Finding] = {}
        self._touched: frozenset[str] = frozenset()
        self._editions = 0
        self._unread_since: float | None = None
        self._changed = True  # files were added, changed or removed, and no stock taken since
        self._outdated = True  # the index is not what it would be if it were made now
        self._hide = False  # it shows what is to be hidden at once
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
            stays = [n.stat for n in stock.new if _may_stay(before[n.stat], n)]
            self._found.update({stat: before[stat] for stat in stays})
            self._description = stock.description
            await self._publish()
            log.info("%d files known from before, in %.1f s", len(before), time.monotonic() - begun)

    async def _look(self) -> None:
        self._changed |= await asyncio.to_thread(self._changes.look)
        self._touched |= self._changes.touched
        if self._changed or time.monotonic() > self._second_chance:
            try:
                await self._take_stock()
            except BadRequest:
                if self._being_saved():
                    return
                raise
        if self._survey.progress and time.monotonic() > self._tell_due:
            self._tell_due = time.monotonic() + TELL_SECONDS
            log.info(self._survey.progress)
        idle = self._survey.idle.is_set()
        due = self._hide or idle or time.monotonic() > self._part_due
        if (self._outdated or self._fresh) and due:
            await self._publish()

    async def _take_stock(self) -> None:
        known = self._known()
        stock = await asyncio.to_thread(take_stock, self._folder, self._certain(known))
        self._unread_since = None
        self._changed, self._touched = False, frozenset()
        closed = [n for n in stock.new if is_closed(n.stat)]
        new = [n for n in stock.new if not is_closed(n.stat)]
        await self._reconcile(known, stock, new)
        for folder in closed:
            await self._tell_closed(folder)
        if stock.description != self._description:
            self._outdated = True
            self._description = stock.description
        self._survey.want(new)

    def _being_saved(self) -> bool:
        """Whether a description that cannot be understood has not been so for long."""
        now = time.monotonic()
        self._unread_since = self._unread_since or now
        return now - self._unread_since < SAVING_SECONDS

    def _known(self) -> dict[FileStat, Finding]:
        """What is known, but for what deserves a second chance now."""
        known = {**self._found, **self._anew}
        if time.monotonic() < self._second_chance:
            return known
        self._second_chance = time.monotonic() + SECOND_CHANCE_SECONDS
        return {
            stat: found
            for stat, found in known.items()
            if not (isinstance(found, NotListed) and found.passing)
        }

    def _certain(self, known: dict[FileStat, Finding]) -> dict[FileStat, Finding]:
        """What is known, but for files that may be others by now of the same size and time."""
        if not self._touched:
            return known
        certain = {stat: f for stat, f in known.items() if stat.path not in self._touched}
        self._editions += len(certain) < len(known)
        return certain

    async def _reconcile(
        self, known: dict[FileStat, Finding], stock: Stock, new: list[ToInspect]
    ) -> None:
        """Drop what was found in files that changed since, or are gone, or are to be hidden.

        What the archive's description says otherwise by now stays as it was, for so long as
        it is looked at anew; and so do files in a folder that cannot be listed.
        """
        holds = {f.stat for f in stock.known}
        unclear = {n.stat: n for n in new}
        self._awaited = {
            stat
            for stat, n in unclear.items()
            if stat in known and stat in self._found and _may_stay(self._found[stat], n)
        }
        places = tuple(
            f"{stat.path}/" for stat in (*holds, *(n.stat for n in stock.new)) if is_closed(stat)
        )
        dropped = {
            stat
            for stat in known
            if stat not in holds
            and stat not in self._awaited
            and not (places and stat not in unclear and stat.path.startswith(places))
        }
        for stat in dropped:
            self._found.pop(stat, None)
            self._anew.pop(stat, None)
        self._anew = {stat: f for stat, f in self._anew.items() if stat not in self._awaited}
        self._settle()
        self._outdated |= bool(dropped)
        self._hide |= not dropped.isdisjoint(unclear)
        gone = [s for s in stock.gone(known) if s in dropped]
        if self._kept is not None and gone:
            await asyncio.to_thread(self._kept.update, (), gone)

    async def _tell_closed(self, folder: ToInspect) -> None:
        """Say that a folder cannot be listed: to whoever may see what is known to lie in it."""
        place = f"{folder.stat.path}/"
        within = [f.described for s, f in self._found.items() if s.path.startswith(place)]
        described = next((d for d in within if Entry.read(d).scope), folder.described)
        why = why_closed(folder.stat)
        if within:
            why += "; its files are shown as they were found before"
        elif not Entry.read(described).scope:
            description = await asyncio.to_thread(read_description, self._folder)
            if any(entry.scope for entry in description.datasets):
                # Nobody can tell for whom it is.
                log.error("%s: %s", folder.stat.path, why)
                return
        self._take_in([NotListed(folder.stat, UnreadableFile(why), described, passing=True)])

    def _take_in(self, found: list[Finding]) -> None:
        found = [self._shared.finding(f) for f in found]
        for f in found:
            if f.stat in self._awaited:
                self._awaited.discard(f.stat)
                self._anew[f.stat] = f
            else:
                self._found[f.stat] = f
        self._settle()
        if not self._fresh and self._pool.index is None:
            self._part_due = time.monotonic() + FIRST_PART_SECONDS
        self._fresh += found

    def _settle(self) -> None:
        """Show what was found anew, once all of it is there."""
        if self._anew and not self._awaited:
            self._found.update(self._anew)
            self._anew = {}
            self._outdated = True

    async def _publish(self) -> None:
        """Make an index of all that is known, and have readers answer by it."""
        begun = time.monotonic()
        fresh, self._fresh, self._outdated, self._hide = self._fresh, [], False, False
        _tell_refused(fresh)
        if self._kept is not None and fresh:
            await asyncio.to_thread(self._kept.update, fresh)
        stock = Stock(self._folder, self._description, tuple(self._found.values()), ())
        index = await asyncio.to_thread(stock.index)
        if self._editions:
            # Files of the same size and time, and so of the same version: but readers that
            # hold one open would go on to read the one before.
            index = replace(index, fingerprint=f"{index.fingerprint}-{self._editions}")
        self._pool.index = index
        now = time.monotonic()
        self._part_due = now + max(PART_SECONDS, (now - begun) / SHARE_OF_TIME)
        held = index.catalogue
        log.info("%d datasets, %d files refused", len(held.datasets), len(held.refused))
        self._renewed(index)


def _may_stay(found: Finding, new: ToInspect) -> bool:
    """Whether what was found may be shown until the file has been looked at anew.

    Not when the archive's description hides it by now from somebody who saw it, or no longer
    allows what was read for it.
    """
    before, now = Entry.read(found.described), new.entry
    reached = (before.targets, before.storage_options) == (now.targets, now.storage_options)
    return reached and not now.leave_out and now.scope in (before.scope, None)


def _tell_refused(found: list[Finding]) -> None:
    """A line in the log for each refused file, or for each reason when there are many."""
    refused = [f for f in found if isinstance(f, NotListed) and not isinstance(f.why, LeftOut)]
    if len(refused) <= REFUSED_TOLD:
        for f in refused:
            log.info("refused %s: %s", f.stat.path, f.why.message)
        return
    reasons = Counter(f.why.message for f in refused)
    first = {f.why.message: f.stat.path for f in reversed(refused)}
    log.info("refused %d files", len(refused))
    for why, n in reasons.most_common(REFUSED_TOLD):
        others = f" and {n - 1} more" if n > 1 else ""
        log.info("refused %s%s: %s", first[why], others, why)
