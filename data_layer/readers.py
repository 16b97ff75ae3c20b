"""Supervised reader processes with deadlines.

::

    submit ──▶ queue (first come, first served) ──▶ slot 1 … slot N ──▶ one process each

A slot starts its process, hands it one job at a time and replaces it when it
dies, exceeds a deadline, fails in a way nobody foresaw, or has done its share
of jobs. A standard process pool will not do: one crash makes it unusable.
Processes are spawned, never forked: a fork of a process with threads hangs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from data_layer.api import ProductRequest
from data_layer.errors import TooLarge, Unavailable
from data_layer.indexed import ArchiveIndex
from data_layer.memory import Budget, held_by, together
from data_layer.processes import About, Process, ReaderDied
from data_layer.reading import Answer, Archive, Job

log = logging.getLogger(__name__)

START_SECONDS = 120.0
# So often that what can be touched meanwhile stays within the part of memory kept free.
MEMORY_SECONDS = 0.02
KEPT_FREE = 0.03
WARN_SECONDS = 60.0
BACK_OFF_SECONDS = (0.0, 1.0, 5.0, 15.0, 30.0)


class ReaderLost(Exception):
    """A job cost its reader. The text is the reason, as it can be told of a file."""


class ReaderFault(Exception):
    """A job failed in a way that no domain error describes; the text is the reader's traceback."""


@dataclass(frozen=True)
class _Order:
    job: Job
    deadline: float
    answer: asyncio.Future[Any]


