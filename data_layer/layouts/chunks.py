"""Reads stored chunks of NetCDF-4 files without the library's filters.

A map that is compressed takes the library three times as long as it must:
HDF5 inflates with zlib, one plane of bytes at a time is put back by generic
code, and all of it is copied. Where the storage is the common one (chunks, shuffle
and deflate or neither, numbers of this machine's byte order), the stored bytes
are inflated by ISA-L and put in order in one pass. In every other case, and
whenever anything is not as expected, the NetCDF library reads instead, so what
comes out is the same in either case: only the time differs.
"""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import xarray as xr
from h5py import h5z
from isal import isal_zlib
from isal.igzip_lib import IsalError
from xarray.core.indexing import LazilyIndexedArray

from data_layer import kernels
from data_layer.layouts.lazy import LazyArray

# What a chunk may unpack to here; larger ones are left to the library.
LARGEST_CHUNK = 64 << 20

Region = list[slice]


def with_direct_chunks(raw: xr.Dataset, path: Path) -> xr.Dataset:
    """``raw`` with those variables that allow it read by their chunks.

    Parameters
    ----------
    raw: a NetCDF file opened by the netcdf4 engine without decoding, lazy.
    path: where it lies.

    Returns
    -------
    The same variables, still lazy; closing it closes both handles.
    """
    stored = _Stored(path)
    replaced = {}
    for name, v in raw.variables.items():
        sizes = v.encoding.get("chunksizes")
        # Small ones are read once, coordinates most of all.
        if sizes and v.dtype.kind in "iuf" and v.ndim > 1 and not v.encoding.get("fletcher32"):
            data = LazilyIndexedArray(_Chunked(v, stored, str(name)))
            replaced[name] = xr.Variable(v.dims, data, v.attrs, v.encoding)
    if not replaced:
        return raw
    out = raw.assign(replaced)
    close = raw.close

    def close_both() -> None:
        stored.close()
        close()

    out.set_close(close_both)
    return out


class _Stored:
    """The file as h5py sees it, opened when first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: h5py.File | None = None

    def open(self, name: str) -> h5py.Dataset | None:
        """The dataset of that name, or ``None`` when there is none."""
        if self._file is None:
            self._file = h5py.File(self._path, "r")
        found = self._file.get(name)
        return found if isinstance(found, h5py.Dataset) else None

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


class _Chunked(LazyArray):
    def __init__(self, v: xr.Variable, stored: _Stored, name: str) -> None:
        self._v = v
        self._stored = stored
        self._name = name
        self._reader: _ChunkReader | None = None
        self._tried = False
        self.shape = v.shape
        self.dtype = v.dtype

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        region = _region(key, self.shape)
        values = self._direct(region) if region is not None else None
        if values is None:
            return self._v.isel(dict(zip(self._v.dims, key, strict=True))).values
        # A number, unlike a slice or an array of one, takes its dim away.
        return values[tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in key)]

    def _direct(self, region: Region) -> npt.NDArray[Any] | None:
        if not self._tried:
            self._tried = True
            try:
                found = self._stored.open(self._name)
            except OSError:
                found = None
            if found is not None and found.shape == self.shape and found.dtype == self.dtype:
                self._reader = _ChunkReader.of(found)
        return self._reader.read(region) if self._reader is not None else None


def _region(key: tuple[Any, ...], shape: tuple[int, ...]) -> Region | None:
    """The key as one slice of step 1 in each dim, or ``None`` when it is none."""
    region = []
    for k, n in zip(key, shape, strict=True):
        if isinstance(k, slice):
            start, stop, step = k.indices(n)
        else:
            at = np.atleast_1d(k)
            if at.size != 1:
                return None
            start, step = int(at[0]), 1
            start += n if start < 0 else 0
            stop = start + 1
        if step != 1 or stop <= start or not 0 <= start < n:
            return None
        region.append(slice(start, stop))
    return region


class _ChunkReader:
    """Reads regions of one dataset whose storage is the common one."""

    def __init__(self, dataset: h5py.Dataset, shuffled: bool, deflated: bool) -> None:
        self._id = dataset.id
        self._chunk: tuple[int, ...] = dataset.chunks
        self._dtype = dataset.dtype
        self._shuffled = shuffled
        self._deflated = deflated
        self._bytes = math.prod(self._chunk) * self._dtype.itemsize

    @classmethod
    def of(cls, dataset: h5py.Dataset) -> _ChunkReader | None:
        """A reader, or ``None`` where the storage is another."""
        if dataset.chunks is None or not dataset.dtype.isnative:
            return None
        if math.prod(dataset.chunks) * dataset.dtype.itemsize > LARGEST_CHUNK:
            return None
        created = dataset.id.get_create_plist()
        filters = [created.get_filter(i)[0] for i in range(created.get_nfilters())]
        if filters not in ([], [h5z.FILTER_DEFLATE], [h5z.FILTER_SHUFFLE, h5z.FILTER_DEFLATE]):
            return None
        return cls(dataset, h5z.FILTER_SHUFFLE in filters, h5z.FILTER_DEFLATE in filters)

    def read(self, region: Region) -> npt.NDArray[Any] | None:
        """The values of a region, or ``None`` when a chunk is not as expected."""
        first = [r.start // c for r, c in zip(region, self._chunk, strict=True)]
        last = [(r.stop - 1) // c for r, c in zip(region, self._chunk, strict=True)]
        places = list(product(*(range(a, b + 1) for a, b in zip(first, last, strict=True))))
        whole = tuple(r.stop - r.start for r in region)
        if len(places) == 1 and whole == self._chunk:
            return self._one(places[0])
        out = np.empty(whole, self._dtype)
        for place in places:
            values = self._one(place)
            if values is None:
                return None
            source, target = [], []
            for at, c, r in zip(place, self._chunk, region, strict=True):
                low, high = max(r.start, at * c), min(r.stop, (at + 1) * c)
                source.append(slice(low - at * c, high - at * c))
                target.append(slice(low - r.start, high - r.start))
            out[tuple(target)] = values[tuple(source)]
        return out

    def _one(self, place: tuple[int, ...]) -> npt.NDArray[Any] | None:
        """The values of one chunk, whole even at the edge of the dataset."""
        try:
            corner = tuple(at * c for at, c in zip(place, self._chunk, strict=True))
            if self._id.get_chunk_info_by_coord(corner).byte_offset is None:
                return None  # never written: full of the fill value, as the library knows
            skipped, stored = self._id.read_direct_chunk(corner)
            if skipped:
                return None
            if self._deflated:
                # No bufsize: told the exact size, ISA-L takes more than twice as long.
                stored = isal_zlib.decompress(stored)
        except (OSError, ValueError, RuntimeError, IsalError):  # type: ignore[misc]
            return None
        if len(stored) != self._bytes:
            return None
        packed = np.frombuffer(stored, np.uint8)
        if self._shuffled and self._dtype.itemsize > 1:
            out = np.empty(self._bytes, np.uint8)
            kernels.unshuffle(packed, self._dtype.itemsize, out)
            packed = out
        else:
            packed = packed.copy()  # bytes cannot be written to, and the library's answers can
        values: npt.NDArray[Any] = packed.view(self._dtype).reshape(self._chunk)
        return values
