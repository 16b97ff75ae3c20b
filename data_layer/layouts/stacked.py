"""Two dimensions made one without reading anything.

``stack`` of xarray reads a lazy variable as a whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from xarray.core.indexing import LazilyIndexedArray

from data_layer.layouts.lazy import LazyArray


def stacked(
    v: xr.Variable, dims: tuple[str, str], into: str, pairs: npt.NDArray[np.int64]
) -> xr.Variable:
    """``v``, still lazy, with ``dims`` made one that holds chosen pairs of their positions.

    Parameters
    ----------
    v: has both ``dims``, in any order.
    into: name of the new dim, which stands where the first of ``dims`` stood.
    pairs: shape ``(n, 2)``, positions along ``dims``; not all pairs need be chosen.
    """
    data = _Stacked(v, dims, pairs)
    names = tuple(into if d == dims[0] else d for d in v.dims if d != dims[1])
    return xr.Variable(names, LazilyIndexedArray(data), v.attrs, v.encoding)


class _Stacked(LazyArray):
    def __init__(self, v: xr.Variable, dims: tuple[str, str], pairs: npt.NDArray[np.int64]) -> None:
        self._v = v
        self._first, self._second = dims
        self._pairs = pairs
        self._dims = [d for d in v.dims if d != self._second]
        self.shape = tuple(len(pairs) if d == self._first else v.sizes[d] for d in self._dims)
        self.dtype = v.dtype

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        others = dict(zip(self._dims, key, strict=True))
        wanted = self._pairs[others.pop(self._first)]
        parts = [
            self._v.isel(others | {self._first: int(a), self._second: int(b)})
            for a, b in wanted.reshape(-1, 2)
        ]
        if wanted.ndim == 1:
            return parts[0].values
        if not parts:
            none = self._v.isel(others | {self._first: slice(0), self._second: 0})
            return none.values
        kept = [d for d in self._dims if d == self._first or d in parts[0].dims]
        return np.stack([part.values for part in parts], kept.index(self._first))
