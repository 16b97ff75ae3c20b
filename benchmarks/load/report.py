"""From what a load test saw to its section in README.md."""

from __future__ import annotations

import json
from typing import Any

from make_data import OUT
from report import number, quantile, renew
from where import listed

from load.visitor import Seen
from load.watching import Watch

RESULTS = OUT / "load.json"

Times = tuple[float, float, float]


def summary(seen: Seen, watch: Watch, times: Times, lost: list[str]) -> dict[str, Any]:
    """What is kept of a test.

    Parameters
    ----------
    times: when it began, when all had come, when it was over.
    """
    started, full, over = times
    steady = [1000 * took for asked, took in seen.frames if asked >= full]
    early, late = (watch.memory(full + share * (over - full)) for share in (0.25, 1.0))
    before, after = watch.memory(started), watch.memory(full)
    came = len(seen.opened)
    return {
        "came": came,
        "ramp_s": round(full - started, 1),
        "steady_s": round(over - full, 1),
        "opened_ms": [round(1000 * s) for s in seen.opened],
        "frames_ms": [round(ms, 1) for ms in steady],
        "frames_while_coming": len(seen.frames) - len(steady),
        "MB_received": round(seen.received / 1e6, 1),
        "told": seen.told,
        "failures": dict(seen.failures),
        "lost": lost,
        "busy_coming": watch.busy(started, full),
        "busy": watch.busy(full, over),
        "MB": {"before": before, "full": after, "quarter": early, "over": late},
        "MB_per_session": {
            role: round((after[role] - before.get(role, 0)) / max(came, 1), 2)
            for role in ("dashboard", "client")
        },
        "course": watch.course(),
    }


def text(results: dict[str, Any]) -> str:
    """What README.md says of a test."""
    where, asked = results["where"], results["asked"]
    frames, opened = results["frames_ms"], results["opened_ms"]
    busy, coming, memory = results["busy"], results["busy_coming"], results["MB"]
    lines = [
        f"Measured {asked['date']} on {where['cpu']}, {where['cores']} cores, asking and "
        f"answering; {listed(where['versions'])}. {asked['sessions']} sessions, a step of each in "
        f"{asked['pause']:g} s on average, {results['steady_s']:.0f} s with all of them.",
        "",
        "| | |",
        "|---|---|",
        f"| sessions that came | {results['came']} in {results['ramp_s']:.0f} s, "
        f"{asked['opening']} at a time |",
        f"| sign-in and page, p50 / p95 ms | {_quantiles(opened, 0.5, 0.95)} |",
        f"| request → whole frame, p50 / p95 / p99 ms | {_quantiles(frames, 0.5, 0.95, 0.99)} |",
        f"| frames, a second | {len(frames) / results['steady_s']:.1f} "
        f"({len(frames)}; {results['frames_while_coming']} more while others came) |",
        f"| leads told to Python | {results['told']} |",
        f"| failures | {_counted(results['failures'])} |",
        f"| websockets dropped | {len(results['lost'])} |",
        f"| memory of a session in the dashboard | {results['MB_per_session']['dashboard']} MB |",
        "",
        "| process | CPU while they came | CPU with all | MB before | with all | after a quarter "
        "of the time | at the end |",
        "|---|---|---|---|---|---|---|",
    ]
    for role, percent in busy.items():
        cells = [f"{coming.get(role, 0):.0f} %", f"{percent:.0f} %"]
        cells += [f"{memory[when].get(role, 0):.0f}" for when in memory]
        lines.append(f"| {role} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write() -> None:
    """Renew the section from the results on disk."""
    renew("load", text(json.loads(RESULTS.read_text())))


def _quantiles(values: list[float], *shares: float) -> str:
    return " / ".join(number(quantile(values, q)) for q in shares) if values else "none came"


def _counted(failures: dict[str, int]) -> str:
    return "; ".join(f"{n} × {why}" for why, n in failures.items()) or "none"
