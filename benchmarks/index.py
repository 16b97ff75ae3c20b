"""How long an archive of 100,000 files takes to open, and what its index costs.

    python benchmarks/index.py [--starts 1860]

The archive is made up: 27 members of two variables at each start, a file for each, as
ACCESS-S2 writes them. All files are empty but those of the latest start, since opening
from what was kept reads none. Each figure is taken in a process of its own; CPU seconds
count where others share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

MEMBERS, VARIABLES = 27, ("pr", "tas")
FIRST = dt.date(2000, 1, 1)
QUESTIONS = 200


def main() -> None:
    """Make the archive, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=1860)
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        print(json.dumps(STEPS[given.step[0]](Path(given.step[1]))))
        return
    with tempfile.TemporaryDirectory() as place:
        make(Path(place), given.starts)
        for step in STEPS:
            run = [sys.executable, __file__, "--step", step, place]
            done = subprocess.run(run, check=True, capture_output=True, text=True)
            for name, value in json.loads(done.stdout.splitlines()[-1]).items():
                print(f"| {name} | {value} |")


def make(place: Path, starts: int) -> None:
    """An archive of mostly empty files, and an index file that says what they hold."""
    import numpy as np
    import xarray as xr

    from data_layer.findings import take_stock
    from data_layer.indexfile import IndexFile
    from data_layer.opening import inspect
    from data_layer.records import FileRecord

    archive = place / "archive"
    days = [(FIRST + dt.timedelta(days=5 * n)).isoformat() for n in range(starts)]
    lat, lon = np.linspace(-89.7, 89.7, 324), np.arange(432) * 360 / 432
    templates: dict[str, Any] = {}
    for variable in VARIABLES:
        described = {"units": {"pr": "mm day-1", "tas": "K"}[variable]}
        for member in range(MEMBERS):
            folder = archive / variable / "daily" / f"e{member:02d}"
            folder.mkdir(parents=True)
            for day in days[:-1]:
                (folder / name_of(variable, day, member)).touch()
            ds = xr.Dataset(
                {
                    variable: (
                        ("lead", "lat", "lon"),
                        np.full((3, 324, 432), member, "f4"),
                        described,
                    )
                },
                {
                    "init": ((), np.datetime64(days[-1], "ns")),
                    "member": ((), member),
                    "lead": ("lead", np.arange(3), {"units": "days"}),
                    "lat": ("lat", lat, {"units": "degrees_north"}),
                    "lon": ("lon", lon, {"units": "degrees_east"}),
                },
                {"series": "ACCESS-S2", "title": "Made up"},
            )
            path = folder / name_of(variable, days[-1], member)
            packed = {variable: {"zlib": True, "complevel": 1, "chunksizes": (1, 324, 432)}}
            ds.to_netcdf(path, engine="netcdf4", encoding=packed)
        templates[variable] = inspect(path)
    records = []
    for new in take_stock(archive, {}).new:
        variable, day, member = parts_of(new.stat.path)
        summary = replace(templates[variable], inits=(day,), members=(member,))
        records.append(FileRecord(new.stat, summary))
    IndexFile(place / "index", archive).update(records)


def name_of(variable: str, day: str, member: int) -> str:
    """A file's name in the manner of ACCESS-S2."""
    return f"da_{variable}_{day.replace('-', '')}_e{member:02d}.nc"


def parts_of(path: str) -> tuple[str, str, int]:
    """The inverse of :func:`name_of`."""
    _, variable, day, member = Path(path).stem.split("_")
    return variable, f"{day[:4]}-{day[4:6]}-{day[6:]}", int(member[1:])


def timed(work: Callable[[], Any]) -> tuple[Any, str]:
    """What ``work`` gives, and its seconds by the clock and of the processor."""
    clock, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, f"{time.perf_counter() - clock:.2f} s ({time.process_time() - cpu:.2f} s CPU)"


def p50(work: Callable[[], Any]) -> str:
    """The median of many calls, in milliseconds."""
    times = []
    for _ in range(QUESTIONS):
        begun = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - begun))
    return f"{statistics.median(times):.3f} ms"


