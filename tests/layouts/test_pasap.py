"""Forecast products of POAMA: one map for each period, masked, without members."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data_layer.api import ProductRequest
from data_layer.errors import UnreadableFile
from data_layer.layouts.pasap import LAYOUT
from data_layer.local import LocalSource
from data_layer.opening import choose_layout

LAT, LON = np.array([-10.0, 0.0, 10.0]), np.arange(0.0, 360.0, 90.0)
VALUES = np.arange(36, dtype="f4").reshape(3, 3, 4)
SINCE = {"units": "days since 2000-01-01"}


def product(*, start: object = (4017.0,), mask: bool = True, **rename: str) -> xr.Dataset:
    """Three months from January 2011; cells 1 to 4 of the first map hold what is no number."""
    values = VALUES.copy()
    values[0].flat[1:5] = [-999, np.inf, 1e35, -1e34]
    hidden = np.zeros(values.shape, "f4")
    hidden[2, 1, 1] = 1
    labels = np.array([list("Jan 2011"), list("Feb 2011"), list("Mar 2011")], "S1")
    dims = ("time", "lat", "lon")
    ds = xr.Dataset(
        {"hr24_prcp": (dims, values, {"units": "mm"})} | ({"mask": (dims, hidden)} if mask else {}),
        {"time": ("time", [4018.0, 4049.0, 4077.0], SINCE), "lat": LAT, "lon": LON},
    )
    ds["init_date"] = ("one", np.asarray(start, float))
    ds["lead_time"] = ("time", [1.0, 2.0, 3.0])
    ds["time_label"] = (("time", "slen"), labels)
    return ds.rename(rename)


@pytest.mark.parametrize("names", [{}, {"lat": "latitude", "lon": "longitude"}])
def test_a_product_is_a_forecast_of_one_member(tmp_path, names):
    product(**names).transpose("lon" if not names else "longitude", ...).to_netcdf(
        tmp_path / "atmos_latest.nc"
    )
    assert choose_layout(tmp_path / "atmos_latest.nc") is LAYOUT
    source = LocalSource.open(tmp_path)
    (info,) = source.catalogue().datasets
    assert (info.inits, info.leads, info.members) == (("2010-12-31",), (1, 2, 3), (0,))
    assert [v.name for v in info.variables] == ["hr24_prcp"]
    assert "called Jan 2011, Feb 2011, Mar 2011" in info.notes[0]
    found = source.fetch(ProductRequest(info.id, "hr24_prcp", init="2010-12-31", member=0))
    expected = VALUES.copy()
    expected[0].flat[1:5] = np.nan
    expected[2, 1, 1] = np.nan
    np.testing.assert_array_equal(found.transpose("lead", "lat", "lon").values, expected)


def test_a_product_without_a_mask_is_shown_whole(tmp_path):
    path = tmp_path / "ocean_latest.nc"
    product(mask=False).to_netcdf(path)
    with LAYOUT.open(path) as ds:
        assert not ds["hr24_prcp"].variable._in_memory
        assert int(np.isnan(ds["hr24_prcp"]).sum()) == 4


@pytest.mark.parametrize("start", [[np.nan], [4017.0, 4018.0]])
def test_a_start_that_is_not_one_is_refused(tmp_path, start):
    product(start=start).to_netcdf(tmp_path / "atmos_latest.nc")
    with pytest.raises(UnreadableFile, match="not one start"):
        LAYOUT.open(tmp_path / "atmos_latest.nc")
