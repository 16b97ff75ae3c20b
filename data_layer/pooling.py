"""Lagged ensembles: members of the last few starts as one ensemble at the newest of them.

Between two starts a centre runs few members. Taken together, those of the last k
starts are the larger ensemble that is issued on the newest start's date; each member
keeps its own start, and its lead is counted from the nominal one so that all are for
the same time (Hudson et al. 2013, doi:10.1002/2013MS000273 on POAMA-2's lagged and
burst ensembles).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from data_layer.records import FileRecord
from data_layer.timing import parse_init


@dataclass(frozen=True)
class Part:
    """What one file gives to an ensemble.

    Attributes
    ----------
    record: the file.
    start: the start in it that is meant.
    member: the member in it that is meant, or all.
    nominal: the ensemble's own start, when that is another.
    shift: to be added to the file's numbers of members.
    """

    record: FileRecord
    start: str
    member: int | None = None
    nominal: str = ""
    shift: int = 0

    @property
    def members(self) -> tuple[int, ...]:
        """The numbers it has in the ensemble."""
        own = self.record.summary.members if self.member is None else (self.member,)
        return tuple(m + self.shift for m in own)


@dataclass(frozen=True)
class Pool:
    """How starts are put together.

    Attributes
    ----------
    starts: all starts there are, ascending.
    size: of how many starts an ensemble is made, the nominal one included.
    days: how long before the nominal one the oldest may be.
    stride: numbers of members between those of one start and those of the one before.
    """

    starts: tuple[str, ...]
    size: int
    days: int
    stride: int

    def behind(self, nominal: str) -> Iterator[tuple[str, int]]:
        """The starts of an ensemble, newest first, with the shift of their members' numbers."""
        at = self.starts.index(nominal)
        oldest = parse_init(nominal) - timedelta(days=self.days)
        for lag, start in enumerate(self.starts[max(0, at - self.size + 1) : at + 1][::-1]):
            if parse_init(start) >= oldest:
                yield start, lag * self.stride

    def complete(self) -> tuple[str, ...]:
        """The starts that have all others of their ensemble behind them."""
        return tuple(s for s in self.starts if sum(1 for _ in self.behind(s)) == self.size)
