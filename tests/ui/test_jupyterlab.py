"""The notebook in a real JupyterLab: the map and plume over the kernel's connection."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import xarray as xr
from playwright.sync_api import Browser, Route
from playwright.sync_api import TimeoutError as StillMissing

from tests.ui.watch import Site, Watch

pytest.importorskip("jupyterlab", reason='JupyterLab is in the extras "notebook" and "test"')
pytestmark = pytest.mark.ui

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "explore.ipynb"
# The synthetic archive beside the forecast that is looked at need not be large here.
MADE = "demo.write(folder)"
MADE_SMALL = (
    "demo.write(folder, years=(2018, 2018), members=3, realtime_members=5, nlat=37, nlon=72)"
)
START_SECONDS = 90
TIP = re.compile(r"^([−\d.]+) °C · ([\d.]+)°([NS]) ([\d.]+)°([EW])$")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """JupyterLab on a folder with the notebook alone, as a new user finds it."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "notebooks"
    folder.mkdir()
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert MADE in text
    (folder / NOTEBOOK.name).write_text(text.replace(MADE, MADE_SMALL), encoding="utf-8")
    places = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
    }
    # A question about news stands over the page, and asks another host for them.
    page_config = home / "config" / "labconfig" / "page_config.json"
    page_config.parent.mkdir(parents=True)
    page_config.write_text(
        json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}})
    )
    token = secrets.token_hex()
    log = home / "log.txt"
    with log.open("w") as out:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"),
                f"--IdentityProvider.token={token}",
                f"--ServerApp.root_dir={folder}",
            ],
            env=os.environ | {name: str(place) for name, place in places.items()},
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        port = _port(home / "runtime", log, process)
        address = f"http://127.0.0.1:{port}/lab/tree/{NOTEBOOK.name}?token={token}"
        yield Site(address, folder / "demo-data", process, log)
    finally:
        # It ends its kernels before it ends.
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()


def _port(runtime: Path, log: Path, process: subprocess.Popen[str]) -> int:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        for found in runtime.glob("jpserver-*.json"):
            # It may be half written.
            if number := re.search(r'"port":\s*(\d+)', found.read_text()):
                return int(number[1])
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def watch(browser: Browser, lab: Site) -> Iterator[Watch]:
    """The notebook, every cell of it run, in a browser that reaches no other host."""
    context = browser.new_context(viewport={"width": 1400, "height": 1300})
    page = context.new_page()
    page.set_default_timeout(20_000)
    seen = Watch(page, lab)

    def refuse(route: Route) -> None:
        seen.errors.append(f"another host was asked: {route.request.url}")
        route.abort()

    context.route(lambda url: urlsplit(url).hostname not in ("127.0.0.1", None), refuse)
    seen.listen()
    page.goto(lab.url)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=90_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    _wait_for_map(seen)
    yield seen
    context.close()


def _wait_for_map(watch: Watch) -> None:
    # The archive is made, Panel loaded, and the first frame compiled for.
    try:
        watch.page.locator('.pp-map[data-shown$="/1/all"]').wait_for(timeout=90_000)
    except StillMissing:
        notebook = watch.page.locator(".jp-Notebook").inner_text()
        pytest.fail(f"no map in\n{notebook}\n{watch.errors}\n{watch.site.log.read_text()}")


def _middle(watch: Watch) -> tuple[float, float]:
    """A point on the map, in the window."""
    stage = watch.page.locator(".stage").bounding_box()
    assert stage is not None
    return stage["x"] + 0.4 * stage["width"], stage["y"] + 0.5 * stage["height"]


def _mean_at(archive: Path, lat: float, lon: float, lead: int) -> float:
    """The ensemble mean in °C straight from the file, ``lead`` counted from 0."""
    with xr.open_dataset(archive / "glosea4" / "glosea4_201107.nc") as ds:
        cell = ds["ts"].isel(time=lead).sel(latitude=lat, longitude=lon % 360, method="nearest")
        assert abs(float(cell.latitude) - lat) < 0.006
        return float(cell.astype("f8").mean("realization")) - 273.15


def _members(watch: Watch) -> int:
    """How many lines the plume has."""
    return watch.page.evaluate(
        """() => Bokeh.documents.flatMap((d) => [...d._all_models.values()])
          .find((m) => m.name === "members" && m.data_source)?.data_source.get_length() ?? 0"""
    )


def _mark(watch: Watch) -> float | None:
    """The valid time marked in the plume, in ms."""
    return watch.page.evaluate(
        """() => Bokeh.documents.flatMap((d) => [...d._all_models.values()])
          .find((m) => m.name === "plume-now")?.location ?? null"""
    )


