"""One reader process, seen from outside."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import socket
from multiprocessing.connection import Connection
from typing import TypeAlias

from data_layer.errors import DataLayerError
from data_layer.memory import Budget, Held, held_by
from data_layer.reading import Answer, Archive, Job, run

PIPE_BYTES = 1 << 20

# What a reader has last been sent a part of the index for: the index's number, and the
# dataset, variable and start, if it was about one.
About: TypeAlias = tuple[()] | tuple[int] | tuple[int, str, str, str | None, bool]


class ReaderDied(Exception):
    """The process ended, or was ended, in the middle of a job."""


class Process:
    """A reader process and the pipe to it.

    Attributes
    ----------
    about: what it was last sent a part of the index for.
    jobs: how many it has answered.
    holds: bytes of its own memory after the last of them, as it says.
    verdict: why it was ended, if that is to be told to whoever waits for its answer.
    """

    def __init__(
        self, archive: Archive, memory: int | None = None, budget: Budget | None = None
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        for end in (self._connection, theirs):
            _widen(end)
        self._process = context.Process(
            target=run,
            args=(theirs, archive, memory, os.getpid(), budget),
            name="reader",
            daemon=True,
        )
        self._process.start()
        theirs.close()
        self.about: About = ()
        self.jobs = 0
        self.holds = 0
        self.verdict: DataLayerError | None = None

    @property
    def pid(self) -> int:
        """The operating system's number for it."""
        return self._process.pid or 0

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    @property
    def held(self) -> Held:
        """What it has in memory now."""
        return held_by(self.pid)

    def ask(self, job: Job | None) -> Answer:
        """Send a job (or only listen, for the first sign of life); blocks until answered.

        Raises
        ------
        ReaderDied: when there will be no answer.
        """
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
