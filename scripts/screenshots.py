"""Make the pictures of the documentation anew: starts the demo, uses it, looks.

make screenshots
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from find_browser import FLAGS, find_browser
from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "images"


def start(state: str) -> tuple[subprocess.Popen[str], str, str]:
    """The demo's process, its address and its password."""
    env = {**os.environ, "POAMA_STATE_DIR": state, "PYTHONUNBUFFERED": "1"}
    demo = subprocess.Popen(
        [sys.executable, "-m", "poama_panel.cli", "demo", "--port", "0"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    said = ""
    assert demo.stdout is not None
    for line in demo.stdout:
        said += line
        if "Stop it" in line:
            break
    url = re.search(r"dashboard is at\s+(\S+)", said)
    password = re.search(r"password\s+(\S+)", said)
    if url is None or password is None:
        sys.exit(f"the demo did not start:\n{said}")
    return demo, url[1], password[1]


def click(page: Page, across: float, down: float) -> None:
    """Click the map at parts of its width and height, and wait for the plume."""
    box = page.locator(".stage").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
    page.wait_for_timeout(2500)


def look(page: Page, url: str, password: str) -> None:
    """Use the dashboard and take its pictures."""
    page.goto(url)
    page.get_by_label("User name").fill("demo")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".pp-map[data-shown]").wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(800)
    click(page, 0.62, 0.47)
    page.screenshot(path=IMAGES / "dashboard.png")
    page.get_by_label("Forecast", exact=True).select_option(label="Synthetic S2 · forecast")
    page.locator('.pp-map[data-shown^="synthetic"]').wait_for()
    page.get_by_label("Product").select_option(label="Tercile chance")
    page.locator('.pp-map[data-shown*="/tercile_probability/"]').wait_for()
    page.locator(".region").select_option("australia")
    page.locator('.pp-map[data-veiled="fade"]').wait_for()
    click(page, 0.45, 0.45)
    page.get_by_text("Chances", exact=True).click()
    page.wait_for_timeout(4000)
    page.screenshot(path=IMAGES / "synthetic.png")


def main() -> None:
    """Make all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state:
        demo, url, password = start(state)
        try:
            program = find_browser()
            with sync_playwright() as playwright:
                chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
                look(chromium.new_page(viewport={"width": 1440, "height": 1070}), url, password)
                chromium.close()
        finally:
            demo.send_signal(signal.SIGTERM)
            time.sleep(0.1)
            demo.wait(40)


if __name__ == "__main__":
    main()
