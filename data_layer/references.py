"""Reference sets: a JSON file that says where the chunks of a Zarr store lie in other files.

kerchunk and VirtualiZarr write them (version 1 of the format, of Zarr version 2): for
each name in the store its content, or a file and which of its bytes they are.

What such a file says is not believed. It may name files relative to its own folder that lie
within the archive's, links followed; and addresses only where the archive's description
names the file itself and what its addresses begin with. Its templates are put in as text, so
that nothing in it is run. A file that was written after the references to its bytes is
not read by them.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any, TypeAlias

from data_layer.errors import LeftOut, UnreadableFile
from data_layer.remote import Options, check_url, is_url
from data_layer.stores import UNKNOWN_SIZE, Elsewhere, together

SUFFIX = ".json"
# The service's front process reads it too, and 16 MB of it take 150 MB of memory for a while.
LARGEST = 16 << 20

_METADATA = (".zgroup", ".zarray", ".zattrs")
_TEMPLATE = re.compile(r"\{\{\s*(\w+)\s*\}\}")

# A file or an address, whole or from a byte on for a number of bytes.
Place: TypeAlias = tuple[str] | tuple[str, int, int]


def is_references(name: str) -> bool:
    """Whether a file of that name may be a reference set; a store's metadata are none."""
    return name.lower().endswith(SUFFIX) and name != "zarr.json"


@dataclass(frozen=True)
class References:
    """A reference set, checked.

    Attributes
    ----------
    metadata: by name, consolidated ones (``.zmetadata``) among them.
    chunks: by name, what they hold or where that lies: absolute paths of files that are
        there, and addresses that are allowed.
    """

    metadata: Mapping[str, bytes]
    chunks: Mapping[str, bytes | Place]


class ReferencesPath(Elsewhere):
    """A reference set, as the store that it makes of other files."""

    archive: Path
    targets: tuple[str, ...]
    options: Options
    _read: References | None = None

    @classmethod
    def of(
        cls,
        path: Path,
        archive: Path,
        targets: tuple[str, ...] = (),
        options: Options | None = None,
    ) -> ReferencesPath:
        """The reference set at ``path``.

        Parameters
        ----------
        archive: its folder, in which the files must lie that it names.
        targets: what addresses that it names may begin with.
        """
        made = cls(path)
        made.archive, made.targets, made.options = archive, targets, options or Options()
        return made

    def identity(self) -> tuple[int, int]:
        """Other numbers when it or a file that it names is another; addresses are not asked."""
        return identity(self)

    def references(self) -> References:
        """What it says.

        Raises
        ------
        LeftOut: when it is JSON of another kind.
        UnreadableFile: when it cannot be understood, or names what it must not.
        OSError: when it cannot be read.
        """
        if self._read is None:
            said = _load(self)
            if said is None:
                raise LeftOut("it is JSON, and no set of references (version 1)")
            self._read = _checked(said, self)
        return self._read

    def metadata(self) -> Mapping[str, bytes]:
        """See :class:`data_layer.stores.Elsewhere`."""
        return self.references().metadata

    def chunks(self) -> Collection[str]:
        """See :class:`data_layer.stores.Elsewhere`."""
        return self.references().chunks.keys()


def identity(path: Path) -> tuple[int, int]:
    """Size and time of a JSON file, with those of the files that it names if any.

    The size is ``UNKNOWN_SIZE`` when it names addresses.

    Raises
    ------
    OSError: when there is no such file.
    """
    stat = os.stat(path)
    targets = _targets(os.fspath(path), stat.st_size, stat.st_mtime_ns)
    if not targets:
        return stat.st_size, stat.st_mtime_ns
    size, time = together(_with_targets(Path(path).parent, stat, targets))
    return (UNKNOWN_SIZE if any(map(is_url, targets)) else size), time


def _with_targets(
    folder: Path, own: os.stat_result, targets: tuple[str, ...]
) -> Iterator[tuple[str, os.stat_result]]:
    yield "", own
    for target in targets:
        if not is_url(target) and not target.startswith("/"):
            with contextlib.suppress(OSError, ValueError):
                yield target, os.stat(folder / target)


@lru_cache(100_000)  # as many as an archive may have; most name a few files
def _targets(path: str, _size: int, _mtime_ns: int) -> tuple[str, ...]:
    try:
        said = _load(Path(path))
        if said is None:
            return ()
        places = (_place(name, ref, said) for name, ref in said["refs"].items())
        named = {place[0] for place in places if not isinstance(place, bytes)}
    except (UnreadableFile, OSError):
        return ()  # whoever opens it says why
    return tuple(sorted(named))


