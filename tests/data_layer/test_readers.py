"""Readers die, hang and run out of memory; whoever asked gets an answer all the same."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from data_layer.api import ForecastSource, ProductRequest
from data_layer.errors import TooLarge, Unavailable, UnknownVariable
from data_layer.indexed import ArchiveIndex
from data_layer.memory import Budget, held_by
from data_layer.readers import ReaderFault, ReaderPool
from data_layer.reading import Answer, Job, Reader, compress
from tests.contract.fakes import FakeArchive
from tests.contract.service import wait_until

ENOUGH = Budget(limit=1 << 40, share=1 << 40, most=1 << 40, answer=1 << 40)


@pytest.fixture
def archive(tmp_path):
    return FakeArchive(tmp_path, tmp_path / "journal")


@asynccontextmanager
async def pool_of(archive, size=1, **options):
    pool = ReaderPool(archive, size, **options)
    pool.index = ArchiveIndex(folder=str(archive.folder), fingerprint="first")
    pool.start()
    try:
        yield pool
    finally:
        await pool.close()


async def read(pool, what, **options):
    request = ProductRequest("fake", what)
    return await pool.submit("frame", request, "identity", **options)


def alive(pid):
    """Whether any thread of the process is left that is not a zombie."""
    states = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/stat") as stat:
                states.append(stat.read().rsplit(")", 1)[1].split()[0])
    return any(state not in "ZX" for state in states) or len(states) > 1


def test_jobs_are_answered_by_a_process_of_their_own(archive):
    async def story():
        async with pool_of(archive) as pool:
            assert await read(pool, "ok") == b"frame"
            pid = int(await read(pool, "pid"))
            assert pid != os.getpid()
            assert pool.pids == [pid]
        return pid

    pid = asyncio.run(story())
    wait_until(lambda: not alive(pid), 5)


def test_errors_arrive_with_all_their_fields_and_cost_no_reader(archive):
    async def story():
        async with pool_of(archive) as pool:
            before = await read(pool, "pid")
            with pytest.raises(UnknownVariable) as error:
                await read(pool, "unknown")
            assert (error.value.asked, error.value.exists) == ("unknown", ("ok",))
            assert error.value.advice == "Ask for ok."
            with pytest.raises(TooLarge, match="memory"):
                await read(pool, "memory")
            assert await read(pool, "pid") == before

    asyncio.run(story())


def test_a_dead_reader_is_replaced_and_only_its_own_job_fails(archive):
    async def story():
        async with pool_of(archive, 2) as pool:
            await asyncio.gather(read(pool, "slow"), read(pool, "slow"))
            answers = await asyncio.gather(
                read(pool, "die"), *(read(pool, "ok") for _ in range(20)), return_exceptions=True
            )
            assert isinstance(answers[0], Unavailable)
            assert "died" in str(answers[0])
            assert answers[0].advice
            assert answers[1:] == [b"frame"] * 20

    asyncio.run(story())


def test_the_only_reader_killed_from_outside_comes_back(archive):
    async def story():
        async with pool_of(archive) as pool:
            pid = int(await read(pool, "pid"))
            busy = asyncio.create_task(read(pool, "hang"))
            await asyncio.sleep(0.2)
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(Unavailable, match="died"):
                await busy
            assert int(await read(pool, "pid")) != pid

    asyncio.run(story())


def test_a_reader_killed_while_idle_costs_no_job(archive):
    async def story():
        async with pool_of(archive) as pool:
            pid = int(await read(pool, "pid"))
            os.kill(pid, signal.SIGKILL)
            await asyncio.to_thread(wait_until, lambda: not alive(pid), 5)
            assert await read(pool, "ok") == b"frame"

    asyncio.run(story())


def test_a_deadline_kills_and_the_next_job_finds_a_new_reader(archive):
    async def story():
        async with pool_of(archive, deadline=5.0) as pool:
            pid = int(await read(pool, "pid"))
            with pytest.raises(Unavailable, match=r"longer than 0\.3 s"):
                await read(pool, "hang", deadline=0.3)
            assert await read(pool, "ok") == b"frame"
            assert not alive(pid)

    asyncio.run(story())


def test_a_stopped_reader_frees_its_slot(archive):
    async def story():
        async with pool_of(archive, deadline=5.0) as pool:
            pid = int(await read(pool, "pid"))
            os.kill(pid, signal.SIGSTOP)
            with pytest.raises(Unavailable):
                await read(pool, "ok", deadline=0.3)
            assert await read(pool, "ok") == b"frame"

    asyncio.run(story())


def test_an_error_that_nobody_foresaw_is_a_fault_and_costs_the_reader(archive):
    async def story():
        async with pool_of(archive) as pool:
            before = await read(pool, "pid")
            with pytest.raises(ReaderFault, match="ZeroDivisionError: nobody foresaw this"):
                await read(pool, "fault")
            assert await read(pool, "pid") != before

    asyncio.run(story())


def test_what_cannot_be_sent_costs_no_slot(archive):
    async def story():
        async with pool_of(archive) as pool:
            with pytest.raises(ReaderFault):
                await pool.submit("frame", lambda: None)
            assert await read(pool, "ok") == b"frame"

    asyncio.run(story())


def test_too_many_waiting_jobs_are_refused_at_once(archive):
    async def story():
        async with pool_of(archive, max_waiting=2) as pool:
            await read(pool, "ok")
            busy = asyncio.create_task(read(pool, "slow"))
            await asyncio.sleep(0.1)
            waiting = [asyncio.create_task(read(pool, "ok")) for _ in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(Unavailable, match="more to do") as refused:
                await read(pool, "ok")
            assert "Try again" in refused.value.advice
            assert await asyncio.gather(busy, *waiting) == [b"frame"] * 3

    asyncio.run(story())


def test_first_come_first_served(archive):
    async def story():
        finished = []

        async def job(number):
            await read(pool, "ok")
            finished.append(number)

        async with pool_of(archive) as pool:
            await asyncio.gather(*(job(n) for n in range(10)))
        assert finished == list(range(10))

    asyncio.run(story())


def test_a_job_whose_asker_left_is_not_begun(archive):
    async def story():
        async with pool_of(archive) as pool:
            await read(pool, "ok")
            busy = asyncio.create_task(read(pool, "slow"))
            await asyncio.sleep(0.1)
            left = asyncio.create_task(read(pool, "ok"))
            await asyncio.sleep(0)
            left.cancel()
            await busy
            await read(pool, "ok")

    asyncio.run(story())
    assert archive.reads() == 3


def test_readers_answer_from_the_newest_index(archive):
    async def story():
        async with pool_of(archive, 2) as pool:
            assert await read(pool, "index") == b"first"
            pool.index = ArchiveIndex(folder=str(archive.folder), fingerprint="second")
            answers = await asyncio.gather(*(read(pool, "index") for _ in range(20)))
            assert set(answers) == {b"second"}

    asyncio.run(story())


def test_a_reader_is_replaced_after_its_share_of_jobs(archive):
    async def story():
        async with pool_of(archive, max_jobs=5) as pool:
            first = await read(pool, "pid")
            seen = set()
            for _ in range(400):
                seen.add(await read(pool, "pid"))
                if seen != {first}:
                    break
                await asyncio.sleep(0.02)
            assert len(seen) == 2
            await asyncio.to_thread(wait_until, lambda: not alive(int(first)), 5)

    asyncio.run(story())


def test_a_reader_that_holds_more_than_its_share_is_replaced(archive):
    async def story():
        async with pool_of(archive, budget=replace(ENOUGH, share=90 << 20)) as pool:
            first = await read(pool, "pid")
            for _ in range(20):
                assert await read(pool, "pid") == first
            await read(pool, "hoard")
            for _ in range(400):
                now = await read(pool, "pid")
                if now != first:
                    break
                await asyncio.sleep(0.02)
            assert now != first
            await asyncio.to_thread(wait_until, lambda: not alive(int(first)), 5)

    asyncio.run(story())


def test_a_reader_lets_go_of_what_it_can_before_it_is_replaced(archive):
    async def story():
        async with pool_of(archive, budget=replace(ENOUGH, share=90 << 20)) as pool:
            first = await read(pool, "pid")
            await read(pool, "keep")  # 100 MB, until its source is closed
            for _ in range(20):
                assert await read(pool, "pid") == first
            assert held_by(int(first)).own < 90 << 20

    asyncio.run(story())


def test_a_job_that_takes_all_memory_is_too_large_and_others_go_on(archive):
    limit = held_by(os.getpid()).own + held_by(os.getpid()).shared + (400 << 20)
    gave_way = []

    async def story():
        budget = replace(ENOUGH, limit=limit, share=90 << 20)
        pool = pool_of(archive, 2, budget=budget, give_way=lambda: gave_way.append(1))
        async with pool as pool:
            first = await read(pool, "pid")
            answers = await asyncio.gather(
                read(pool, "swell"), read(pool, "slow"), return_exceptions=True
            )
            assert isinstance(answers[0], TooLarge)
            assert "memory" in str(answers[0])
            assert answers[1] == b"frame"
            assert await read(pool, "ok") == b"frame"
            assert first

    asyncio.run(story())
    assert gave_way


def test_of_two_jobs_for_which_there_is_no_room_one_may_be_asked_for_again(archive):
    limit = held_by(os.getpid()).own + held_by(os.getpid()).shared + (500 << 20)

    async def story():
        async with pool_of(archive, 2, budget=replace(ENOUGH, limit=limit, share=90 << 20)) as pool:
            await asyncio.gather(read(pool, "slow"), read(pool, "slow"))
            two = [read(pool, "swell") for _ in range(2)]
            answers = await asyncio.gather(*two, return_exceptions=True)
            # By itself the other one is too large all the same.
            assert {type(a) for a in answers} == {Unavailable, TooLarge}

    asyncio.run(story())


def test_a_job_may_take_more_than_its_share_while_there_is_room(archive):
    async def story():
        async with pool_of(archive, budget=replace(ENOUGH, share=1)) as pool:
            assert await read(pool, "slow") == b"frame"

    asyncio.run(story())


def test_a_reader_is_refused_more_than_there_is_for_any(archive):
    async def story():
        async with pool_of(archive, budget=replace(ENOUGH, most=150 << 20)) as pool:
            before = await read(pool, "pid")
            with pytest.raises(TooLarge, match="memory"):
                await read(pool, "swell")
            assert await read(pool, "pid") == before

    asyncio.run(story())


def test_an_answer_that_the_front_cannot_hold_is_too_large(archive):
    async def story():
        async with pool_of(archive, budget=replace(ENOUGH, answer=4)) as pool:
            with pytest.raises(TooLarge, match="takes 5 bytes; the limit is 4"):
                await read(pool, "ok")

    asyncio.run(story())


def test_closing_answers_everybody(archive):
    async def story():
        async with pool_of(archive) as pool:
            await read(pool, "ok")
            asked = [asyncio.create_task(read(pool, "hang")) for _ in range(3)]
            await asyncio.sleep(0.2)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(a, Unavailable) and "stopping" in str(a) for a in answers)

    asyncio.run(story())


def test_readers_do_not_outlive_a_killed_parent(archive):
    program = f"""
        import asyncio, sys
        from pathlib import Path
        from data_layer.api import ProductRequest
        from data_layer.indexed import ArchiveIndex
        from data_layer.readers import ReaderPool
        from tests.contract.fakes import FakeArchive

        async def main():
            pool = ReaderPool(FakeArchive(Path({str(archive.folder)!r}), Path("journal")), 1)
            pool.index = ArchiveIndex(folder="")
            pool.start()
            await pool.submit("products")
            print(pool.pids[0], flush=True)
            await pool.submit("frame", ProductRequest("fake", "hang"), "identity")

        if __name__ == "__main__":
            asyncio.run(main())
    """
    script = archive.folder / "parent.py"
    script.write_text(textwrap.dedent(program))
    parent = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, cwd=archive.folder
    )
    try:
        reader = int(parent.stdout.readline())
        assert alive(reader)
        wait_until(lambda: archive.reads() == 1, 10)
    finally:
        parent.kill()
        parent.wait()
    wait_until(lambda: not alive(reader), 5)


def test_memory_has_a_limit(archive):
    async def story():
        async with pool_of(archive, memory=2 << 30) as pool:
            pid = int(await read(pool, "pid"))
            with open(f"/proc/{pid}/limits") as limits:
                (line,) = [x for x in limits if x.startswith("Max address space")]
            assert line.split()[3] == str(2 << 30)

    asyncio.run(story())


def test_the_fake_is_a_source(archive):
    assert isinstance(archive.open(ArchiveIndex(folder=""), None), ForecastSource)


def test_the_canary_reads_one_cell_of_what_there_is(archive):
    reader = Reader(archive)
    asked = (ProductRequest("fake", "ok"),)
    assert "no index" in reader.do(Job("canary", asked)).fault
    assert reader.do(Job("canary", asked, ArchiveIndex(folder=""))) == Answer()


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
def test_content_codings_come_back(encoding):
    import httpx

    data = bytes(range(256)) * 100
    packed = compress(data, encoding)
    response = httpx.Response(200, headers={"Content-Encoding": encoding}, content=packed)
    assert response.content == data
    assert encoding == "identity" or len(packed) < len(data)
    with pytest.raises(ValueError, match="coding"):
        compress(data, "br")
