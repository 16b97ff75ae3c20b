"""Zarr stores at addresses: what they declare, and whether they changed.

Whether a store changed is asked of one object, its consolidated metadata, by what a
listing would say of it: size, tag, time. A chunk that is written over alone is not seen.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any

from data_layer.errors import UnreadableFile
from data_layer.remote import (
    LOOK_SECONDS,
    READ_SECONDS,
    Options,
    file_system,
    reason,
    unavailable,
    waited_for,
)
from data_layer.stores import UNKNOWN_SIZE, Elsewhere

# Between looks at a store, and at one that could not be reached.
EVERY_SECONDS = 60.0
AGAIN_SECONDS = 10.0
# A store that was there stays listed as long as it may be the network that is gone.
PATIENCE_SECONDS = 300.0
AT_ONCE = 4

LARGEST_METADATA = 16 << 20
# Consolidated metadata of versions 3 and 2; where a store has both, the newer count.
_METADATA = ("zarr.json", ".zmetadata")
# What file systems call what changes with an object.
_CHANGING = (
    "size", "ETag", "etag", "Content-MD5", "md5Hash", "generation", "VersionId", "mtime", "ino",
    "LastModified", "Last-Modified", "updated", "created",
)  # fmt: skip


class RemotePath(Elsewhere):
    """A store at an address."""

    url: str
    options: Options
    holds = EVERY_SECONDS
    _metadata: Mapping[str, bytes] | None = None

    @classmethod
    def of(cls, url: str, options: Options) -> RemotePath:
        """The store at an address that :func:`check_url` lets through."""
        scheme, _, rest = url.partition("://")
        path = cls(f"{scheme}:", rest.lstrip("/"))
        path.url, path.options = url, options
        return path

    @property
    def scheme(self) -> str:
        """Of its address."""
        return self.url.partition("://")[0]

    def identity(self) -> tuple[int, int]:
        """Other numbers when its consolidated metadata are others; it is asked at once.

        Raises
        ------
        Unavailable: saying why it cannot be reached; for some seconds it is not asked again.
        """
        return UNKNOWN_SIZE, self._looked_at().mark

    def metadata(self) -> Mapping[str, bytes]:
        """See :class:`data_layer.stores.Elsewhere`; from its consolidated metadata alone.

        Raises
        ------
        UnreadableFile: when they cannot be understood.
        Unavailable: when they cannot be read.
        """
        if self._metadata is None:
            name = self._looked_at().name
            fs = file_system(self.scheme, self.options)
            try:
                text = waited_for(fs._cat_file(f"{self.url}/{name}"), READ_SECONDS)
            except Exception as error:
                raise unavailable(self.url, reason(error, READ_SECONDS)) from error
            self._metadata = consolidated(name, text)
        return self._metadata

    def _looked_at(self) -> Look:
        look = LOOKS.anew(self)
        if look.why:
            raise unavailable(self.url, look.why)
        return look


def consolidated(name: str, text: bytes) -> dict[str, bytes]:
    """Each array's and group's metadata out of consolidated ones, which are among them.

    Parameters
    ----------
    name: ``.zmetadata`` or ``zarr.json``.

    Raises
    ------
    UnreadableFile: when they cannot be understood, or are of the store's top alone.
    """
    if len(text) > LARGEST_METADATA:
        raise UnreadableFile(f"its {name} is larger than {LARGEST_METADATA >> 20} MB")
    try:
        said = json.loads(text)
        held = said["metadata"] if name == ".zmetadata" else said["consolidated_metadata"]
        if held is not None and name != ".zmetadata":
            held = {f"{array}/zarr.json": its for array, its in held["metadata"].items()}
        if held is not None:
            return {key: json.dumps(its).encode() for key, its in held.items()} | {name: text}
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        if not (isinstance(error, KeyError) and name == "zarr.json"):
            raise UnreadableFile(f"its {name} is damaged ({type(error).__name__})") from error
    raise UnreadableFile(
        "its zarr.json says nothing of its arrays, and a store that is not in the archive's "
        "folder is not searched: consolidate its metadata (zarr.consolidate_metadata)"
    )


@dataclass(frozen=True)
class Look:
    """What a look at a store said.

    Attributes
    ----------
    mark: another number when the store is another.
    name: of the object with its consolidated metadata.
    why: it cannot be read; empty when it can.
    for_sure: whether that is known, and not a fault of the network, say.
    """

    mark: int
    name: str = ""
    why: str = ""
    for_sure: bool = True


def look_at(store: RemotePath) -> Look:
    """Look at a store now; takes little longer than ``LOOK_SECONDS``."""
    try:
        fs = file_system(store.scheme, store.options)
        found: Look = waited_for(_look(fs, store.url), LOOK_SECONDS)
        return found
    except Exception as error:
        why = reason(error, LOOK_SECONDS)
        return Look(_mark(why), why=why, for_sure=isinstance(error, UnreadableFile))


async def _look(fs: Any, url: str) -> Look:
    denied: Exception | None = None
    for name in _METADATA:
        try:
            found = await fs._info(f"{url}/{name}")
        except (FileNotFoundError, PermissionError) as error:
            # Some hosts deny what is not there. HTTP's says so of hosts that are not.
            if reason(error, LOOK_SECONDS) != "it is not there":
                denied = denied or error
            continue
        said = [f"{key}={found[key]}" for key in _CHANGING if found.get(key) not in (None, "")]
        if len(said) < 2:
            raise UnreadableFile(
                f"its host tells nothing of its {name} but a size: changes could not be seen"
            )
        return Look(_mark(name, *said), name)
    if denied is not None:
        raise denied
    raise UnreadableFile(
        "there is neither .zmetadata nor zarr.json: it is no Zarr store, "
        "or its metadata are not consolidated"
    )


def _mark(*said: str) -> int:
    """A number in place of a time in nanoseconds, that lies long ago."""
    return int.from_bytes(hashlib.sha256("\0".join(said).encode()).digest()[:7])


@dataclass
class _State:
    """What is known of one store.

    Attributes
    ----------
    last: the last look; ``good``: the last at which it could be read, and when.
    """

    due: float = 0.0
    last: Look | None = None
    good: Look | None = None
    good_at: float = 0.0
    going_on: futures.Future[None] | None = field(default=None, repr=False)


class Looks:
    """Looks at stores, each at most once a minute, in threads of its own.

    Parameters
    ----------
    look: at a store, which may take its time.
    """

    def __init__(
        self,
        look: Callable[[RemotePath], Look] = look_at,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._clock = clock
        self._states: dict[tuple[str, Options], _State] = {}
        self._lock = threading.Lock()
        self._threads = futures.ThreadPoolExecutor(AT_ONCE, "remote")

    def said(self, store: RemotePath, wait: float = 0.0) -> Look | None:
        """What the last look said; another one is begun when it is time for it.

        A store that was there is taken to be there still for some minutes, unless it is
        known not to be.

        Parameters
        ----------
        wait: seconds to wait for a look that goes on.

        Returns
        -------
        ``None`` as long as the first look goes on.
        """
        with self._lock:
            state = self._states.setdefault((store.url, store.options), _State())
            if state.going_on is None and self._clock() >= state.due:
                state.going_on = self._threads.submit(self._look_in_time, store, state)
            going_on = state.going_on
        if going_on is not None and wait:
            futures.wait([going_on], wait)
        with self._lock:
            last, good = state.last, state.good
            if last is None or not last.why or last.for_sure or good is None:
                return last
            return good if self._clock() - state.good_at < PATIENCE_SECONDS else last

    def _look_in_time(self, store: RemotePath, state: _State) -> None:
        found = self._look(store)
        with self._lock:
            self._note(state, found, EVERY_SECONDS)
            state.going_on = None

    def anew(self, store: RemotePath) -> Look:
        """A look at this moment, by whoever asks, unless one has just failed."""
        with self._lock:
            state = self._states.setdefault((store.url, store.options), _State())
            if state.last is not None and state.last.why and self._clock() < state.due:
                return state.last
        found = self._look(store)
        with self._lock:
            self._note(state, found, AGAIN_SECONDS if found.why else EVERY_SECONDS)
        return found

    def _note(self, state: _State, found: Look, pause: float) -> None:
        state.last, state.due = found, self._clock() + pause
        if not found.why:
            state.good, state.good_at = found, self._clock()


LOOKS = Looks()
