"""The map's own behaviour, in a real browser."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Route

from tests.ui.watch import Watch

pytestmark = pytest.mark.ui


def _select(watch: Watch, label: str, option: str) -> None:
    watch.page.get_by_label(label, exact=True).select_option(label=option)


def test_a_late_answer_never_overwrites_a_newer_one(watch: Watch) -> None:
    page = watch.open()

    def late(route: Route) -> None:
        time.sleep(1.0)
        route.continue_()

    # Lead 4 is not yet read ahead from lead 1 (2 and 3 are).
    page.route("**/frames/**/4/all", late)
    slider = page.locator(".lead")
    slider.fill("3")
    assert page.locator(".loading").is_visible()
    assert watch.shown().endswith("/1/all"), "the last image stays until the new one is there"
    slider.fill("1")
    watch.wait_shown("/2/all")
    page.wait_for_timeout(1600)
    assert watch.shown().endswith("/2/all")
    assert watch.errors == []


def test_a_failed_frame_says_so_and_can_be_tried_again(watch: Watch) -> None:
    page = watch.open()
    page.route("**/frames/**/5/all", lambda route: route.abort())
    page.locator(".lead").fill("4")
    page.locator(".problem").wait_for()
    assert watch.shown().endswith("/1/all")
    assert page.locator(".lead").is_enabled()
    page.unroute("**/frames/**/5/all")
    page.get_by_role("button", name="Try again").click()
    watch.wait_shown("/5/all")
    assert page.locator(".problem").is_hidden()


def test_members_are_stepped_in_the_browser(watch: Watch) -> None:
    page = watch.open()
    _select(watch, "Product", "Member")
    watch.wait_shown("/value/2011-07-24/1/0")
    page.locator(".pp-main").click(position={"x": 5, "y": 5})
    for _ in range(6):
        page.keyboard.press("]")
    # 006 does not exist.
    watch.wait_shown("/1/7")
    page.keyboard.press("[")
    watch.wait_shown("/1/5")
    assert "member 5 of 13 members (006 missing)" in page.locator(".title-more").inner_text()
    assert watch.errors == []


def test_the_mean_and_its_members_share_one_locked_range(watch: Watch) -> None:
    page = watch.open()
    ends = [page.locator(".low").input_value(), page.locator(".high").input_value()]
    page.keyboard.press("ArrowRight")
    watch.wait_shown("/2/all")
    _select(watch, "Product", "Member")
    watch.wait_shown("/2/0")
    assert [page.locator(".low").input_value(), page.locator(".high").input_value()] == ends
    page.locator(".lock").uncheck()
    free = [page.locator(".low").input_value(), page.locator(".high").input_value()]
    assert free != ends
    page.locator(".lock").check()
    assert [page.locator(".low").input_value(), page.locator(".high").input_value()] == ends


def test_keys_are_left_alone_while_typing(watch: Watch) -> None:
    page = watch.open()
    page.locator(".high").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("l")
    page.wait_for_timeout(300)
    assert watch.shown().endswith("/1/all")
    assert page.locator(".lock").is_checked()


def test_every_control_is_reached_with_the_keyboard(watch: Watch) -> None:
    page = watch.open()
    page.locator(".region").focus()
    reached = []
    for _ in range(30):
        reached.append(
            page.evaluate("""() => {
              let e = document.activeElement
              while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement
              return e?.className ?? ""
            }""")
        )
        page.keyboard.press("Tab")
    for control in ("region", "palette", "low", "high", "auto", "lock", "save", "play", "lead"):
        assert control in reached, f"{control} not among {reached}"


def test_synthetic_data_are_labelled_wherever_they_are_shown(watch: Watch) -> None:
    page = watch.open()
    assert page.locator(".badge").is_hidden()
    _select(watch, "Forecast", "Synthetic S2 · forecast")
    page.locator('.pp-map[data-shown^="synthetic-s2-forecast/"]').wait_for()
    assert page.locator(".badge").is_visible()
    page.get_by_text("made in code to show what the product does").wait_for()
    assert "Synthetic S2" in page.locator(".title-more").inner_text()
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    page.mouse.click(stage["x"] + 0.4 * stage["width"], stage["y"] + 0.5 * stage["height"])
    page.wait_for_function(
        """() => Bokeh.documents.flatMap((d) => [...d._all_models.values()])
          .some((m) => m.type === "Title" && String(m.text).startsWith("SYNTHETIC"))"""
    )
    with page.expect_download() as saved:
        page.locator(".save").click()
    assert saved.value.suggested_filename.startswith("synthetic-s2-forecast_")
    assert watch.errors == []


def test_choices_made_in_haste_end_with_the_last_one(watch: Watch) -> None:
    page = watch.open()
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    page.mouse.click(stage["x"] + 0.6 * stage["width"], stage["y"] + 0.5 * stage["height"])
    watch.settle()
    _select(watch, "Forecast", "Synthetic S2 · forecast")
    page.locator('.pp-map[data-shown^="synthetic-s2-forecast/"]').wait_for()
    _select(watch, "Product", "Ensemble spread")
    page.locator('.pp-map[data-shown*="/spread/"]').wait_for()
    watch.settle()
    assert "/spread/" in watch.shown()
    assert "ensemble spread" in page.locator(".title-main").inner_text()
    assert watch.errors == []


def test_a_hindcast_start_can_be_chosen(watch: Watch) -> None:
    page = watch.open()
    _select(watch, "Forecast", "Synthetic S2 · hindcast")
    page.locator('.pp-map[data-shown*="/2018-11-01/"]').wait_for()
    _select(watch, "Start", "1 Nov 2016")
    page.locator('.pp-map[data-shown*="/2016-11-01/"]').wait_for()
    assert "started 1 Nov 2016" in page.locator(".issued").inner_text()
    assert watch.errors == []


def test_a_damaged_file_is_named_with_its_reason_and_the_rest_is_shown(watch: Watch) -> None:
    page = watch.open()
    page.get_by_text("1 file not shown").click()
    named = page.get_by_role("listitem").filter(has_text="half_a_file.nc")
    assert "cannot be opened as NetCDF" in named.inner_text()


def test_playing_goes_through_all_leads_and_round(watch: Watch) -> None:
    page = watch.open()
    page.locator(".play").click()
    for lead in (2, 3, 4, 5, 6, 1):
        watch.wait_shown(f"/{lead}/all")
    page.locator(".play").click()
    assert len(watch.frames()) == 6, "each lead is fetched once"


def test_the_world_turns_without_a_seam(watch: Watch) -> None:
    page = watch.open()
    fetched = len(watch.frames())
    page.locator(".region").select_option("pacific")
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    y = stage["y"] + 0.5 * stage["height"]
    for _ in range(3):
        page.mouse.move(stage["x"] + 150, y)
        page.mouse.down()
        page.mouse.move(stage["x"] + 950, y, steps=6)
        page.mouse.up()
    page.mouse.move(stage["x"] + 500, y)
    page.mouse.move(stage["x"] + 501, y)
    watch.settle()
    assert "°C" in page.locator(".tip").inner_text()
    assert watch.pixels()["colours"] > 30
    assert len(watch.frames()) == fetched


def test_pixels_are_never_sent_to_the_server(watch: Watch) -> None:
    page = watch.open()
    page.keyboard.press("ArrowRight")
    watch.wait_shown("/2/all")
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    page.mouse.move(stage["x"] + 500, stage["y"] + 200)
    page.mouse.wheel(0, -600)
    watch.settle()
    assert watch.sent, "the lead is told"
    assert max(watch.sent) < 20_000
