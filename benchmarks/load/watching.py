"""What a server's processes take, looked at every few seconds."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import psutil  # type: ignore[import-untyped]

EVERY_SECONDS = 2.0

Roles = dict[str, tuple[float, float]]


@dataclass
class Watch:
    """Samples of the processes below ``pid``, and of this one, which asks.

    Attributes
    ----------
    samples: time, sessions open, and for each role CPU seconds so far and MB in use.
    """

    pid: int
    sessions: int = 0
    samples: list[tuple[float, int, Roles]] = field(default_factory=list)

    def look(self) -> None:
        """Take a sample now."""
        roles = {"client": _of(psutil.Process())}
        top = psutil.Process(self.pid)
        for process in [top, *top.children(recursive=True)]:
            try:
                role = _role(process, top)
                cpu, memory = _of(process)
            except psutil.Error:
                continue
            before = roles.get(role, (0.0, 0.0))
            roles[role] = before[0] + cpu, before[1] + memory
        self.samples.append((time.perf_counter(), self.sessions, roles))

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(EVERY_SECONDS)

    def busy(self, begin: float, end: float) -> dict[str, float]:
        """Per cent of a core that each role took between two times."""
        (t0, _, first), (t1, _, last) = self._within(begin, end)
        return {
            r: 100 * (cpu - first.get(r, (0.0,))[0]) / (t1 - t0) for r, (cpu, _) in last.items()
        }

    def memory(self, at: float) -> dict[str, float]:
        """MB of each role in the sample next to a time."""
        _, _, roles = min(self.samples, key=lambda s: abs(s[0] - at))
        return {role: memory for role, (_, memory) in roles.items()}

    def course(self) -> list[dict[str, Any]]:
        """All samples, times from the first on."""
        start = self.samples[0][0]
        return [
            {
                "s": round(at - start, 1),
                "sessions": sessions,
                "cpu_s": {role: round(cpu, 2) for role, (cpu, _) in roles.items()},
                "MB": {role: round(memory, 1) for role, (_, memory) in roles.items()},
            }
            for at, sessions, roles in self.samples
        ]

    def _within(self, begin: float, end: float) -> tuple[Any, Any]:
        inside = [s for s in self.samples if begin <= s[0] <= end]
        return inside[0], inside[-1]


def _role(process: psutil.Process, top: psutil.Process) -> str:
    if process == top:
        return "dashboard"
    return "data layer" if process.parent() == top else "readers"


def _of(process: psutil.Process) -> tuple[float, float]:
    """CPU seconds and MB; memory shared with others counts for each of them."""
    cpu = process.cpu_times()
    return cpu.user + cpu.system, process.memory_info().rss / 1e6
