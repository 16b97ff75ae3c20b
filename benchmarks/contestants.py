"""Who is measured: how each is started, entered and stepped by a user."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import psutil  # type: ignore[import-untyped]
from playwright.sync_api import BrowserContext, Page

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
START_SECONDS = 120


class Server:
    """A server and the processes below it.

    Parameters
    ----------
    command: what to run.
    ready: what it prints once it serves; empty: do not wait.
    log: file for its output.
    """

    def __init__(self, command: Sequence[str], ready: str, log: Path, **env: str) -> None:
        self._log = log
        with log.open("w") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **env}
            )
        self._wait(ready)

    def _wait(self, ready: str) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if ready in self.said():
                return
            if not self.runs():
                break
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"The server did not start:\n{self.said()[-2000:]}")

    def runs(self) -> bool:
        """Whether its first process has not ended."""
        return self._process.poll() is None

    def said(self) -> str:
        """Its output so far."""
        return self._log.read_text()

    @property
    def pid(self) -> int:
        """Of its first process."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """User and system time so far of all its processes, ended ones included."""
        total = 0.0
        top = psutil.Process(self._process.pid)
        for process in [top, *top.children(recursive=True)]:
            t = process.cpu_times()
            total += t.user + t.system + t.children_user + t.children_system
        return total

    def stop(self) -> None:
        """End it and wait until it has ended."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Contestant(Protocol):
    """A dashboard on the benchmark's file, as a user has it.

    ``jump`` moves five members on (or back) at once. ``position`` is the lead
    and the member that its controls show, to prove that each step arrived.
    """

    name: str
    server: Server
    url: str
    jump_event: str

    def sign_in(self, context: BrowserContext) -> None: ...
    def prepare(self, page: Page) -> None: ...
    def step_lead(self, page: Page, by: int) -> None: ...
    def step_member(self, page: Page) -> None: ...
    def jump(self, page: Page, by: int) -> None: ...
    def position(self, page: Page) -> tuple[int, int]: ...


class PoamaPanel:
    """The product: ``poama-panel serve``, its data layer beside it, behind its login."""

    name = "poama-panel"
    jump_event = "input"

    def __init__(self, archive: Path, state: Path) -> None:
        # An index of its own: nothing is left over from an earlier round.
        env = {"POAMA_STATE_DIR": str(state), "POAMA_DATA_INDEX_DIR": str(state / "index")}
        self.username, self.password = "bench", secrets.token_urlsafe(12)
        program = str(BIN / "poama-panel")
        subprocess.run(
            [program, "users", "add", self.username, "--password-stdin"],
            input=self.password,
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **env},
        )
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        self.server = Server(
            [program, "serve", "--data", str(archive), "--port", str(port)],
            "The dashboard is at",
            state / "server.log",
            **env,
        )

    def sign_in(self, context: BrowserContext) -> None:
        """Fill in the login form."""
        page = context.new_page()
        page.goto(self.url)
        page.fill("input[name=username]", self.username)
        page.fill("input[name=password]", self.password)
        page.keyboard.press("Enter")
        page.wait_for_selector(".pp-map[data-shown]", timeout=60_000)
        page.close()

    def prepare(self, page: Page) -> None:
        """Choose the product that shows one member at a time."""
        page.get_by_label("Product").select_option(label="Member")
        page.wait_for_selector(".pp-map[data-shown$='/0/0']")
        page.locator(".pp-map .what").click()

    def step_lead(self, page: Page, by: int) -> None:
        """By the arrow keys."""
        page.keyboard.press("ArrowRight" if by > 0 else "ArrowLeft")

    def step_member(self, page: Page) -> None:
        """By its key."""
        page.keyboard.press("]")

    def jump(self, page: Page, by: int) -> None:
        """By the list of members."""
        member = self.position(page)[1] + by
        page.locator(".pp-map select.member").select_option(str(member))

    def position(self, page: Page) -> tuple[int, int]:
        """From the key of the frame shown."""
        key = page.locator(".pp-map").get_attribute("data-shown") or ""
        lead, member = key.split("/")[-2:]
        return int(lead), int(member)


class HvPlot:
    """The peer: hvPlot with ``rasterize=True`` under ``panel serve``."""

    name = "hvplot"
    app = "hvplot_app"
    jump_event = "keydown"

    def __init__(self, archive: Path, state: Path, width: int, height: int) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/{self.app}"
        app, file = HERE / "apps" / f"{self.app}.py", archive / "forecast.nc"
        command = [str(BIN / "panel"), "serve", str(app), "--port", str(port)]
        command += ["--args", str(file), str(width), str(height)]
        self.server = Server(command, "Bokeh app running at", state / "server.log")

    def sign_in(self, context: BrowserContext) -> None:
        """There is no login: only the first page, as the other has had it."""
        page = context.new_page()
        page.goto(self.url)
        page.wait_for_function("bench.firstMap !== null", timeout=60_000)
        page.close()

    def prepare(self, page: Page) -> None:
        """Nothing to choose."""

    def step_lead(self, page: Page, by: int) -> None:
        """By the arrow keys on its slider."""
        self._press(page, 0, "ArrowRight" if by > 0 else "ArrowLeft")

    def step_member(self, page: Page) -> None:
        """By the arrow keys on its slider."""
        self._press(page, 1, "ArrowRight")

    def jump(self, page: Page, by: int) -> None:
        """By the page keys on its slider, which move it by five."""
        self._press(page, 1, "PageUp" if by > 0 else "PageDown")

    def position(self, page: Page) -> tuple[int, int]:
        """From the sliders."""
        handles = page.locator(".noUi-handle").all()
        lead, member = (float(h.get_attribute("aria-valuenow") or "nan") for h in handles)
        return int(lead), int(member)

    def _press(self, page: Page, slider: int, key: str) -> None:
        page.locator(".noUi-handle").nth(slider).focus()
        page.keyboard.press(key)


class Rasterized(HvPlot):
    """The peer for large grids: a HoloViews DynamicMap with ``rasterize``."""

    name = "holoviews"
    app = "rasterize_app"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])
