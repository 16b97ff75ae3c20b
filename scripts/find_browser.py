"""The Chromium that the browser tests, the screenshots and the benchmark drive.

``python scripts/find_browser.py`` prints its path; with ``--install`` it first
brings one where there is none: Debian's package when run as root on Debian, and
Playwright's own build otherwise. The variable ``POAMA_CHROMIUM`` names another.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

# Without these, Chromium looks for its makers' hosts at every start.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

ADVICE = """\
There is no Chromium that starts. Do one of these:
  apt-get install chromium                 (Debian, as root)
  python -m playwright install --with-deps chromium
  POAMA_SKIP_UI=1 make test                (leaves out the tests that need a browser)"""


def find_browser() -> str | None:
    """Path of a Chromium or Chrome that starts, or ``None``."""
    return next((path for path in _candidates() if _starts(path)), None)


def install_browser() -> str | None:
    """Bring a Chromium, and return its path; ``None`` when none could be had."""
    # Ubuntu's package of that name only leads to a snap, which a container cannot run.
    debian = os.geteuid() == 0 and shutil.which("apt-get") and _distribution() == "debian"
    if debian and _run("apt-get", "update") and _run(*_APT):
        return find_browser()
    with_deps = ["--with-deps"] if os.geteuid() == 0 and shutil.which("apt-get") else []
    _run(sys.executable, "-m", "playwright", "install", *with_deps, "chromium")
    return find_browser()


_APT = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core")


def _candidates() -> Iterator[str]:
    chosen = os.environ.get("POAMA_CHROMIUM")
    if chosen:
        yield chosen
    yield from filter(None, map(shutil.which, NAMES))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.executable_path


def _starts(path: str) -> bool:
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("ID", "")
    except OSError:
        return ""


def _run(*command: str) -> bool:
    print("+", *command, file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # What the installers print is for people; standard output is for the path.
    return subprocess.run(command, env=environment, stdout=sys.stderr).returncode == 0


def main() -> None:
    """Print the path, or say what to do and fail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="bring one where there is none")
    asked = parser.parse_args()
    path = find_browser() or (install_browser() if asked.install else None)
    if path is None:
        sys.exit(ADVICE)
    print(path)


if __name__ == "__main__":
    main()
