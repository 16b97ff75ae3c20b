"""The machine and the versions that figures belong to."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("panel", "bokeh", "holoviews", "xarray", "netCDF4", "hvplot", "datashader")

_ASK = """
import json, platform, sys
from importlib.metadata import version
print(json.dumps({"Python": platform.python_version()} | {p: version(p) for p in sys.argv[1:]}))
"""


def machine() -> dict[str, Any]:
    """Processor, cores, load now, and the versions in this environment."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "versions": {"Python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
    }


def versions_of(python: Path, *packages: str) -> dict[str, str]:
    """The same of another environment, by its interpreter.

    Raises
    ------
    OSError, subprocess.CalledProcessError: there is no such interpreter, or a package is missing.
    """
    asked = [str(python), "-c", _ASK, *packages]
    told = subprocess.run(asked, check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(told.stdout)
    return found


def listed(versions: dict[str, str]) -> str:
    """Names and numbers in a line."""
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
