"""Answers come when they are ready; the one to the newest choice counts."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Who works for which choice, and what has been done. Belongs to one event loop.

    What choices need is fetched in threads and takes unequally long, so that an
    older one may be ready after a newer one.
    """

    def __init__(self) -> None:
        self._turn = 0
        self._done: T | None = None

    def begin(self, choice: T | None) -> int | None:
        """A turn to work for ``choice``; ``None`` when that is what was done last."""
        # Also for what is done already: a choice made in between is out of date.
        self._turn += 1
        return None if choice is not None and choice == self._done else self._turn

    def finish(self, turn: int, done: T | None) -> bool:
        """Whether ``turn`` is still the newest.

        ``done`` is what need not be done again; ``None`` when it must be (it failed).
        """
        if turn != self._turn:
            return False
        self._done = done
        return True
