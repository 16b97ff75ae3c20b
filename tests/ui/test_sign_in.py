"""Signing in and out, and what happens when the data layer is away, in a real browser."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.ui.watch import Watch

pytestmark = pytest.mark.ui


def test_without_signing_in_there_is_the_form_and_nothing_else(watch: Watch) -> None:
    watch.page.goto(watch.site.url + "/app")
    assert "/login" in watch.page.url
    for path in ("/frames/a/b/c/d/2011-07-24/1/all", "/assets/geography.json"):
        assert watch.page.request.get(watch.site.url + path, max_redirects=0).status in (302, 401)


def test_a_wrong_password_is_refused_politely(watch: Watch) -> None:
    watch.sign_in(password="not the password")
    alert = watch.page.get_by_role("alert")
    alert.wait_for()
    assert "ada" not in alert.inner_text()
    assert "/login" in watch.page.url


def test_signing_out_ends_it(watch: Watch) -> None:
    page = watch.open()
    key = watch.shown()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("User name").wait_for()
    assert page.request.get(f"{watch.site.url}/frames/{key}", max_redirects=0).status == 401
    page.goto(watch.site.url + "/app")
    assert "/login" in page.url


def test_the_browser_holds_no_token_and_no_readable_cookie(watch: Watch) -> None:
    page = watch.open()
    assert page.evaluate("document.cookie") == ""
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert stored == "[{},{}]"
    assert not [r.url for r in watch.requests if "eyJ" in r.url]
    assert not [r for r in watch.requests if "authorization" in r.headers]


def test_the_page_survives_the_data_layer(watch: Watch, wait_for_data_layer: Any) -> None:
    page = watch.open()
    page.keyboard.press("ArrowRight")
    watch.wait_shown("/2/all")
    watch.settle()
    for child in watch.site.children():
        os.kill(child, signal.SIGKILL)
    page.locator(".lead").fill("5")
    page.locator(".problem").wait_for()
    assert watch.shown().endswith("/2/all"), "the last map stays"
    wait_for_data_layer()
    for _ in range(30):
        page.get_by_role("button", name="Try again").click()
        page.wait_for_timeout(1000)
        if watch.shown().endswith("/6/all"):
            break
    watch.wait_shown("/6/all")
    assert page.locator(".problem").is_hidden()
    assert not [e for e in watch.errors if "page error" in e]
