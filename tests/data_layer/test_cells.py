"""Cells of grids that are rounded, ordered or bounded differently."""

from __future__ import annotations

import numpy as np
import pytest

from data_layer import errors
from data_layer.api import Box, Point, ProductRequest
from data_layer.local import LocalSource


def test_the_edges_of_the_grid_as_the_catalogue_gives_them_hold_all_of_it(forecast, write):
    lat = np.arange(-44.525, -40, 0.05).astype("f4")
    lon = np.arange(113.3, 118, 0.05).astype("f4")
    ds = forecast(members=(0,), leads=(0,), lat=lat, lon=lon)
    ds = ds.assign_coords(lat=ds["lat"].astype("f4"), lon=ds["lon"].astype("f4"))
    path = write(ds, "fine.nc")
    source = LocalSource.open(path.parent)
    grid = source.catalogue().dataset("fine").grid
    box = Box(*grid.lat, *grid.lon)
    got = source.fetch(ProductRequest("fine", "tas", init="2026-10-01", lead=0, box=box))
    assert got.shape == (1, lat.size, lon.size)


def test_grids_that_differ_by_rounding_are_one_grid(forecast, write):
    lat, lon = np.linspace(-20, 20, 7), np.linspace(0, 300, 8)
    for m, dtype in enumerate(("f4", "f8")):
        ds = forecast(members=(m,), lat=lat, lon=lon)
        ds = ds.assign_coords(lat=ds["lat"].astype(dtype), lon=ds["lon"].astype(dtype))
        path = write(ds, f"tas_e{m}.nc")
    source = LocalSource.open(path.parent)
    (info,) = source.catalogue().datasets
    assert info.members == (0, 1)
    for area in ({}, {"box": Box(-10, 20, -60, 120)}, {"point": Point(6.6, 51.4)}):
        got = source.fetch(ProductRequest("tas", "tas", init="2026-10-01", **area))
        assert np.isfinite(got.values).all()
        np.testing.assert_array_equal(got[0], got[1])


def test_members_in_files_of_either_longitude_convention(forecast, write):
    east = forecast(members=(0,))
    west = forecast(members=(1,))
    west = west.assign_coords(lon=(west["lon"] + 180) % 360 - 180).sortby("lon")
    write(east, "tas_e0.nc")
    source = LocalSource.open(write(west, "tas_e1.nc").parent)
    for area in ({}, {"point": Point(10, -60)}):
        got = source.fetch(ProductRequest("tas", "tas", init="2026-10-01", **area))
        np.testing.assert_array_equal(got[0], got[1])
        assert got["lon"].values.max() == 300
        assert got["lon"].ndim == got.dims.count("lon")


@pytest.mark.parametrize("where", [Point(60, 0), Point(-89, 10)])
def test_a_place_off_the_grid_is_told_where_the_grid_is(forecast, write, where):
    regional = forecast(lat=np.arange(-45.0, -9, 5), lon=np.arange(110.0, 156, 5))
    source = LocalSource.open(write(regional, "tas.nc").parent)
    with pytest.raises(errors.BadRequest, match="outside the grid") as caught:
        source.fetch(ProductRequest("tas", "tas", point=where))
    assert caught.value.exists == ("lat -45 to -10", "lon 110 to 155")
    assert source.fetch(ProductRequest("tas", "tas", point=Point(-46, 157)))["lat"] == -45
