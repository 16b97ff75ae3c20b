"""What may a file make a reader unpack? Limits on how NetCDF-4 and Zarr are stored.

A file of a megabyte can hold a chunk that unpacks to gigabytes, of which a
single cell costs all; a file of some kilobytes can declare terabytes; and one
file can show what lies in another. All of it stands in the file's metadata,
which is looked at here before anything is read.

Why these limits, and no ratio of a chunk's packed to its unpacked size: a
field of one value throughout, an all missing one for instance, is honest and
packs as well as any bomb (deflate goes to 1032:1, Zstandard beyond 10 000:1).

* Memory: what is unpacked at one go, a chunk, an axis or a single map, is bounded by
  its *unpacked* size, so how well it is packed does not matter.
* Work: what all of a file unpacks to is bounded by a multiple of the file's size
  that deflate cannot reach, and up to a size that costs seconds is not bounded at
  all. More has been promised and not written, or packed to take up a reader. A
  reader's deadline bounds the rest.
* Looking itself: the number of objects and how deep they lie, because the NetCDF
  library reads all groups recursively when it opens a file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import h5py
from h5py import h5d, h5g, h5l, h5o

from data_layer import integrity_zarr, stores
from data_layer.errors import UnreadableFile
from data_layer.memory import LARGEST_AT_ONCE

MOST_UNPACKED_PER_BYTE = 2000
UNPACKED_IN_ANY_CASE = 16_000_000_000

MOST_OBJECTS = 5000
DEEPEST_GROUP = 32


def check_storage(path: Path, largest: int = LARGEST_AT_ONCE) -> None:
    """Raise :class:`~data_layer.errors.UnreadableFile` when reading the file would be unsafe.

    Anything but HDF5 and Zarr, and HDF5 that does not open, is left to whoever opens it next.

    Parameters
    ----------
    largest: bytes that may be unpacked at one go.
    """
    if path.is_dir():
        arrays = integrity_zarr.arrays(path)
        unpacked = sum(_bounded(a.name, a.cell, a.shape, a.chunk, largest) for a in arrays)
        _check_work(unpacked, path)
        return
    try:
        file = h5py.File(path, "r")
    except OSError:
        return
    with file:
        unpacked = 0
        try:
            for name, dataset in _datasets(file.id):
                unpacked += _unpacked(name, dataset, largest)
        except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
            raise UnreadableFile(f"its structure is damaged ({error})") from error
    _check_work(unpacked, path)


def _check_work(unpacked: int, path: Path) -> None:
    stored, _ = stores.identity(path)
    if unpacked > max(UNPACKED_IN_ANY_CASE, MOST_UNPACKED_PER_BYTE * stored):
        raise UnreadableFile(
            f"it declares {size(unpacked)} of values and is {size(stored)} long: "
            "they cannot have been written"
        )


def _datasets(root: h5g.GroupID) -> Iterator[tuple[str, h5d.DatasetID]]:
    """All datasets of the file with their paths; ends the looking when there are too many."""
    seen = 0
    groups = [("", 0, root)]
    while groups:
        place, depth, group = groups.pop()
        links = _links(group, MOST_OBJECTS - seen)
        seen += len(links)
        for link, kind in links:
            name = f"{place}/{link.decode('utf-8', 'replace')}".lstrip("/")
            if kind == h5l.TYPE_SOFT:
                continue  # what it names in this file is looked at where it lies
            if kind != h5l.TYPE_HARD:
                raise UnreadableFile(f"its {name!r} lies in another file")
            item = h5o.open(group, link)
            if isinstance(item, h5g.GroupID):
                # A group may hold itself, so this is also what ends a circle.
                if depth == DEEPEST_GROUP:
                    raise UnreadableFile(f"its groups lie more than {DEEPEST_GROUP} deep")
                groups.append((name, depth + 1, item))
            elif isinstance(item, h5d.DatasetID):
                yield name, item


def _links(group: h5g.GroupID, most: int) -> list[tuple[bytes, int]]:
    """Names and kinds of what the group holds."""
    links: list[tuple[bytes, int]] = []

    def note(name: bytes, info: h5l.LinkInfo) -> bool:
        links.append((name, info.type))
        return len(links) > most

    group.links.iterate(note, info=True)
    if len(links) > most:
        raise UnreadableFile(f"it holds more than {MOST_OBJECTS} variables and groups")
    return links


def _unpacked(name: str, dataset: h5d.DatasetID, largest: int) -> int:
    """Bytes of the values, after looking at how they are stored."""
    cell = int(dataset.get_type().get_size())
    shape = dataset.shape or ()
    created = dataset.get_create_plist()
    storage = created.get_layout()
    if storage == h5d.VIRTUAL or created.get_external_count():
        raise UnreadableFile(f"its variable {name!r} lies in another file")
    chunk = created.get_chunk() if storage == h5d.CHUNKED else None
    return _bounded(name, cell, shape, chunk, largest)


def _bounded(
    name: str, cell: int, shape: tuple[int, ...], chunk: tuple[int, ...] | None, largest: int
) -> int:
    if chunk is not None and cell * math.prod(chunk) > largest:
        raise UnreadableFile(
            f"its variable {name!r} is stored in chunks of {size(cell * math.prod(chunk))}; "
            f"up to {size(largest)} are read"
        )
    unpacked = cell * math.prod(shape)
    if len(shape) <= 2 and unpacked > largest:  # coordinates, which are read whole, or a map
        raise UnreadableFile(
            f"its {name!r} is an array of {' x '.join(map(str, shape))} ({size(unpacked)}); "
            f"up to {size(largest)} are read at once"
        )
    return unpacked


def size(n: int) -> str:
    """``256.0 MB``."""
    for unit, power in (("TB", 12), ("GB", 9), ("MB", 6)):
        if n >= 10**power:
            return f"{n / 10**power:.1f} {unit}"
    return f"{n} bytes"
