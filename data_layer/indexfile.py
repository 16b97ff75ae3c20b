"""What was found in each file, kept on disk, so that a restart opens no file again.

A SQLite database per folder, in a cache directory: whoever removes it loses time and
nothing else. It holds plain text and numbers, which are checked on the way in, so
that a file from elsewhere can do no harm beyond being wrong. Parts that many files
have in common stand in it once.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import TypeAdapter

from data_layer import __version__
from data_layer.errors import LeftOut, UnreadableFile
from data_layer.records import FileRecord, FileStat, FileSummary, Finding, NotListed, Shared

log = logging.getLogger(__name__)

FORMAT = 1
OPTIONAL = ("aiohttp", "cfgrib", "eccodes", "fsspec", "gcsfs", "numcodecs", "s3fs", "zarr")
BUSY_SECONDS = 5.0

# What differs most from file to file; all else of a summary stands once for many files.
_HELD_NAMES = ("inits", "members", "member_inits", "times")
_Held: TypeAlias = tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...], tuple[str, ...]]
_HELD = TypeAdapter(_Held)
_SUMMARY = TypeAdapter(FileSummary)
_NOTHING_HELD: dict[str, Any] = dict.fromkeys(_HELD_NAMES, ())

_TABLES = """
CREATE TABLE about (stamp TEXT NOT NULL);
CREATE TABLE parts (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE files (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    promised TEXT NOT NULL, common INTEGER, held INTEGER, why TEXT, left_out INTEGER, described TEXT
) WITHOUT ROWID;
"""


def stamp() -> str:
    """Another one for any other version of this program, and for any other layouts."""
    h = hashlib.sha256(f"{FORMAT} {__version__}".encode())
    # A layout may read otherwise from one day to the next while it is being written.
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        h.update(path.read_bytes())
    for point in sorted(entry_points(group="poama_panel.layouts"), key=lambda p: p.name):
        by = point.dist.version if point.dist is not None else ""
        h.update(f"{point.name} {point.value} {by}\n".encode())
    # What was refused for want of a library is looked at again when it is there.
    for name in OPTIONAL:
        h.update(f"{name} {_installed(name)}\n".encode())
    return h.hexdigest()[:16]


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


class IndexFile:
    """The findings of one folder on disk. Not for two threads at once.

    Trouble with the file is logged and costs no more than the time it would have saved.

    Parameters
    ----------
    place: the directory for index files; made when there is none.
    folder: the archive.
    """

    def __init__(self, place: Path, folder: Path) -> None:
        name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
        self.path = place / f"{name}.sqlite3"
        self._stamp = stamp()

    def load(self) -> list[Finding]:
        """What is kept; nothing when it was written by another program version."""
        if not self.path.exists():
            return []
        try:
            with self._opened() as db:
                return _findings(db)
        except (sqlite3.Error, OSError, ValueError, TypeError, LookupError) as error:
            log.warning("the index %s cannot be used and is made anew: %s", self.path, error)
            self._remove()
            return []

    def update(self, found: Iterable[Finding], gone: Iterable[FileStat] = ()) -> None:
        """Keep what was found, and forget files that are gone."""
        try:
            with self._opened() as db:
                db.executemany(
                    "DELETE FROM files WHERE path = ?", ((os.fsencode(s.path),) for s in gone)
                )
                _write(db, found)
        except (sqlite3.Error, OSError) as error:
            log.warning("the index %s cannot be written: %s", self.path, error)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The database, with its tables, in one transaction."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, timeout=BUSY_SECONDS)
        try:
            with db:
                db.execute("PRAGMA trusted_schema = OFF")
                db.execute("BEGIN IMMEDIATE")
                if not self._is_ours(db):
                    for (table,) in db.execute(
                        "SELECT name FROM sqlite_master WHERE type = 'table'"
                    ).fetchall():
                        db.execute(f'DROP TABLE "{table}"')
                    for statement in _TABLES.split(";"):
                        db.execute(statement)
                    db.execute("INSERT INTO about VALUES (?)", (self._stamp,))
                yield db
        finally:
            db.close()

    def _is_ours(self, db: sqlite3.Connection) -> bool:
        tables = db.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()
        if tables == (0,):
            return False
        try:
            ours = db.execute("SELECT stamp FROM about").fetchall() == [(self._stamp,)]
        except sqlite3.OperationalError:
            ours = False
        if not ours:
            log.info("the index %s is of another version and is made anew", self.path)
        return ours

    def _remove(self) -> None:
        for path in (self.path, self.path.with_name(f"{self.path.name}-journal")):
            with contextlib.suppress(OSError):
                path.unlink()


def _findings(db: sqlite3.Connection) -> list[Finding]:
    texts: dict[int, str] = dict(db.execute("SELECT id, text FROM parts"))
    summaries = _Summaries(texts)
    shared = Shared()
    found: list[Finding] = []
    for path, size, mtime_ns, promised, common, held, why, left_out, described in db.execute(
        "SELECT path, size, mtime_ns, promised, common, held, why, left_out, described FROM files"
    ):
        stat = FileStat(os.fsdecode(path), int(size), int(mtime_ns), str(promised))
        if why is None:
            found.append(FileRecord(stat, summaries.made_of(common, held)))
        else:
            error = (LeftOut if left_out else UnreadableFile)(str(why))
            found.append(NotListed(stat, error, shared.one(str(described))))
    return found


class _Summaries:
    """Summaries from their two parts, each read once and equal things shared."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        self._texts = texts
        self._shared = Shared()
        self._common: dict[int, dict[str, Any]] = {}
        self._held: dict[int, dict[str, Any]] = {}

    def made_of(self, common: int, held: int) -> FileSummary:
        """The summary of these two parts."""
        if common not in self._common:
            read = self._shared.summary(_SUMMARY.validate_json(self._texts[common]))
            names = [f.name for f in fields(read) if f.name not in _HELD_NAMES]
            self._common[common] = {name: getattr(read, name) for name in names}
        if held not in self._held:
            values = map(self._shared.one, _HELD.validate_json(self._texts[held]))
            self._held[held] = dict(zip(_HELD_NAMES, values, strict=True))
        return FileSummary(**self._common[common], **self._held[held])


def _write(db: sqlite3.Connection, found: Iterable[Finding]) -> None:
    ids: dict[str, int] = {}

    def id_of(text: bytes) -> int:
        key = text.decode()
        if key not in ids:
            db.execute("INSERT OR IGNORE INTO parts (text) VALUES (?)", (key,))
            row = db.execute("SELECT id FROM parts WHERE text = ?", (key,)).fetchone()
            ids[key] = int(row[0])
        return ids[key]

    for f in found:
        if isinstance(f, NotListed) and f.passing:
            continue
        row: tuple[object, ...]
        try:
            if isinstance(f, NotListed):
                row = (None, None, f.why.message, isinstance(f.why, LeftOut), f.described)
            else:
                common = _SUMMARY.dump_json(replace(f.summary, **_NOTHING_HELD))
                held = _HELD.dump_json(
                    (f.summary.inits, f.summary.members, f.summary.member_inits, f.summary.times)
                )
                row = (id_of(common), id_of(held), None, None, None)
            db.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (os.fsencode(f.stat.path), f.stat.size, f.stat.mtime_ns, f.stat.promised, *row),
            )
        except (ValueError, OverflowError):
            continue  # what is no text or no number will be looked at again
