"""Looking at many new files with several readers, some of which a file brings down."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from data_layer import survey as surveying
from data_layer.checksums import BYTES_A_SECOND, LONGEST_CHECK, seconds_to_check
from data_layer.findings import ToInspect
from data_layer.readers import ReaderPool
from data_layer.records import FileRecord, FileStat, Finding, NotListed
from data_layer.stores import UNKNOWN_SIZE
from data_layer.survey import Survey
from tests.contract.fakes import FakeArchive


def files(*names: str) -> list[ToInspect]:
    return [ToInspect(FileStat(name, 1, 1)) for name in names]


def found_in(
    folder: Path, *wishes: list[ToInspect], deadline: float = 30.0, **options: int
) -> dict[str, list[Finding]]:
    """What a survey with two readers tells, by path; it is told to look at each of ``wishes``."""
    found: list[Finding] = []

    async def story() -> None:
        pool = ReaderPool(FakeArchive(folder, folder / "journal"), 2, **options)
        pool.start()
        survey = Survey(pool, deadline, found.extend)
        try:
            for new in wishes:
                survey.want(new)
                await asyncio.sleep(0.01)
            async with asyncio.timeout(60):
                await survey.idle.wait()
            assert survey.progress == ""
        finally:
            await survey.close()
            await pool.close()

    asyncio.run(story())
    by_path: dict[str, list[Finding]] = {}
    for finding in found:
        by_path.setdefault(finding.stat.path, []).append(finding)
    return by_path


def test_every_file_is_looked_at_once(tmp_path):
    names = [f"x_{n}.nc" for n in range(300)]
    found = found_in(tmp_path, files(*names, "broken_.nc"))
    assert sorted(found) == sorted([*names, "broken_.nc"])
    assert all(len(told) == 1 for told in found.values())
    assert all(isinstance(found[name][0], FileRecord) for name in names)
    (broken,) = found["broken_.nc"]
    assert isinstance(broken, NotListed)
    assert (broken.why.message, broken.passing) == ("it is broken", False)
    looked_at = FakeArchive(tmp_path, tmp_path).inspected()
    assert sorted(looked_at) == sorted(found)


def test_a_file_that_must_be_read_to_its_end_has_the_time_for_it(tmp_path):
    plain, promised = files("nap_plain.nc", "nap_promised.nc")
    large = replace(promised.stat, size=100_000_000, promised="sha256:00")
    (found,) = found_in(tmp_path, [replace(promised, stat=large)], deadline=0.5).values()
    assert isinstance(found[0], FileRecord)
    (found,) = found_in(tmp_path, [plain], deadline=0.5).values()
    assert isinstance(found[0], NotListed)


def test_large_files_are_compared_with_their_checksums_one_at_a_time(tmp_path):
    """While one is, there is a reader for others: five small files do not wait for it."""
    large = [
        replace(new, stat=replace(new.stat, size=2 * 10**9, promised="sha256:00"))
        for new in files("nap_a.nc", "nap_b.nc")
    ]
    small = files(*(f"x_{n}.nc" for n in range(5)))
    found = found_in(tmp_path, [*large, *small])
    assert all(isinstance(told[0], FileRecord) for told in found.values())
    looked_at = FakeArchive(tmp_path, tmp_path).inspected()
    assert looked_at[-1] == "nap_b.nc"


def test_the_time_for_a_checksum_grows_with_the_file_and_has_an_end():
    assert seconds_to_check(10 * BYTES_A_SECOND) == 10
    assert seconds_to_check(UNKNOWN_SIZE) == LONGEST_CHECK


def test_a_file_that_kills_or_hangs_its_reader_is_refused_and_costs_no_other(tmp_path):
    names = [f"x_{n}.nc" for n in range(20)]
    found = found_in(tmp_path, files(*names, "die_.nc", "hang_.nc"), deadline=1.0)
    assert all(isinstance(found[name][0], FileRecord) for name in names)
    assert all(len(told) == 1 for told in found.values())
    (died,), (hung,) = found["die_.nc"], found["hang_.nc"]
    assert isinstance(died, NotListed)
    assert isinstance(hung, NotListed)
    assert "brought the reader down" in died.why.message
    assert "longer than 1.2 s" in hung.why.message
    assert died.passing
    assert hung.passing


def test_a_batch_ends_after_its_time_and_the_rest_comes_next(tmp_path, monkeypatch):
    monkeypatch.setattr(surveying, "SECONDS_A_BATCH", 0.0)
    names = [f"x_{n}.nc" for n in range(10)]
    assert sorted(found_in(tmp_path, files(*names))) == names


def test_a_busy_pool_is_asked_again(tmp_path, monkeypatch):
    monkeypatch.setattr(surveying, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(surveying, "BATCH", 1)
    names = [f"x_{n}.nc" for n in range(6)]
    assert sorted(found_in(tmp_path, files(*names), max_waiting=1)) == names


def test_nothing_new_asks_nobody(tmp_path):
    assert found_in(tmp_path, []) == {}


def test_of_what_is_no_longer_wanted_nothing_is_told(tmp_path):
    names = [f"x_{n}.nc" for n in range(40)]
    found = found_in(tmp_path, files(*names), files(*names[:3], "new_.nc"))
    assert sorted(found) == sorted([*names[:3], "new_.nc"])
    assert all(len(told) == 1 for told in found.values())


def test_what_is_in_hand_is_not_begun_again(tmp_path):
    found = found_in(tmp_path, files("hang_.nc"), files("hang_.nc", "x_.nc"), deadline=2.0)
    assert sorted(found) == ["hang_.nc", "x_.nc"]
    # Once by itself: a batch of one needs no second try.
    assert FakeArchive(tmp_path, tmp_path).inspected().count("hang_.nc") == 1


@pytest.mark.parametrize("name", ["die_.nc", "hang_.nc"])
def test_a_bad_file_alone_is_refused(tmp_path, name):
    (told,) = found_in(tmp_path, files(name), deadline=1.0)[name]
    assert isinstance(told, NotListed)
