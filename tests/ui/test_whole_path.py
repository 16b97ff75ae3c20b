"""From signing in to reading a value off a map, in a real browser."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import numpy as np
import pytest
import xarray as xr

from tests.ui.watch import Watch

pytestmark = pytest.mark.ui

TIP = re.compile(r"^([−\d.]+) °C · ([\d.]+)°([NS]) ([\d.]+)°([EW])$")


def _mean_at(watch: Watch, lat: float, lon: float, lead: int) -> float:
    """The ensemble mean in °C straight from the file, ``lead`` counted from 0."""
    with xr.open_dataset(watch.site.archive / "glosea4" / "glosea4_201107.nc") as ds:
        cell = ds["ts"].isel(time=lead).sel(latitude=lat, longitude=lon % 360, method="nearest")
        assert abs(float(cell.latitude) - lat) < 0.006
        return float(cell.astype("f8").mean("realization")) - 273.15


def test_sign_in_look_step_zoom_colour_probe_and_click(watch: Watch) -> None:
    page = watch.open()

    # The first view needs no click: a map of the real forecast, with its title block.
    first = watch.pixels()
    assert first["colours"] > 50
    assert "Surface temperature" in page.locator(".title-main").inner_text()
    assert "13 members (006 missing)" in page.locator(".title-more").inner_text()
    assert "valid Aug 2011 · lead 1 month" in page.locator(".title-when").inner_text()

    page.keyboard.press("ArrowRight")
    watch.wait_shown("/2/all")
    watch.settle()
    second = watch.pixels()
    assert second["hash"] != first["hash"]
    assert "valid Sep 2011 · lead 2 months" in page.locator(".title-when").inner_text()

    page.keyboard.press("ArrowLeft")
    watch.wait_shown("/1/all")
    watch.settle()
    assert watch.pixels() == first

    # Zoom, palette and range cost the server nothing.
    fetched = len(watch.frames())
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    x, y = stage["x"] + 0.5 * stage["width"], stage["y"] + 0.6 * stage["height"]
    page.mouse.move(x, y)
    page.mouse.wheel(0, -600)
    watch.settle()
    zoomed = watch.pixels()
    assert zoomed["hash"] != first["hash"]
    page.locator(".palette").select_option("Batlow")
    watch.settle()
    coloured = watch.pixels()
    assert coloured["hash"] != zoomed["hash"]
    page.locator(".low").fill("10")
    page.locator(".low").press("Enter")
    watch.settle()
    assert watch.pixels()["hash"] != coloured["hash"]
    assert len(watch.frames()) == fetched

    # What the pointer reads is what the file holds.
    steps = []
    for dx, dy in ((0, 0), (-120, -60), (90, 40), (200, -90), (-260, 80)):
        page.mouse.move(x + dx, y + dy)
        page.mouse.move(x + dx + 1, y + dy)
        tip = TIP.match(page.locator(".tip").inner_text())
        assert tip is not None, page.locator(".tip").inner_text()
        value = float(tip[1].replace("−", "-"))
        lat = float(tip[2]) * (1 if tip[3] == "N" else -1)
        lon = float(tip[4]) * (1 if tip[5] == "E" else -1)
        steps.append(abs(value - _mean_at(watch, lat, lon, lead=0)))
    assert max(steps) <= 0.1 / 2 + 1e-4
    assert np.ptp([*steps, 0]) > 0, "five different cells cannot all be exact on the step"

    # A click: the 13 members there.
    page.mouse.click(x, y)
    members = """() => {
      const plume = Bokeh.documents.flatMap((d) => [...d._all_models.values()])
        .find((m) => m.name === "members" && m.data_source)
      return plume ? plume.data_source.get_length() : 0
    }"""
    page.wait_for_function(f"() => ({members})() === 13")

    assert watch.errors == []
    hosts = {urlsplit(r.url).netloc for r in watch.requests if r.url.startswith("http")}
    assert hosts == {urlsplit(watch.site.url).netloc}


def test_the_plume_says_what_it_shows_and_follows_the_lead(watch: Watch) -> None:
    page = watch.open()
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    page.mouse.click(stage["x"] + 0.4 * stage["width"], stage["y"] + 0.5 * stage["height"])
    mark = """() => Bokeh.documents.map((d) => d.get_model_by_name("plume-now"))
      .find(Boolean)?.location ?? null"""
    page.wait_for_function(f"() => ({mark})() !== null")
    before = page.evaluate(mark)
    page.keyboard.press("ArrowRight")
    watch.wait_shown("/2/all")
    days = (page.evaluate(mark) - before) / 86_400_000
    assert days == 31
    assert watch.errors == []
