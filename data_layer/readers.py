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
import multiprocessing
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from data_layer.api import ProductRequest
from data_layer.catalogue import ArchiveIndex
from data_layer.errors import Unavailable
from data_layer.reading import Answer, Archive, Job, run

log = logging.getLogger(__name__)

PIPE_BYTES = 1 << 20
START_SECONDS = 120.0
BACK_OFF_SECONDS = (0.0, 1.0, 5.0, 15.0, 30.0)


# What a reader has last been sent a part of the index for: the index's number, and the
# dataset, variable and start, if it was about one.
_About: TypeAlias = tuple[()] | tuple[int] | tuple[int, str, str, str | None]


class ReaderLost(Exception):
    """A job cost its reader. The text is the reason, as it can be told of a file."""


class ReaderDied(Exception):
    """The process ended, or was ended, in the middle of a job."""


class ReaderFault(Exception):
    """A job failed in a way that no domain error describes; the text is the reader's traceback."""


class _Process:
    """One reader process, seen from outside."""

    def __init__(self, archive: Archive, memory: int | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        for end in (self._connection, theirs):
            _widen(end)
        self._process = context.Process(
            target=run, args=(theirs, archive, memory, os.getpid()), name="reader", daemon=True
        )
        self._process.start()
        theirs.close()
        self.about: _About = ()
        self.jobs = 0

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def ask(self, job: Job | None) -> Answer:
        """Send a job (or only listen, for the first sign of life); blocks until answered."""
        try:
            if job is not None:
                self._connection.send(job)
            return Answer.receive(self._connection)
        except (EOFError, OSError) as error:
            raise ReaderDied from error

    def end(self) -> None:
        """Kill the process and free whoever is blocked in :meth:`ask`."""
        self._process.kill()
        # A process stuck in the kernel does not die at once. Shutting the pipe
        # down from this side ends the wait all the same.
        _shut_down(self._connection)

    def reap(self) -> None:
        """Close what is left of an ended process."""
        self._process.join(1.0)
        self._connection.close()


def _widen(connection: Connection) -> None:
    """Room for a frame: else it goes over in pieces, with a change of process for each."""
    with socket.socket(fileno=os.dup(connection.fileno())) as pipe:
        pipe.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PIPE_BYTES)


def _shut_down(connection: Connection) -> None:
    with (
        contextlib.suppress(OSError),
        socket.socket(fileno=os.dup(connection.fileno())) as pipe,
    ):
        pipe.shutdown(socket.SHUT_RDWR)


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
        max_jobs: int = 500,
        max_waiting: int = 256,
    ) -> None:
        self._archive = archive
        self._size = size
        self._deadline = deadline
        self._memory = memory
        self._max_jobs = max_jobs
        self._queue: asyncio.Queue[_Order] = asyncio.Queue(max_waiting)
        # Each slot blocks at most three threads: a job, a successor's start, an end.
        self._threads = ThreadPoolExecutor(3 * size, "reader")
        self._slots: list[asyncio.Task[None]] = []
        self._serving: dict[int, _Process] = {}
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

    async def close(self) -> None:
        """End all readers. Jobs not answered yet get :class:`Unavailable`."""
        for task in self._slots:
            task.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)
        while not self._queue.empty():
            _settle(self._queue.get_nowait().answer, error=_going_away())
        self._threads.shutdown(wait=False)

    async def submit(self, op: str, *args: Any, deadline: float | None = None) -> Any:
        """The answer of a reader to ``op`` (:class:`data_layer.reading.Reader`).

        Raises
        ------
        Unavailable: no reader was free in time, or the reader died or took too long;
            then the cause is :class:`ReaderLost`.
        DataLayerError: as the reader raised it.
        ReaderFault: the reader met an error that is nobody's fault but ours.
        """
        limit = self._deadline if deadline is None else deadline
        order = _Order(Job(op, args), limit, asyncio.get_running_loop().create_future())
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
        share = self._max_jobs + number * self._max_jobs // max(self._size, 1)
        process: _Process | None = None
        successor: asyncio.Task[_Process] | None = None
        try:
            while True:
                if process is None:
                    process = await (successor or self._start_process())
                    successor = None
                elif successor is not None and successor.done():
                    await self._end(number, process)
                    process, successor = successor.result(), None
                elif process.jobs >= share and successor is None:
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

    async def _carry_out(self, process: _Process, order: _Order) -> bool:
        """Answer one order; whether the reader can go on."""
        job, about = order.job, self._about(order.job)
        try:
            if process.about != about:
                job = replace(job, index=self._part(about))
            answer = await self._ask(process, job, order.deadline)
        except TimeoutError:
            log.error("reader %d killed: %s took over %g s", process.pid, job.op, order.deadline)
            _settle(order.answer, error=_too_slow(order.deadline))
            return False
        except ReaderDied:
            log.error("reader %d died during %s", process.pid, job.op)
            _settle(order.answer, error=_died())
            return False
        except asyncio.CancelledError:
            _settle(order.answer, error=_going_away())
            raise
        except Exception as error:  # what cannot be sent must not cost the slot
            _settle(order.answer, error=ReaderFault(repr(error)))
            return False
        process.about = about
        process.jobs += 1
        if answer.fault:
            # Its state is unknown after an error that nobody foresaw.
            _settle(order.answer, error=ReaderFault(answer.fault))
            return False
        _settle(order.answer, answer.value, answer.error)
        return True

    def _about(self, job: Job) -> _About:
        asked = next((a for a in job.args if isinstance(a, ProductRequest)), None)
        if asked is None:
            return (self._generation,)
        return (self._generation, asked.dataset, asked.variable, asked.init)

    def _part(self, about: _About) -> ArchiveIndex | None:
        """So much of the newest index as a job needs: to send it whole takes seconds."""
        if self._index is None:
            return None
        if len(about) == 1:
            return ArchiveIndex(self._index.folder, self._index.fingerprint)
        return self._index.narrowed(*about[1:])

    async def _ask(self, process: _Process, job: Job | None, seconds: float) -> Answer:
        loop = asyncio.get_running_loop()
        asking = loop.run_in_executor(self._threads, process.ask, job)
        return await asyncio.wait_for(asking, seconds)

    async def _start_process(self) -> _Process:
        attempt = 0
        while True:
            await asyncio.sleep(BACK_OFF_SECONDS[min(attempt, len(BACK_OFF_SECONDS) - 1)])
            attempt += 1
            process = None
            try:
                # Not in a thread: the reader dies with the thread that started it.
                process = _Process(self._archive, self._memory)
                await self._ask(process, None, START_SECONDS)
            except (ReaderDied, TimeoutError, OSError) as error:
                log.error("a reader did not start (%s); trying again", type(error).__name__)
                await self._discard(process)
            except BaseException:
                await self._discard(process)
                raise
            else:
                return process

    async def _end(self, number: int, process: _Process) -> None:
        if self._serving.get(number) is process:
            del self._serving[number]
        await self._discard(process)

    async def _discard(self, process: _Process | None) -> None:
        if process is not None:
            process.end()
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


def _going_away() -> Unavailable:
    return Unavailable("The data layer is stopping.", advice="Try again in a few seconds.")
