"""An index in the archive: no map of it, and its course at once."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from tests.ui.watch import Watch

pytestmark = pytest.mark.ui

NAME = "Trial index · forecast"


def _index() -> xr.Dataset:
    starts = np.array(["2026-10-01", "2026-11-01"], "datetime64[ns]")
    values = np.random.default_rng(1).normal(size=(2, 3, 20)).cumsum(axis=2)
    return xr.Dataset(
        {"rmm1": (("init", "member", "lead"), values, {"long_name": "RMM1", "units": "1"})},
        {
            "init": ("init", starts, {"standard_name": "forecast_reference_time"}),
            "member": ("member", [0, 1, 2], {"standard_name": "realization"}),
            "lead": ("lead", np.arange(20), {"units": "days"}),
        },
        # Synthetic data come last, so that the other tests' first map stays what it is.
        {"system": "Trial index", "synthetic": "true"},
    )


def test_an_index_is_drawn_at_once_and_the_map_comes_back_after_it(watch: Watch) -> None:
    path = watch.site.archive / "trial_index.nc"
    aside = path.with_name(".trial_index.nc")
    _index().to_netcdf(aside)
    aside.replace(path)
    try:
        page = watch.open()
        chooser = page.get_by_label("Forecast", exact=True)
        before = chooser.input_value()
        chooser.locator("option", has_text=NAME).wait_for(state="attached", timeout=30_000)
        chooser.select_option(label=NAME)
        page.get_by_text("An index has no map").wait_for()
        page.locator(".pp-map").wait_for(state="hidden")
        # Nobody clicked anything.
        page.wait_for_function(
            """() => Bokeh.documents.flatMap((d) => [...d._all_models.values()]).some((m) =>
              m.type === "Title" && m.text ===
              "SYNTHETIC · RMM1 · 3 members and their mean · started 1 Nov 2026 · Trial index")"""
        )
        lines = page.evaluate(
            """() => Bokeh.documents.map((d) => d.get_model_by_name("members")).find(Boolean)
              .data_source.data.ys.map((line) => line.length)"""
        )
        assert lines == [20, 20, 20]
        block = page.locator(".pp-index").inner_text()
        for said in (
            "RMM1 · all members",
            "Synthetic data",
            "started 1 Nov 2026",
            "valid 1 Nov 2026 – 20 Nov 2026 · leads 0 to 19 days",
            "3 members · Trial index",
        ):
            assert said in block
        assert page.get_by_label("Product", exact=True).is_hidden()
        page.get_by_label("Start", exact=True).select_option(label="1 Oct 2026")
        page.get_by_text("started 1 Oct 2026").wait_for()
        fetched = len(watch.frames())
        chooser.select_option(value=before)
        page.locator(".pp-map").wait_for()
        page.get_by_text("An index has no map").wait_for(state="hidden")
        watch.settle()
        assert watch.shown().endswith("/mean/2011-07-24/1/all")
        assert "ensemble mean" in page.locator(".title-main").inner_text()
        assert watch.pixels()["colours"] > 30
        assert len(watch.frames()) == fetched, "the map was only hidden"
    finally:
        path.unlink()
    assert watch.errors == []
