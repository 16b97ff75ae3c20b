"""Climatologies kept on disk, so that each is computed once for each state of a hindcast.

A file holds planes (maps) of one hindcast, variable, start of the year, lead and window.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from numpy.lib.npyio import NpzFile

from data_layer.keeping import KeptFiles

Plane = npt.NDArray[Any]
Planes = Mapping[str, Plane]

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
            planes = np.load(path, allow_pickle=False)
        except zipfile.BadZipFile as error:
            raise ValueError(str(error)) from error
        if not isinstance(planes, NpzFile):
            raise ValueError("it holds no set of planes")
        return planes

    def write(self, file: BinaryIO, value: Planes) -> None:
        """See :class:`~data_layer.keeping.KeptFiles`."""
        np.savez(file, **value)  # type: ignore[arg-type]

    def get_or_make(self, key: str, make: Callable[[], Planes]) -> Planes:
        """See :class:`~data_layer.keeping.KeptFiles`; made anew when one of them is damaged."""
        return _Checked(self, key, make)


class _Checked(Mapping[str, Plane]):
    """Planes whose damage is found out when they are looked up; then all are made anew."""

    def __init__(self, store: PlaneStore, key: str, make: Callable[[], Planes]) -> None:
        self._store, self._key, self._make = store, key, make
        self._planes = self._found()

    def _found(self) -> Planes:
        return KeptFiles.get_or_make(self._store, self._key, self._make)

    def __getitem__(self, name: str) -> Plane:
        kept = self._planes
        if not isinstance(kept, NpzFile):
            return kept[name]
        try:
            plane: Plane = kept[name]
        except MemoryError:
            raise
        except Exception as error:  # a zip archive can be damaged in many ways
            kept.close()
            self._store.discard(self._store.path(self._key), error)
            self._planes = self._found()
            return self._planes[name]
        return plane

    def __iter__(self) -> Iterator[str]:
        return iter(self._planes)

    def __len__(self) -> int:
        return len(self._planes)
