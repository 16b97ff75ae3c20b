"""What the makers of an archive say their files' checksums are.

Damage inside a file goes unnoticed in classic NetCDF, in values that are not
compressed and in metadata. A manifest beside the files finds it: a text file that
``sha256sum`` and its siblings write and check, whose names are relative to the
folder it lies in. Manifests are optional; a file in none of them is taken as it is.
"""

from __future__ import annotations

import hashlib
import logging
import posixpath
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from data_layer.errors import UnreadableFile

log = logging.getLogger(__name__)

LARGEST_MANIFEST = 64 << 20
# What a network disk gives at least, and the longest that one file may take: 72 GB by it.
BYTES_A_SECOND = 20_000_000
LONGEST_CHECK = 3600.0

_ALGORITHM = r"(md5|sha1|sha224|sha256|sha384|sha512)"
_NAME = re.compile(rf"(?:{_ALGORITHM}sums?(?:\.txt)?|.*\.{_ALGORITHM}(?:sums?)?)", re.IGNORECASE)
_LINE = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9a-fA-F]{32,128}) [ *](?P<name>.+)")
_TAGGED = re.compile(
    rf"(?P<escaped>\\?){_ALGORITHM} \((?P<name>.+)\) = (?P<digest>[0-9a-fA-F]{{32,128}})",
    re.IGNORECASE,
)
_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}


def is_manifest(name: str) -> bool:
    """Whether a file of that name lists checksums: ``SHA256SUMS``, ``md5sum.txt``, ``x.md5``."""
    return _NAME.fullmatch(name) is not None


def promises(manifest: Path) -> Mapping[str, str]:
    """What a manifest says: names relative to its folder → ``sha256:<digest>``.

    It is read again only when it has changed. Lines that cannot be understood, and
    names that lead out of the folder, are passed over and logged.
    """
    try:
        stat = manifest.stat()
    except OSError:
        _READ.pop(manifest, None)
        return {}
    identity = (stat.st_size, stat.st_mtime_ns)
    known = _READ.get(manifest)
    if known is None or known[0] != identity:
        known = _READ[manifest] = (identity, _promises(manifest, stat.st_size))
    return known[1]


# Of each manifest as it is now: one that is written anew must not leave its former selves.
_READ: dict[Path, tuple[tuple[int, int], Mapping[str, str]]] = {}


def _promises(manifest: Path, size: int) -> Mapping[str, str]:
    named = _NAME.fullmatch(manifest.name)
    if named is None:
        return {}
    algorithm = (named[1] or named[2]).lower()
    if size > LARGEST_MANIFEST:
        log.warning("%s is too large for a list of checksums: passed over", manifest)
        return {}
    found: dict[str, str] = {}
    strange = 0
    try:
        with open(manifest, encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
            for line in lines:
                text = line.rstrip("\r\n")
                if not text or text.startswith("#"):
                    continue
                said = _read_line(text, algorithm)
                if said is None:
                    strange += 1
                else:
                    found[said[0]] = said[1]
    except OSError as error:
        log.warning("%s cannot be read (%s): passed over", manifest, error.strerror)
    if strange:
        log.warning("%s: %d lines are no checksums and were passed over", manifest, strange)
    return found


def _read_line(text: str, algorithm: str) -> tuple[str, str] | None:
    match = _LINE.fullmatch(text)
    if match is None:
        match = _TAGGED.fullmatch(text)
        if match is None:
            return None
        algorithm = match[2].lower()
    name, digest = match["name"], match["digest"].lower()
    if match["escaped"]:
        name = re.sub(r"\\[\\nr]", lambda found: _ESCAPES[found[0]], name)
    name = posixpath.normpath(name)
    if name.startswith(("/", "../")) or len(digest) != 2 * hashlib.new(algorithm).digest_size:
        return None
    return name, f"{algorithm}:{digest}"


def check_promise(path: Path, promised: str) -> None:
    """Compare a file with what a manifest says of it.

    Parameters
    ----------
    promised: as :func:`promises` writes it.

    Raises
    ------
    UnreadableFile: when it is another file, or cannot be read.
    """
    algorithm, _, expected = promised.partition(":")
    try:
        with open(path, "rb") as f:
            found = hashlib.file_digest(f, lambda: hashlib.new(algorithm, usedforsecurity=False))
    except OSError as error:
        raise UnreadableFile(f"it cannot be read ({error.strerror})") from error
    if found.hexdigest() != expected:
        raise UnreadableFile(
            f"its {algorithm.upper()} checksum is {found.hexdigest()[:12]}… and should be "
            f"{expected[:12]}…: it is damaged, or the list of checksums is out of date"
        )


def seconds_to_check(size: int) -> float:
    """How long :func:`check_promise` may take for a file of so many bytes."""
    return min(size / BYTES_A_SECOND, LONGEST_CHECK)


class Promises:
    """What the manifests of a folder and of those above it say, gathered while walking down."""

    def __init__(self) -> None:
        self._said: dict[str, list[Mapping[str, str]]] = {}

    def enter(self, place: str, manifests: Iterable[Path]) -> None:
        """Take in the manifests of a folder, before its files are asked for.

        Parameters
        ----------
        place: the folder relative to where the walk began, empty for that itself.
        """
        found = [promises(manifest) for manifest in manifests]
        if found:
            self._said[f"{place}/" if place else ""] = found

    def of(self, path: str) -> str:
        """What is promised of a file, or nothing; the nearest folder's manifests count.

        Parameters
        ----------
        path: relative to where the walk began.
        """
        for end in range(len(path), -1, -1) if self._said else ():
            prefix = path[:end]
            if prefix and not prefix.endswith("/"):
                continue
            name = path[end:]
            said = [found[name] for found in self._said.get(prefix, ()) if name in found]
            if said:
                return max(said, key=len)  # the strongest of several
        return ""
