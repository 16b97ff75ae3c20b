"""A folder that changes, limits, equal questions, and the end; each with a service of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import xarray as xr

from data_layer.api import ProductRequest
from data_layer.auth.tokens import make_key_pair
from data_layer.errors import Unavailable
from data_layer.indexed import ArchiveIndex
from data_layer.server.service import Service
from data_layer.settings import DataSettings
from tests.contract.archive import write_archive, write_forecast
from tests.contract.fakes import FakeArchive, FakeSource
from tests.contract.service import running, wait_until
from tests.data_layer.server.asking import (
    SERIES,
    START,
    frame_address,
    is_problem,
    socket_to,
)


def test_new_changed_and_removed_files_are_noticed(tmp_path):
    archive = tmp_path / "archive"
    write_archive(archive)

    def inits():
        datasets = service.get("/v1/catalogue").json()["datasets"]
        return {d["id"]: (d["inits"], d["version"]) for d in datasets}["trial-forecast"]

    with running(archive, tmp_path, readers=1, rescan_seconds=0.1) as service:
        before, old = inits()
        frame = frame_address(service)
        assert service.get(frame).status_code == 200
        write_forecast(archive / "trial_forecast_20261201.nc", "2026-12-01", 5)
        wait_until(lambda: inits()[0] == [*before, "2026-12-01"], 20)
        assert inits()[1] != old
        said = is_problem(service.get(frame), 404)
        assert said["exists"] == [inits()[1]]
        assert service.get(f"{SERIES.replace(START, '2026-12-01')}&lon=0").status_code == 200
        (archive / "trial_forecast_20261201.nc").unlink()
        wait_until(lambda: inits()[0] == before, 20)
        assert inits()[1] == old
        (archive / "late.nc").write_bytes(b"<html>not found</html>")
        wait_until(lambda: len(service.get("/v1/catalogue").json()["refused"]) == 2, 20)
        assert service.get(frame_address(service)).status_code == 200


def test_an_answer_over_the_limit_is_refused(archive, tmp_path):
    with running(archive, tmp_path, readers=1, max_cells=13 * 24 * 3) as service:
        path = f"/v1/subset/trial-forecast/tas?init={START}"
        said = is_problem(service.get(path), 413)
        assert "smaller region" in said["advice"]
        assert service.get(f"{path}&member=1").status_code == 200
        assert service.get(f"{path}&product=mean").status_code == 200
        assert service.get(f"{path}&lat=0&lon=0").status_code == 200
        assert service.get(frame_address(service)).status_code == 200


def test_stopping_is_said_first_and_what_was_begun_is_finished(archive, tmp_path):
    with running(archive, tmp_path, readers=1, deadline=30) as service:
        address, (reader,) = frame_address(service), service.readers()
        os.kill(reader, signal.SIGSTOP)
        with ThreadPoolExecutor(1) as threads:
            begun = threads.submit(service.get, address)
            wait_until(lambda: established(service.port) >= 1, 10)
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: service.get("/readyz").status_code == 503, 5)
            said = service.get("/readyz")
            assert "stopping" in said.text
            wait_until(lambda: refuses_connections(service), 10)
            assert service.process.poll() is None
            os.kill(reader, signal.SIGCONT)
            assert begun.result(20).status_code == 200
        assert service.process.wait(20) == 0
        assert not Path(f"/proc/{reader}").exists()


def established(port):
    """Connections to a local port that are open now."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def refuses_connections(service):
    try:
        socket_to(service).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_thousand_equal_questions_are_one_reading(tmp_path):
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "fake.nc").touch()
    archive = FakeArchive(tmp_path / "archive", tmp_path / "journal")
    settings = DataSettings(
        folder=tmp_path / "archive", keys=tmp_path, readers=2, index_dir=tmp_path / "index"
    )
    request = ProductRequest("fake", "slow", init="2026-11-01", lead=0, member=0)

    async def story():
        service = Service(settings, archive)
        service.start()
        try:
            while service.not_ready():
                await asyncio.sleep(0.05)
            ask = [service.frame(request, "identity") for _ in range(1000)]
            assert set(await asyncio.gather(*ask)) == {b"frame"}
            assert archive.reads() == 1
            assert await service.frame(request, "identity") == b"frame"
            assert archive.reads() == 1
            failing = replace(request, variable="die")
            failed = await asyncio.gather(
                *(service.frame(failing, "identity") for _ in range(100)), return_exceptions=True
            )
            assert {type(e) for e in failed} == {Unavailable}
            assert archive.reads() == 2
            assert await service.frame(replace(request, variable="ok"), "identity") == b"frame"
        finally:
            await service.close()

    asyncio.run(story())


@dataclass(frozen=True)
class FalteringArchive(FakeArchive):
    """Hangs when one cell is read, until there is a file that says that it is mended."""

    def open(self, index: ArchiveIndex, before: object = None) -> FakeSource:
        return FalteringSource(index, self.journal)


@dataclass(frozen=True)
class FalteringSource(FakeSource):
    def fetch(self, request: ProductRequest) -> xr.DataArray:
        if not self.journal.with_name("mended").exists():
            time.sleep(3600)
        return super().fetch(request)


def test_a_service_whose_readers_hang_is_ready_once_they_no_longer_do(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr("data_layer.server.service.TRY_AGAIN_SECONDS", 0.1)
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "fake.nc").touch()
    settings = DataSettings(
        folder=tmp_path / "archive",
        keys=tmp_path,
        readers=1,
        index_dir=tmp_path / "index",
        deadline=1.0,
    )

    async def story():
        service = Service(settings, FalteringArchive(settings.folder, tmp_path / "journal"))
        service.start()
        try:
            async with asyncio.timeout(60):
                while "No reader could read from the archive" not in caplog.text:
                    await asyncio.sleep(0.05)
                assert service.not_ready() == "no reader has answered from the archive yet"
                (tmp_path / "mended").touch()
                while service.not_ready():
                    await asyncio.sleep(0.05)
        finally:
            await service.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "keys: Field required"),
        (["--data", "/nowhere", "--keys", "{keys}"], "no folder '/nowhere'"),
        (["--data", "{folder}", "--keys", "{folder}/none.json"], "none.json"),
        (["--data", "{folder}", "--keys", "{broken}"], "JWK Set"),
        (["--data", "{folder}", "--keys", "{keys}", "--port", "99999"], "port"),
    ],
)
def test_a_bad_start_says_why(tmp_path, arguments, said):
    from data_layer.auth.keys import key_set

    (tmp_path / "keys.json").write_text(key_set([make_key_pair()[1]]))
    (tmp_path / "broken.json").write_text("{}")
    places = {
        "folder": tmp_path,
        "keys": tmp_path / "keys.json",
        "broken": tmp_path / "broken.json",
    }
    command = [sys.executable, "-m", "data_layer.server", *(a.format(**places) for a in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr
