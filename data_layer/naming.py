"""Ids, titles and patterns out of the names of files."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain, count

# A date (20261001, 20261001T12), a count, or a member (e05).
_NUMBER = re.compile(r"^(?:\d+(?:t\d+)?z?|(?:e|m|r|mem|ens|member|ensemble)\d+)$")


def words(stem: str) -> list[str]:
    """The parts of a file's name that are no numbers."""
    return [t for t in _tokens(stem) if not _NUMBER.match(t.lower())]


def template(path: str) -> str:
    """The path with each part of the file's name that is a number made ``#``."""
    place, name = os.path.split(path)
    stem = os.path.splitext(name)[0]
    parts = ["#" if _NUMBER.match(t.lower()) else t for t in _tokens(stem)]
    return os.path.join(place, "_".join(parts))


def _tokens(stem: str) -> list[str]:
    return re.split(r"[_\-. ]+", stem)


def shown(path: str) -> str:
    """A name as text that can be printed and sent, though it need not be UTF-8 on disk."""
    return os.fsencode(path).decode("utf-8", "replace")


def slug(text: str) -> str:
    """Text as part of an address: small letters, digits and ``-``."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64]


def unique_ids(wishes: Sequence[Sequence[str]]) -> list[str]:
    """An id for each of those who wish for some, all different.

    Where ids collide, each of them takes its next wish instead; where wishes run out,
    they are numbered. Wishes may be empty, but for the first.
    """
    ids = [w[0] for w in wishes]
    for n in range(1, max(map(len, wishes), default=0)):
        held = Counter(ids)
        ids = [w[n] or i if held[i] > 1 else i for i, w in zip(ids, wishes, strict=True)]
    taken: dict[str, None] = {}
    for i in ids:
        choices = chain([i], (f"{i}-{n}" for n in count(2)))
        taken[next(choice for choice in choices if choice not in taken)] = None
    return list(taken)
