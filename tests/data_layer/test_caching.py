"""The byte cache and single flight."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_layer.caching import ByteCache, SingleFlight


def test_the_least_recently_used_goes_first():
    cache = ByteCache(3_000, len)
    for key in "ab":
        cache.put(key, b"x" * 900)
    assert cache.get("a") is not None
    cache.put("c", b"x" * 900)
    assert cache.get("b") is None
    assert cache.get("a") == cache.get("c") == b"x" * 900


def test_what_is_too_large_is_not_kept_and_drives_nothing_out():
    cache = ByteCache(2_000, len)
    cache.put("small", b"x")
    cache.put("large", b"x" * 2_000)
    assert cache.get("large") is None
    assert cache.get("small") == b"x"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4_000)), max_size=60))
def test_the_bound_holds_whatever_comes(puts):
    cache = ByteCache(10_000, len)
    for key, size in puts:
        cache.put(key, b"x" * size)
        assert cache.size <= 10_000
        assert cache.get(key) == b"x" * size


def test_what_is_forgotten_takes_no_room():
    cache = ByteCache(2_000, len)
    cache.put("a", b"x" * 1_000)
    cache.clear()
    assert (cache.get("a"), cache.size, len(cache)) == (None, 0, 0)


class Flight:
    """Counts how often it is begun, and lands when told."""

    def __init__(self):
        self.begun = 0
        self.land = asyncio.Event()

    async def __call__(self):
        self.begun += 1
        number = self.begun
        await self.land.wait()
        return number


def test_equal_questions_share_one_flight_and_the_next_begins_anew():
    async def story():
        flights, flight = SingleFlight(), Flight()
        asked = [asyncio.create_task(flights.do("key", flight)) for _ in range(1000)]
        other = asyncio.create_task(flights.do("other", flight))
        await asyncio.sleep(0)
        flight.land.set()
        assert set(await asyncio.gather(*asked)) == {1}
        assert await other == 2
        assert flight.begun == 2
        assert len(flights) == 0
        assert await flights.do("key", flight) == 3

    asyncio.run(story())


def test_whoever_leaves_does_not_cancel_the_others():
    async def story():
        flights, flight = SingleFlight(), Flight()
        first = asyncio.create_task(flights.do("key", flight))
        second = asyncio.create_task(flights.do("key", flight))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        flight.land.set()
        assert await second == 1
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(story())


def test_errors_go_to_all_and_are_not_kept():
    async def story():
        flights, fail = SingleFlight(), True

        async def flight():
            await asyncio.sleep(0.01)
            if fail:
                raise OSError("no")
            return "yes"

        got = await asyncio.gather(
            *(flights.do("key", flight) for _ in range(3)), return_exceptions=True
        )
        assert [type(e) for e in got] == [OSError] * 3
        fail = False
        assert await flights.do("key", flight) == "yes"

    asyncio.run(story())


def test_an_error_that_nobody_waits_for_is_quiet():
    complaints = []

    async def story():
        asyncio.get_running_loop().set_exception_handler(lambda _, c: complaints.append(c))
        flights = SingleFlight()

        async def flight():
            await asyncio.sleep(0)
            raise OSError("no")

        asked = asyncio.create_task(flights.do("key", flight))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.sleep(0.01)
        assert len(flights) == 0

    asyncio.run(story())
    import gc

    gc.collect()
    assert complaints == []
