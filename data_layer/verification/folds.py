"""Cross-validation: which years may be looked at when another year is judged.

A climatology, a threshold or a correction that saw the year it is judged on makes skill
look better than it is. How the years are parted is a choice, and each choice says of
itself what it is, so that it can be written on the result.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import BadRequest

Years = npt.NDArray[np.intp]
Fold = tuple[Years, Years]

_FEWEST = 2  # training years: fewer have no spread


@dataclass(frozen=True)
class Scheme:
    """How the years are parted.

    Attributes
    ----------
    kind: ``out`` leaves out ``width`` consecutive years centred on the one judged (at either
        end of the record those of them that there are); ``split`` trains on one half of the
        record and judges the other, both ways; ``none`` leaves nothing out.
    width: years left out; odd. Only for ``out``.
    """

    kind: Literal["out", "split", "none"] = "out"
    width: int = 1

    def __post_init__(self) -> None:
        if self.width < 1 or self.width % 2 == 0 or (self.kind != "out" and self.width != 1):
            raise BadRequest(
                f"Cross-validation cannot leave out {self.width} years.",
                asked=str(self.width),
                exists=["1", "3", "5", "…"],
                advice="Leave out an odd number of years, centred on the one judged.",
            )

    @classmethod
    def parse(cls, text: str) -> Scheme:
        """``loo``, ``l3o``, ``l5o`` …, ``split`` or ``none`` → the scheme.

        Raises
        ------
        BadRequest: for any other text.
        """
        if text in ("split", "none"):
            return cls(text)  # type: ignore[arg-type]
        if text == "loo":
            return LEAVE_ONE_OUT
        found = re.fullmatch(r"l(\d{1,3})o", text)
        if found is None:
            raise BadRequest(
                f"There is no cross-validation {text!r}.",
                asked=text,
                exists=["loo", "l3o", "l5o", "split", "none"],
                advice="Choose one of these; the number in l3o is that of the years left out.",
            )
        return cls("out", int(found[1]))

    @property
    def text(self) -> str:
        """The inverse of :meth:`parse`."""
        if self.kind != "out":
            return self.kind
        return "loo" if self.width == 1 else f"l{self.width}o"

    @property
    def sentence(self) -> str:
        """What is done, in words for the result."""
        if self.kind == "none":
            return "not cross-validated: the year judged is among the training years"
        if self.kind == "split":
            return (
                "cross-validated by split sample: each half of the record is judged "
                "with what was learnt from the other"
            )
        if self.width == 1:
            return "cross-validated, leaving out the year judged"
        return (
            f"cross-validated, leaving out {self.width} consecutive years centred on the one "
            "judged (fewer at the ends of the record)"
        )

    @property
    def fewest_years(self) -> int:
        """The shortest record that it can part."""
        if self.kind == "split":
            return 2 * _FEWEST
        return _FEWEST + (self.width if self.kind == "out" else 0)


LEAVE_ONE_OUT = Scheme()
SPLIT = Scheme("split")
IN_SAMPLE = Scheme("none")


def years_of(record: xr.DataArray) -> Years:
    """The calendar year of each start along ``init``; without dates each is a year of its own."""
    init = record["init"]
    if init.dtype.kind != "M":
        return np.arange(init.size)
    return init.values.astype("datetime64[Y]").astype(np.intp)


def folds(years: int | Years, scheme: Scheme) -> tuple[Fold, ...]:
    """Pairs (training starts, judged starts) as indices into a record.

    Every start is judged exactly once. Starts of one calendar year stay together: none of them
    is trained on when another is judged.

    Parameters
    ----------
    years: the calendar year of each start, ascending; or how many years of one start there are.

    Raises
    ------
    BadRequest: when some year would be left with fewer than two training years.
    """
    record = np.arange(years) if isinstance(years, int) else years
    _, year = np.unique(record, return_inverse=True)
    n = int(year.max(initial=-1)) + 1
    if n < scheme.fewest_years:
        raise BadRequest(
            f"{n} years are too few for {scheme.text!r} ({scheme.sentence}).",
            asked=scheme.text,
            exists=[f"{n} years"],
            advice=f"It needs {scheme.fewest_years} years or more.",
        )
    if scheme.kind == "none":
        everything = np.arange(year.size)
        return ((everything, everything),)
    if scheme.kind == "split":
        first, second = np.flatnonzero(year < n // 2), np.flatnonzero(year >= n // 2)
        return ((second, first), (first, second))
    reach = scheme.width // 2
    return tuple(
        (np.flatnonzero(abs(year - y) > reach), np.flatnonzero(year == y)) for y in range(n)
    )


def training(years: int | Years, scheme: Scheme) -> npt.NDArray[np.bool_]:
    """(judged start, start) → whether the second trains what the first is judged with.

    Parameters and errors are those of :func:`folds`.
    """
    parts = folds(years, scheme)
    n = sum(judged.size for _, judged in parts)
    out = np.zeros((n, n), np.bool_)
    for train, judged in parts:
        out[np.ix_(judged, train)] = True
    return out