def _kinds(watch: Watch) -> list[str]:
    """Whether each cell is code or text."""
    return watch.page.locator(".jp-Cell").evaluate_all(
        "(cells) => cells.map((c) => c.className.match(/jp-(Code|Markdown|Raw)Cell/)[1])"
    )


def test_map_and_plume_work_over_the_kernels_connection(watch: Watch) -> None:
    page = watch.page
    assert "Surface temperature" in page.locator(".title-main").inner_text()
    first = watch.pixels()
    assert first["colours"] > 50

    # All of it is in the cell: nothing is clipped at its right.
    output = page.locator(".jp-OutputArea", has=page.locator(".pp-map")).bounding_box()
    drawn = page.locator(".pp-map").bounding_box()
    assert output is not None
    assert drawn is not None
    assert drawn["width"] > 600
    assert drawn["x"] + drawn["width"] <= output["x"] + output["width"] + 1

    # What the pointer reads is what the file holds.
    x, y = _middle(watch)
    page.mouse.move(x, y)
    page.mouse.move(x + 1, y)
    page.locator(".tip").wait_for()
    tip = TIP.match(page.locator(".tip").inner_text())
    assert tip is not None, page.locator(".tip").inner_text()
    lat = float(tip[2]) * (1 if tip[3] == "N" else -1)
    lon = float(tip[4]) * (1 if tip[5] == "E" else -1)
    read = float(tip[1].replace("−", "-"))
    assert abs(read - _mean_at(watch.site.archive, lat, lon, lead=0)) <= 0.1 / 2 + 1e-4

    # A click, and the plume follows it; a step, and its mark follows that.
    page.mouse.click(x, y)
    page.wait_for_function("() => Bokeh.documents.some((d) => d.get_model_by_name('plume-now'))")
    assert _members(watch) == 13
    before = _mark(watch)
    page.keyboard.press("ArrowRight")
    watch.wait_shown("/2/all")
    assert before is not None
    assert (_mark(watch) or 0) - before == 31 * 86_400_000
    page.locator(".lead").fill("4")
    watch.wait_shown("/5/all")
    assert watch.pixels()["hash"] != first["hash"]

    coloured = watch.pixels()
    page.locator(".palette").select_option("Batlow")
    page.wait_for_timeout(250)
    assert watch.pixels()["hash"] != coloured["hash"]

    # Python hears of a choice and describes it; the browser then asks for that member.
    page.get_by_label("Product", exact=True).select_option(label="Member")
    page.locator('.pp-map[data-shown*="/value/"]').wait_for()
    page.locator(".member").select_option("4")
    watch.wait_shown("/5/4")

    assert watch.errors == []
    assert max(watch.sent) < 20_000, "pixels are never sent to the kernel"


def test_two_changes_that_arrive_together_are_both_followed(watch: Watch) -> None:
    watch.page.evaluate(
        """() => {
          const models = Bokeh.documents.flatMap((d) => [...d._all_models.values()])
          models.find((m) => m.properties.palettes).lead = 2
          models.find((m) => m.title === "Product" || m.name === "Product").value = "spread"
        }"""
    )
    watch.page.locator('.pp-map[data-shown*="/spread/"]').wait_for()
    assert watch.errors == []


def test_keys_belong_to_the_map_only_where_it_has_the_focus(watch: Watch) -> None:
    page = watch.page
    before = watch.shown()
    page.locator(".jp-CodeCell .jp-InputPrompt").first.click()
    for key in ("ArrowLeft", "ArrowRight", "]", "l"):
        page.keyboard.press(key)
        page.wait_for_timeout(300)
        assert watch.shown() == before, key
    assert page.locator(".lock").is_checked()

    # And JupyterLab leaves it its keys: none of these cuts, deletes or turns a cell.
    kinds = _kinds(watch)
    page.mouse.click(*_middle(watch))
    for key in ("x", "d", "d", "m", "1"):
        page.keyboard.press(key)
    page.locator(".low").fill("")
    page.locator(".low").press_sequentially("10")
    page.locator(".low").press("Enter")
    assert page.locator(".low").input_value() == "10"
    assert _kinds(watch) == kinds
    assert watch.errors == []


def test_running_the_cell_again_replaces_the_map(watch: Watch) -> None:
    page = watch.page
    page.locator(".pp-map").evaluate("(map) => map.setAttribute('data-old', '')")
    page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.locator(".pp-map[data-old]").wait_for(state="detached")
    _wait_for_map(watch)
    assert page.locator(".pp-map").count() == 1
    page.mouse.click(*_middle(watch))
    page.keyboard.press("ArrowRight")
    watch.wait_shown("/2/all")
    page.wait_for_timeout(300)
    assert watch.shown().endswith("/2/all"), "one map answers, once"
    assert watch.errors == []
