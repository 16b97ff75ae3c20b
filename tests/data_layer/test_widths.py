"""Archives whose leads are means already: weeks, fortnights, seasons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from data_layer import linking
from data_layer.api import DatasetInfo, GridInfo, ProductRequest, VariableInfo
from data_layer.errors import BadRequest
from data_layer.local import LocalSource
from data_layer.requests import check

WEEKLY = DatasetInfo(
    id="weekly",
    title="Weekly",
    version="v1",
    role="forecast",
    layout="cf",
    variables=(VariableInfo("tas", "Temperature", "K"),),
    grid=GridInfo(2, 2, (0.0, 1.0), (0.0, 1.0), wraps=False),
    lead_unit="days",
    inits=("2026-11-01",),
    leads=(0, 7, 14),
    members=(1, 2),
    system="S",
    width=7,
)


def test_a_mean_is_not_averaged_again():
    check(WEEKLY, ProductRequest("weekly", "tas", "mean"))
    with pytest.raises(BadRequest, match="means over 7 days already"):
        check(WEEKLY, ProductRequest("weekly", "tas", "mean:window=2"))


def test_weeks_are_compared_with_weeks():
    daily = replace(WEEKLY, id="daily", role="hindcast", width=1)
    weekly = replace(WEEKLY, id="past", role="hindcast")
    assert linking.link([WEEKLY, daily])[0].hindcast == ""
    assert linking.link([WEEKLY, daily, weekly])[0].hindcast == "past"


def test_a_week_is_compared_with_all_of_its_days(tmp_path):
    axes = {
        "latitude": ("latitude", [-10.0, 0.0], {"units": "degrees_north"}),
        "longitude": ("longitude", [100.0, 110.0], {"units": "degrees_east"}),
    }
    days = np.arange(28, dtype="f4")
    observed = xr.DataArray(
        np.broadcast_to(days[:, None, None], (28, 2, 2)),
        {
            "time": np.datetime64("2026-11-01", "ns") + np.arange(28) * np.timedelta64(1, "D"),
            **axes,
        },
        ("time", "latitude", "longitude"),
        "tas",
        {"units": "K"},
    )
    observed.to_netcdf(tmp_path / "observed.nc")
    folder = tmp_path / "m24a" / "e01"
    folder.mkdir(parents=True)
    weekly = xr.DataArray(
        np.zeros((3, 2, 2), "f4"),
        {"time": ("time", [7.0, 14.0, 21.0], {"units": "days since 2026-11-01"}), **axes},
        ("time", "latitude", "longitude"),
        "tas",
        {"units": "K"},
    )
    weekly.to_netcdf(folder / "wa_20261101.nc")
    source = LocalSource.open(tmp_path)
    info = next(d for d in source.catalogue().datasets if d.role == "forecast")
    assert (info.leads, info.width) == ((0, 7, 14), 7)
    seen = source.fetch(ProductRequest(info.id, "tas", "observed", init="2026-11-01"))
    np.testing.assert_array_equal(seen.isel(lat=0, lon=0), [3, 10, 17])
