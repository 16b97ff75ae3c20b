"""A large map at several levels, so that any part of it is at hand at a screen's resolution.

Level k holds the mean of 2ᵏ × 2ᵏ cells each, of those among them that have a value: a coast
is not eaten away by the sea beside it. What is counted in classes has no mean; there the
cell in the middle stands for all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer import kernels
from data_layer.cuts import MOST_LEVELS, Cut
from data_layer.keeping import KeptFiles
from data_layer.rasters import Raster, raster_of

DEFAULT_BYTES = 2 << 30
# Maps of fewer cells are as quickly made anew.
KEPT_FROM = 1 << 20

Values = npt.NDArray[Any]


@dataclass(frozen=True)
class Pyramid:
    """A map and its means.

    Attributes
    ----------
    base: the map itself.
    levels: its values, and those of each coarser level: (⌈ny / 2ᵏ⌉, ⌈nx / 2ᵏ⌉).
    """

    base: Raster
    levels: tuple[Values, ...]

    def cut(self, cut: Cut) -> Raster:
        """A part of a level, as a map of its own.

        Raises
        ------
        BadRequest: when there is no such part.
        """
        base, side = self.base, 1 << cut.level
        ny, nx = base.values.shape
        (top, bottom), (left, right) = cut.within(ny, nx, wraps=base.wraps)
        rows = self.levels[cut.level][top:bottom]
        count = rows.shape[1]
        values = rows[:, left:right]
        if right > count:
            values = np.concatenate([rows[:, left:], rows[:, : right - count]], axis=1)
        fine = cut.level == 0
        around = base.columns and base.columns * 2
        return replace(
            base,
            values=values,
            x0=base.x0 + base.dx * (left * side + (side - 1) / 2),
            dx=base.dx * side,
            y0=base.y0 + base.dy * (top * side + (side - 1) / 2),
            dy=base.dy * side,
            wraps=base.wraps and right - left == count and nx % side == 0,
            rows=base.rows[top:bottom] if base.rows and fine else None,
            columns=around[left:right] if around and fine else None,
            level=cut.level,
            full=(ny, nx),
            at=(top, left),
        )


def pyramid(da: xr.DataArray, *, classes: bool = False) -> Pyramid:
    """All levels of a map.

    Parameters
    ----------
    da: dims ``(lat, lon)``, arranged, in memory.
    classes: whether its numbers stand for classes.

    Raises
    ------
    BadRequest: for an array of other dims.
    """
    base = raster_of(da)
    make = _middles if classes else _means
    return Pyramid(base, (base.values, *make(base.values)))


def _means(values: Values) -> list[Values]:
    total, count = values, np.empty((0, 0), np.uint32)
    levels = []
    for _ in range(MOST_LEVELS):
        shape = tuple(-(-n // 2) for n in total.shape)
        total2, count2 = np.empty(shape, np.float64), np.empty(shape, np.uint32)
        kernels.pair_up(total, count, total2, count2)
        total, count = total2, count2
        with np.errstate(invalid="ignore", divide="ignore"):
            levels.append((total / count).astype(values.dtype))
    return levels


def _middles(values: Values) -> list[Values]:
    levels = []
    for level in range(1, MOST_LEVELS + 1):
        side = 1 << level
        middle = [np.minimum(np.arange(0, n, side) + side // 2, n - 1) for n in values.shape]
        levels.append(values[np.ix_(*middle)])
    return levels


class PyramidStore(KeptFiles[Pyramid]):
    """Pyramids in a folder, mapped into memory: of each only what is cut out is read."""

    suffix = ".pyramid"
    edition = 2
    what = "a map's coarser levels"

    def __init__(self, folder: Path, limit: int = DEFAULT_BYTES) -> None:
        super().__init__(folder, limit)

    def read(self, path: Path) -> Pyramid:
        """See :class:`~data_layer.keeping.KeptFiles`."""
        with path.open("rb") as file:
            head = json.loads(file.readline(_LONGEST_HEAD))
            start = file.tell()
        try:
            numbers = np.memmap(path, np.dtype(head.pop("dtype")), "r", start)
            levels, at = [], 0
            for ny, nx in head.pop("shapes"):
                levels.append(numbers[at : at + ny * nx].reshape(ny, nx))
                at += ny * nx
            if at != numbers.size:
                raise ValueError("it is not whole")
            head |= {k: tuple(v) for k, v in head.items() if isinstance(v, list)}
            return Pyramid(Raster(values=levels[0], **head), tuple(levels))
        except (AttributeError, KeyError, TypeError, IndexError) as error:
            raise ValueError("its head is damaged") from error

    def write(self, file: BinaryIO, value: Pyramid) -> None:
        """See :class:`~data_layer.keeping.KeptFiles`."""
        head = asdict(replace(value.base, values=None))  # type: ignore[arg-type]
        del head["values"]
        head |= {"dtype": value.levels[0].dtype.str, "shapes": [x.shape for x in value.levels]}
        file.write(json.dumps(head).encode() + b"\n")
        for level in value.levels:
            file.write(np.ascontiguousarray(level).data)


_LONGEST_HEAD = 1 << 24


class Pyramids:
    """The pyramids of a source: on disk if there is a store, else the last one in memory."""

    def __init__(self, store: PyramidStore | None) -> None:
        self._store = store
        self._last: tuple[str, Pyramid] | None = None

    def close(self) -> None:
        """Let go of the last one."""
        self._last = None

    def of(self, key: str, cells: int, make: Callable[[], Pyramid]) -> Pyramid:
        """The pyramid of a key, from ``make`` when it is not kept.

        ``cells``: of the map; those of few are not kept on disk.
        """
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        if self._store is not None and cells > KEPT_FROM:
            return self._store.get_or_make(key, make)
        self._last = key, make()
        return self._last[1]
