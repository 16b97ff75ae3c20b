"""What a frame holds of a map: which part, how finely and how exactly.

A map of more cells than a screen has pixels is sent in parts and levels: at level k each
cell is the mean of 2ᵏ × 2ᵏ of the map's own. A window begins and ends at multiples of
:data:`BLOCK` cells of its level (or at the grid's end), so that people who look at nearly
the same place ask for the very same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from data_layer.errors import BadRequest

Span = tuple[int, int]
Precision = Literal["fine", "byte", "exact"]

BLOCK = 128
MOST_LEVELS = 8

_SPAN = re.compile(r"([0-9]{1,7})-([0-9]{1,7})", re.ASCII)


@dataclass(frozen=True)
class Cut:
    """What a frame holds of a map.

    Attributes
    ----------
    level: each cell is of ``2**level`` rows and columns of the map.
    rows, columns: first and one past the last, in cells of the level, rows from the south;
        ``None`` for all. On a grid that closes the circle, columns may run on past its end:
        there a window ends so many blocks after the end.
    precision: ``fine``, values to a round step of which there are at least 1024 between the
        extremes; ``byte``, at most 254 of them; ``exact``, the numbers as they are.
    """

    level: int = 0
    rows: Span | None = None
    columns: Span | None = None
    precision: Precision = "fine"

    @property
    def whole(self) -> bool:
        """Whether it holds every cell of the map."""
        return self.level == 0 and self.rows is None and self.columns is None

    @property
    def query(self) -> dict[str, str]:
        """What differs from a whole map, as it stands in an address; :meth:`of` reads it."""
        told = {
            "level": str(self.level) if self.level else None,
            "rows": "{}-{}".format(*self.rows) if self.rows else None,
            "columns": "{}-{}".format(*self.columns) if self.columns else None,
            "precision": self.precision if self.precision != "fine" else None,
        }
        return {name: text for name, text in told.items() if text is not None}

    @classmethod
    def of(cls, given: Mapping[str, str | None]) -> Cut:
        """A cut from the texts of an address; other names are passed over.

        Raises
        ------
        BadRequest: when one of them makes no sense.
        """
        level, precision = given.get("level") or "0", given.get("precision") or "fine"
        if not re.fullmatch(r"[0-9]", level, re.ASCII) or int(level) > MOST_LEVELS:
            raise BadRequest(
                "There is no such level.", asked=level[:100], exists=[f"0 to {MOST_LEVELS}"]
            )
        if precision not in get_args(Precision):
            raise BadRequest(
                "There is no such precision.",
                asked=precision[:100],
                exists=list(get_args(Precision)),
                advice="Leave it out for values to a round step.",
            )
        rows, columns = _span(given, "rows"), _span(given, "columns")
        return cls(int(level), rows, columns, cast(Precision, precision))

    def shape(self, ny: int, nx: int) -> Span:
        """Rows and columns that a map of ``ny`` × ``nx`` cells has at the level."""
        side = 1 << self.level
        return -(-ny // side), -(-nx // side)

    def within(self, ny: int, nx: int, *, wraps: bool) -> tuple[Span, Span]:
        """Rows and columns asked for of a map of ``ny`` × ``nx`` cells.

        Raises
        ------
        BadRequest: when they begin or end elsewhere than they may.
        """
        rows, columns = self.shape(ny, nx)
        # Where the last cell of a level is narrower than the others, the circle is not closed.
        around = wraps and nx % (1 << self.level) == 0
        return (
            _checked("rows", self.rows, rows, around=False),
            _checked("columns", self.columns, columns, around=around),
        )


WHOLE = Cut()


def _span(given: Mapping[str, str | None], name: str) -> Span | None:
    text = given.get(name)
    if text is None:
        return None
    found = _SPAN.fullmatch(text)
    if found is None or int(found[1]) >= int(found[2]):
        raise BadRequest(
            f"The {name} are not understood.",
            asked=f"{name}={text[:100]}",
            advice=f"Give the first and one past the last, for example {name}=0-{BLOCK}.",
        )
    return int(found[1]), int(found[2])


def _checked(name: str, span: Span | None, count: int, *, around: bool) -> Span:
    if span is None:
        return 0, count
    first, last = span
    ends = last % BLOCK == 0 if last < count else (last - count) % BLOCK == 0
    reach = first + count if around else count
    if first % BLOCK == 0 and first < count and ends and last <= reach:
        return span
    raise BadRequest(
        f"There are no such {name}.",
        asked=f"{name}={first}-{last}",
        exists=[f"0-{count}"],
        advice=f"Begin and end at multiples of {BLOCK} or at the end.",
    )
