"""Files written over, cut off and removed while reader processes read them.

Whoever publishes files should move them into place; who does not must not make anybody
see a mixture, nor other numbers under an address that is kept for ever.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_layer import wire
from data_layer.api import ProductRequest
from data_layer.errors import DataLayerError, NotFound, Unavailable, UnknownDataset
from data_layer.server.service import Service
from data_layer.settings import DataSettings
from tests.contract.service import wait_until

STORED = {
    "classic": ({"format": "NETCDF3_CLASSIC"}, {}),
    "contiguous": ({"format": "NETCDF4"}, {}),
    "compressed": (
        {"format": "NETCDF4"},
        {"zlib": True, "shuffle": True, "chunksizes": (1, 1, 1, 40, 60)},
    ),
}


@pytest.fixture(params=["classic", "contiguous", "compressed"])
def archive(request, forecast, write_file, tmp_path) -> Path:
    """``archive/tas.nc`` of zeros, and ``next/0.nc`` and ``next/1.nc`` of zeros and ones."""
    options, encoding = STORED[request.param]
    grid = {"lat": np.linspace(-80, 80, 40), "lon": np.arange(0.0, 360.0, 6.0)}
    for value in (0, 1):
        ds = forecast(members=tuple(range(6)), **grid)
        # Something that compresses to another length for each, and tells its file.
        noise = np.random.default_rng(value).random(ds["tas"].shape).astype("f4")
        ds["tas"].values[:] = value + 0.5 * noise
        write_file(ds, tmp_path / "next" / f"{value}.nc", encoding={"tas": encoding}, **options)
    (tmp_path / "archive").mkdir()
    shutil.copy(tmp_path / "next" / "0.nc", tmp_path / "archive" / "tas.nc")
    return tmp_path / "archive"


def moved(new: Path, place: Path) -> None:
    aside = place.with_name(".aside")
    shutil.copyfile(new, aside)
    aside.replace(place)


def written_over(new: Path, place: Path) -> None:
    shutil.copyfile(new, place)


def written_over_bit_by_bit(new: Path, place: Path) -> None:
    """Without being cut off first: its length is right all the time, or nearly."""
    data = new.read_bytes()
    with open(place, "r+b", buffering=0) as f:
        for begin in range(0, len(data), 1 << 15):
            f.write(data[begin : begin + (1 << 15)])
            time.sleep(0.002)
        f.truncate(len(data))


def removed(new: Path, place: Path) -> None:
    place.unlink(missing_ok=True)
    time.sleep(0.05)
    moved(new, place)


def cut_off(new: Path, place: Path) -> None:
    os.truncate(place, place.stat().st_size // 2)
    time.sleep(0.05)
    moved(new, place)


def told_apart(values: np.ndarray) -> str:
    """The file that the values come from."""
    if not np.isfinite(values).all():
        return "missing values"
    first, last = np.floor(values.min()), np.floor(values.max())
    return f"file {first:g}" if first == last else "a mixture"


async def served(archive: Path, story: Callable[[Service], object]) -> None:
    settings = DataSettings(
        folder=archive,
        keys=archive / "none",
        index_dir=archive.parent / "index",
        readers=2,
        rescan_seconds=0.02,
        deadline=20,
    )
    service = Service(settings)
    service.start()
    try:
        await asyncio.to_thread(wait_until, lambda: not service.not_ready())
        await story(service)
    finally:
        await service.close()


async def ask(service: Service, seen: Counter, under: dict[str, set[str]]) -> None:
    """One question under the version that the catalogue gives, and what came of it."""
    try:
        version = service.catalogue().dataset("tas").version
        request = ProductRequest("tas", "tas", init="2026-10-01", version=version)
        values = wire.decode(await service.answer("array", request)).values
    except (Unavailable, NotFound) as error:
        seen[type(error).__name__] += 1
        await asyncio.sleep(0.01)
    except DataLayerError as error:
        seen[f"{type(error).__name__}: {error.message}"] += 1
    else:
        seen[told_apart(values)] += 1
        under[version].add(told_apart(values))


CHANGES = (moved, written_over, written_over_bit_by_bit, removed, cut_off)


def test_old_or_new_or_try_again_but_never_a_mixture(archive):
    under: dict[str, set[str]] = defaultdict(set)

    async def while_it_changes(service: Service, change: Callable[[Path, Path], None]) -> None:
        seen: Counter[str] = Counter()
        stop = threading.Event()

        def change_often() -> None:
            for value in itertools.cycle((1, 0)):
                change(archive.parent / "next" / f"{value}.nc", archive / "tas.nc")
                if stop.wait(0.15):
                    return

        writer = asyncio.create_task(asyncio.to_thread(change_often))
        begun = time.monotonic()
        while time.monotonic() < begun + 1 or min(seen["file 0"], seen["file 1"]) < 3:
            await asyncio.gather(*(ask(service, seen, under) for _ in range(2)))
            assert time.monotonic() < begun + 60, seen
        stop.set()
        await writer
        answers = {"file 0", "file 1", "Unavailable", "SupersededVersion", "UnknownDataset"}
        assert set(seen) <= answers, change

    async def story(service: Service) -> None:
        for change in CHANGES:
            await while_it_changes(service, change)

    asyncio.run(served(archive, story))
    assert all(len(files) == 1 for files in under.values())


def test_a_reader_that_has_the_file_open_finds_all_of_what_was_written_over_it(archive):
    """The scan happens in the process that still has the old file open."""

    async def story(service: Service) -> None:
        seen: Counter[str] = Counter()
        under: dict[str, set[str]] = defaultdict(set)
        for value in (1, 0, 1):
            version = service.catalogue().dataset("tas").version
            for _ in range(8):  # every reader has it open
                await asyncio.gather(*(ask(service, seen, under) for _ in range(4)))
            written_over(archive.parent / "next" / f"{value}.nc", archive / "tas.nc")
            await asyncio.to_thread(
                wait_until, lambda old=version: service.catalogue().dataset("tas").version != old
            )
            seen.clear()
            for _ in range(8):
                await asyncio.gather(*(ask(service, seen, under) for _ in range(4)))
            assert set(seen) == {f"file {value}"}

    asyncio.run(served(archive, story))


@pytest.mark.parametrize("archive", ["contiguous"], indirect=True)
def test_a_file_that_went_away_is_unknown_soon(archive):
    async def story(service: Service) -> None:
        (archive / "tas.nc").unlink()
        seen: Counter[str] = Counter()
        while "UnknownDataset" not in seen:
            try:
                service.catalogue().dataset("tas")
            except UnknownDataset:
                return
            await ask(service, seen, defaultdict(set))
            assert set(seen) <= {"Unavailable", "file 0"}

    asyncio.run(served(archive, story))
