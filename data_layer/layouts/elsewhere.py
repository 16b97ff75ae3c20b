"""Zarr stores that are no folders, as the Zarr library reads them.

Metadata are those that were checked, from memory. Chunks are asked for one by one, each
within a time limit. One that is not there is read as missing only where that is what it
means (:mod:`data_layer.integrity_zarr`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.reference import ReferenceFileSystem
from zarr.abc.store import Store
from zarr.storage import FsspecStore

from data_layer import integrity_zarr
from data_layer.references import ReferencesPath
from data_layer.remote import READ_SECONDS, file_system, is_url, reason, unavailable
from data_layer.remote_stores import RemotePath
from data_layer.stores import Elsewhere


def store_of(path: Elsewhere) -> ReadOnly:
    """The store at that place.

    Raises
    ------
    UnreadableFile: when it cannot be understood, or a library is not installed.
    Unavailable: when it cannot be reached.
    """
    if isinstance(path, RemotePath):
        fs = file_system(path.scheme, path.options, asynchronous=True)
        return ReadOnly(path, FsspecStore(fs, read_only=True, path=path.url), path.url)
    if isinstance(path, ReferencesPath):
        return ReadOnly(path, FsspecStore(_referred(path), read_only=True, path=""), path.name)
    raise TypeError(path)


def _referred(path: ReferencesPath) -> Any:
    chunks = path.references().chunks
    lengths = {
        name: list(place) if isinstance(place, tuple) else place for name, place in chunks.items()
    }
    addresses = {p[0] for p in chunks.values() if isinstance(p, tuple) and is_url(p[0])}
    schemes = {url.partition("://")[0] for url in addresses}
    systems: dict[str | None, Any] = {
        scheme: file_system(scheme, path.options, asynchronous=True) for scheme in schemes
    }
    systems[None] = AsyncFileSystemWrapper(LocalFileSystem(), asynchronous=True)
    return ReferenceFileSystem(lengths, fs=systems, asynchronous=True, skip_instance_cache=True)


class ReadOnly(Store):  # type: ignore[misc]
    """What the Zarr library needs of a store to read it by its consolidated metadata.

    Parameters
    ----------
    path: the store.
    inner: reads its chunks.
    name: for messages.
    """

    supports_writes = supports_deletes = supports_listing = False

    def __init__(self, path: Elsewhere, inner: FsspecStore, name: str) -> None:
        super().__init__(read_only=True)
        self._metadata = path.metadata()
        self._inner = inner
        self._name = name
        self._whole = {a.name for a in integrity_zarr.arrays(path) if a.must_be_whole}

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
        """The content, or ``None`` when there is none.

        Raises
        ------
        Unavailable: when it cannot be read in time.
        OSError: when a chunk is missing that would be read as numbers.
        """
        if key in self._metadata:
            return prototype.buffer.from_bytes(self._metadata[key])
        if key.rsplit("/", 1)[-1] in ("zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata"):
            return None
        try:
            async with asyncio.timeout(READ_SECONDS):
                found = await self._inner.get(key, prototype, byte_range)
        except MemoryError:
            raise
        except Exception as error:
            raise unavailable(self._name, reason(error, READ_SECONDS)) from error
        if found is None and key.partition("/")[0] in self._whole:
            raise OSError(f"its chunk {key} is missing, which would be read as numbers")
        return found

    async def get_partial_values(
        self, prototype: Any, key_ranges: Iterable[tuple[str, Any]]
    ) -> list[Any]:
        """See :meth:`get`."""
        return [await self.get(key, prototype, part) for key, part in key_ranges]

    async def exists(self, key: str) -> bool:
        """Whether it is among the metadata, which is all that is asked for."""
        return key in self._metadata

    async def set(self, key: str, value: Any) -> None:
        """Never."""
        self._check_writable()

    async def delete(self, key: str) -> None:
        """Never."""
        self._check_writable()

    async def list(self) -> AsyncIterator[str]:
        """The names of the metadata."""
        for name in self._metadata:
            yield name

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Those that begin so."""
        for name in self._metadata:
            if name.startswith(prefix):
                yield name

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """What lies right in a folder, of the metadata."""
        place = f"{prefix.rstrip('/')}/" if prefix else ""
        for name in {n[len(place) :].split("/")[0] for n in self._metadata if n.startswith(place)}:
            yield name
