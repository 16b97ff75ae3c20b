"""What a forecaster asks of a forecast beside its map: skill, starts, places, keys."""

from __future__ import annotations

import pytest
import xarray as xr
from playwright.sync_api import Page

from tests.ui.watch import Watch

pytestmark = pytest.mark.ui


def _open(watch: Watch, product: str = "Anomaly", address: str = "/anomaly/") -> Page:
    page = watch.open()
    page.get_by_label("Forecast", exact=True).select_option(label="Synthetic S2 · forecast")
    page.locator('.pp-map[data-shown^="synthetic-s2-forecast/"]').wait_for()
    page.get_by_label("Product", exact=True).select_option(label=product)
    page.locator(f'.pp-map[data-shown*="{address}"]').wait_for()
    page.locator(".pp-map .what").click()
    return page


def _veiled(page: Page, style: str) -> None:
    page.locator(f'.pp-map[data-veiled="{style}"]').wait_for()


def test_where_past_forecasts_were_no_good_the_map_fades_at_once(watch: Watch) -> None:
    page = _open(watch)
    _veiled(page, "fade")
    faded = watch.pixels()
    assert (
        "faded where anomaly correlation is below 0.3" in page.locator(".title-more").inner_text()
    )
    page.keyboard.press("s")
    _veiled(page, "")
    plain = watch.pixels()
    assert plain["hash"] != faded["hash"]
    assert "faded" not in page.locator(".title-more").inner_text()
    asked = len(watch.frames())
    seen = {plain["hash"], faded["hash"]}
    page.keyboard.press("s")
    for style in ("dots", "hide"):
        page.locator(".veil-style").select_option(style)
        _veiled(page, style)
        seen.add(watch.pixels()["hash"])
    assert len(seen) == 4
    # A threshold that every score reaches hides only where there is none.
    page.locator(".veil-threshold").fill("-1")
    page.locator(".veil-threshold").press("Enter")
    assert watch.pixels()["hash"] not in seen
    assert len(watch.frames()) == asked, "all that happens in the browser"
    assert watch.errors == []


def test_starts_are_stepped_with_the_lead_or_the_valid_time_held(watch: Watch) -> None:
    page = _open(watch, "Ensemble mean", "/mean/")
    page.keyboard.press("ArrowDown")
    page.locator(".issued", has_text="started 1 Oct 2026").wait_for()
    page.locator(".valid", has_text="valid Oct 2026 · lead 0 months").wait_for()
    page.get_by_role("button", name="Later start").click()
    page.locator(".issued", has_text="started 1 Nov 2026").wait_for()
    page.locator(".pp-map .what").click()
    page.keyboard.press("ArrowRight")
    page.locator(".valid", has_text="valid Dec 2026 · lead 1 month").wait_for()
    watch.page.wait_for_timeout(1000)  # until the server has heard of the lead
    page.keyboard.press("h")
    assert page.locator(".hold").is_checked()
    page.keyboard.press("ArrowDown")
    page.locator(".valid", has_text="valid Dec 2026 · lead 2 months").wait_for()
    page.locator(".issued", has_text="started 1 Oct 2026").wait_for()
    watch.wait_shown("/2026-10-01/2/all")
    assert watch.errors == []


def test_a_place_is_told_by_its_chances_and_past_forecasts(watch: Watch) -> None:
    page = _open(watch)
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    page.mouse.click(stage["x"] + 0.4 * stage["width"], stage["y"] + 0.5 * stage["height"])
    titles = """() => Bokeh.documents.flatMap((d) => [...d._all_models.values()])
      .filter((m) => m.type === "Title").map((m) => m.text)"""
    for tab, told in (
        ("Chances", "Chances of the terciles"),
        ("Past forecasts", "what happened"),
    ):
        page.get_by_text(tab, exact=True).click()
        page.wait_for_function(f"told => ({titles})().some((t) => t.includes(told))", arg=told)
    page.get_by_text("correlation", exact=False).last.wait_for()
    with page.expect_download() as download:
        page.get_by_text("Numbers (CSV)").last.click()
    text = download.value.path().read_text()
    assert "SYNTHETIC DATA" in text
    assert "past_forecasts" in text
    assert watch.errors == []


