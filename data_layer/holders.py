"""Which of many files hold the same start and member, or the same time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from data_layer.records import FileRecord


class Holders:
    """Which file holds which variable at which start (of a member) or time."""

    def __init__(self) -> None:
        self._members: dict[tuple[str, str], set[int] | frozenset[int]] = {}
        self._files: dict[tuple[str, str], list[FileRecord]] = {}

    def twin(self, record: FileRecord) -> FileRecord | None:
        """A file that holds something of what ``record`` holds."""
        members = _members_of(record)
        for key in _moments(record):
            if not self._members.get(key, _NOBODY).isdisjoint(members):
                return next(f for f in self._files[key] if not members.isdisjoint(_members_of(f)))
        return None

    def add(self, record: FileRecord) -> None:
        """What ``record`` holds is taken."""
        members = _members_of(record)
        for key in _moments(record):
            taken = self._members.setdefault(key, members)
            if taken is not members:
                if isinstance(taken, frozenset):
                    taken = self._members[key] = set(taken)
                taken |= members
            self._files.setdefault(key, []).append(record)


_NOBODY: frozenset[int] = frozenset()


def _moments(record: FileRecord) -> Iterator[tuple[str, str]]:
    s = record.summary
    for v in s.variables:
        for moment in s.inits or s.times:
            yield v.name, moment


def _members_of(record: FileRecord) -> frozenset[int]:
    return _as_set(record.summary.members or (0,))


@lru_cache(1024)
def _as_set(members: tuple[int, ...]) -> frozenset[int]:
    return frozenset(members)
