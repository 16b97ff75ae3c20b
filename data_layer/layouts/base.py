"""What a layout is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Protocol

import xarray as xr

from data_layer.layouts.canonical import canonical
from data_layer.layouts.corrections import Correct, unchanged
from data_layer.layouts.files import decoded, open_raw


class Layout(Protocol):
    """How one kind of archive lays out its files.

    All renaming and all repair of calendars, units and longitudes of that
    archive live in its layout; no science does.
    """

    name: str

    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        """Whether this layout reads the file.

        Parameters
        ----------
        raw: the file opened without any decoding (attributes and dims only are
            looked at; no values are read).
        path: where it lies.
        """
        ...

    def open(self, path: Path, correct: Correct = unchanged) -> xr.Dataset:
        """The file, after ``correct``, as a lazy canonical dataset.

        Canonical is what :func:`data_layer.schema.validate` lets through.

        Its attributes tell the catalogue what the file does not say in CF's words:
        ``title``, ``system``, ``institution``, ``licence``, ``comment``,
        ``forecast_role`` (hindcast or forecast) and ``series``. Files of one series
        are one dataset, in whatever folders they lie and whichever variables they
        hold, as long as grid and leads are of a kind.

        Raises
        ------
        UnreadableFile: saying what could not be made out.
        LeftOut: for a file that is in order and is nothing to show, such as an
            ensemble mean beside the members.
        """
        ...


class Repaired(ABC):
    """A layout whose files are CF once they are put right."""

    name: str

    @abstractmethod
    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        """See :class:`Layout`."""

    @abstractmethod
    def repair(self, raw: xr.Dataset, path: Path) -> xr.Dataset:
        """The file, put right, for :func:`data_layer.layouts.canonical.canonical`.

        Parameters
        ----------
        raw: undecoded and lazy. Values must stay so: rename, drop, assign
            coordinates and attributes, and load coordinates only.
        path: where it lies.

        Returns
        -------
        An undecoded dataset (times as numbers with CF ``units`` and ``calendar``, or
        as datetime64) whose coordinates are recognised by their standard names:
        ``forecast_reference_time``, ``forecast_period``, ``realization``, ``time``,
        ``latitude``, ``longitude``.
        """

    def open(self, path: Path, correct: Correct = unchanged) -> xr.Dataset:
        """See :class:`Layout`."""
        raw = open_raw(path)
        try:
            out = canonical(decoded(self.repair(correct(raw), path)), path)
        except BaseException:
            raw.close()
            raise
        out.set_close(raw.close)
        return out
