"""A start that arrives while a page is open."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from tests.ui.watch import Watch

pytestmark = pytest.mark.ui


def test_an_open_page_offers_a_start_that_arrives(watch: Watch) -> None:
    folder = watch.site.archive / "synthetic"
    newest = next(folder.glob("**/*20261101*.nc"))
    page = watch.open()
    chooser = page.get_by_label("Forecast", exact=True)
    name = next(
        n
        for n in chooser.locator("option").all_inner_texts()
        if "· forecast" in n and "ynthetic" in n
    )
    chooser.select_option(label=name)
    watch.wait_shown("/2026-11-01/0/all")
    with xr.open_dataset(newest, decode_times=False) as ds:
        later = ds.load()
    later = later.drop_vars(["valid_time", "valid_time_bnds"])
    start = later["forecast_reference_time"]
    assert start.attrs["units"].startswith("hours")
    later = later.assign_coords({start.name: (start.dims, start.values + 30 * 24, start.attrs)})
    aside = newest.with_name(".arriving.nc")
    later.to_netcdf(aside)
    arrived = newest.with_name(newest.name.replace("20261101", "20261201"))
    try:
        aside.replace(arrived)
        offer = page.get_by_role("button", name="Show the new start 1 Dec 2026")
        offer.wait_for(timeout=30_000)
        # What is being looked at stays until the person takes the offer.
        assert "/2026-11-01/" in watch.shown()
        offer.click()
        watch.wait_shown("/2026-12-01/0/all")
        offer.wait_for(state="hidden")
        assert np.isfinite(watch.pixels()["hash"])
    finally:
        arrived.unlink()
    assert watch.errors == []
