"""Files that bring readers down, and files made to: the others are shown all the same."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import pytest

from data_layer.findings import ToInspect
from data_layer.reading import FolderArchive
from data_layer.records import Finding
from data_layer.server.service import Service
from data_layer.settings import DataSettings
from tests.contract.service import wait_until
from tests.fuzz.campaign import Outcome, shown
from tests.fuzz.damage import Seed, make_seeds


@dataclass(frozen=True)
class Fragile(FolderArchive):
    """Stands for a library that some files bring down, or keep busy for ever."""

    def inspect(self, new: ToInspect) -> Finding:
        if "crash" in new.stat.path:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "hang" in new.stat.path:
            time.sleep(3600)
        return super().inspect(new)


@pytest.fixture
def seeds(tmp_path) -> dict[str, Seed]:
    return {seed.name: seed for seed in make_seeds(tmp_path)}


def zeros_deflated(megabytes: int) -> bytes:
    """A zlib stream of a thousandth of the length that it unpacks to, in order in every way."""
    packer = zlib.compressobj(9, wbits=-15)
    begin = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = ((megabytes << 20) % 65521) << 16 | 1  # Adler-32 of zeros
    return b"\x78\x9c" + begin * megabytes + b"\x03\x00" + checksum.to_bytes(4, "big")


def test_the_bomb_is_a_valid_stream():
    assert zlib.decompress(zeros_deflated(3)) == bytes(3 << 20)


def served(archive: Path, story: Callable[[Service], object], fragile: bool = False) -> None:
    async def life() -> None:
        settings = DataSettings(
            folder=archive,
            keys=archive / "none",
            index_dir=archive.parent / "index",
            readers=2,
            rescan_seconds=0.1,
            inspect_deadline=2 if fragile else 20,
            reader_memory="2GiB",
        )
        service = Service(settings, Fragile(archive) if fragile else None)
        service.start()
        try:
            await asyncio.to_thread(wait_until, lambda: not service.not_ready())
            await story(service)
        finally:
            await service.close()

    asyncio.run(life())


def test_a_file_that_brings_the_library_down_is_named_and_the_others_are_shown(seeds, tmp_path):
    archive = tmp_path / "archive"
    names = [f"good{c}" for c in "abcdefghij"] + ["crash", "crash too", "hang"]
    for name in names:
        (archive / name).mkdir(parents=True)
        (archive / name / "tas.nc").write_bytes(seeds["deflate"].data)

    async def story(service: Service) -> None:
        catalogue = service.catalogue()
        assert len(catalogue.datasets) == 10
        why = {r.path: r.reason for r in catalogue.refused}
        assert set(why) == {"crash/tas.nc", "crash too/tas.nc", "hang/tas.nc"}
        assert "brought the reader down" in why["crash/tas.nc"]
        assert "longer than" in why["hang/tas.nc"]
        for info in catalogue.datasets:
            assert await shown(service, info, Outcome())
        # A new file is listed although the bad ones are still there.
        shutil.copytree(archive / "gooda", archive / "goodz")
        await asyncio.to_thread(wait_until, lambda: len(service.catalogue().datasets) == 11)

    served(archive, story, fragile=True)


def test_a_chunk_that_unpacks_to_more_than_it_says_is_refused_and_costs_nothing_else(
    seeds, tmp_path
):
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "good.nc").write_bytes(seeds["deflate"].data)
    path = archive / "bomb.nc"
    path.write_bytes(seeds["deflate alone"].data)
    stream = zeros_deflated(3000)
    with h5py.File(path, "a") as f:
        for name in ("tas", "tos"):
            f[name].id.write_direct_chunk((0, 3, 2, 0, 0), stream)

    async def story(service: Service) -> None:
        catalogue = service.catalogue()
        assert [d.id for d in catalogue.datasets] == ["good"]
        (refused,) = catalogue.refused
        assert refused.path == "bomb.nc"
        assert await shown(service, catalogue.datasets[0], Outcome())

    served(archive, story)
