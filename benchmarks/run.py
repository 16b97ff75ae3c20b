"""Measure the product and its peer in one run, in turns, and write down what was seen.

make bench                       three rounds
make bench ARGS="--rounds 1"     a quick look
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import report
from contestants import Contestant, HvPlot, PoamaPanel
from make_data import OUT, ensure
from measure import figure_size, floor, launch, visit
from playwright.sync_api import Browser, sync_playwright
from where import machine


def measured(browser: Browser, contestant: Contestant) -> dict[str, Any]:
    """Visit a contestant, then end it: no round finds what another has left in a cache."""
    try:
        print(f"  {contestant.name} …", flush=True)
        return visit(browser, contestant, OUT / f"{contestant.name}.png")
    finally:
        contestant.server.stop()


def run(rounds: int) -> dict[str, Any]:
    """All rounds, the floor, and where they were taken."""
    archive = ensure()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = launch(playwright)

        def ours(name: str) -> PoamaPanel:
            return PoamaPanel(archive, _folder(place, name))

        size = figure_size(browser, ours("first"))
        taken = []
        for n in range(rounds):
            print(f"round {n + 1} of {rounds}", flush=True)
            seen = {report.OURS: measured(browser, ours(f"ours{n}"))}
            peer = HvPlot(archive, _folder(place, f"peer{n}"), *size)
            taken.append(seen | {report.PEER: measured(browser, peer)})
        fill = floor(browser)
        chromium = browser.version
    where = machine()
    where |= {
        "date": dt.date.today().isoformat(),
        "load": [load, where["load"]],
        "map": size,
        "versions": {**where["versions"], "Chromium": chromium},
    }
    return {"where": where, "floor": fill, "rounds": taken}


def main() -> None:
    """Measure, and renew the table in README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    OUT.mkdir(exist_ok=True)
    report.RESULTS.write_text(json.dumps(run(rounds), indent=1))
    report.write()


def _folder(place: str, name: str) -> Path:
    folder = Path(place, name)
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