class ReaderPool:
    """A fixed number of reader processes behind one queue. Belongs to one event loop.

    Parameters
    ----------
    archive: what the readers read; it is sent to them.
    size: number of processes.
    deadline: seconds a job may take once it has begun; then its reader is killed.
    memory: bytes of address space of each reader.
    budget: what readers may take together with this process, or no limit. One that holds
        more than its share between jobs is replaced. When there is no room during jobs,
        ``give_way`` is called, and if that does not help the job that takes most is given up.
    give_way: makes this process take less.
    max_jobs: jobs after which a reader is replaced, because C libraries leak.
    max_waiting: jobs that may wait; more are refused at once.
    """

    def __init__(
        self,
        archive: Archive,
        size: int,
        *,
        deadline: float = 10.0,
        memory: int | None = None,
        budget: Budget | None = None,
        give_way: Callable[[], object] = lambda: None,
        max_jobs: int = 500,
        max_waiting: int = 256,
    ) -> None:
        self._archive = archive
        self._size = size
        self._deadline = deadline
        self._memory = memory
        self._budget = budget
        self._give_way = give_way
        self._max_jobs = max_jobs
        self._queue: asyncio.Queue[_Order] = asyncio.Queue(max_waiting)
        # Each slot blocks at most three threads: a job, a successor's start, an end.
        self._threads = ThreadPoolExecutor(3 * size, "reader")
        self._slots: list[asyncio.Task[None]] = []
        self._serving: dict[int, Process] = {}
        self._living: set[Process] = set()
        self._busy: set[Process] = set()
        self._at_work = asyncio.Event()
        self._warn_due = 0.0
        self._index: ArchiveIndex | None = None
        self._generation = 0

    @property
    def pids(self) -> list[int]:
        """The readers that are ready for jobs now."""
        return [p.pid for p in self._serving.values()]

    @property
    def size(self) -> int:
        """How many readers there are when all are alive."""
        return self._size

    @property
    def waiting(self) -> int:
        """Jobs not yet begun."""
        return self._queue.qsize()

    @property
    def index(self) -> ArchiveIndex | None:
        """The index that jobs begun from now on are answered by."""
        return self._index

    @index.setter
    def index(self, index: ArchiveIndex) -> None:
        self._index = index
        self._generation += 1

    def start(self) -> None:
        """Begin starting readers, in the background."""
        self._slots = [asyncio.create_task(self._slot(n)) for n in range(self._size)]
        if self._budget is not None:
            self._slots.append(asyncio.create_task(self._guard(self._budget)))

    async def close(self) -> None:
        """End all readers. Jobs not answered yet get :class:`Unavailable`."""
        for task in self._slots:
            task.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)
        while not self._queue.empty():
            _settle(self._queue.get_nowait().answer, error=_going_away())
        self._threads.shutdown(wait=False)

    async def submit(
        self, op: str, *args: Any, deadline: float | None = None, compared: bool = False
    ) -> Any:
        """The answer of a reader to ``op`` (:class:`data_layer.reading.Reader`).

        Parameters
        ----------
        deadline: seconds it may take, if not the usual ones.
        compared: whether the job needs what the dataset is compared with.

        Raises
        ------
        Unavailable: no reader was free in time, or the reader died or took too long;
            then the cause is :class:`ReaderLost`.
        DataLayerError: as the reader raised it.
        ReaderFault: the reader met an error that is nobody's fault but ours.
        """
        limit = self._deadline if deadline is None else deadline
        order = _Order(
            Job(op, args, compared=compared), limit, asyncio.get_running_loop().create_future()
        )
        try:
            self._queue.put_nowait(order)
        except asyncio.QueueFull:
            raise _busy() from None
        try:
            # The wait for a turn is bounded like the work itself.
            return await asyncio.wait_for(order.answer, 2 * limit + 1)
        except TimeoutError:
            raise _busy() from None

    async def _slot(self, number: int) -> None:
        # Slots do not change readers at the same time, which would leave none.
        most = self._max_jobs + number * self._max_jobs // max(self._size, 1)
        process: Process | None = None
        successor: asyncio.Task[Process] | None = None
        try:
            while True:
                if process is None:
                    process = await (successor or self._start_process())
                    successor = None
                elif successor is not None and successor.done():
                    await self._end(number, process)
                    process, successor = successor.result(), None
                elif successor is None and (process.jobs >= most or self._too_large(process)):
                    successor = asyncio.create_task(self._start_process())
                self._serving[number] = process
                order = await self._queue.get()
                if order.answer.done():  # whoever asked has gone
                    continue
                if not process.alive:  # it died while it had nothing to do
                    await self._end(number, process)
                    process = None
                    process = await self._start_process()
                    self._serving[number] = process
                if not await self._carry_out(process, order):
                    await self._end(number, process)
                    process = None
        finally:
            if successor is not None:
                successor.cancel()
            if process is not None:
                await self._end(number, process)

    def _too_large(self, process: Process) -> bool:
        return self._budget is not None and process.holds > self._budget.share

    @contextlib.contextmanager
    def _working(self, process: Process) -> Iterator[None]:
        self._busy.add(process)
        self._at_work.set()
        try:
            yield
        finally:
            self._busy.discard(process)
            if not self._busy:
                self._at_work.clear()

    async def _guard(self, budget: Budget) -> None:
        """See to it that jobs leave all together below the limit."""
        while True:
            await self._at_work.wait()
            await asyncio.sleep(MEMORY_SECONDS)
            if self._busy and self._too_much(budget):
                self._give_way()
                if self._too_much(budget):
                    self._give_up(budget)

    def _too_much(self, budget: Budget) -> bool:
        held = [held_by(os.getpid()), *(p.held for p in self._living)]
        return together(held) > (1 - KEPT_FREE) * budget.limit

    def _give_up(self, budget: Budget) -> None:
        """Give up the job that takes most, if it takes more than its share.

        It is too large when it was the only one to do so; else it may be asked for again.
        """
        largest = max(self._busy, key=lambda p: p.held.own)
        held = largest.held.own
        if held > budget.share and largest.verdict is None:
            log.error("reader %d killed: it took %d MB for a job", largest.pid, held // 10**6)
            shared = any(p.held.own > budget.share for p in self._busy - {largest})
            largest.verdict = _busy() if shared else _too_large()
            largest.end()
        elif (now := time.monotonic()) > self._warn_due:
            self._warn_due = now + WARN_SECONDS
            own = held_by(os.getpid()).own
            log.warning("no memory is left; this process takes %d MB of it", own // 10**6)

    async def _carry_out(self, process: Process, order: _Order) -> bool:
        """Answer one order; whether the reader can go on."""
        job, about = order.job, self._about(order.job)
        try:
            if process.about != about:
                job = replace(job, index=self._part(about))
            with self._working(process):
                answer = await self._ask(process, job, order.deadline)
        except TimeoutError:
            log.error("reader %d killed: %s took over %g s", process.pid, job.op, order.deadline)
            _settle(order.answer, error=_too_slow(order.deadline))
            return False
        except ReaderDied:
            if process.verdict is None:
                log.error("reader %d died during %s", process.pid, job.op)
            _settle(order.answer, error=process.verdict or _died())
            return False
        except asyncio.CancelledError:
            _settle(order.answer, error=_going_away())
            raise
        except Exception as error:  # what cannot be sent must not cost the slot
            _settle(order.answer, error=ReaderFault(repr(error)))
            return False
        process.about = about
        process.jobs += 1
        process.holds = answer.held
        if answer.fault:
            # Its state is unknown after an error that nobody foresaw.
            _settle(order.answer, error=ReaderFault(answer.fault))
            return False
        _settle(order.answer, answer.value, answer.error)
        return True

    def _about(self, job: Job) -> About:
        asked = next((a for a in job.args if isinstance(a, ProductRequest)), None)
        if asked is None:
            return (self._generation,)
        return (self._generation, asked.dataset, asked.variable, asked.init, job.compared)

    def _part(self, about: About) -> ArchiveIndex | None:
        """So much of the newest index as a job needs: to send it whole takes seconds."""
        if self._index is None:
            return None
        if len(about) == 1:
            return ArchiveIndex(self._index.folder, self._index.fingerprint)
        return self._index.narrowed(*about[1:])

    async def _ask(self, process: Process, job: Job | None, seconds: float) -> Answer:
        loop = asyncio.get_running_loop()
        asking = loop.run_in_executor(self._threads, process.ask, job)
        return await asyncio.wait_for(asking, seconds)

    async def _start_process(self) -> Process:
        attempt = 0
        while True:
            await asyncio.sleep(BACK_OFF_SECONDS[min(attempt, len(BACK_OFF_SECONDS) - 1)])
            attempt += 1
            process = None
            try:
                # Not in a thread: the reader dies with the thread that started it.
                process = Process(self._archive, self._memory, self._budget)
                self._living.add(process)
                await self._ask(process, None, START_SECONDS)
            except (ReaderDied, TimeoutError, OSError) as error:
                log.error("a reader did not start (%s); trying again", type(error).__name__)
                await self._discard(process)
            except BaseException:
                await self._discard(process)
                raise
            else:
                return process

    async def _end(self, number: int, process: Process) -> None:
        if self._serving.get(number) is process:
            del self._serving[number]
        await self._discard(process)

    async def _discard(self, process: Process | None) -> None:
        if process is not None:
            process.end()
            self._living.discard(process)
            await asyncio.shield(
                asyncio.get_running_loop().run_in_executor(self._threads, process.reap)
            )


def _settle(answer: asyncio.Future[Any], value: Any = None, error: Exception | None = None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(value)
    else:
        answer.set_exception(error)


def _busy() -> Unavailable:
    return Unavailable(
        "The data layer has more to do than it can.", advice="Try again in a few seconds."
    )


def _died() -> Unavailable:
    error = Unavailable(
        "The process that was reading this died and is being replaced.",
        advice="Try again; if it happens each time, a file is damaged.",
    )
    error.__cause__ = ReaderLost("reading it brought the reader down")
    return error


def _too_slow(seconds: float) -> Unavailable:
    error = Unavailable(
        f"Reading this took longer than {seconds:g} s and was given up.",
        advice="Ask for less at once, or try again later.",
    )
    error.__cause__ = ReaderLost(f"reading it took longer than {seconds:g} s")
    return error


def _too_large() -> TooLarge:
    return TooLarge(
        "This needs more memory than the data layer has left.",
        advice="Ask for a smaller region, or for fewer leads or members.",
    )


def _going_away() -> Unavailable:
    return Unavailable("The data layer is stopping.", advice="Try again in a few seconds.")