def test_the_selection_is_copied_as_python(watch: Watch) -> None:
    page = _open(watch)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as Python").click()
    page.get_by_role("button", name="Copied").wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    compile(text, "copied", "exec")
    assert "product='anomaly:window=1'" in text
    assert "lead=0" in text
    assert "member=None" in text


def test_the_keys_are_told_and_the_map_has_them_back_afterwards(watch: Watch) -> None:
    page = _open(watch)
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keys")
    help_.wait_for()
    assert "lead before and after" in help_.inner_text()
    page.keyboard.press("Escape")
    help_.wait_for(state="hidden")
    page.keyboard.press("ArrowRight")
    watch.wait_shown("/1/all")


def test_a_grid_larger_than_a_screen_is_shown_in_parts(watch: Watch) -> None:
    path = watch.site.archive / "large.nc"
    aside = path.with_name(".large.nc")
    _large().to_netcdf(aside)
    aside.replace(path)
    try:
        page = watch.open()
        chooser = page.get_by_label("Forecast", exact=True)
        before = chooser.input_value()
        chooser.locator("option", has_text="Large").wait_for(state="attached", timeout=30_000)
        chooser.select_option(label="Large · forecast")
        page.locator('.pp-map[data-shown$="?level=1"]').wait_for()
        whole = watch.pixels()
        stage = page.locator(".stage").bounding_box()
        assert stage is not None
        x, y = stage["x"] + 0.4 * stage["width"], stage["y"] + 0.5 * stage["height"]
        page.mouse.move(x, y)
        page.locator(".tip", has_text="mean of 2 × 2 cells").wait_for()
        for _ in range(6):
            page.mouse.wheel(0, -240)
            page.wait_for_timeout(60)
        page.locator('.pp-map[data-shown*="?rows="]').wait_for()
        watch.settle()
        assert watch.pixels()["hash"] != whole["hash"]
        page.mouse.move(x + 1, y)
        page.wait_for_function(
            "() => !document.querySelector('body').innerText.includes('mean of')"
        )
        # The next lead comes in the same part.
        part = watch.shown().partition("?")[2]
        page.locator(".pp-map .what").click()
        page.keyboard.press("ArrowRight")
        page.locator(f'.pp-map[data-shown*="/1/all?{part}"]').wait_for()
        assert watch.errors == []
    finally:
        path.unlink()
        chooser.select_option(before)
        chooser.locator("option", has_text="Large").wait_for(state="detached", timeout=30_000)


def _large() -> xr.Dataset:
    import numpy as np

    ny, nx = 900, 1800
    lat, lon = np.linspace(-89.9, 89.9, ny), 0.2 * np.arange(nx)
    values = 20 * np.cos(np.radians(lat))[:, None] + 5 * np.sin(np.radians(3 * lon))[None]
    maps = np.stack([values, values + 1])[None, None].repeat(2, axis=1).astype("f4")
    return xr.Dataset(
        {
            "tas": (
                ("init", "member", "lead", "lat", "lon"),
                maps,
                {"standard_name": "air_temperature", "units": "degC", "long_name": "Temperature"},
            )
        },
        {
            "init": (
                "init",
                np.array(["2026-11-01"], "datetime64[ns]"),
                {"standard_name": "forecast_reference_time"},
            ),
            "member": ("member", [0, 1], {"standard_name": "realization"}),
            "lead": ("lead", [0, 1], {"units": "months"}),
            "lat": ("lat", lat, {"units": "degrees_north", "standard_name": "latitude"}),
            "lon": ("lon", lon, {"units": "degrees_east", "standard_name": "longitude"}),
        },
        {"system": "Large", "synthetic": "true"},
    )
