"""Changes of a folder are noticed without looking at every file each time."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from data_layer.walking import SHARE_OF_TIME, YOUNG_NS, Changes, is_closed, walk, why_closed

LONG_AGO = 1_600_000_000 * 10**9


@dataclass
class Clock:
    """A clock that tests turn; each reading takes ``tick`` seconds."""

    now: float = 0.0
    tick: float = 1.0

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


def age(folder: Path) -> None:
    """Make all in a folder old."""
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, ns=(LONG_AGO, LONG_AGO))


@pytest.fixture
def archive(tmp_path) -> Path:
    for name in ("a/x.nc", "a/y.nc", "b/c/z.nc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    age(tmp_path)
    return tmp_path


@pytest.fixture
def listed(monkeypatch) -> list[str]:
    """Names of the folders whose files are looked at, as it happens."""
    seen: list[str] = []
    scandir = os.scandir

    def counted(path):
        seen.append(os.path.basename(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    return seen


def looked(folder: Path) -> tuple[Changes, Clock]:
    """After a first look, with a long time to go until all is looked at again."""
    clock = Clock()
    changes = Changes(folder, clock=clock)
    assert changes.look()
    return changes, clock


def test_where_nothing_changed_no_folder_is_gone_through(archive, listed):
    changes, _ = looked(archive)
    assert len(listed) == 4
    listed.clear()
    assert not changes.look()
    assert not changes.look()
    assert listed == []


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a" / "new.nc").touch(),
        lambda folder: (folder / "a" / "x.nc").unlink(),
        lambda folder: (folder / "a" / "x.nc").rename(folder / "a" / "w.nc"),
        lambda folder: (folder / "new.nc").touch(),
        lambda folder: (folder / "catalogue.yml").touch(),
        lambda folder: (folder / "b" / "c").rename(folder / "a" / "c"),
    ],
)
def test_what_comes_and_goes_is_noticed_once(archive, change):
    changes, _ = looked(archive)
    change(archive)
    assert changes.look()
    assert not changes.look()


def test_a_new_folder_and_what_is_put_in_it_later_are_noticed(archive):
    changes, _ = looked(archive)
    (archive / "d").mkdir()
    changes.look()
    (archive / "d" / "x.nc").touch()
    assert changes.look()


def test_what_is_no_data_changes_nothing(archive):
    changes, _ = looked(archive)
    (archive / "a" / "notes.txt").touch()
    (archive / "a" / ".x.nc.part").touch()
    assert not changes.look()


def test_a_file_that_is_being_written_is_followed_until_it_is_done(archive):
    changes, _ = looked(archive)
    with open(archive / "a" / "slow.nc", "wb") as slow:
        assert changes.look()
        for _ in range(3):
            slow.write(b"more")
            slow.flush()
            assert changes.look()
    assert not changes.look()
    # A copy that keeps the times of the original sets them in the end.
    os.utime(archive / "a" / "slow.nc", ns=(LONG_AGO, LONG_AGO))
    assert changes.look()


def test_an_old_file_written_over_in_place_is_noticed_when_all_is_looked_at(archive, listed):
    clock = Clock()
    changes = Changes(archive, clock=clock)
    changes.look()
    assert not changes.look()
    (archive / "a" / "x.nc").write_bytes(b"22")
    os.utime(archive / "a" / "x.nc", ns=(LONG_AGO, LONG_AGO))
    assert not changes.look()
    clock.now += clock.tick / SHARE_OF_TIME
    listed.clear()
    assert changes.look()
    assert len(listed) == 4


def test_a_folder_is_looked_at_as_long_as_something_in_it_is_young(archive, listed):
    now = LONG_AGO
    changes = Changes(archive, now_ns=lambda: now, clock=Clock())
    changes.look()
    now += YOUNG_NS - 1
    listed.clear()
    changes.look()
    assert len(listed) == 4
    now += 2
    listed.clear()
    changes.look()
    assert listed == []


def test_a_folder_that_went_away_is_an_error_and_no_empty_archive(archive):
    changes, _ = looked(archive)
    archive.rename(archive.with_name("elsewhere"))
    with pytest.raises(FileNotFoundError):
        changes.look()
    archive.with_name("elsewhere").rename(archive)
    assert not changes.look()


def test_a_file_exchanged_for_one_of_the_same_size_and_time_is_noticed(archive):
    changes, _ = looked(archive)
    assert changes.touched == frozenset()
    shutil.copy2(archive / "a" / "x.nc", archive / "other")
    (archive / "other").rename(archive / "a" / "x.nc")
    assert changes.look()
    assert changes.touched == {"a/x.nc"}
    assert not changes.look()
    assert changes.touched == frozenset()


def test_a_file_written_over_whose_time_was_set_back_is_noticed_when_all_is_looked_at(archive):
    clock = Clock()
    changes = Changes(archive, clock=clock)
    changes.look()
    (archive / "a" / "x.nc").write_bytes(b"2")
    os.utime(archive / "a" / "x.nc", ns=(LONG_AGO, LONG_AGO))
    clock.now += clock.tick / SHARE_OF_TIME
    assert changes.look()
    assert changes.touched == {"a/x.nc"}


def closing(monkeypatch, name: str, error: OSError) -> None:
    scandir = os.scandir

    def refusing(path):
        if os.path.basename(path) == name:
            raise error
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)


def test_a_folder_that_cannot_be_listed_stands_for_its_files(archive, monkeypatch):
    changes, _ = looked(archive)
    with monkeypatch.context() as patch:
        closing(patch, "b", OSError(errno.EIO, "Input/output error"))
        (closed,) = [stat for stat in walk(archive) if is_closed(stat)]
        assert closed.path == "b"
        assert "cannot be listed (Input/output error)" in why_closed(closed)
        others = [s for s in walk(archive) if not is_closed(s)]
        assert [(s.path, why_closed(s)) for s in others] == [("a/x.nc", ""), ("a/y.nc", "")]
        (archive / "b" / "new").mkdir()
        assert changes.look()
        assert not changes.look()
    # It is listed again at once, although its time has not changed.
    assert changes.look()
    assert changes.touched == frozenset()
    assert not any(map(is_closed, walk(archive)))


def test_a_folder_removed_while_it_is_looked_at_stands_for_nothing(archive, monkeypatch):
    closing(monkeypatch, "b", FileNotFoundError(errno.ENOENT, "No such file or directory"))
    assert [s.path for s in walk(archive)] == ["a/x.nc", "a/y.nc"]


def test_an_archive_that_cannot_be_listed_is_an_error_and_no_empty_one(archive, monkeypatch):
    closing(monkeypatch, "", PermissionError(errno.EACCES, "Permission denied"))
    with pytest.raises(PermissionError):
        list(walk(archive))
