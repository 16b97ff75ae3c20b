"""Work done in threads for choices that follow each other: the newest wins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Who works for which choice, and what has been done.

    Choices come from several threads and what they need takes unequally long,
    so that an older one may be ready after a newer one.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._turn = 0
        self._done: T | None = None

    def begin(self, choice: T | None) -> int | None:
        """A turn to work for ``choice``; ``None`` when that is what was done last."""
        with self._lock:
            # Also for what is done already: a choice made in between is out of date.
            self._turn += 1
            return None if choice is not None and choice == self._done else self._turn

    @contextmanager
    def finish(self, turn: int, done: T | None) -> Iterator[bool]:
        """Whether ``turn`` is still the newest; while inside, no other one finishes.

        ``done`` is what need not be done again; ``None`` when it must be (it failed).
        """
        with self._lock:
            newest = turn == self._turn
            if newest:
                self._done = done
            yield newest
