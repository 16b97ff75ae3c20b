"""A file's variable, as far as a layout can tell, that notes what is read of it."""

from __future__ import annotations

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing


class Counted(BackendArray):
    """``values``, lazily; ``cells`` holds how many each read took."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape, self.dtype = values, values.shape, values.dtype
        self.cells: list[int] = []

    def __getitem__(self, key):
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )

    def _read(self, key):
        part = self.values
        for axis in reversed(range(part.ndim)):
            part = part[(slice(None),) * axis + (key[axis],)]
        self.cells.append(part.size)
        return part

    def variable(self, dims: tuple[str, ...], **attrs: object) -> xr.Variable:
        """It, as xarray opens a file's."""
        return xr.Variable(dims, indexing.LazilyIndexedArray(self), attrs)