def _load(path: Path) -> dict[str, Any] | None:
    """The file, if it is a reference set."""
    with open(path, "rb") as f:
        text = f.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise UnreadableFile(
            f"it is larger than {LARGEST >> 20} MB: write references for each start, for instance"
        )
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"it is damaged JSON ({type(error).__name__})") from error
    if not isinstance(said, dict) or not isinstance(said.get("refs"), dict):
        return None
    if said.get("version") != 1:
        raise UnreadableFile("it is a set of references of another version than 1")
    if said.get("gen"):
        raise UnreadableFile("it generates references, which is not followed: write them out")
    templates = said.setdefault("templates", {})
    if not isinstance(templates, dict) or any(type(t) is not str for t in templates.values()):
        raise UnreadableFile("its templates are damaged")
    return said


def _place(name: str, said: Any, whole: Mapping[str, Any]) -> bytes | Place:
    """What a name stands for, as it is written, its template put in."""
    if isinstance(said, dict):
        return json.dumps(said).encode()
    if isinstance(said, str):
        try:
            if said.startswith("base64:"):
                return base64.b64decode(said[7:], validate=True)
            return said.encode()
        except ValueError as error:
            raise UnreadableFile(f"its {name!r} is damaged") from error
    good = isinstance(said, list) and len(said) in (1, 3) and isinstance(said[0], str)
    if not good or any(type(n) is not int or n < 0 for n in said[1:]):
        raise UnreadableFile(f"its {name!r} is no reference")
    try:
        target = _TEMPLATE.sub(lambda m: str(whole["templates"][m[1]]), said[0])
    except KeyError as error:
        raise UnreadableFile(f"its {name!r} has a template that is not there") from error
    return (target,) if len(said) == 1 else (target, said[1], said[2])


def _checked(said: Mapping[str, Any], path: ReferencesPath) -> References:
    metadata: dict[str, bytes] = {}
    chunks: dict[str, bytes | Place] = {}
    known: dict[str, tuple[str, int]] = {}
    for name, ref in said["refs"].items():
        place = _place(name, ref, said)
        if name.rsplit("/", 1)[-1] in _METADATA:
            if not isinstance(place, bytes):
                raise UnreadableFile(f"its {name!r} lies in another file, which is not read")
            metadata[name] = place
        elif isinstance(place, bytes):
            chunks[name] = place
        else:
            target = place[0]
            if target not in known:
                known[target] = _allowed(target, path)
            real, size = known[target]
            if len(place) == 3 and place[1] + place[2] > size:
                raise UnreadableFile(
                    f"its {name!r} lies beyond the end of {target}, which is cut short or another"
                )
            chunks[name] = (real, *place[1:])
    try:
        held = {name: json.loads(text) for name, text in metadata.items()}
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"its metadata are damaged ({error})") from error
    together_ = {"zarr_consolidated_format": 1, "metadata": held}
    return References(metadata | {".zmetadata": json.dumps(together_).encode()}, chunks)


def _allowed(target: str, path: ReferencesPath) -> tuple[str, int]:
    """Where a file really lies, or an address; and the size, as far as it is known.

    Raises
    ------
    UnreadableFile: when that may not be read from here.
    """
    if is_url(target):
        try:
            url = check_url(target)
        except ValueError as error:
            raise UnreadableFile(f"it names an address that is not one: {error}") from error
        if not any(url.startswith(f"{allowed}/") for allowed in path.targets):
            raise UnreadableFile(
                "it names an address that is not allowed: name this file in catalogue.yml by "
                "itself, with what its addresses begin with as its targets"
            )
        return url, UNKNOWN_SIZE
    if target.startswith("/"):
        raise UnreadableFile("it names a file by its full path; name it relative to this one")
    try:
        real = Path(os.path.realpath(path.parent / target))
        if not real.is_relative_to(os.path.realpath(path.archive)):
            raise UnreadableFile("it names a file that does not lie in the archive's folder")
        stat = os.stat(real)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UnreadableFile(f"it names {target!r}, which cannot be read ({why})") from error
    if not S_ISREG(stat.st_mode):
        raise UnreadableFile(f"it names {target!r}, which is no ordinary file")
    if stat.st_mtime_ns > os.stat(path).st_mtime_ns:
        raise UnreadableFile(
            f"it names {target!r}, which is younger: write the references anew, "
            "or touch them if they still hold"
        )
    return str(real), stat.st_size
