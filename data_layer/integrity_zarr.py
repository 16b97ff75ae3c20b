"""Zarr stores, versions 2 and 3: what they declare, and whether it is all there.

What is looked at is each array's own metadata, and that is what is read by: a
consolidated copy may be out of date. A store elsewhere is read by what its consolidated
metadata say, and whether it has all its chunks is told for each that is read
(:mod:`data_layer.layouts.elsewhere`), but for reference sets, which name theirs.

A chunk that is missing is read by the Zarr library as the fill value, without an error.
Where that is a missing value (a NaN; a value that the array's attributes name as
missing; any in version 2, where xarray takes the fill value for one), cells without a
chunk are missing values, as they are in a sparse store. Where it is a number like any
other, zero for instance, a store that lacks chunks is refused: whether they were left
out, being full of zeros, or lost, cannot be told. Axes are taken as they are, since a
single zero is commonly left out and an axis that is all zeros is refused later. A shard
is one file whose own index says which of its chunks were left out.

A damaged chunk is an error of the codec that unpacks it where it has a checksum or
loses its structure; other damage goes unnoticed, as in values that are not compressed.
Chunks are taken to unpack to what the metadata say; a reader's limit on memory bounds
those that do not. Codecs are those of a list: some others run what they are given.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any

import numpy as np

from data_layer import stores
from data_layer.errors import UnreadableFile
from data_layer.stores import Elsewhere

LARGEST_METADATA = 16 << 20

# fmt: off
_CODECS = frozenset((
    "blosc", "zlib", "gzip", "zstd", "lz4", "bz2", "lzma", "shuffle",
    "delta", "fixedscaleoffset", "quantize", "bitround", "packbits", "astype", "crc32",
    "crc32c", "adler32", "fletcher32", "vlen-utf8", "bytes", "transpose",
))
# fmt: on
_SHARDS = "sharding_indexed"
_TEXT_CELL = 16  # of text of any length: what is held for each


@dataclass(frozen=True)
class StoredArray:
    """What an array's metadata say.

    Attributes
    ----------
    cell: bytes of a value.
    chunk: shape of what is unpacked at one go.
    file: shape of what is stored in one file; that of ``chunk`` but for shards.
    fill: what a missing chunk is read as.
    fill_is_missing: whether that is a missing value.
    key: prefix and separator of the names of its chunks.
    """

    name: str
    shape: tuple[int, ...]
    cell: int
    chunk: tuple[int, ...]
    file: tuple[int, ...]
    fill: object
    fill_is_missing: bool
    key: tuple[str, str]

    @property
    def must_be_whole(self) -> bool:
        """Whether a chunk that is missing would be read as numbers; axes are taken as they are."""
        return len(self.shape) > 1 and not self.fill_is_missing

    @property
    def grid(self) -> tuple[int, ...]:
        """How many files there are along each dim."""
        return tuple(-(-n // c) for n, c in zip(self.shape, self.file, strict=True))

    def holds(self, name: str) -> bool:
        """Whether the file of that name, relative to the array's folder, is a chunk of it."""
        prefix, separator = self.key
        places = name.split(separator)
        if prefix and places.pop(0) != prefix:
            return False
        if not self.shape:
            return places == ([] if prefix else ["0"])
        return len(places) == len(self.shape) and all(
            p.isascii() and p.isdigit() and str(int(p)) == p and int(p) < n
            for p, n in zip(places, self.grid, strict=True)
        )


def version(store: Path) -> int:
    """The version of the format: 3 or 2.

    Raises
    ------
    UnreadableFile: when there is no group's metadata, or it cannot be understood.
    """
    said = _read(store, "zarr.json")
    if said is not None:
        if said.get("zarr_format") != 3 or said.get("node_type") != "group":
            raise UnreadableFile("its zarr.json is not that of a group of Zarr version 3")
        return 3
    said = _read(store, ".zgroup")
    if said is None:
        raise UnreadableFile("it is not a Zarr store: it has neither zarr.json nor .zgroup")
    if said.get("zarr_format") != 2:
        raise UnreadableFile("its .zgroup is not that of Zarr version 2")
    return 2


def arrays(store: Path) -> Iterator[StoredArray]:
    """The arrays that lie right in the store; those of groups below it are not read.

    Raises
    ------
    UnreadableFile: for metadata that cannot be understood, and codecs that are not read.
    """
    form = version(store)
    for name in _names(store):
        said = _read(store, f"{name}/{'zarr.json' if form == 3 else '.zarray'}")
        if said is None:
            continue
        try:
            if form == 2:
                array = _of_version_2(name, said)
            elif said["node_type"] == "array":
                array = _of_version_3(name, said)
            else:
                continue
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise UnreadableFile(
                f"the metadata of its {name!r} are damaged ({type(error).__name__}: {error})"
            ) from error
        yield array


def _names(store: Path) -> list[str]:
    if isinstance(store, Elsewhere):
        return sorted({name.split("/")[0] for name in store.metadata() if name.count("/") == 1})
    return sorted(p.name for p in store.iterdir() if p.is_dir())


def check_store(store: Path) -> None:
    """Raise :class:`~data_layer.errors.UnreadableFile` when the store cannot be whole."""
    declared = {a.name: a for a in arrays(store)}
    there = store.chunks() if isinstance(store, Elsewhere) else _files(store)
    if there is None:
        return  # it cannot be told
    found: Counter[str] = Counter()
    for name in there:
        first, _, rest = name.partition("/")
        if first in declared and declared[first].holds(rest):
            found[first] += 1
    for name, array in declared.items():
        expected = math.prod(array.grid)
        if found[name] < expected and array.must_be_whole:
            raise UnreadableFile(
                f"its variable {name!r} lacks {expected - found[name]} of {expected} chunks, "
                f"which would be read as {array.fill!r}; if they were left out on purpose, "
                "write it with write_empty_chunks, or with that value as its _FillValue"
            )


