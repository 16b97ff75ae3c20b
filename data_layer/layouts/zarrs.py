"""Zarr stores as lazy datasets: metadata are read at opening, a chunk when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy.typing as npt
import xarray as xr
from xarray.core.indexing import LazilyIndexedArray

from data_layer.errors import Unavailable, UnreadableFile
from data_layer.integrity_zarr import version
from data_layer.layouts.lazy import LazyArray
from data_layer.stores import Elsewhere


def open_zarr(path: Path) -> xr.Dataset:
    """The store as a lazy, undecoded dataset.

    In a folder each array's own metadata count, which were checked: a consolidated copy of
    them may be out of date. Of a store elsewhere it is the consolidated ones.

    Raises
    ------
    UnreadableFile: without the Zarr library, or when it is not a store.
    Unavailable: when a store elsewhere cannot be reached.
    OSError, ValueError, RuntimeError: as the library says it. Reading raises OSError,
        whatever a codec says.
    """
    try:
        import zarr  # noqa: F401
    except ImportError as error:
        raise UnreadableFile(
            "it is a Zarr store, and what reads it is not installed: "
            "install poama-panel[zarr], or zarr"
        ) from error
    store = _elsewhere(path) if isinstance(path, Elsewhere) else path
    raw = xr.open_dataset(
        store,
        engine="zarr",
        decode_cf=False,
        chunks=None,
        cache=False,
        consolidated=isinstance(path, Elsewhere),
        zarr_format=version(path),
    )
    lazy = {
        name: xr.Variable(v.dims, LazilyIndexedArray(_Stored(v)), v.attrs, v.encoding)
        for name, v in raw.variables.items()
        if name not in raw.indexes
    }
    out = raw.assign(lazy)
    out.set_close(raw.close)
    return out


def _elsewhere(path: Elsewhere) -> Any:
    try:
        from data_layer.layouts.elsewhere import store_of
    except ImportError as error:
        raise UnreadableFile(
            "it lies in other files or places, and what reads it there is not installed: "
            "install poama-panel[remote], or fsspec"
        ) from error
    return store_of(path)


class _Stored(LazyArray):
    """An array whose damage is an OSError; one that cannot be reached is not damaged."""

    def __init__(self, v: xr.Variable) -> None:
        self._v = v
        self.shape = v.shape
        self.dtype = v.dtype

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        try:
            values: npt.NDArray[Any] = self._v.isel(
                dict(zip(self._v.dims, key, strict=True))
            ).values
        except (MemoryError, Unavailable):
            raise
        except Exception as error:
            raise OSError(f"{type(error).__name__}: {error}") from error
        return values
