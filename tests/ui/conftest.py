"""The product as a person starts it, and a browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from data_layer import demo
from data_layer.demo.synthetic import write_archive
from scripts.find_browser import FLAGS, find_browser
from tests.ui.watch import PASSWORD, Site, Watch

START_SECONDS = 90


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GloSea4, a small synthetic archive, and a file that lies."""
    folder = tmp_path_factory.mktemp("archive")
    real = folder / "glosea4"
    real.mkdir()
    shutil.copy(Path(demo.__file__).parent / "glosea4_201107.nc", real)
    write_archive(
        folder / "synthetic",
        years=(2016, 2018),
        start_months=(11,),
        members=3,
        realtime=("2026-10-01", "2026-11-01"),
        realtime_members=5,
        leads=4,
        nlat=37,
        nlon=72,
    )
    whole = (real / "glosea4_201107.nc").read_bytes()
    (folder / "half_a_file.nc").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.fixture(scope="session")
def site(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """``poama-panel serve`` on the archive, with the account ``ada``."""
    state = tmp_path_factory.mktemp("state")
    env = {k: v for k, v in os.environ.items() if not k.startswith("POAMA_")}
    env |= {"POAMA_STATE_DIR": str(state), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "poama_panel.cli"]
    subprocess.run(
        [*command, "users", "add", "ada", "--password-stdin"],
        input=PASSWORD,
        text=True,
        env=env,
        check=True,
        capture_output=True,
    )
    log = state / "log.txt"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "serve", "--data", str(archive), "--port", "0"],
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield Site(_address(log, process), archive, process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()


def _address(log: Path, process: subprocess.Popen[str]) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"The dashboard is at\s+(\S+)/", log.read_text())
        if found:
            return found.group(1)
        time.sleep(0.2)
    pytest.fail(f"the dashboard did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium: Debian's where there is one, else Playwright's own."""
    if os.environ.get("POAMA_SKIP_UI"):
        pytest.skip("POAMA_SKIP_UI is set")
    # Before Playwright starts: looking for its own build starts another.
    program = find_browser()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def watch(browser: Browser, site: Site) -> Iterator[Watch]:
    """A fresh page in a browser of its own, watched; it must not have complained at the end."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(20_000)
    seen = Watch(page, site)
    page.on("request", lambda r: seen.requests.append(r))
    seen.listen()
    yield seen
    context.close()


@pytest.fixture(scope="session")
def wait_for_data_layer(site: Site) -> Any:
    """A function that waits until the view's data layer answers."""

    def wait(seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if httpx.get(f"{site.url}/readyz", trust_env=False).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        pytest.fail("the data layer did not come back")

    return wait