def resident() -> float:
    """Megabytes of memory in use by this process."""
    with open("/proc/self/status") as status:
        (line,) = [x for x in status if x.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def opened(place: Path) -> Any:
    """The index as a restart makes it."""
    from data_layer.findings import take_stock
    from data_layer.indexfile import IndexFile

    kept = IndexFile(place / "index", place / "archive").load()
    before = {f.stat: f for f in kept}
    return take_stock(place / "archive", before, before).index()


def opening(place: Path) -> dict[str, str]:
    """A restart, and what the front process asks of its index."""
    from data_layer.server.service import _CATALOGUE

    bare = resident()
    index, seconds = timed(lambda: opened(place))
    (dataset,) = index.datasets
    memory = resident() - bare
    init = dataset.info.inits[-1]
    _, first = timed(lambda: dataset.files_for("tas", init, 3))
    body, encoded = timed(lambda: _CATALOGUE.dump_json(index.catalogue))
    sent = pickle.dumps(index.narrowed("access-s2", "tas", init), 5)
    return {
        "files": f"{dataset.info.files:,}",
        "opening from what was kept": seconds,
        "memory of the index": f"{memory:.0f} MB ({resident() - bare:.0f} MB after a question)",
        "first question to the index": first,
        "files of one start and member, p50": p50(lambda: dataset.files_for("tas", init, 3)),
        "part of the index for one job, made, packed, unpacked, p50": p50(
            lambda: pickle.loads(pickle.dumps(index.narrowed("access-s2", "tas", init), 5))
        )
        + f" ({len(sent) / 1000:.0f} kB)",
        "catalogue as JSON, once an index": f"{encoded} ({len(body) / 1000:.0f} kB)",
    }


def looking(place: Path) -> dict[str, str]:
    """Looking for changes, and taking one in."""
    from data_layer.findings import take_stock
    from data_layer.indexfile import IndexFile
    from data_layer.walking import Changes

    archive = place / "archive"
    # By a clock that is a day ahead the archive, just made, is no longer young.
    changes = Changes(archive, now_ns=lambda: time.time_ns() + 86_400 * 10**9)
    _, first = timed(changes.look)
    _, quiet = timed(changes.look)
    before = {f.stat: f for f in IndexFile(place / "index", archive).load()}
    stock, taken = timed(lambda: take_stock(archive, before))
    _, built = timed(stock.index)
    return {
        "look at all files": first,
        "look at folders": quiet,
        "which files are new": taken,
        "index made of all findings": built,
    }


def answering(place: Path) -> dict[str, str]:
    """One frame through a reader, by this index and by that of a small archive."""
    from data_layer.api import ProductRequest
    from data_layer.catalogue import build
    from data_layer.readers import ReaderPool
    from data_layer.reading import FolderArchive

    index = opened(place)
    (dataset,) = index.datasets
    init = dataset.info.inits[-1]
    small = build(place / "archive", dataset.files_for("tas", init))

    async def story() -> dict[str, str]:
        pool = ReaderPool(FolderArchive(place / "archive"), 1)
        pool.start()
        told = {}
        try:
            for name, used in (("27 files", small), ("all files", index)):
                pool.index = used
                times = []
                for n in range(QUESTIONS):
                    request = ProductRequest("access-s2", "tas", init=init, lead=n % 3, member=3)
                    begun = time.perf_counter()
                    await pool.submit("frame", request, "zstd")
                    times.append(1000 * (time.perf_counter() - begun))
                told[f"frame of 324 × 432 cells through a reader, {name}, p50"] = (
                    f"{statistics.median(times):.1f} ms"
                )
            (pid,) = pool.pids
            with open(f"/proc/{pid}/status") as status:
                (line,) = [x for x in status if x.startswith("VmRSS")]
            told["memory of that reader"] = f"{int(line.split()[1]) / 1024:.0f} MB"
        finally:
            await pool.close()
        return told

    return asyncio.run(story())


STEPS = {"opening": opening, "looking": looking, "answering": answering}

if __name__ == "__main__":
    main()
