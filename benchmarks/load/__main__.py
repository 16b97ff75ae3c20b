"""Many signed-in people on one machine, each stepping through the leads now and then.

make load                            500 of them, two minutes once all are there
make load ARGS="--sessions 100 --seconds 60"
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import resource
import tempfile
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from contestants import PoamaPanel
from make_data import OUT, ensure
from where import machine

from load.report import RESULTS, summary, write
from load.visitor import Seen, Visitor
from load.watching import Watch

# Fewer than the tries that a user name has before the login slows it down.
OPENING_AT_ONCE = 3


async def test(ours: PoamaPanel, given: argparse.Namespace, threads: Executor) -> dict[str, Any]:
    """Let all come, step for a while, and leave; what was seen."""
    seen, watch = Seen(), Watch(ours.server.pid)
    watch.look()
    started = time.perf_counter()
    watching = asyncio.create_task(watch.run())
    entering = asyncio.Semaphore(given.opening)
    people = [Visitor(n, ours.url, given.product, threads, seen) for n in range(given.sessions)]
    stepping: list[asyncio.Task[None]] = []

    async def come(visitor: Visitor) -> None:
        async with entering:
            if await visitor.enter(ours.username, ours.password):
                watch.sessions += 1
                stepping.append(asyncio.create_task(visitor.step_on(given.pause)))

    await asyncio.gather(*map(come, people))
    full = time.perf_counter()
    print(f"{watch.sessions} sessions after {full - started:.0f} s", flush=True)
    await asyncio.sleep(given.seconds)
    over = time.perf_counter()
    watch.look()
    for task in stepping:
        task.cancel()
    ended = await asyncio.gather(*stepping, return_exceptions=True)
    for error in ended:
        if not isinstance(error, asyncio.CancelledError):
            seen.failures[f"visitor: {error!r}"[:150]] += 1
    lost = [visitor.lost for visitor in people if visitor.lost]
    watching.cancel()
    await asyncio.gather(*(visitor.leave() for visitor in people))
    return summary(seen, watch, (started, full, over), lost)


def main() -> None:
    """Test, and renew the section in README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=120, help="with all sessions open")
    parser.add_argument("--pause", type=float, default=5, help="mean seconds between two steps")
    parser.add_argument("--opening", type=int, default=OPENING_AT_ONCE, help="pages at once")
    parser.add_argument("--product", choices=["value", "mean"], default="value")
    given = parser.parse_args()
    # A websocket and a connection for each session, here and in the server that we start.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    archive = ensure()
    with (
        tempfile.TemporaryDirectory() as place,
        ThreadPoolExecutor(given.sessions) as threads,
    ):
        ours = PoamaPanel(archive, Path(place))
        try:
            seen = asyncio.run(test(ours, given, threads))
        finally:
            ours.server.stop()
    asked = {"date": dt.date.today().isoformat(), **vars(given)}
    OUT.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"where": machine(), "asked": asked, **seen}, indent=1))
    write()


if __name__ == "__main__":
    main()
