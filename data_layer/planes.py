"""Climatologies kept on disk, so that each is computed once for each state of a hindcast.

A file holds planes (maps) of one hindcast, variable, start of the year, lead and window.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from data_layer.keeping import KeptFiles

Planes = Mapping[str, npt.NDArray[Any]]

DEFAULT_BYTES = 4 << 30


class PlaneStore(KeptFiles[Planes]):
    """Named sets of planes in a folder; each plane is read when it is looked up."""

    suffix = ".planes.npz"
    edition = 1
    what = "a climatology"

    def __init__(self, folder: Path, limit: int = DEFAULT_BYTES) -> None:
        super().__init__(folder, limit)

    def read(self, path: Path) -> Planes:
        """See :class:`~data_layer.keeping.KeptFiles`."""
        try:
            planes: Planes = np.load(path, allow_pickle=False)
        except zipfile.BadZipFile as error:
            raise ValueError(str(error)) from error
        return planes

    def write(self, file: BinaryIO, value: Planes) -> None:
        """See :class:`~data_layer.keeping.KeptFiles`."""
        np.savez(file, **value)  # type: ignore[arg-type]
