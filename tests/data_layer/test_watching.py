"""The index follows the folder, and outlives a restart."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from data_layer import survey, watching
from data_layer.indexed import ArchiveIndex
from data_layer.indexfile import IndexFile
from data_layer.readers import ReaderPool
from data_layer.watching import Watch
from tests.contract.fakes import FakeArchive


@pytest.fixture
def archive(tmp_path) -> FakeArchive:
    (tmp_path / "archive").mkdir()
    archive = FakeArchive(tmp_path / "archive", tmp_path / "journal")
    for n in range(5):
        (archive.folder / f"x_{n}.nc").touch()
    return archive


@asynccontextmanager
async def watched(archive: FakeArchive, **options):
    """A watch that runs, the pool it serves, and the indexes that it made."""
    made: list[ArchiveIndex] = []
    pool = ReaderPool(archive, 2)
    kept = IndexFile(archive.journal.parent / "index", archive.folder)
    watch = Watch(
        archive.folder, pool, kept=kept, renewed=made.append, **{"every": 0.05, **options}
    )
    pool.start()
    task = asyncio.create_task(watch.run())
    try:
        yield watch, pool, made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await pool.close()


def paths(index: ArchiveIndex | None) -> list[str]:
    return sorted(f.stat.path for d in index.datasets for f in d.files) if index else []


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())


def names(archive: FakeArchive) -> list[str]:
    return sorted(p.name for p in archive.folder.glob("*.nc"))


def test_files_that_come_change_and_go_are_followed_and_looked_at_once(archive: FakeArchive):
    async def story():
        async with watched(archive) as (_, pool, _made):
            await until(lambda: len(paths(pool.index)) == 5)
            (archive.folder / "x_new.nc").touch()
            await until(lambda: "x_new.nc" in paths(pool.index))
            (archive.folder / "x_0.nc").unlink()
            await until(lambda: paths(pool.index) == names(archive))
            before = pool.index
            (archive.folder / "x_1.nc").write_bytes(b"more")
            await until(lambda: pool.index is not before)

    run(story)
    looked_at = archive.inspected()
    assert sorted(looked_at) == sorted([*(f"x_{n}.nc" for n in range(5)), "x_new.nc", "x_1.nc"])


def test_a_restart_opens_only_what_changed(archive: FakeArchive):
    async def first():
        async with watched(archive) as (_, pool, _made):
            await until(lambda: len(paths(pool.index)) == 5)

    async def second():
        async with watched(archive) as (_, pool, made):
            await until(lambda: paths(pool.index) == names(archive))
            # It answered from what it knew before it had looked.
            assert len(paths(made[0])) == 5

    run(first)
    (archive.folder / "inspected").unlink()
    (archive.folder / "x_0.nc").unlink()
    (archive.folder / "x_new.nc").touch()
    run(second)
    assert archive.inspected() == ["x_new.nc"]


def test_a_restart_shows_nothing_that_the_description_hides_by_now(archive: FakeArchive):
    async def story():
        async with watched(archive) as (_, pool, made):
            await until(lambda: paths(pool.index) == ["x_1.nc", "x_2.nc", "x_3.nc", "x_4.nc"])
            await until(lambda: pool.index.left_out or len(made) > 1)
            assert all("x_0.nc" not in paths(index) for index in made)

    async def first():
        async with watched(archive) as (_, pool, _made):
            await until(lambda: len(paths(pool.index)) == 5)

    run(first)
    hide = "datasets: [{files: x_0.nc, leave_out: true}]"
    (archive.folder / "catalogue.yml").write_text(hide)
    run(story)


def test_a_description_that_cannot_be_understood_shows_nothing_new(archive: FakeArchive, caplog):
    async def story():
        async with watched(archive) as (_, pool, made):
            await until(lambda: "catalogue.yml cannot be used" in caplog.text)
            assert made == []
            (archive.folder / "catalogue.yml").unlink()
            await until(lambda: len(paths(pool.index)) == 5)

    (archive.folder / "catalogue.yml").write_text("datasets: [{fiels: x}]")
    run(story)


def test_a_folder_that_cannot_be_looked_at_leaves_the_old_index(archive: FakeArchive, caplog):
    away = archive.folder.with_name("away")

    async def story():
        async with watched(archive) as (_, pool, _made):
            await until(lambda: len(paths(pool.index)) == 5)
            archive.folder.rename(away)
            await until(lambda: "could not be looked through" in caplog.text)
            assert len(paths(pool.index)) == 5
            away.rename(archive.folder)
            (archive.folder / "x_new.nc").touch()
            await until(lambda: len(paths(pool.index)) == 6)

    run(story)


def test_a_bad_file_hides_no_other_and_gets_a_second_chance(archive: FakeArchive, monkeypatch):
    monkeypatch.setattr(watching, "SECOND_CHANCE_SECONDS", 1.0)
    (archive.folder / "die_.nc").touch()

    async def story():
        async with watched(archive) as (_, pool, _made):
            await until(lambda: len(paths(pool.index)) == 5)
            (refused,) = pool.index.refused
            assert refused.path == "die_.nc"
            assert "brought the reader down" in refused.reason
            before = archive.inspected().count("die_.nc")
            await until(lambda: archive.inspected().count("die_.nc") > before)

    run(story)
    assert all(archive.inspected().count(f"x_{n}.nc") <= 2 for n in range(5))


def test_a_large_archive_is_used_in_parts_and_tells_how_far_it_is(
    archive: FakeArchive, monkeypatch, caplog
):
    monkeypatch.setattr(watching, "FIRST_PART_SECONDS", 0.1)
    monkeypatch.setattr(survey, "BATCH", 1)
    (archive.folder / "hang_.nc").touch()
    caplog.set_level(logging.INFO)

    async def story():
        async with watched(archive, deadline=5.0) as (watch, pool, _made):
            await until(lambda: len(paths(pool.index)) > 0)
            assert pool.index.refused == ()
            await until(lambda: watch.progress == "5 of 6 new files looked at")
            await until(lambda: pool.index.refused)
            assert [r.path for r in pool.index.refused] == ["hang_.nc"]
            assert len(paths(pool.index)) == 5
            assert watch.progress == ""

    run(story)
    assert "of 6 new files looked at" in caplog.text


def test_a_new_file_does_not_wait_for_the_end_of_a_long_look(archive: FakeArchive, monkeypatch):
    monkeypatch.setattr(watching, "FIRST_PART_SECONDS", 0.1)
    monkeypatch.setattr(watching, "PART_SECONDS", 0.1)
    monkeypatch.setattr(survey, "BATCH", 1)
    (archive.folder / "hang_.nc").touch()

    async def story():
        async with watched(archive, deadline=50.0) as (_, pool, _made):
            await until(lambda: len(paths(pool.index)) == 5)
            (archive.folder / "x_new.nc").touch()
            await until(lambda: len(paths(pool.index)) == 6)
            assert pool.index.refused == ()

    run(story)
    assert archive.inspected().count("hang_.nc") == 1


def test_what_is_kept_survives_an_end_in_the_middle(archive: FakeArchive, monkeypatch):
    monkeypatch.setattr(watching, "FIRST_PART_SECONDS", 0.1)
    monkeypatch.setattr(watching, "PART_SECONDS", 0.1)
    monkeypatch.setattr(survey, "BATCH", 1)
    (archive.folder / "hang_.nc").touch()

    async def story():
        async with watched(archive, deadline=50.0) as (_, pool, _made):
            await until(lambda: len(paths(pool.index)) == 5)

    run(story)
    kept = IndexFile(archive.journal.parent / "index", archive.folder).load()
    assert sorted(f.stat.path for f in kept) == [f"x_{n}.nc" for n in range(5)]
    assert Path(archive.folder / "hang_.nc").exists()


def often(monkeypatch) -> None:
    """Have an index made at each look, so that what is seen meanwhile is seen."""
    monkeypatch.setattr(watching, "PART_SECONDS", 0.0)
    monkeypatch.setattr(watching, "SHARE_OF_TIME", float("inf"))
    monkeypatch.setattr(survey, "BATCH", 1)


def described(index: ArchiveIndex) -> set[str]:
    return {f.described for d in index.datasets for f in d.files}


def test_what_the_description_says_otherwise_stays_until_all_of_it_was_looked_at(
    archive: FakeArchive, monkeypatch
):
    often(monkeypatch)
    for n in range(5, 300):
        (archive.folder / f"x_{n}.nc").touch()

    async def story():
        async with watched(archive, every=0.01) as (_, pool, made):
            await until(lambda: len(paths(pool.index)) == 300)
            made.clear()
            (archive.folder / "catalogue.yml").write_text("datasets: [{files: '*', title: Other}]")
            await until(lambda: described(pool.index) == {'{"title": "Other"}'})
            assert len(made) > 1
            assert all(len(paths(index)) == 300 for index in made)
            assert all(len(described(index)) == 1 for index in made)

    run(story)
    assert len(archive.inspected()) == 600


@pytest.mark.parametrize("said", ["leave_out: true", "scope: 'data:few'"])
def test_what_the_description_hides_is_hidden_before_it_was_looked_at(
    archive: FakeArchive, monkeypatch, said
):
    monkeypatch.setattr(watching, "PART_SECONDS", 1000.0)

    async def story():
        async with watched(archive, deadline=50.0) as (_, pool, made):
            await until(lambda: len(paths(pool.index)) == 5)
            (archive.folder / "hang_.nc").touch()  # all are looked at only after it
            await until(lambda: "hang_.nc" in archive.inspected())
            made.clear()
            entry = f"datasets: [{{files: x_0.nc, {said}}}]"
            (archive.folder / "catalogue.yml").write_text(entry)
            await until(lambda: made)
            assert paths(made[0]) == ["x_1.nc", "x_2.nc", "x_3.nc", "x_4.nc"]

    run(story)


def test_a_scope_that_is_lifted_is_lifted_when_it_was_looked_at(archive: FakeArchive, monkeypatch):
    often(monkeypatch)
    description = archive.folder / "catalogue.yml"
    description.write_text("datasets: [{files: '*', scope: 'data:few'}]")

    async def story():
        async with watched(archive) as (_, pool, made):
            await until(lambda: len(paths(pool.index)) == 5)
            made.clear()
            description.unlink()
            await until(lambda: described(pool.index) == {""})
            assert all(len(paths(index)) == 5 for index in made)

    run(story)


def test_a_restart_shows_what_is_described_otherwise_by_now_as_it_was(archive: FakeArchive):
    async def first():
        async with watched(archive) as (_, pool, _made):
            await until(lambda: len(paths(pool.index)) == 5)

    async def second():
        async with watched(archive) as (_, pool, made):
            await until(lambda: made and described(pool.index) != {""})
            assert all(len(paths(index)) == 5 for index in made)
            assert described(made[0]) == {""}

    run(first)
    (archive.folder / "catalogue.yml").write_text("datasets: [{files: '*', title: Other}]")
    run(second)


def test_a_description_that_is_being_saved_takes_nothing_away_and_is_no_error(
    archive: FakeArchive, monkeypatch, caplog
):
    monkeypatch.setattr(watching, "SAVING_SECONDS", 50.0)
    description = archive.folder / "catalogue.yml"

    async def story():
        async with watched(archive) as (_, pool, _made):
            await until(lambda: len(paths(pool.index)) == 5)
            description.write_text("datasets: [{files: '*', tit")
            (archive.folder / "x_new.nc").touch()
            await asyncio.sleep(0.5)
            assert len(paths(pool.index)) == 5
            description.write_text("datasets: [{files: '*', title: Other}]")
            await until(lambda: described(pool.index) == {'{"title": "Other"}'})
            assert len(paths(pool.index)) == 6

    run(story)
    assert "cannot be used" not in caplog.text


def test_a_file_exchanged_for_one_of_the_same_size_and_time_is_looked_at_again(
    archive: FakeArchive,
):
    other = archive.folder.parent / "other.nc"

    async def story():
        async with watched(archive) as (_, pool, made):
            await until(lambda: len(paths(pool.index)) == 5)
            before = pool.index
            shutil.copy2(archive.folder / "x_0.nc", other)
            other.rename(archive.folder / "x_0.nc")
            await until(lambda: archive.inspected().count("x_0.nc") == 2)
            # Readers let go of what they hold open; the version is of sizes and times.
            await until(lambda: pool.index.fingerprint != before.fingerprint)
            versions = [{d.version for d in i.catalogue.datasets} for i in (before, pool.index)]
            assert versions[0] == versions[1]
            assert all(len(paths(index)) == 5 for index in made[made.index(before) :])

    run(story)
    assert len(archive.inspected()) == 6


@pytest.mark.parametrize("described_as", ["", "datasets: [{files: 'a/**', scope: 'data:few'}]"])
def test_a_folder_that_cannot_be_listed_keeps_its_files_and_is_told(
    archive: FakeArchive, monkeypatch, described_as
):
    (archive.folder / "a").mkdir()
    (archive.folder / "a" / "y.nc").touch()
    (archive.folder / "catalogue.yml").write_text(described_as or "{}")
    closed = [False]
    scandir = os.scandir

    def refusing(path):
        if closed[0] and str(path).endswith("/a"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)

    async def story():
        async with watched(archive) as (_, pool, _made):
            await until(lambda: len(paths(pool.index)) == 6)
            closed[0] = True
            (archive.folder / "a").touch()
            await until(lambda: pool.index.refused)
            (told,) = pool.index.refused
            assert told.path == "a"
            assert "cannot be listed (Permission denied)" in told.reason
            assert told.scope == ("data:few" if described_as else "")
            (archive.folder / "x_new.nc").touch()
            await until(lambda: "x_new.nc" in paths(pool.index))
            assert "a/y.nc" in paths(pool.index)
            closed[0] = False
            await until(lambda: not pool.index.refused)
            assert len(paths(pool.index)) == 7
            (archive.folder / "a" / "y.nc").unlink()
            await until(lambda: "a/y.nc" not in paths(pool.index))

    run(story)
    assert archive.inspected().count("a/y.nc") == 1


def test_a_closed_folder_of_which_nothing_is_known_is_not_told_where_scopes_are_in_use(
    archive: FakeArchive, monkeypatch, caplog
):
    (archive.folder / "secret").mkdir()
    (archive.folder / "catalogue.yml").write_text(
        "datasets: [{files: 'secret/*.nc', scope: 'data:few'}]"
    )
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("/secret"):
            raise OSError(errno.EIO, "Input/output error")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)

    async def story():
        async with watched(archive) as (_, pool, _made):
            await until(lambda: len(paths(pool.index)) == 5)
            assert pool.index.refused == ()

    run(story)
    assert "secret: this folder cannot be listed (Input/output error)" in caplog.text


def test_many_refused_files_are_summed_up_in_the_log(archive: FakeArchive, caplog):
    caplog.set_level(logging.INFO)
    for n in range(30):
        (archive.folder / f"broken_{n:02}.nc").touch()

    async def story():
        async with watched(archive) as (_, pool, _made):
            await until(lambda: pool.index and len(pool.index.refused) == 30)
            for n in range(30):
                (archive.folder / f"broken_{n:02}.nc").unlink()
            (archive.folder / "broken_more.nc").touch()
            await until(lambda: len(pool.index.refused) == 1)

    run(story)
    told = [r.getMessage() for r in caplog.records if r.getMessage().startswith("refused")]
    assert told == [
        "refused 30 files",
        f"{told[1].partition(' and ')[0]} and 29 more: it is broken",
        "refused broken_more.nc: it is broken",
    ]
