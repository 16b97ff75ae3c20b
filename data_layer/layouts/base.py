"""What a layout is."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import xarray as xr


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

    def open(self, path: Path) -> xr.Dataset:
        """The file as a lazy canonical dataset (:func:`data_layer.schema.validate`).

        Raises
        ------
        UnreadableFile: saying what could not be made out.
        """
        ...
