"""Products with their options, chosen and read in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.ui.watch import Watch

pytestmark = pytest.mark.ui


def _select(page: Page, label: str, option: str) -> None:
    page.get_by_label(label, exact=True).select_option(label=option)


def _open_synthetic(watch: Watch) -> Page:
    page = watch.open()
    _select(page, "Forecast", "Synthetic S2 · forecast")
    page.locator('.pp-map[data-shown^="synthetic-s2-forecast/"]').wait_for()
    return page


def _point_at_the_middle(page: Page) -> str:
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    for step in (0, 1):
        page.mouse.move(stage["x"] + 0.4 * stage["width"] + step, stage["y"] + 200)
    page.locator(".tip").wait_for()
    return page.locator(".tip").inner_text()


def test_categories_are_read_in_words(watch: Watch) -> None:
    page = _open_synthetic(watch)
    _select(page, "Product", "Most likely tercile")
    page.locator('.pp-map[data-shown*="/likely_tercile/"]').wait_for()
    watch.settle()
    told = ("below normal, ", "near normal, ", "above normal, ", "no tercile ")
    assert _point_at_the_middle(page).startswith(told)
    assert page.locator(".palette").is_hidden(), "each category has its colour"
    assert "hindcast 2016–2018, 3 years × 3 members" in page.locator(".title-more").inner_text()
    assert watch.pixels()["colours"] > 5
    assert watch.errors == []


def test_a_seasons_anomaly_has_an_even_scale_and_says_its_season(watch: Watch) -> None:
    page = _open_synthetic(watch)
    _select(page, "Product", "Anomaly")
    page.locator('.pp-map[data-shown*="/anomaly/"]').wait_for()
    _select(page, "Averaged over", "3-month season")
    page.locator('.pp-map[data-shown*="/anomaly%3Awindow%3D3/"]').wait_for()
    assert "valid Nov 2026 – Jan 2027" in page.locator(".valid").inner_text()
    # Of four months two seasons are whole.
    assert page.locator(".lead").get_attribute("max") == "1"
    low, high = (float(page.locator(end).input_value()) for end in (".low", ".high"))
    assert low == -high
    assert "°C" in _point_at_the_middle(page)
    _select(page, "Product", "Tercile chance")
    page.locator('.pp-map[data-shown*="/tercile_probability%3Awindow%3D3/"]').wait_for()
    assert [page.locator(end).input_value() for end in (".low", ".high")] == ["0", "100"]
    assert watch.errors == []


def test_a_start_without_a_hindcast_says_so_and_another_can_be_chosen(watch: Watch) -> None:
    page = _open_synthetic(watch)
    _select(page, "Product", "Anomaly")
    page.locator('.pp-map[data-shown*="/anomaly/2026-11-01/"]').wait_for()
    _select(page, "Start", "1 Oct 2026")
    page.locator(".problem").wait_for()
    assert "no start on 10-01" in page.locator(".problem").inner_text()
    _select(page, "Start", "1 Nov 2026")
    page.locator(".problem").wait_for(state="hidden")
    assert "started 1 Nov 2026" in page.locator(".issued").inner_text()


def test_an_amount_is_typed_in_the_units_shown(watch: Watch) -> None:
    page = _open_synthetic(watch)
    _select(page, "Product", "Chance beyond an amount")
    page.locator('.pp-map[data-shown*="/threshold_probability%3Athreshold%3D293.15/"]').wait_for()
    amount = page.get_by_label("Amount (°C)")
    assert amount.input_value() == "20"
    amount.fill("25")
    amount.press("Enter")
    page.locator('.pp-map[data-shown*="%3D298.15/"]').wait_for()
    assert "chance above 25 °C" in page.locator(".what").inner_text()
    assert watch.errors == []


def test_a_link_shows_another_page_the_same(watch: Watch) -> None:
    page = _open_synthetic(watch)
    _select(page, "Product", "Tercile chance")
    page.locator('.pp-map[data-shown*="/tercile_probability/"]').wait_for()
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    page.mouse.click(stage["x"] + 0.4 * stage["width"], stage["y"] + 0.5 * stage["height"])
    page.keyboard.press("ArrowRight")
    watch.wait_shown("/1/all")
    page.wait_for_url("**/app?*lead=1&place=*")
    link, said = page.url, page.locator(".pp-map").get_attribute("aria-label")

    other = page.context.new_page()
    other.goto(link)
    other.locator('.pp-map[data-shown$="/1/all"]').wait_for()
    assert other.locator(".what").inner_text() == page.locator(".what").inner_text()
    assert other.locator(".pp-map").get_attribute("aria-label") == said
    other.wait_for_function("() => Bokeh.documents.some((d) => d.get_model_by_name('plume-now'))")
    assert other.url == link

    # What a link names and is not there is told, and the page works.
    other.goto(link.replace("synthetic-s2-forecast", "gone"))
    other.locator(".pp-map[data-shown]").wait_for()
    assert "dataset 'gone' is not there" in other.locator(".pp-notice").inner_text()
    assert watch.errors == []
