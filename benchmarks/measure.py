"""What is measured of a contestant, in a browser, from the event to the pixels."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contestants import Contestant
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, ViewportSize

from scripts.find_browser import FLAGS

HERE = Path(__file__).parent
PROBE = HERE / "probe.js"
VIEWPORT: ViewportSize = {"width": 1440, "height": 1000}

PAUSE_MS = 450
ZOOM_MS = 1300
IDLE_MS = 4000
# Member 0 is for warming up; five more are stepped through and counted.
WARM_MEMBERS, COUNTED_MEMBERS = 1, 5
LAST_LEAD = 6
JUMP, JUMPS_A_SWEEP = 5, 5

Numbers = dict[str, Any]


@dataclass
class Traffic:
    """What went over the wire since it was last read."""

    received: int = 0
    asked: int = 0

    def take(self) -> tuple[int, int]:
        """Bytes received and requests made; begin anew."""
        taken = self.received, self.asked
        self.received = self.asked = 0
        return taken


@dataclass
class Steps:
    """Times in ms of a kind of step, from the event."""

    first: list[float] = field(default_factory=list)
    settled: list[float] = field(default_factory=list)
    handed: list[float] = field(default_factory=list)

    def add(self, seen: dict[str, list[float]]) -> None:
        """Take a step's times."""
        self.first.append(seen["changes"][0])
        self.settled.append(seen["changes"][-1])
        self.handed += seen["shown"][:1]

    def numbers(self) -> dict[str, list[float]]:
        """Rounded to what a browser's clock tells."""
        return {k: [round(v, 1) for v in values] for k, values in vars(self).items()}


def launch(playwright: Playwright) -> Browser:
    """The Chromium that POAMA_CHROMIUM names, else the system's, else Playwright's."""
    program = os.environ.get("POAMA_CHROMIUM") or shutil.which("chromium")
    return playwright.chromium.launch(executable_path=program, args=FLAGS)


