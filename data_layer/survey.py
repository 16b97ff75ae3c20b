"""Has readers look at new files, some at a time, and loses none over a bad one."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable

from data_layer.checksums import seconds_to_check
from data_layer.errors import DataLayerError, TooLarge, Unavailable, UnreadableFile
from data_layer.findings import ToInspect
from data_layer.readers import ReaderFault, ReaderLost, ReaderPool
from data_layer.records import Finding, NotListed

log = logging.getLogger(__name__)

BATCH = 8
# A reader that looks at files is busy for whoever wants an answer.
SECONDS_A_BATCH = 0.2
RETRY_SECONDS = 1.0
# A batch that takes longer hangs, most likely, and others need not wait for it.
SLOW_SECONDS = 2.0
# Checksums that may take longer, those of files of a gigabyte, are compared one at a time.
LONG_CHECK = 50.0


class Survey:
    """Looks at the files that it is told to. Belongs to one event loop.

    Parameters
    ----------
    pool: the readers that look. All of them as long as there is no index to answer
        from, later one is left for those who ask.
    deadline: seconds for one file, and as much more as its checksum may take, if one is
        promised. One that takes longer, or brings the reader down, is refused with that as
        its reason.
    tell: gets findings as they come in; one for each file in the end.

    Attributes
    ----------
    idle: set while there is nothing to do.
    """

    def __init__(
        self, pool: ReaderPool, deadline: float, tell: Callable[[list[Finding]], object]
    ) -> None:
        self._pool = pool
        self._deadline = deadline
        self._tell = tell
        self._wanted: set[ToInspect] = set()
        self._waiting: deque[ToInspect] = deque()
        self._long_waiting: deque[ToInspect] = deque()
        self._in_hand: set[ToInspect] = set()
        self._batches: dict[asyncio.Task[None], float] = {}
        self._long: asyncio.Task[None] | None = None
        self._done = 0
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def progress(self) -> str:
        """How far it is, in words; empty when there is nothing to do."""
        if self.idle.is_set():
            return ""
        return f"{self._done:,} of {self._done + len(self._wanted):,} new files looked at"

    def want(self, files: Iterable[ToInspect]) -> None:
        """Look at these from now on, in about their order, and at no others."""
        files = list(files)
        self._wanted = set(files)
        waiting = [f for f in files if f not in self._in_hand]
        self._waiting = deque(f for f in waiting if _check_of(f) <= LONG_CHECK)
        self._long_waiting = deque(f for f in waiting if _check_of(f) > LONG_CHECK)
        self._go_on()

    async def close(self) -> None:
        """Stop."""
        self.want(())
        for batch in self._batches:
            batch.cancel()
        await asyncio.gather(*self._batches, return_exceptions=True)

    def _go_on(self) -> None:
        # One at a time: the other readers are for those who ask, and for other new files.
        if self._long_waiting and self._long is None and self._may_begin():
            self._long = self._begin([self._long_waiting.popleft()])
        while self._waiting and self._may_begin():
            n = min(BATCH, len(self._waiting))
            self._begin([self._waiting.popleft() for _ in range(n)])
        if self._wanted:
            self.idle.clear()
        else:
            self._done = 0
            self.idle.set()

    def _may_begin(self) -> bool:
        size = self._pool.size
        at_once = size if self._pool.index is None else max(1, size - 1)
        slow = asyncio.get_running_loop().time() - SLOW_SECONDS
        brisk = sum(begun > slow for begun in self._batches.values())
        return brisk < at_once and len(self._batches) < size

    def _begin(self, files: list[ToInspect]) -> asyncio.Task[None]:
        loop = asyncio.get_running_loop()
        self._in_hand.update(files)
        batch = asyncio.create_task(self._look(files))
        self._batches[batch] = loop.time()
        batch.add_done_callback(self._batch_ended)
        loop.call_later(SLOW_SECONDS, self._go_on)
        return batch

    def _batch_ended(self, batch: asyncio.Task[None]) -> None:
        del self._batches[batch]
        if batch is self._long:
            self._long = None
        if not batch.cancelled():
            self._go_on()

    async def _look(self, batch: list[ToInspect]) -> None:
        try:
            found = await self._asked(batch)
            if found is not None:
                self._found(batch, found)
                return
            for new in batch:  # one of them is bad
                self._found([new], await self._asked([new]) or [])
        finally:
            self._in_hand.difference_update(batch)

    def _found(self, batch: list[ToInspect], found: list[Finding]) -> None:
        """Tell what was found in the first of a batch, as far as it is still wanted."""
        pairs = [(new, f) for new, f in zip(batch, found, strict=False) if new in self._wanted]
        self._wanted.difference_update(new for new, _ in pairs)
        self._done += len(pairs)
        self._waiting.extendleft(n for n in batch[: len(found) - 1 : -1] if n in self._wanted)
        self._tell([f for _, f in pairs])

    async def _asked(self, batch: list[ToInspect]) -> list[Finding] | None:
        """What a reader found in the first of a batch; ``None`` when it could not answer.

        For a file by itself there is always an answer.
        """
        # By the time for a batch all but its last file have been looked at.
        limit = SECONDS_A_BATCH + self._deadline + max(map(_check_of, batch))
        while True:
            try:
                return list(
                    await self._pool.submit("inspect", batch, SECONDS_A_BATCH, deadline=limit)
                )
            except Unavailable as error:
                if not isinstance(error.__cause__, ReaderLost):
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                why = str(error.__cause__)
            except TooLarge:
                why = "reading it takes more memory than a reader has"
            except (DataLayerError, ReaderFault) as error:
                log.error("looking at %s failed: %s", batch[0].stat.path, error)
                why = "the program failed on it; the log says how"
            if len(batch) > 1:
                return None
            (new,) = batch
            return [NotListed(new.stat, UnreadableFile(why), new.described, passing=True)]


def _check_of(new: ToInspect) -> float:
    """Seconds that its checksum may take, for which the file is read from end to end."""
    return seconds_to_check(new.stat.size) if new.stat.promised else 0.0
