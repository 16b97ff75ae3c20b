"""Measure our frames against all peers, in one run and by turns.

make bench-frames                       three rounds
make bench-frames ARGS="--rounds 1"     a quick look
make bench-frames ARGS="--rounds 1 --only http"   or zoom, or browser

A peer that cannot be had or fails stands in the table with the reason.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import frames_report
from asking import Asker, Refused
from contestants import Contestant, HvPlot, PoamaPanel, Rasterized, Server
from frame_servers import PEERS, OurFrames, Peer, PeerFrames, data_layer_cold
from make_data import LARGE, OUT, ensure, ensure_large
from measure import Visit, figure_size, floor, launch, listen, probed, visit
from playwright.sync_api import Browser, sync_playwright
from where import machine, versions_of

PARTS = ("http", "browser", "zoom")
LEADS = 7
# Of the members: some to warm up with, then for each kind of question some that nobody asked for.
WARM = range(0, 1)
OF_PEERS = range(1, 4)
OURS = {"fine": range(1, 7), "byte": range(7, 13), "exact": range(13, 19)}
KEPT_FRAMES, KEPT_TIMES = 8, 60
REST_SECONDS = 60

Numbers = dict[str, Any]
Ask = Callable[[int, int], list[str]]


def maps(paths: Ask, members: Iterable[int]) -> Iterator[list[str]]:
    """The addresses of each map of these members, all leads of one after the other."""
    return itertools.starmap(paths, itertools.product(members, range(LEADS)))


def asked(server: Server, asker: Asker, wanted: Iterable[list[str]]) -> Numbers:
    """Server CPU and kB of a map, and the times in ms that each took to arrive whole."""
    times, size = [], 0
    before = server.cpu_seconds()
    for paths in wanted:
        begun = time.perf_counter()
        size += sum(len(asker.get(path)) for path in paths)
        times.append(1000 * (time.perf_counter() - begun))
    spent, n = server.cpu_seconds() - before, len(times)
    return {
        "maps": n,
        "cpu_ms": round(1000 * spent / n, 3),
        "kB": round(size / n / 1000, 1),
        "ms": [round(t, 2) for t in times],
    }


def at_rest(server: Server) -> None:
    """Wait until a server has done with what it does by itself after its start."""
    for _ in range(REST_SECONDS):
        before = server.cpu_seconds()
        time.sleep(1)
        if server.cpu_seconds() - before < 0.1:
            return
    raise RuntimeError(f"the server does not come to rest in {REST_SECONDS} s")


def our_http(archive: Path, state: Path) -> Numbers:
    """Ours, at each precision: maps that nothing has kept, and a few that were just asked for."""
    ours = OurFrames(archive, state)
    numbers: Numbers = {}
    try:
        asked(ours.server, ours.asker, maps(ours.paths, WARM))
        at_rest(ours.server)
        for precision, members in OURS.items():
            wanted = list(maps(_at(ours.paths, precision), members))
            numbers[precision] = attempt(partial(asked, ours.server, ours.asker, wanted))
            kept = wanted[-KEPT_FRAMES:] * KEPT_TIMES
            numbers[f"{precision}, kept"] = attempt(partial(asked, ours.server, ours.asker, kept))
    finally:
        ours.server.stop()
    return numbers | data_layer_cold(archive, state, ours.paths(0, 0)[0])


def peer_http(peer: Peer, python: Path, archive: Path, folder: Path) -> Numbers:
    """A peer."""
    if not python.exists():
        raise RuntimeError(f"not installed: there is no {python}")
    versions = versions_of(python, *peer.packages)
    server = PeerFrames(peer, python, archive, folder)
    try:
        asked(server.server, server.asker, maps(peer.paths, WARM))
        at_rest(server.server)
        seen = asked(server.server, server.asker, maps(peer.paths, OF_PEERS))
    finally:
        server.server.stop()
    return {"fine": seen, "versions": versions, **server.cold}


def visited(browser: Browser, contestant: Contestant) -> Numbers:
    """What ``make bench`` measures of a contestant."""
    try:
        return visit(browser, contestant, OUT / f"{contestant.name}.png")
    finally:
        contestant.server.stop()


def zoomed(browser: Browser, contestant: Contestant) -> Numbers:
    """Zoom on a fine grid, from the wheel to pixels that change no more."""
    try:
        with probed(browser) as context:
            contestant.sign_in(context)
            page = context.new_page()
            traffic = listen(page)
            page.goto(contestant.url)
            page.wait_for_function("bench.firstMap !== null", timeout=120_000)
            load = {"ms": round(page.evaluate("bench.firstMap"))}
            page.wait_for_timeout(3000)
            load["kB"] = round(traffic.take()[0] / 1000)
            at_rest(contestant.server)
            seen = Visit(contestant, page, traffic).zooming()
            page.screenshot(path=OUT / f"zoom-{contestant.name}.png")
            return {"load": load, **seen}
    finally:
        contestant.server.stop()


def attempt(measure: Callable[[], Numbers]) -> Numbers:
    """What was measured, or ``{"failed": why}``."""
    try:
        return measure()
    except Refused as error:
        return {"failed": f"the server answered {error.status}"}
    except (Exception, subprocess.CalledProcessError) as error:
        return {"failed": f"{type(error).__name__}: {error}"[:300]}


def one_round(
    parts: Iterable[str], python: Path, size: tuple[int, int], browser: Browser, place: Path
) -> Numbers:
    """Every contestant once; each is started anew and ended before the next."""
    archive, seen = ensure(), Numbers()

    def take(part: str, name: str, measure: Callable[[Path], Numbers]) -> None:
        if part in parts:
            print(f"  {part}: {name} …", flush=True)
            folder = place / f"{part}-{name}"
            folder.mkdir()
            seen.setdefault(part, {})[name] = found = attempt(partial(measure, folder))
            if "failed" in found:
                print(f"    {found['failed']}", flush=True)

    take("http", "poama-panel", partial(our_http, archive))
    for peer in PEERS:
        take("http", peer.name, partial(peer_http, peer, python, archive))
    take("browser", "poama-panel", lambda f: visited(browser, PoamaPanel(archive, f)))
    take("browser", "hvplot", lambda f: visited(browser, HvPlot(archive, f, *size)))
    if "zoom" in parts:
        large = ensure_large()
        take("zoom", "poama-panel", lambda f: zoomed(browser, PoamaPanel(large, f)))
        take("zoom", "holoviews", lambda f: zoomed(browser, Rasterized(large, f, *size)))
    return seen


def run(rounds: int, parts: Iterable[str], python: Path) -> Numbers:
    """All rounds, the floor, and where they were taken."""
    archive, before = ensure(), machine()["load"]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser, place = launch(playwright), Path(folder)
        (place / "first").mkdir()
        size = figure_size(browser, PoamaPanel(archive, place / "first"))
        taken = []
        for n in range(rounds):
            print(f"round {n + 1} of {rounds}", flush=True)
            (place / f"{n}").mkdir()
            taken.append(one_round(parts, python, size, browser, place / f"{n}"))
        fill = floor(browser)
        chromium = browser.version
    where = machine()
    where |= {
        "date": dt.date.today().isoformat(),
        "load": [before, where["load"]],
        "map": size,
        "large": [LARGE.ny, LARGE.nx],
        "versions": {**where["versions"], "Chromium": chromium},
    }
    return {"where": where, "floor": fill, "rounds": taken}


def main() -> None:
    """Measure, and renew the section in README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, default=Path(".venv-peers"), help="environment")
    parser.add_argument("--only", choices=PARTS, help="leave out the rest; README.md stays as is")
    given = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    parts = (given.only,) if given.only else PARTS
    results = run(given.rounds, parts, given.peers.absolute() / "bin" / "python")
    if given.only:
        print(frames_report.text(results))
    else:
        frames_report.RESULTS.write_text(json.dumps(results, indent=1))
        frames_report.write()


def _at(paths: Ask, precision: str) -> Ask:
    if precision == "fine":
        return paths
    return lambda member, lead: [f"{p}?precision={precision}" for p in paths(member, lead)]


if __name__ == "__main__":
    main()
