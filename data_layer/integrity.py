"""Can a file be believed? The checks that need no decoding.

The NetCDF libraries read the missing end of a truncated classic file as zeros,
without an error; so the size that the header promises is computed here, by the
layout in the classic format specification (Unidata, "NetCDF Classic Format
Specification", and its CDF-5 extension), and compared with the size on disk.
A truncated NetCDF-4 file fails to open and needs no check of its own.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

from data_layer import integrity_grib, integrity_zarr
from data_layer.errors import UnreadableFile

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
_DIMENSION, _VARIABLE, _ATTRIBUTE = 10, 11, 12
_MAX_LIST = 100_000
_MAX_RANK = 1024  # NC_MAX_VAR_DIMS


def check_file(path: Path) -> None:
    """Raise :class:`~data_layer.errors.UnreadableFile` when the file cannot be whole."""
    try:
        if path.is_dir():
            integrity_zarr.check_store(path)
            return
        size = os.path.getsize(path)
        with open(path, "rb") as f:
            magic = f.read(8)
            if size == 0:
                raise UnreadableFile("it is empty")
            if magic[:3] == b"CDF" and magic[3:4] in (b"\x01", b"\x02", b"\x05"):
                f.seek(0)
                _check_classic(f, size)
            elif integrity_grib.begins(f):
                integrity_grib.check_messages(f, size)
            elif magic != b"\x89HDF\r\n\x1a\n":
                start = magic.decode("latin-1").strip()
                raise UnreadableFile(f"it is not NetCDF or GRIB: it begins with {start!r}")
    except OSError as error:
        raise UnreadableFile(f"it cannot be read ({error.strerror})") from error


def _check_classic(f: BinaryIO, size: int) -> None:
    try:
        needed = _classic_size(f)
    except (struct.error, KeyError, IndexError, ValueError, OverflowError) as error:
        raise UnreadableFile("its header is damaged") from error
    if size < needed:
        raise UnreadableFile(
            f"it is cut short: the header promises {needed} bytes and there are {size}"
        )


class _Header:
    """The fields of a classic header, one after the other."""

    def __init__(self, f: BinaryIO) -> None:
        self._f = f
        self.version = f.read(4)[3]
        self._wide = self.version == 5

    def int4(self) -> int:
        return int(struct.unpack(">i", self._f.read(4))[0])

    def count(self) -> int:
        """NON_NEG: a count, 8 bytes wide in CDF-5."""
        n = self._signed()
        if n < 0:
            raise ValueError(n)  # would step backwards, for ever in the worst case
        return n

    def records(self) -> int:
        """The number of records, 0 when it was left open by a stream."""
        return max(0, self._signed())

    def _signed(self) -> int:
        return self._long() if self._wide else self.int4()

    def _long(self) -> int:
        return int(struct.unpack(">q", self._f.read(8))[0])

    def length(self) -> int:
        """The length of a list, refused when absurd."""
        n = self.count()
        if n > _MAX_LIST:
            raise ValueError(n)
        return n

    def offset(self) -> int:
        return self.int4() if self.version == 1 else self._long()

    def skip(self, n: int) -> None:
        self._f.seek(_padded(n), os.SEEK_CUR)

    def name(self) -> None:
        self.skip(self.length())

    def attributes(self) -> None:
        self._tag(_ATTRIBUTE)
        for _ in range(self.length()):
            self.name()
            kind = self.int4()
            self.skip(_SIZES[kind] * self.count())

    def _tag(self, expected: int) -> None:
        tag = self.int4()
        if tag not in (0, expected):
            raise ValueError(tag)

    def dimensions(self) -> list[int]:
        self._tag(_DIMENSION)
        sizes = []
        for _ in range(self.length()):
            self.name()
            sizes.append(self.count())
        return sizes

    def variables(self, dims: list[int]) -> list[tuple[int, int, bool]]:
        """Per variable: where it begins, its bytes (of one record), whether it has records."""
        self._tag(_VARIABLE)
        found = []
        for _ in range(self.length()):
            self.name()
            rank = self.length()
            if rank > _MAX_RANK:
                raise ValueError(rank)
            shape = [dims[self.count()] for _ in range(rank)]
            self.attributes()
            kind = self.int4()
            self._signed()  # vsize: redundant, and wrong beyond 4 GiB
            begin = self.offset()
            record = bool(shape) and shape[0] == 0
            cells = 1
            for n in shape[1:] if record else shape:
                cells *= n
            found.append((begin, cells * _SIZES[kind], record))
        return found


def _padded(n: int) -> int:
    return (n + 3) // 4 * 4


def _classic_size(f: BinaryIO) -> int:
    """The least number of bytes the file must have for all it declares."""
    header = _Header(f)
    records = header.records()
    dims = header.dimensions()
    header.attributes()
    variables = header.variables(dims)
    end = f.tell()
    for begin, size, record in variables:
        if not record:
            end = max(end, begin + size)
    moving = [(begin, size) for begin, size, record in variables if record]
    if moving and records:
        # One record variable alone is not padded between its records.
        stride = moving[0][1] if len(moving) == 1 else sum(_padded(s) for _, s in moving)
        end = max(end, max(b + (records - 1) * stride + s for b, s in moving))
    return end
