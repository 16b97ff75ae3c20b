"""A running dashboard, and a page of it that is watched."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request

PASSWORD = "correct horse battery"


@dataclass
class Site:
    """A running dashboard."""

    url: str
    archive: Path
    process: subprocess.Popen[str]
    log: Path

    def children(self) -> list[int]:
        """Process ids of the data layer."""
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        return [int(p) for p in found.stdout.split()]


@dataclass
class Watch:
    """A page and everything it did."""

    page: Page
    site: Site
    requests: list[Request] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    def listen(self) -> None:
        """From now on note what the page sends and complains of."""
        self.page.on(
            "websocket",
            lambda ws: ws.on("framesent", lambda payload: self.sent.append(len(payload))),
        )
        self.page.on("pageerror", lambda e: self.errors.append(f"page error: {e}"))
        self.page.on(
            "console",
            lambda m: self.errors.append(f"{m.type}: {m.text}") if m.type == "error" else None,
        )

    def frames(self) -> list[str]:
        """Addresses of the frames that were fetched."""
        return [r.url for r in self.requests if "/frames/" in r.url]

    def sign_in(self, username: str = "ada", password: str = PASSWORD) -> None:
        """Fill in the form and send it."""
        self.page.goto(self.site.url + "/")
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def open(self) -> Page:
        """Sign in and wait for the first map."""
        self.sign_in()
        self.page.locator(".pp-map[data-shown]").wait_for()
        self.settle()
        return self.page

    def shown(self) -> str:
        """The address of the frame on the map."""
        return self.page.locator(".pp-map").get_attribute("data-shown") or ""

    def wait_shown(self, end: str) -> None:
        """Until the map shows the frame whose address ends so."""
        self.page.locator(f'.pp-map[data-shown$="{end}"]').wait_for()

    def settle(self) -> None:
        """Until nothing is fetched or drawn any more."""
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(250)

    def pixels(self) -> dict[str, Any]:
        """Hash of the map's image, which lies under Bokeh's lines, and how many colours it has."""
        return self.page.locator(".pp-map canvas").first.evaluate(
            """c => {
              const {data} = c.getContext("2d").getImageData(0, 0, c.width, c.height)
              const colours = new Set()
              let hash = 0
              for (let i = 0; i < data.length; i += 4) {
                const rgb = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2]
                hash = (hash * 31 + rgb) | 0
                if (i % 52 === 0) colours.add(rgb)
              }
              return {hash, colours: colours.size}
            }"""
        )
