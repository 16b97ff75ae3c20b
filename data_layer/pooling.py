"""Lagged ensembles: members of the last few starts as one ensemble at the newest of them.

Between two starts a centre runs few members. Taken together, those of the last k
starts are the larger ensemble that is issued on the newest start's date; each member
keeps its own start, and its lead is counted from the nominal one so that all are for
the same time (Hudson et al. 2013, doi:10.1002/2013MS000273 on POAMA-2's lagged and
burst ensembles).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from data_layer.records import FileRecord
from data_layer.timing import LeadUnit, Moment, lead_of, parse_init, valid_period


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
        """The starts of an ensemble, newest first, with the shift of their members' numbers.

        None for a start that there is not.
        """
        at = self._places.get(nominal)
        if at is None:
            return
        oldest = self._moments[at] - timedelta(days=self.days)
        for lag in range(min(self.size, at + 1)):
            if self._moments[at - lag] >= oldest:
                yield self.starts[at - lag], lag * self.stride

    def complete(self) -> tuple[str, ...]:
        """The starts that have all others of their ensemble behind them."""
        return tuple(s for s in self.starts if sum(1 for _ in self.behind(s)) == self.size)

    def leads_of_all(self, leads: tuple[int, ...], unit: LeadUnit) -> tuple[int, ...]:
        """Of the leads of the starts, those that every member of every ensemble reaches.

        They are counted from the nominal start.
        """
        lags = set()
        for nominal in self.complete():
            begin = valid_period(parse_init(nominal), 0, unit)[0]
            behind = (parse_init(start) for start, _ in self.behind(nominal))
            lags |= {lead_of(start, begin, unit) for start in behind}
        return tuple(lead for lead in leads if all(lead + lag in leads for lag in lags))

    def told(self, first: int, last: int) -> str:
        """Whose the numbers of members are, those of one start being ``first`` to ``last``."""
        return (
            f"Lagged ensemble of {self.size} starts: members {first} to {last} are of the start "
            f"named, each {self.stride} after them of the start before."
        )

    @cached_property
    def _places(self) -> dict[str, int]:
        return {start: at for at, start in enumerate(self.starts)}

    @cached_property
    def _moments(self) -> list[Moment]:
        return [parse_init(start) for start in self.starts]


def of_one_hour(inits: Iterable[str], unit: LeadUnit) -> bool:
    """Whether members of these starts can be for the same windows: days begin at their start."""
    return unit != "days" or len({parse_init(init).hour for init in inits}) == 1
