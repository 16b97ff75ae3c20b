"""Series that have no grid: what opens as an index, and what is not one."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data_layer.api import NO_GRID, ProductRequest
from data_layer.errors import UnreadableFile
from data_layer.layouts.cf import LAYOUT
from data_layer.local import LocalSource
from data_layer.opening import inspect

DAYS = np.arange("2020-01-01", "2020-01-09", dtype="datetime64[D]").astype("datetime64[ns]")


def observed() -> xr.Dataset:
    """Eight days of an index, with its bounds and a number that belongs to the axis."""
    ds = xr.Dataset(
        {
            "soi": ("time", np.arange(8.0), {"units": "1", "coordinates": "week"}),
            "time_bnds": (("time", "nv"), np.stack([DAYS, DAYS + np.timedelta64(1, "D")], 1)),
        },
        {
            "time": ("time", DAYS, {"standard_name": "time", "bounds": "time_bnds"}),
            "week": ("time", np.repeat([1, 2], 4)),
        },
    )
    ds["time"].encoding["units"] = "days since 2020-01-01"
    return ds


def forecast() -> xr.Dataset:
    starts = np.array(["2020-01-01", "2020-01-06"], "datetime64[ns]")
    return xr.Dataset(
        {"rmm1": (("lead", "member", "init"), np.arange(12.0).reshape(3, 2, 2))},
        {
            "init": ("init", starts, {"standard_name": "forecast_reference_time"}),
            "member": ("member", [1, 4], {"standard_name": "realization"}),
            "lead": ("lead", [2, 0, 1], {"standard_name": "forecast_period", "units": "days"}),
        },
    )


def opened(ds: xr.Dataset, folder) -> LocalSource:
    ds.to_netcdf(folder / "index.nc")
    return LocalSource.open(folder)


def test_an_observed_index(tmp_path):
    source = opened(observed(), tmp_path)
    (info,) = source.catalogue().datasets
    assert (info.layout, info.role, info.grid) == ("cf", "observations", NO_GRID)
    assert [v.name for v in info.variables] == ["soi"]
    got = source.fetch(ProductRequest(info.id, "soi"))
    assert got.dims == ("time",)
    np.testing.assert_array_equal(got, np.arange(8.0))


def test_a_forecast_of_an_index_in_any_order_of_its_dims(tmp_path):
    source = opened(forecast(), tmp_path)
    (info,) = source.catalogue().datasets
    assert info.gridless
    assert (info.inits, info.leads, info.members) == (
        ("2020-01-01", "2020-01-06"),
        (0, 1, 2),
        (1, 4),
    )
    got = source.fetch(ProductRequest(info.id, "rmm1"))
    expected = forecast()["rmm1"].transpose("init", "member", "lead").sel(lead=[0, 1, 2])
    assert got.dims == expected.dims
    np.testing.assert_array_equal(got, expected)
    mean = source.fetch(ProductRequest(info.id, "rmm1", product="mean", init="2020-01-06", lead=1))
    assert mean.item() == expected.sel(init="2020-01-06", lead=1).mean()


def test_a_file_for_each_start_of_an_index_is_one_dataset(tmp_path):
    for start in ("2020-01-01", "2020-01-06"):
        one = forecast().sel(init=start)
        one["init"].attrs = forecast()["init"].attrs
        one.to_netcdf(tmp_path / f"rmm1_{start.replace('-', '')}.nc")
    source = LocalSource.open(tmp_path)
    (info,) = source.catalogue().datasets
    assert (info.files, len(info.inits)) == (2, 2)
    got = source.fetch(ProductRequest(info.id, "rmm1", init="2020-01-06"))
    expected = forecast()["rmm1"].sel(init="2020-01-06", lead=[0, 1, 2])
    np.testing.assert_array_equal(got, expected.transpose("member", "lead"))


def test_only_the_maps_of_a_file_that_holds_both_are_shown(tmp_path):
    ds = observed()
    ds["sst"] = (("time", "lat", "lon"), np.zeros((8, 2, 3)))
    ds = ds.assign_coords(lat=[-10.0, 10.0], lon=[0.0, 120.0, 240.0])
    (info,) = opened(ds, tmp_path).catalogue().datasets
    assert not info.gridless
    assert [v.name for v in info.variables] == ["sst"]


def test_a_single_place_stays_one(tmp_path):
    ds = observed()[["soi"]].expand_dims(lat=[0.0], lon=[0.0]).transpose("time", "lat", "lon")
    source = opened(ds, tmp_path)
    (info,) = source.catalogue().datasets
    assert not info.gridless
    assert source.fetch(ProductRequest(info.id, "soi")).dims == ("time", "lat", "lon")


def test_rows_of_a_table_that_were_left_blank_are_passed_over(tmp_path):
    ds = observed()[["soi"]]
    ds["soi"].values[3:5] = np.nan
    times = DAYS.copy()
    times[3:5] = "NaT"
    ds = ds.assign_coords(time=("time", times, ds["time"].attrs))
    got = opened(ds, tmp_path).fetch(ProductRequest("index", "soi"))
    assert got["time"].values.tolist() == np.delete(DAYS, [3, 4]).tolist()
    assert got.values.tolist() == [0, 1, 2, 5, 6, 7]


def with_times(ds: xr.Dataset, values: object, **attrs: object) -> xr.Dataset:
    return ds[["soi"]].drop_vars("time").assign_coords(time=("time", values, attrs))


def lost_time(ds: xr.Dataset) -> xr.Dataset:
    times = DAYS.copy()
    times[3] = "NaT"
    return with_times(ds, times, standard_name="time")


REFUSED = {
    "a table without times": (
        lambda ds: ds[["soi"]].drop_vars(["time", "week"]).rename(time="row"),
        "no layout recognises it",
    ),
    "years that are only numbers": (
        lambda ds: with_times(ds, np.arange(1950, 1958)),
        "not dates",
    ),
    "a value without a time": (lost_time, "times are missing"),
    "stations": (
        lambda ds: ds.expand_dims(station=3),
        "no layout recognises it",
    ),
    "the name of a station": (
        lambda ds: ds.assign(name=("strlen", np.array([b"D", b"a", b"r"]))),
        "no layout recognises it",
    ),
    "a station that says so": (
        lambda ds: ds.assign_attrs(featureType="timeSeries"),
        "no layout recognises it",
    ),
    "latitudes in a unit that is none": (
        lambda ds: ds.assign(lat=((), -12.4, {"units": "degrees_ZZ"})),
        "no layout recognises it",
    ),
    "a ship's positions": (
        lambda ds: ds.assign(
            y=("time", np.arange(8.0), {"standard_name": "projection_y_coordinate"})
        ),
        "no layout recognises it",
    ),
    "levels": (lambda ds: ds.expand_dims(depth=[5.0, 10.0]), "no layout recognises it"),
    "a mean along longitudes": (
        lambda ds: ds.expand_dims(lat=[-10.0, 10.0]),
        "no layout recognises it",
    ),
    "one number": (lambda ds: ds[["soi"]].isel(time=0), "no layout recognises it"),
    "letters": (
        lambda ds: ds[["time"]].assign(phase=("time", np.full(8, "a", "S1"))),
        "no layout recognises it",
    ),
    "words": (
        lambda ds: ds[["time"]].assign(phase=("time", np.full(8, "weak", object))),
        "no variable of numbers on time alone",
    ),
    "members without a start": (
        lambda ds: ds[["soi"]].expand_dims(member=[0, 1]),
        "no start of the forecast",
    ),
}


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_may_be_of_a_place_or_of_no_time_is_refused(change, reason, tmp_path):
    path = tmp_path / "series.nc"
    change(observed()).to_netcdf(path)
    with pytest.raises(UnreadableFile, match=reason):
        inspect(path)


def test_opening_a_forecast_of_an_index_reads_no_values(tmp_path):
    forecast().to_netcdf(tmp_path / "index.nc")
    with LAYOUT.open(tmp_path / "index.nc") as ds:
        assert not ds["rmm1"].variable._in_memory
