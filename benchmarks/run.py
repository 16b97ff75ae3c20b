"""Measure the product and its peer in one run, in turns, and write down what was seen.

make bench                       three rounds
make bench ARGS="--rounds 1"     a quick look
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
import re
import statistics
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from contestants import HvPlot, PoamaPanel
from make_data import ensure
from measure import figure_size, floor, launch, visit
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
OUT = HERE / "out"
ROWS = (
    ("next lead, p50 ms", ("step", "lead", "first", "p50")),
    ("next lead, p95 ms", ("step", "lead", "first", "p95")),
    ("next member, p50 ms", ("step", "member", "first", "p50")),
    ("jump, not cached, p50 ms", ("jump", "jump", "first", "p50")),
    ("jump, not cached, p95 ms", ("jump", "jump", "first", "p95")),
    ("server CPU, ms per step", ("step", "cpu_ms")),
    ("server CPU, ms per jump", ("jump", "cpu_ms")),
    ("kB per step", ("step", "kB")),
    ("zoom, p50 ms", ("zoom", "zoom", "first", "p50")),
    ("zoom, server CPU ms", ("zoom", "cpu_ms")),
    ("zoom, requests", ("zoom", "requests")),
    ("page to first map, ms", ("load", "ms")),
)


def pick(numbers: dict[str, Any], path: tuple[str, ...]) -> float:
    """The number at a path, NaN when it was not measured."""
    found: Any = numbers
    for key in path:
        if isinstance(found, list):
            found = sorted(found)[min(len(found) - 1, len(found) * int(key[1:]) // 100)]
        else:
            found = found.get(key) if isinstance(found, dict) else None
    return float(found) if found is not None else float("nan")


def table(rounds: list[dict[str, Any]]) -> str:
    """Medians over the rounds, and their ratio (least to greatest of the rounds)."""
    lines = ["| | poama-panel | hvPlot | hvPlot / poama-panel |", "|---|---|---|---|"]
    for title, path in ROWS:
        ours = [pick(r["poama-panel"], path) for r in rounds]
        peers = [pick(r["hvplot"], path) for r in rounds]
        ratios = [p / o for o, p in zip(ours, peers, strict=True) if o]
        span = f"{statistics.median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})"
        text = span if ratios else "–"
        lines.append(
            f"| {title} | {statistics.median(ours):.4g} | {statistics.median(peers):.4g} | {text} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, and renew the table in README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds_wanted = parser.parse_args().rounds
    archive = ensure()
    archive = archive if archive.is_dir() else archive.parent
    OUT.mkdir(exist_ok=True)
    rounds: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = launch(playwright)
        ours = PoamaPanel(archive, _folder(place, "ours"))
        try:
            width, height = figure_size(browser, ours)
            peer = HvPlot(archive, _folder(place, "peer"), width, height)
            try:
                for n in range(rounds_wanted):
                    seen = {c.name: visit(browser, c, OUT / f"{c.name}.png") for c in (ours, peer)}
                    rounds.append(seen)
                    (OUT / "results.json").write_text(json.dumps(rounds, indent=1))
                    print(f"round {n + 1}:\n{table([seen])}", flush=True)
                canvas = floor(browser)
            finally:
                peer.server.stop()
        finally:
            ours.server.stop()
    versions = ", ".join(f"{p} {version(p)}" for p in ("panel", "bokeh", "holoviews", "hvplot"))
    text = (
        f"{dt.date.today()}, {platform.machine()}, Python {platform.python_version()}, {versions}; "
        f"{len(rounds)} round(s), map {width} × {height} px; "
        f"floor, an empty canvas filled: {pick(canvas, ('fill', 'first_p50')):.3g} ms.\n\n"
        f"{table(rounds)}"
    )
    readme = HERE / "README.md"
    marked = re.compile(r"(<!-- results -->\n).*(\n<!-- end -->)", re.DOTALL)
    readme.write_text(marked.sub(lambda m: m[1] + text + m[2], readme.read_text()))
    print(text)


def _folder(place: str, name: str) -> Path:
    folder = Path(place, name)
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
