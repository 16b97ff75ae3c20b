"""Frames kept in a Redis server, a real one, and without one that answers."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_layer.api import ProductRequest
from data_layer.cuts import Cut
from data_layer.server.service import Service
from data_layer.settings import DataSettings
from data_layer.sharing import PAUSE_SECONDS, NotShared, RedisFrames, shared_frames
from tests.contract.fakes import FakeArchive

PASSWORD = "only-for-this-test"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server; on Debian: apt-get install redis-server")
    place = tmp_path_factory.mktemp("redis")
    path = place / "socket"
    options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--requirepass", PASSWORD]
    with (place / "log").open("w") as log:
        server = subprocess.Popen([program, *options], cwd=place, stdout=log, stderr=log)
    try:
        wait_for(path)
        yield f"unix://:{PASSWORD}@{path}"
    finally:
        server.terminate()
        server.wait()


def wait_for(path: Path) -> None:
    for _ in range(200):
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(str(path))
            except OSError:
                time.sleep(0.05)
            else:
                return
    raise TimeoutError(path)


def test_what_one_made_another_finds(redis: str) -> None:
    async def story() -> None:
        one, other = shared_frames(redis), shared_frames(redis)
        assert await other.get("a") is None
        await one.put("a", b"\0\xff frame")
        assert await other.get("a") == b"\0\xff frame"
        assert await other.get("b") is None
        await one.close()
        await other.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    "wrong", ["unix://:{password}@/nowhere/socket", "redis://:{password}@127.0.0.1:9/0"]
)
def test_one_that_does_not_answer_is_left_alone_for_a_while(wrong, caplog) -> None:
    clock = Clock()

    async def story() -> None:
        frames = RedisFrames(wrong.format(password=PASSWORD), clock)
        assert await frames.get("a") is None
        await frames.put("a", b"frame")
        assert await frames.get("a") is None
        assert caplog.text.count("does not answer") == 1
        clock.now += PAUSE_SECONDS
        assert await frames.get("a") is None
        assert caplog.text.count("does not answer") == 2
        await frames.close()

    asyncio.run(story())
    assert PASSWORD not in caplog.text


def test_a_wrong_password_costs_only_the_sharing(redis: str, caplog) -> None:
    async def story() -> None:
        frames = RedisFrames(redis.replace(PASSWORD, "wrong"))
        assert await frames.get("a") is None
        await frames.close()

    asyncio.run(story())
    assert "AuthenticationError" in caplog.text


def test_one_that_hangs_holds_nobody_up(caplog) -> None:
    async def story() -> None:
        async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            await reader.read()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        frames = RedisFrames(f"redis://127.0.0.1:{port}/0")
        async with asyncio.timeout(20):
            assert await frames.get("a") is None
        await frames.close()
        server.close()

    asyncio.run(story())
    assert "does not answer" in caplog.text


def test_no_address_means_that_nothing_is_shared() -> None:
    async def story() -> None:
        frames = shared_frames("")
        assert isinstance(frames, NotShared)
        await frames.put("a", b"frame")
        assert await frames.get("a") is None
        await frames.close()

    asyncio.run(story())


def test_an_address_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="not understood"):
        shared_frames("http://cache:6379")


def test_a_map_that_one_data_layer_made_is_not_made_by_another(redis: str, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "fake.nc").touch()
    archive = FakeArchive(tmp_path / "archive", tmp_path / "journal")
    request = ProductRequest("fake", "ok", init="2026-11-01", lead=0, member=0)

    async def story() -> None:
        services = [
            Service(
                DataSettings(
                    folder=tmp_path / "archive",
                    keys=tmp_path,
                    readers=1,
                    index_dir=tmp_path / name,
                    shared_cache=redis,
                ),
                archive,
            )
            for name in ("one", "other")
        ]
        for service in services:
            service.start()
        try:
            while any(service.not_ready() for service in services):
                await asyncio.sleep(0.05)
            assert await services[0].frame(request, "identity") == b"frame"
            for _ in range(2):
                assert await services[1].frame(request, "identity") == b"frame"
                await asyncio.sleep(0.1)
            assert archive.reads() == 1
            assert await services[1].frame(request, "identity", Cut(precision="byte")) == b"frame"
            assert archive.reads() == 2
        finally:
            for service in services:
                await service.close()

    asyncio.run(story())
