"""From the numbers of ``frames.py`` to its section in README.md."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from make_data import OUT
from report import number, quantile, renew
from where import listed

RESULTS = OUT / "frames.json"

Round = dict[str, Any]
Path = tuple[str, ...]
OURS = "poama-panel"
PRECISIONS = {"fine": "to a round step", "byte": "8 bits", "exact": "exact"}


@dataclass(frozen=True)
class Row:
    """A number of ours, a peer's, and how many times ours the peer's should be at least.

    ``ours`` and ``theirs`` are where the numbers stand in a round; of a list, ``q`` is the
    share that does not exceed what is meant.
    """

    title: str
    peer: str
    ours: Path
    theirs: Path
    aim: float | None = None
    q: float = 0.5


def _http(title: str, peer: str, what: str, aim: float | None, ours: str = "fine") -> Row:
    mine: Path = (ours, what) if what in ("cpu_ms", "kB") else (what,)
    theirs: Path = ("fine", what) if what in ("cpu_ms", "kB") else (what,)
    return Row(title, peer, ("http", OURS, *mine), ("http", peer, *theirs), aim)


def _browser(
    title: str, *path: str, aim: float | None = None, q: float = 0.5, part: str = "browser"
) -> Row:
    peer = "hvplot" if part == "browser" else "holoviews"
    return Row(title, peer, (part, OURS, *path), (part, peer, *path), aim, q)


CPU, KB = "server CPU, map not kept, ms", "kB of a map (ours in 8 bits, theirs a picture)"
ROWS = (
    _http(CPU, "xpublish-wms", "cpu_ms", 40),
    _http(CPU, "xpublish-tiles", "cpu_ms", 25),
    _http(CPU, "titiler-xarray", "cpu_ms", 17),
    _browser("server CPU a click, all messages and reading ahead, ms", "step", "cpu_ms", aim=8),
    _http(KB, "xpublish-wms", "kB", 2.5, "byte"),
    _http(KB, "xpublish-tiles", "kB", 2.5, "byte"),
    _http(KB, "titiler-xarray", "kB", 2.5, "byte"),
    _browser("next lead, p50 ms", "step", "lead", "first"),
    _browser("next lead, p95 ms", "step", "lead", "first", q=0.95),
    _browser("jump nobody could foresee, p50 ms", "jump", "jump", "first"),
    _browser("jump nobody could foresee, p95 ms", "jump", "jump", "first", q=0.95),
    _browser("page, first visit, to the map, ms", "load", "ms"),
    _browser("page, server CPU, ms", "load", "cpu_ms"),
    _browser("fine grid, page to the map, ms", "load", "ms", part="zoom"),
    _browser("fine grid, page and map, kB", "load", "kB", part="zoom"),
    _browser("zoom on a fine grid, to sharp pixels, ms", "zoom", "settled", aim=9, part="zoom"),
    _browser("zoom on a fine grid, server CPU a notch, ms", "cpu_ms", part="zoom"),
    _browser("zoom on a fine grid, kB a notch", "kB", part="zoom"),
    *(
        _http(f"start to the first map, {title}", peer, what, None)
        for peer in ("xpublish-wms", "xpublish-tiles", "titiler-xarray")
        for title, what in (("s", "cold_s"), ("CPU s", "cold_cpu_s"))
    ),
)
# Aims in ms or s, whatever the peers do: what, where it stands, at most.
LIMITS = (
    (
        "server CPU, map kept, through the dashboard, ms",
        ("http", OURS, "fine, kept", "cpu_ms"),
        0.6,
    ),
    ("zoom on a fine grid, to sharp pixels, p50 ms", ("zoom", OURS, "zoom", "settled"), 85),
    ("start of the data layer to the first map, s", ("http", OURS, "cold_s"), 2),
)


def read(numbers: Round, path: Path, q: float = 0.5) -> float | None:
    """The number at ``path``, of a list its quantile; ``None`` where nothing was measured."""
    node: Any = numbers
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    if isinstance(node, list):
        return quantile(node, q) if node else None
    return None if node is None else float(node)


def against_peers(rounds: list[Round]) -> Iterator[str]:
    """Each row: medians over the rounds, and the ratio with its least and greatest."""
    yield "| | ours | | theirs | ÷ ours | aim |"
    yield "|---|---|---|---|---|---|"
    for row in ROWS:
        pairs = [(read(r, row.ours, row.q), read(r, row.theirs, row.q)) for r in rounds]
        ours, theirs = (_median(list(side)) for side in zip(*pairs, strict=True))
        ratio = _ratio([(a, b) for a, b in pairs if a and b])
        aim = "" if row.aim is None else f"≥ {row.aim:g}"
        yield f"| {row.title} | {ours} | {row.peer} | {theirs} | {ratio} | {aim} |"


def against_limits(rounds: list[Round]) -> Iterator[str]:
    """What is to be reached by itself."""
    yield "| | ours | aim |"
    yield "|---|---|---|"
    for title, path, most in LIMITS:
        yield f"| {title} | {_spread([read(r, path) for r in rounds])} | ≤ {most:g} |"
    yield "| server CPU, map kept, from nginx | not yet | |"


def by_precision(rounds: list[Round]) -> Iterator[str]:
    """Our own maps, as exact as was asked for."""
    yield "| values | CPU, not kept, ms | p50 ms | CPU, kept, ms | p50 ms | kB |"
    yield "|---|---|---|---|---|---|"
    for precision, name in PRECISIONS.items():
        at = ("http", OURS, precision)
        kept = ("http", OURS, f"{precision}, kept")
        paths = ((*at, "cpu_ms"), (*at, "ms"), (*kept, "cpu_ms"), (*kept, "ms"), (*at, "kB"))
        cells = (_median([read(r, path) for r in rounds]) for path in paths)
        yield f"| {name} | " + " | ".join(cells) + " |"


def missing(node: Any, name: str = "") -> Iterator[str]:
    """What could not be measured, and why."""
    if isinstance(node, dict):
        if "failed" in node:
            yield f"* {name}: {node['failed']}"
        for key, value in node.items():
            yield from missing(value, f"{name}, {key}" if name else key)


def text(results: dict[str, Any]) -> str:
    """What README.md says of a run."""
    where, rounds = results["where"], results["rounds"]
    fill = results["floor"]["fill"]["first"]
    peers = {
        name: number
        for seen in rounds
        for found in seen.get("http", {}).values()
        for name, number in found.get("versions", {}).items()
    }
    width, height = where["map"]
    gone = list(dict.fromkeys(line for seen in rounds for line in missing(seen)))
    told = [
        f"Measured {where['date']} on {where['cpu']}, {where['cores']} cores "
        f"(load {where['load'][0]:.1f} before, {where['load'][1]:.1f} after); "
        f"{listed(where['versions'])}; peers' environment: {listed(peers) or 'none'}. "
        f"{len(rounds)} rounds; in the browser a map of {width} × {height} pixels, "
        f"fine grid {where['large'][0]} × {where['large'][1]}. Floor (an empty canvas filled): "
        f"p50 {quantile(fill, 0.5):.0f} ms, p95 {quantile(fill, 0.95):.0f} ms.",
        "",
        *against_peers(rounds),
        "",
        *against_limits(rounds),
        "",
        *by_precision(rounds),
    ]
    return "\n".join([*told, "", "Not measured:", "", *gone] if gone else told)


def write() -> None:
    """Renew the section from the results on disk."""
    renew("frames", text(json.loads(RESULTS.read_text())))


def _seen(values: list[float | None]) -> list[float]:
    return [v for v in values if v is not None]


def _median(values: list[float | None]) -> str:
    seen = _seen(values)
    return number(statistics.median(seen)) if seen else "–"


def _spread(values: list[float | None]) -> str:
    seen = _seen(values)
    if not seen:
        return "–"
    return f"{_median(values)} ({number(min(seen))}–{number(max(seen))})"


def _ratio(pairs: list[tuple[float, float]]) -> str:
    ratios = [theirs / ours for ours, theirs in pairs]
    if not ratios:
        return "–"
    return f"{statistics.median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})"


if __name__ == "__main__":
    write()