@contextmanager
def probed(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """A fresh visitor, with the probe in every page."""
    context = browser.new_context(viewport=VIEWPORT, **options)
    context.add_init_script(path=PROBE)
    try:
        yield context
    finally:
        context.close()


def listen(page: Page) -> Traffic:
    """Count what a page asks for and gets."""
    traffic = Traffic()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def arrived(event: Any) -> None:
        traffic.received += int(event["encodedDataLength"])

    def message(event: Any) -> None:
        frame = event["response"]
        size = len(frame["payloadData"])
        traffic.received += size if frame["opcode"] == 1 else size * 3 // 4

    def asked(_event: Any) -> None:
        traffic.asked += 1

    session.on("Network.loadingFinished", arrived)
    session.on("Network.webSocketFrameReceived", message)
    session.on("Network.requestWillBeSent", asked)
    session.on("Network.webSocketFrameSent", asked)
    return traffic


def step(page: Page, event: str, act: Callable[[], None]) -> dict[str, list[float]]:
    """Do ``act`` and see the pixels change; then pause as somebody who looks does."""
    page.evaluate("kind => bench.arm(kind)", event)
    act()
    page.wait_for_function("bench.changes.length > 0", timeout=20_000, polling=20)
    page.wait_for_timeout(PAUSE_MS)
    seen: dict[str, list[float]] = page.evaluate("bench.disarm()")
    return seen


class Visit:
    """One visitor's way through a contestant, always the same way."""

    def __init__(self, contestant: Contestant, page: Page, traffic: Traffic) -> None:
        self._c, self._page, self._traffic = contestant, page, traffic
        self._at = (0, 0)

    def _lead(self, by: int) -> dict[str, list[float]]:
        self._at = (self._at[0] + by, self._at[1])
        return self._step("keydown", lambda: self._c.step_lead(self._page, by))

    def _member(self) -> dict[str, list[float]]:
        self._at = (self._at[0], self._at[1] + 1)
        return self._step("keydown", lambda: self._c.step_member(self._page))

    def _jump(self, by: int) -> dict[str, list[float]]:
        self._at = (self._at[0], self._at[1] + by)
        return self._step(self._c.jump_event, lambda: self._c.jump(self._page, by))

    def _step(self, event: str, act: Callable[[], None]) -> dict[str, list[float]]:
        seen = step(self._page, event, act)
        if (there := self._c.position(self._page)) != self._at:
            raise RuntimeError(f"{self._c.name} shows {there} when asked for {self._at}")
        return seen

    @contextmanager
    def _costs(self, into: Numbers) -> Iterator[list[float]]:
        """Server CPU (ms), bytes and requests for each click counted in the list given."""
        counted: list[float] = []
        self._traffic.take()
        before = self._c.server.cpu_seconds()
        yield counted
        self._page.wait_for_timeout(PAUSE_MS)
        spent = self._c.server.cpu_seconds() - before
        received, asked = self._traffic.take()
        n = len(counted)
        into["clicks"] = n
        into["cpu_ms"] = round(1000 * spent / n, 2)
        into["kB"] = round(received / n / 1000, 1)
        into["requests"] = round(asked / n, 2)

    def idle(self) -> float:
        """CPU of the server while nobody does anything, ms per second."""
        before = self._c.server.cpu_seconds()
        self._page.wait_for_timeout(IDLE_MS)
        return round((self._c.server.cpu_seconds() - before) * 1e6 / IDLE_MS, 2)

    def stepping(self) -> Numbers:
        """All leads of a member, the next member, all leads back, and so on: frames never seen."""
        leads, members = Steps(), Steps()
        for _ in range(WARM_MEMBERS):
            self._sweep(1)
        numbers: Numbers = {}
        with self._costs(numbers) as counted:
            for n in range(COUNTED_MEMBERS):
                members.add(self._member())
                for seen in self._sweep(-1 if n % 2 == 0 else 1):
                    leads.add(seen)
            counted += leads.first + members.first
        return numbers | {"lead": leads.numbers(), "member": members.numbers()}

    def _sweep(self, direction: int) -> list[dict[str, list[float]]]:
        return [self._lead(direction) for _ in range(LAST_LEAD)]

    def jumping(self) -> Numbers:
        """Five members on at a time: frames that nobody can have foreseen."""
        jumps, numbers = Steps(), Numbers()
        self._member()
        direction = JUMP
        with self._costs(numbers) as counted:
            for _ in range(JUMPS_A_SWEEP):
                jumps.add(self._jump(direction))
            counted += jumps.first
        for _ in range(2):
            # Far enough that no lead read ahead before is jumped to.
            for _ in range(LAST_LEAD // 2):
                self._lead(1 if self._at[0] < LAST_LEAD else -1)
            direction = -direction
            for _ in range(JUMPS_A_SWEEP):
                jumps.add(self._jump(direction))
        return numbers | {"jump": jumps.numbers()}

    def zooming(self) -> Numbers:
        """Five notches in and five out over the middle of the map."""
        zooms, numbers = Steps(), Numbers()
        box = self._page.evaluate("bench.box()")
        self._page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.5)
        self._page.wait_for_timeout(PAUSE_MS)
        with self._costs(numbers) as counted:
            for notch in range(10):
                self._page.evaluate("bench.arm('wheel')")
                self._page.mouse.wheel(0, -240 if notch < 5 else 240)
                self._page.wait_for_timeout(ZOOM_MS)
                zooms.add(self._page.evaluate("bench.disarm()"))
            counted += zooms.first
        return numbers | {"zoom": zooms.numbers()}


def visit(browser: Browser, contestant: Contestant, picture: Path) -> Numbers:
    """Measure one contestant, from the first page on."""
    with probed(browser) as context:
        contestant.sign_in(context)
        known = context.storage_state()
    with probed(browser, storage_state=known) as context:
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        traffic = listen(page)
        before = contestant.server.cpu_seconds()
        page.goto(contestant.url)
        page.wait_for_function("bench.firstMap !== null", timeout=60_000)
        load = {"ms": round(page.evaluate("bench.firstMap"))}
        page.wait_for_timeout(3000)
        received, asked = traffic.take()
        load |= {"cpu_ms": round(1000 * (contestant.server.cpu_seconds() - before))}
        load |= {"kB": round(received / 1000), "requests": asked}
        contestant.prepare(page)
        page.wait_for_timeout(1500)
        way = Visit(contestant, page, traffic)
        numbers = {
            "load": load,
            "idle_cpu_ms_per_s": way.idle(),
            "step": way.stepping(),
            "jump": way.jumping(),
            "zoom": way.zooming(),
        }
        page.screenshot(path=picture)
        if faults:
            raise RuntimeError(f"{contestant.name}: errors in the page: {faults[:3]}")
        return numbers


def floor(browser: Browser, clicks: int = 40) -> Numbers:
    """A canvas that is filled at once on the key: nothing can be faster, seen this way."""
    steps = Steps()
    with probed(browser) as context:
        page = context.new_page()
        page.goto((HERE / "apps" / "floor.html").as_uri())
        page.wait_for_function("bench.firstMap !== null")
        for _ in range(clicks):
            steps.add(step(page, "keydown", lambda: page.keyboard.press("ArrowRight")))
    return {"fill": steps.numbers()}


FIGURE = """() => {
  const models = Bokeh.documents.flatMap(d => [...d._all_models.values()])
  const figures = models.filter(m => m.type === "Figure" && m.inner_width)
  const {inner_width, inner_height} = figures.sort((a, b) => b.inner_height - a.inner_height)[0]
  return [inner_width, inner_height]
}"""


def figure_size(browser: Browser, contestant: Contestant) -> tuple[int, int]:
    """Width and height in pixels of the map inside its axes; ends the contestant."""
    try:
        with probed(browser) as context:
            contestant.sign_in(context)
            page = context.new_page()
            page.goto(contestant.url)
            page.wait_for_function("bench.firstMap !== null", timeout=60_000)
            width, height = page.evaluate(FIGURE)
    finally:
        contestant.server.stop()
    return round(width), round(height)
