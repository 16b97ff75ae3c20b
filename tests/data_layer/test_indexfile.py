"""What was found is there after a restart, unless somebody else wrote it."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from data_layer import indexfile, opening
from data_layer.api import GridInfo, VariableInfo
from data_layer.errors import LeftOut, UnreadableFile
from data_layer.indexfile import IndexFile
from data_layer.local import LocalSource
from data_layer.records import FileRecord, FileStat, FileSummary, Finding, NotListed

TAS = VariableInfo("tas", "Température", "K", "air_temperature", "time: mean")
GRID = GridInfo(4, 6, (-30.1, 30.000001), (0.0, 300.0), wraps=True)
FORECAST = FileSummary(
    "cf", "hindcast", (TAS,), GRID, "days", ("2026-10-01",), (0, 1), (3,), notes=("a", "b")
)
OBSERVED = replace(FORECAST, role="observations", inits=(), leads=(), times=("2026-01-01",))
FOUND: list[Finding] = [
    FileRecord(FileStat("a/1.nc", 2**40, 1_795_525_600_222_198_762), FORECAST),
    FileRecord(FileStat("a/2.nc", 1, 1), replace(FORECAST, members=(4,), described="{}")),
    FileRecord(FileStat("o/ü.nc", 1, 1), OBSERVED),
    FileRecord(
        FileStat(os.fsdecode(b"l\xff.nc"), 1, -1),
        replace(FORECAST, members=(1, 2), member_inits=("2026-09-30", "2026-10-01T12")),
    ),
    NotListed(FileStat("bad.nc", 1, 1), UnreadableFile("it is damaged"), "said"),
    NotListed(FileStat("mean.nc", 1, 1), LeftOut("a mean")),
]


def told(findings: list[Finding]) -> dict[str, object]:
    """Findings by path; two errors of the same kind and text count as equal."""
    return {
        f.stat.path: f
        if isinstance(f, FileRecord)
        else (f.stat, type(f.why), f.why.message, f.described)
        for f in findings
    }


@pytest.fixture
def kept(tmp_path) -> IndexFile:
    return IndexFile(tmp_path / "cache" / "index", tmp_path / "archive")


def test_what_was_kept_comes_back(kept, tmp_path):
    assert kept.load() == []
    kept.update(FOUND)
    again = IndexFile(tmp_path / "cache" / "index", tmp_path / "archive")
    assert told(again.load()) == told(FOUND)


def test_what_changed_is_replaced_and_what_is_gone_is_forgotten(kept):
    kept.update(FOUND)
    changed = FileRecord(FileStat("a/1.nc", 5, 5), OBSERVED)
    kept.update([changed], [FOUND[1].stat, FOUND[4].stat])
    assert told(kept.load()) == told([changed, FOUND[2], FOUND[3], FOUND[5]])


def test_equal_parts_are_one_object(kept):
    kept.update(FOUND)
    a, b = [f for f in kept.load() if f.stat.path.startswith("a/")]
    assert isinstance(a, FileRecord)
    assert isinstance(b, FileRecord)
    for name in ("variables", "grid", "inits", "leads", "layout", "notes"):
        assert getattr(a.summary, name) is getattr(b.summary, name)


def test_a_library_that_is_added_has_all_looked_at_again(kept, tmp_path, monkeypatch):
    kept.update(FOUND)
    before = indexfile.stamp()
    metadata = tmp_path / "site" / "gcsfs-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: gcsfs\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    added = indexfile.stamp()
    assert added != before
    assert IndexFile(kept.path.parent, tmp_path / "archive").load() == []
    metadata.write_text("Metadata-Version: 2.1\nName: gcsfs\nVersion: 1.1\n")
    assert indexfile.stamp() not in (before, added)


def test_folders_do_not_share_an_index(kept, tmp_path):
    kept.update(FOUND)
    assert IndexFile(tmp_path / "cache" / "index", tmp_path / "other").load() == []


def test_an_index_of_another_version_is_made_anew_and_says_so(kept, tmp_path, monkeypatch, caplog):
    kept.update(FOUND)
    monkeypatch.setattr(indexfile, "stamp", lambda: "another")
    newer = IndexFile(tmp_path / "cache" / "index", tmp_path / "archive")
    with caplog.at_level(logging.INFO):
        assert newer.load() == []
    assert "another version" in caplog.text
    newer.update(FOUND[:1])
    assert told(newer.load()) == told(FOUND[:1])


def _garbage(path: Path) -> None:
    path.write_bytes(b"SQLite? No." * 1000)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE files (secret TEXT)")
    db.close()


def _wrong(statement: str):
    def change(path: Path) -> None:
        with sqlite3.connect(path) as db:
            db.execute(statement)
        db.close()

    return change


@pytest.mark.parametrize(
    "damage",
    [
        _garbage,
        _cut,
        _foreign,
        _wrong("UPDATE parts SET text = '[1,' || id"),
        _wrong('UPDATE parts SET text = replace(text, \'"lead_unit":"days"\', \'"lead_unit":7\')'),
        _wrong("DELETE FROM parts"),
        _wrong("DROP TABLE parts"),
        _wrong("UPDATE files SET size = 'large'"),
    ],
)
def test_a_damaged_or_foreign_index_is_made_anew_and_says_so(kept, damage, caplog):
    kept.update(FOUND)
    damage(kept.path)
    with caplog.at_level(logging.INFO):
        assert kept.load() == []
    assert "made anew" in caplog.text
    kept.update(FOUND)
    assert told(kept.load()) == told(FOUND)


def test_a_place_that_cannot_be_written_costs_nothing_but_time(tmp_path, caplog):
    (tmp_path / "cache").write_text("a file")
    kept = IndexFile(tmp_path / "cache" / "index", tmp_path)
    kept.update(FOUND)
    assert "cannot be written" in caplog.text
    assert kept.load() == []


def test_nobody_else_may_write_to_the_place(kept):
    kept.update(FOUND)
    assert not kept.path.parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def test_what_may_have_been_the_machines_fault_is_not_kept(kept):
    kept.update([NotListed(FileStat("x.nc", 1, 1), UnreadableFile("too slow"), passing=True)])
    assert kept.load() == []


def test_what_is_no_text_is_not_kept_and_hinders_nothing(kept):
    odd = NotListed(FileStat("x.nc", 1, 1), UnreadableFile("cannot read \udcff"))
    kept.update([odd, *FOUND])
    assert told(kept.load()) == told(FOUND)


def test_the_stamp_changes_with_the_layouts(monkeypatch):
    before = indexfile.stamp()
    assert before == indexfile.stamp()
    monkeypatch.setattr(indexfile, "entry_points", lambda group: [])
    assert indexfile.stamp() != before


# With real files


def test_a_second_opening_opens_only_what_changed(forecast, write_file, tmp_path, monkeypatch):
    archive, index_dir = tmp_path / "archive", tmp_path / "index"
    for start in ("2026-10-01", "2026-11-01"):
        write_file(forecast(inits=(start,)), archive / f"tas_{start}.nc")
    (archive / "broken.nc").write_bytes(b"no")
    first = LocalSource.open(archive, index_dir)
    opened: list[str] = []
    inspect = opening.inspect

    def counted(path, *more):
        opened.append(path.name)
        return inspect(path, *more)

    monkeypatch.setattr(opening, "inspect", counted)
    second = LocalSource.open(archive, index_dir)
    assert opened == []
    assert second.catalogue() == first.catalogue()
    write_file(forecast(inits=("2026-12-01",)), archive / "tas_2026-12-01.nc")
    (archive / "tas_2026-10-01.nc").unlink()
    second.refresh()
    assert opened == ["tas_2026-12-01.nc"]
    opened.clear()
    third = LocalSource.open(archive, index_dir)
    assert opened == []
    assert third.catalogue().dataset("tas").inits == ("2026-11-01", "2026-12-01")
