"""From the numbers of a run to the table in README.md, which is a function of them alone."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from where import listed

HERE = Path(__file__).parent
RESULTS = HERE / "out" / "results.json"

Round = dict[str, Any]
OURS, PEER = "poama-panel", "hvplot"
# What the project aims at: the peer's number divided by ours.
AIMS = {"next lead, p50 ms": 5.0, "server CPU, ms per click": 8.0}


def quantile(values: list[float], q: float) -> float:
    """The least value that at least the share ``q`` of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-q * len(ordered) // 1) - 1)]


def _times(*path: str, q: float, which: str = "first") -> Callable[[Round], float]:
    return lambda numbers: quantile(numbers[path[0]][path[1]][which], q)


def _number(*path: str) -> Callable[[Round], float]:
    return lambda numbers: float(numbers[path[0]][path[1]])


ROWS: tuple[tuple[str, Callable[[Round], float]], ...] = (
    ("next lead, p50 ms", _times("step", "lead", q=0.5)),
    ("next lead, p95 ms", _times("step", "lead", q=0.95)),
    ("next member, p50 ms", _times("step", "member", q=0.5)),
    ("jump to a frame nobody could foresee, p50 ms", _times("jump", "jump", q=0.5)),
    ("jump to a frame nobody could foresee, p95 ms", _times("jump", "jump", q=0.95)),
    ("server CPU, ms per click", _number("step", "cpu_ms")),
    ("server CPU, ms per jump", _number("jump", "cpu_ms")),
    ("kB received per click", _number("step", "kB")),
    ("requests and messages sent per click", _number("step", "requests")),
    ("zoom, first change, p50 ms", _times("zoom", "zoom", q=0.5)),
    ("zoom, last change, p50 ms", _times("zoom", "zoom", q=0.5, which="settled")),
    ("zoom, requests and messages sent per notch", _number("zoom", "requests")),
    ("zoom, server CPU, ms per notch", _number("zoom", "cpu_ms")),
    ("page to first map, ms", _number("load", "ms")),
    ("page, server CPU, ms", _number("load", "cpu_ms")),
    ("page, kB", _number("load", "kB")),
)


def table(rounds: list[Round]) -> str:
    """Each measure: medians over the rounds, and the ratio with its least and greatest."""
    lines = ["| | POAMA Panel | hvPlot | hvPlot ÷ POAMA Panel | aim |", "|---|---|---|---|---|"]
    for title, read in ROWS:
        ours, peer = ([read(r[name]) for r in rounds] for name in (OURS, PEER))
        aim = f"≥ {AIMS[title]:g}" if title in AIMS else ""
        cells = (title, _median(ours), _median(peer), _ratio(ours, peer), aim)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def number(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _median(values: list[float]) -> str:
    return number(statistics.median(values))


def _ratio(ours: list[float], peer: list[float]) -> str:
    if min(ours) <= 0:
        return "–"
    ratios = [p / o for o, p in zip(ours, peer, strict=True)]
    return f"{statistics.median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})"


def text(results: dict[str, Any]) -> str:
    """What README.md says of a run."""
    where = results["where"]
    fill = results["floor"]["fill"]["first"]
    width, height = where["map"]
    return (
        f"Measured {where['date']} on {where['cpu']}, {where['cores']} cores "
        f"(load {where['load'][0]:.1f} before, {where['load'][1]:.1f} after); "
        f"{listed(where['versions'])}. "
        f"{len(results['rounds'])} rounds, map of {width} × {height} pixels. "
        f"Floor (an empty canvas filled): p50 {quantile(fill, 0.5):.0f} ms, "
        f"p95 {quantile(fill, 0.95):.0f} ms.\n\n{table(results['rounds'])}"
    )


def renew(mark: str, said: str) -> None:
    """Replace what README.md has between the marks of that name."""
    readme = HERE / "README.md"
    marked = re.compile(rf"(<!-- {mark} -->\n).*(\n<!-- end of {mark} -->)", re.DOTALL)
    renewed, found = marked.subn(lambda m: m[1] + said + m[2], readme.read_text())
    if not found:
        raise SystemExit(f"{readme} has lost its marks <!-- {mark} --> and <!-- end of {mark} -->.")
    readme.write_text(renewed)
    print(said)


def write() -> None:
    """Renew the table from the results on disk."""
    renew("results", text(json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    write()
