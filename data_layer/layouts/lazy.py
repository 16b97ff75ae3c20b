"""Dimensions added and put in order, and values changed, without reading anything.

``expand_dims`` of xarray reads a lazy variable as a whole, as ``where`` does, and
``transpose`` turns each read of a map into one of scattered cells.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from xarray.backends import BackendArray
from xarray.core.indexing import (
    ExplicitIndexer,
    IndexingSupport,
    LazilyIndexedArray,
    explicit_indexing_adapter,
)


class LazyArray(BackendArray):
    """An array that reads what is asked for, one index for each dim independently.

    Whoever derives sets ``shape`` and ``dtype``.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __getitem__(self, key: ExplicitIndexer) -> Any:
        return explicit_indexing_adapter(key, self.shape, IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        """The values at a number, slice or array of positions along each dim."""
        raise NotImplementedError


def with_all_attributes(raw: xr.Dataset, attrs: Mapping[Hashable, dict[Any, Any]]) -> xr.Dataset:
    """``raw``, still lazy, with these in place of all attributes of the variables named."""
    changed = {}
    for name, said in attrs.items():
        changed[name] = raw.variables[name].copy(deep=False)
        changed[name].attrs = said
    return raw.assign(changed)


def with_dims(v: xr.Variable, dims: tuple[str, ...]) -> xr.Variable:
    """``v``, still lazy, with exactly ``dims``; those it lacks have length one.

    Parameters
    ----------
    v: dims a subset of ``dims``, in any order.
    """
    if v.dims == dims:
        return v
    return xr.Variable(dims, LazilyIndexedArray(_Arranged(v, dims)), v.attrs, v.encoding)


Function = Callable[..., npt.NDArray[Any]]


def mapped(v: xr.Variable, function: Function, *beside: xr.Variable) -> xr.Variable:
    """``v``, still lazy, with ``function`` applied to what is read of it.

    Parameters
    ----------
    function: from any part of the values, and those of ``beside`` at the same cells (as
        arrays that broadcast with them), to as many of ``v``'s type; each cell for itself.
    beside: other variables on some of ``v``'s dims.
    """
    data = LazilyIndexedArray(_Mapped(v, function, beside))
    return xr.Variable(v.dims, data, v.attrs, v.encoding)


class _Mapped(LazyArray):
    def __init__(self, v: xr.Variable, function: Function, beside: tuple[xr.Variable, ...]) -> None:
        self._v = v
        self._function = function
        self._beside = beside
        self.shape = v.shape
        self.dtype = v.dtype

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        at = dict(zip(self._v.dims, key, strict=True))
        part = self._v.isel(at)
        others = (b.isel({d: at[d] for d in b.dims}) for b in self._beside)
        return self._function(part.values, *(_broadcast(o, part.dims) for o in others))


def _broadcast(v: xr.Variable, dims: tuple[Hashable, ...]) -> npt.NDArray[Any]:
    """Values of ``v`` in the order of ``dims``, with length one along those it lacks."""
    there = v.transpose(*(d for d in dims if d in v.dims)).values
    return there[tuple(slice(None) if d in v.dims else np.newaxis for d in dims)]


class _Arranged(LazyArray):
    def __init__(self, v: xr.Variable, dims: tuple[str, ...]) -> None:
        self._v = v
        self._dims = dims
        self.shape = tuple(v.sizes.get(d, 1) for d in dims)
        self.dtype = v.dtype

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        wanted = dict(zip(self._dims, key, strict=True))
        part = self._v.isel({d: k for d, k in wanted.items() if d in self._v.dims})
        values = part.transpose(*(d for d in self._dims if d in part.dims)).values
        left = [d for d in self._dims if d in part.dims or d not in self._v.dims]
        values = values[tuple(slice(None) if d in part.dims else np.newaxis for d in left)]
        for axis in reversed(range(len(left))):
            if left[axis] not in self._v.dims:
                values = values[(slice(None),) * axis + (wanted[left[axis]],)]
        return values