def _files(store: Path) -> Iterator[str]:
    """All files in it, each of them looked at."""
    for i, (name, entry) in enumerate(stores.entries(store)):
        if i >= stores.MOST_ENTRIES:
            raise UnreadableFile(f"it has more than {stores.MOST_ENTRIES} files and folders")
        if not entry.is_dir(follow_symlinks=False):
            _check_entry(store, name, entry)
            yield name


def _check_entry(store: Path, name: str, entry: os.DirEntry[str]) -> None:
    if entry.is_symlink():
        if entry.is_dir():
            raise UnreadableFile(f"its {name!r} is a link to a folder")
        if not Path(os.path.realpath(entry.path)).is_relative_to(os.path.realpath(store)):
            raise UnreadableFile(f"its {name!r} is a link that leads out of it")
    try:
        kind = entry.stat().st_mode
    except FileNotFoundError:
        return  # removed meanwhile, so it will be looked at again
    if not S_ISREG(kind):  # reading a pipe would wait for ever
        raise UnreadableFile(f"its {name!r} is no ordinary file")


def _text(store: Path, name: str) -> bytes | None:
    if isinstance(store, Elsewhere):
        return store.metadata().get(name)
    if not (store / name).exists():
        return None
    with open(store / name, "rb") as f:
        return f.read(LARGEST_METADATA + 1)


def _read(store: Path, name: str) -> dict[str, Any] | None:
    """The metadata of that name, if there are any."""
    text = _text(store, name)
    if text is None:
        return None
    try:
        if len(text) > LARGEST_METADATA:
            raise ValueError("too large")
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"its {name} is damaged ({error})") from error
    if not isinstance(said, dict):
        raise UnreadableFile(f"its {name} is damaged (no object)")
    return said


def _of_version_2(name: str, said: Mapping[str, Any]) -> StoredArray:
    shape = _counts(said["shape"], least=0)
    chunk = _counts(said["chunks"], len(shape))
    filters = said.get("filters") or []
    compressor = said.get("compressor")
    codecs = [str(c["id"]) for c in (*filters, *([compressor] if compressor else []))]
    _check_codecs(name, codecs)
    dtype = said["dtype"]
    if not isinstance(dtype, str):
        raise UnreadableFile(f"its {name!r} has values of several parts")
    cell = _TEXT_CELL if dtype == "|O" and "vlen-utf8" in codecs else _cell(name, dtype)
    fill = said["fill_value"]
    separator = str(said.get("dimension_separator") or ".")
    known = fill is not None
    return StoredArray(name, shape, cell, chunk, chunk, fill or 0, known, ("", separator))


def _of_version_3(name: str, said: Mapping[str, Any]) -> StoredArray:
    shape = _counts(said["shape"], least=0)
    grid = said["chunk_grid"]
    if grid["name"] != "regular":
        raise UnreadableFile(f"its {name!r} has chunks of different shapes, which are not read")
    file = chunk = _counts(grid["configuration"]["chunk_shape"], len(shape))
    codecs = list(said["codecs"])
    if len(codecs) == 1 and _codec(codecs[0]) == _SHARDS:
        shards = codecs[0]["configuration"]
        chunk = _counts(shards["chunk_shape"], len(shape))
        codecs = [*shards["codecs"], *shards["index_codecs"]]
    _check_codecs(name, list(map(_codec, codecs)))
    encoding = said["chunk_key_encoding"]
    own = encoding["name"] == "default"
    separator = (encoding.get("configuration") or {}).get("separator", "/" if own else ".")
    fill, attrs = said["fill_value"], said.get("attributes") or {}
    missing = [attrs[k] for k in ("_FillValue", "missing_value") if k in attrs]
    return StoredArray(
        name,
        shape,
        _cell_of_version_3(name, said["data_type"]),
        chunk,
        file,
        fill,
        fill == "NaN" or any(type(m) is not bool and m == fill for m in missing),
        ("c" if own else "", str(separator)),
    )


def _codec(said: Any) -> str:
    return said if isinstance(said, str) else str(said["name"])


def _check_codecs(name: str, codecs: Sequence[str]) -> None:
    for codec in codecs:
        if codec.removeprefix("numcodecs.") not in _CODECS:
            raise UnreadableFile(f"its {name!r} is packed by {codec!r}, which is not read")


def _cell_of_version_3(name: str, said: Any) -> int:
    if isinstance(said, str):
        return _TEXT_CELL if said == "string" else _cell(name, said)
    more = said.get("configuration") or {}
    return int(more["length_bytes"]) if "length_bytes" in more else _cell(name, said["name"])


def _cell(name: str, said: str) -> int:
    dtype = np.dtype(said.removeprefix("numpy."))
    if dtype.kind not in "biufcmMSU":
        raise UnreadableFile(f"its {name!r} has values of the type {said!r}, which are not read")
    return dtype.itemsize


def _counts(said: Any, length: int | None = None, least: int = 1) -> tuple[int, ...]:
    counts = tuple(said)
    if any(type(n) is not int or n < least for n in counts) or length not in (None, len(counts)):
        raise ValueError(f"no shape: {said!r}")
    return counts
