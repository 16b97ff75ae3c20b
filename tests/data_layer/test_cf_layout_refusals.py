"""Files that the generic layout must not read, and the reasons it gives."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data_layer.errors import UnreadableFile
from data_layer.layouts.cf import LAYOUT


def duplicated(ds: xr.Dataset, dim: str) -> xr.Dataset:
    values = ds[dim].values.copy()
    values[1] = values[0]
    return ds.assign_coords({dim: (dim, values, ds[dim].attrs)})


def stations(ds: xr.Dataset) -> xr.Dataset:
    of = xr.DataArray([0, 1, 2], dims="place")
    return ds.isel(lat=of, lon=of)


def rotated(ds: xr.Dataset) -> xr.Dataset:
    ds = ds.rename(lat="rlat", lon="rlon")
    ds["rlat"].attrs = {"standard_name": "grid_latitude", "units": "degrees"}
    ds["rlon"].attrs = {"standard_name": "grid_longitude", "units": "degrees"}
    return ds


REFUSED = {
    "stations": (stations, "axes of their own, or the same two dimensions"),
    "rotated pole without its place": (rotated, "latitude was recognised"),
    "no start": (lambda ds: ds.isel(init=0, drop=True), "no start"),
    "neither start nor time": (
        lambda ds: ds.isel(init=0, member=0, lead=0, drop=True),
        "neither a start nor a valid time",
    ),
    "no lead": (lambda ds: ds.isel(lead=0, drop=True), "neither a lead nor a valid time"),
    "a latitude twice": (lambda ds: duplicated(ds, "lat"), "'lat' repeats"),
    "a longitude twice": (lambda ds: duplicated(ds, "lon"), "'lon' repeats"),
    "a longitude twice around the circle": (
        lambda ds: ds.assign_coords(lon=("lon", [0, 60, 420, 120, 180, 240.0], ds["lon"].attrs)),
        "'lon' repeats",
    ),
    "a member twice": (lambda ds: duplicated(ds, "member"), "'member' repeats"),
    "a lead twice": (lambda ds: duplicated(ds, "lead"), "'lead' repeats"),
    "latitudes beyond the pole": (
        lambda ds: ds.assign_coords(lat=("lat", [-100.0, 0, 50, 100], ds["lat"].attrs)),
        "beyond the poles",
    ),
    "a missing latitude": (
        lambda ds: ds.assign_coords(lat=("lat", [-10.0, 0, 10, np.nan], ds["lat"].attrs)),
        "'lat' holds missing",
    ),
    "members without numbers": (
        lambda ds: ds.assign_coords(member=("member", ["control", "a", "b"])),
        "members are not numbers",
    ),
    "half members": (
        lambda ds: ds.assign_coords(member=("member", [0.5, 1.5, 2.5])),
        "members are not whole",
    ),
    "leads of no unit": (
        lambda ds: ds.assign_coords(lead=("lead", [0, 1, 2])),
        "counted in nothing named",
    ),
    "leads of another unit": (
        lambda ds: ds.assign_coords(lead=("lead", [0, 1, 2], {"units": "fortnights"})),
        "counted in fortnights",
    ),
    "missing leads": (
        lambda ds: ds.assign_coords(lead=("lead", [0, 1, np.nan], {"units": "days"})),
        "leads are not whole",
    ),
    "leads beyond the calendar": (
        lambda ds: ds.assign_coords(lead=("lead", [0, 1, 10**6], {"units": "months"})),
        "beyond the calendar",
    ),
    "several levels": (
        lambda ds: ds.isel(init=0).expand_dims(level=[850.0, 500.0]),
        r"no variable of numbers on .* alone, among tas\(level, member",
    ),
    "letters on the grid": (
        lambda ds: ds.assign(tas=(ds["tas"].dims, np.full(ds["tas"].shape, b"x"))),
        "no variable of numbers",
    ),
    "an axis of nothing": (lambda ds: ds.isel(member=slice(0)), "'member' is empty"),
}


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_rightly_is_refused_with_a_reason(change, reason, forecast, write):
    path = write(change(forecast()), "tas.nc")
    with pytest.raises(UnreadableFile, match=reason):
        LAYOUT.open(path)


def test_missing_starts_and_times_are_refused(forecast, observations, write):
    ds = forecast(inits=("2026-10-01", "2026-11-01"))
    ds["init"] = ("init", np.array(["2026-10-01", "NaT"], "datetime64[ns]"), ds["init"].attrs)
    with pytest.raises(UnreadableFile, match="missing"):
        LAYOUT.open(write(ds, "tas.nc"))
    with pytest.raises(UnreadableFile, match="missing"):
        LAYOUT.open(write(observations(times=("2026-01-01", "NaT")), "sst.nc"))


def test_an_undecodable_time_is_refused_in_its_own_words(forecast, write):
    ds = forecast().assign_coords(
        init=(
            "init",
            [720],
            {"standard_name": "forecast_reference_time", "units": "months since 1960-01-01"},
        )
    )
    with pytest.raises(UnreadableFile, match="months since 1960-01-01"):
        LAYOUT.open(write(ds, "tas.nc"))
