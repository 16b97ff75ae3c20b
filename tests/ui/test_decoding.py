"""Frames decoded in a real browser are what numpy says they are."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from playwright.sync_api import Browser, Page

from data_layer.cuts import Precision
from data_layer.frames import decode, encode, split

pytestmark = pytest.mark.ui

DECODER = Path(__file__).parents[2] / "src/poama_panel/raster/decode.js"
SHAPES = [(1, 1), (1, 7), (9, 1), (3, 4), (37, 71), (181, 359)]
GAPS = ["none", "all", "first", "last", "checked", "a coast", "infinite"]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(
        content=DECODER.read_text() + "\nObject.assign(window, {decodeFrame, valueAt})",
        type="module",
    )
    page.wait_for_function("window.valueAt !== undefined")
    yield page
    page.close()


def decoded(page: Page, frame: bytes) -> np.ndarray:
    """The values a browser reads at each cell; null is how NaN comes out of it."""
    text: str = page.evaluate(
        """text => {
            const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0))
            const frame = decodeFrame(bytes.buffer)
            const [ny, nx] = frame.header.shape
            const values = new Float64Array(ny * nx)
            for (let i = 0; i < ny * nx; i++) values[i] = valueAt(frame, Math.floor(i / nx), i % nx)
            let out = ""
            for (const byte of new Uint8Array(values.buffer)) out += String.fromCharCode(byte)
            return btoa(out)
        }""",
        base64.b64encode(frame).decode(),
    )
    return np.frombuffer(base64.b64decode(text), "<f8")


def holed(values: np.ndarray, gaps: str) -> np.ndarray:
    ny, nx = values.shape
    y, x = np.mgrid[:ny, :nx]
    missing = {
        "none": y < 0,
        "all": y >= 0,
        "first": (y == 0) & (x == 0),
        "last": (y == ny - 1) & (x == nx - 1),
        "checked": (x + y) % 2 == 0,
        "a coast": np.hypot(x - nx / 2, y - ny / 2) < ny / 3,
        "infinite": (x * y) % 3 == 1,
    }[gaps]
    return np.where(missing, np.inf if gaps == "infinite" else np.nan, values)


@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", ">f8"])
@pytest.mark.parametrize("precision", ["fine", "byte", "exact"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_coding_pattern_and_size(
    page: Page, shape: tuple[int, int], precision: Precision, kind: str
) -> None:
    ny, nx = shape
    for i, gaps in enumerate(GAPS):
        values = np.random.default_rng(i).normal(280, 20, shape)
        da = xr.DataArray(
            holed(values, gaps).astype(kind),
            {"lat": np.linspace(-30, 40, ny), "lon": np.arange(float(nx))},
            ("lat", "lon"),
        )
        frame = encode(da, precision)
        expected = decode(frame).values.ravel()
        got = decoded(page, frame)
        np.testing.assert_array_equal(got, expected, err_msg=gaps)
        ok = np.isfinite(da.values.ravel())
        np.testing.assert_array_equal(np.isnan(got), ~ok)
        step = 0.0 if precision == "exact" else split(frame)[0]["step"]
        assert not ok.any() or np.abs(got - da.values.ravel())[ok].max() <= step / 2 * (1 + 1e-6)


@pytest.mark.parametrize("members", [1, 25, 99])
def test_shares_of_a_count(page: Page, members: int) -> None:
    shares = (100 * np.arange(members + 1.0) / members).astype("f4")[None]
    da = xr.DataArray(shares, {"lat": [0.0], "lon": np.arange(members + 1.0)}, ("lat", "lon"))
    frame = encode(da, quantum=100 / members)
    assert split(frame)[0]["coding"] == "u8"
    got = decoded(page, frame)
    assert all(math.isclose(value, 100 * k / members, rel_tol=1e-12) for k, value in enumerate(got))


def test_a_frame_that_is_damaged_is_refused(page: Page) -> None:
    da = xr.DataArray(np.zeros((2, 2)), {"lat": [0.0, 1], "lon": [0.0, 1]}, ("lat", "lon"))
    whole = encode(da)
    told: Any = page.evaluate(
        """text => {
            const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0))
            try { decodeFrame(bytes.buffer) } catch (error) { return error.message }
        }""",
        base64.b64encode(whole[:-1]).decode(),
    )
    assert told == "the frame is not whole"
