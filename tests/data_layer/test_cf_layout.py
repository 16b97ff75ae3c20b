"""One forecast, written in all the ways that archives write it, reads the same."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import xarray as xr

from data_layer import schema
from data_layer.layouts.cf import LAYOUT

MONTHS = np.array(["2026-10-01", "2026-11-01", "2026-12-01", "2027-01-01"], "datetime64[ns]")


def opened(path) -> xr.Dataset:
    """The file as the layout reads it, in memory and in order."""
    with LAYOUT.open(path) as ds:
        return ds.map(lambda v: schema.arrange(v.load()))


def same_numbers(got: xr.DataArray, expected: xr.DataArray) -> None:
    """Every number of ``expected`` is found under its labels, and there are no others."""
    assert got.dims == schema.FORECAST_DIMS
    assert got.sizes == expected.sizes
    expected = expected.assign_coords(lon=expected["lon"] % 360)
    np.testing.assert_array_equal(got.sel(expected.coords).values, expected.values)


def with_valid_axis(ds: xr.Dataset, times=MONTHS[:3]) -> xr.Dataset:
    """The start as a scalar, the leads as valid times."""
    ds = ds.isel(init=0).rename(lead="time")
    return ds.assign_coords(time=("time", times, {"standard_name": "time"}))


def with_bounds(ds: xr.Dataset, edges=MONTHS) -> xr.Dataset:
    ds["time"].attrs["bounds"] = "time_bnds"
    ds["time_bnds"] = (("time", "bnds"), np.stack([edges[:-1], edges[1:]], axis=1))
    ds["time"].encoding["units"] = ds["time_bnds"].encoding["units"] = "hours since 2000-01-01"
    return ds


def nameless(ds: xr.Dataset) -> xr.Dataset:
    for name in ds.coords:
        ds[name].attrs.pop("standard_name", None)
    ds["lat"].attrs.clear()
    ds["lon"].attrs.clear()
    return ds.rename(init="S", member="M", lat="Y", lon="X", lead="L")


def packed(ds: xr.Dataset) -> xr.Dataset:
    ds["tas"].encoding = {"dtype": "i4", "scale_factor": 0.5, "add_offset": 7.0, "_FillValue": -9}
    return ds


def counted_from_one(ds: xr.Dataset, valid_dims: tuple[str, ...]) -> xr.Dataset:
    ds = ds.assign_coords(lead=("lead", [1, 2, 3], {"units": "months"}))
    times = MONTHS[:3] if valid_dims == ("lead",) else MONTHS[None, :3]
    ds = ds.assign_coords(valid_time=(valid_dims, times, {"standard_name": "time"}))
    return ds.rename(lead="leadtime")


def with_closed_circle(ds: xr.Dataset) -> xr.Dataset:
    first = ds.isel(lon=[0])
    return xr.concat([ds, first.assign_coords(lon=first["lon"] + 360)], "lon")


WAYS = {
    "as the contract has it": lambda ds: ds,
    "one start, as a scalar": lambda ds: ds.isel(init=0),
    "north to south": lambda ds: ds.isel(lat=slice(None, None, -1)),
    "180 west to 180 east": lambda ds: ds.assign_coords(lon=(ds["lon"] + 180) % 360 - 180).sortby(
        "lon"
    ),
    "the first meridian twice": with_closed_circle,
    "members and leads out of order": lambda ds: ds.isel(member=[2, 0, 1], lead=[1, 2, 0]),
    "names of one letter": nameless,
    "leads at the middle of months": lambda ds: ds.assign_coords(
        lead=("lead", [0.5, 1.5, 2.5], {"units": "months"})
    ),
    "forecastMonth": lambda ds: ds.assign_coords(lead=("lead", [1, 2, 3])).rename(
        lead="forecastMonth"
    ),
    "forecastMonth beside the ends of its months": lambda ds: ds.assign_coords(
        lead=("lead", [1, 2, 3]),
        valid_time=(("init", "lead"), MONTHS[None, 1:], {"standard_name": "time"}),
    ).rename(lead="forecastMonth"),
    "counted from one, with valid times": lambda ds: counted_from_one(ds, ("init", "lead")),
    "counted from one, with valid times of one start": lambda ds: counted_from_one(
        ds.isel(init=0), ("lead",)
    ),
    "valid times, monthly": with_valid_axis,
    "valid times at the middle of bounded months": lambda ds: with_bounds(
        with_valid_axis(ds, MONTHS[:3] + np.timedelta64(15, "D"))
    ),
    "valid times at the end of bounded months": lambda ds: with_bounds(
        with_valid_axis(ds, MONTHS[1:])
    ),
    "valid times and the lead beside them": lambda ds: with_valid_axis(ds).assign_coords(
        forecast_period=("time", [372.0, 1104.0, 1836.0], {"units": "hours"})
    ),
    "a height of one level": lambda ds: ds.expand_dims(height=[2.0], axis=2),
    "whole numbers with a scale": packed,
    "members as labels": lambda ds: ds.assign_coords(
        member=("member", ["r0i1p1f1", "r1i1p1f1", "r2i1p1f1"])
    ).rename(member="realization"),
    "members as bytes": lambda ds: ds.assign_coords(
        member=("member", np.array([b"e00", b"e01", b"e02"]))
    ),
    "members as fractions": lambda ds: ds.assign_coords(member=("member", [0.0, 1.0, 2.0])),
    "members counted but not numbered": lambda ds: ds.drop_vars("member").rename(member="ensemble"),
    "members numbered beside their dim": lambda ds: (
        ds.rename_vars(member="realization")
        .drop_indexes("realization")
        .reset_coords("realization")
        .rename_dims(member="nens")
    ),
    "among variables of other kinds": lambda ds: ds.assign(
        time_label=(("lead", "slen"), np.zeros((3, 4), "S1")),
        crs=((), 0),
        orography=(("lat", "lon"), np.zeros((4, 6))),
        profile=(("member", "level"), np.zeros((3, 2))),
        pressure=(
            ("init", "member", "lead", "level", "lat", "lon"),
            np.zeros((1, 3, 3, 2, 4, 6), "f4"),
        ),
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_the_same_forecast_reads_the_same(way, forecast, write):
    expected = forecast()["tas"]
    ds = opened(write(way(forecast()), "tas.nc"))
    assert list(ds.data_vars) == ["tas"]
    assert ds["lead"].attrs["units"] == "months"
    same_numbers(ds["tas"], expected)
    assert ds["tas"].attrs["units"] == "K"
    assert ds["tas"].attrs["standard_name"] == "air_temperature"


@pytest.mark.parametrize("order", list(permutations(("init", "member", "lead", "lat", "lon")))[::7])
def test_dims_may_come_in_any_order(order, forecast, write):
    ds = forecast(inits=("2026-10-01", "2026-11-01"))
    same_numbers(opened(write(ds.transpose(*order), "tas.nc"))["tas"], ds["tas"])


@pytest.mark.parametrize("absent", [("init",), ("member",), ("lead",), ("init", "member", "lead")])
@pytest.mark.parametrize("backwards", [False, True])
def test_dims_of_one_may_be_scalars(absent, backwards, forecast, write):
    ds = forecast(members=(4,), leads=(0,), unit="days")
    flat = ds.isel(dict.fromkeys(absent, 0))
    flat = flat.transpose(*reversed(flat["tas"].dims)) if backwards else flat
    same_numbers(opened(write(flat, "tas.nc"))["tas"], ds["tas"])


@pytest.mark.parametrize(
    ("steps", "unit", "leads"),
    [
        ([0, 24, 48], "hours", (0, 24, 48)),
        ([0, 1, 2], "days", (0, 1, 2)),
        ([0.5, 1.5, 2.5], "days", (0, 1, 2)),  # the middle of each day
        ([6.0, 12.0, 18.0], "h", (6, 12, 18)),
    ],
)
def test_leads_in_days_and_hours(steps, unit, leads, forecast, write):
    ds = forecast().assign_coords(lead=("lead", steps, {"units": unit}))
    got = opened(write(ds, "tas.nc"))
    assert tuple(got["lead"].values) == leads
    assert got["lead"].attrs["units"] == ("days" if unit == "days" else "hours")


@pytest.mark.parametrize(("unit", "leads"), [("h", (0, 6, 12)), ("D", (0, 1, 5))])
def test_leads_as_time_differences(unit, leads, forecast, write):
    steps = np.array(leads).astype(f"timedelta64[{unit}]").astype("timedelta64[ns]")
    got = opened(write(forecast().assign_coords(lead=("lead", steps)), "tas.nc"))
    assert tuple(got["lead"].values) == leads
    assert got["lead"].attrs["units"] == {"h": "hours", "D": "days"}[unit]


@pytest.mark.parametrize(
    ("times", "unit", "leads"),
    [
        (["2026-10-01", "2026-10-02", "2026-10-03"], "days", (0, 1, 2)),
        (["2026-10-01T12", "2026-10-02T12", "2026-10-03T12"], "days", (0, 1, 2)),
        (["2026-10-01", "2026-10-08", "2026-10-15"], "days", (0, 7, 14)),
        (["2026-10-01T06", "2026-10-01T12", "2026-10-01T18"], "hours", (6, 12, 18)),
        (["2026-10-31", "2026-11-30", "2026-12-31"], "months", (0, 1, 2)),
        (["2026-12-16", "2027-01-16", "2027-02-15"], "months", (2, 3, 4)),
    ],
)
def test_valid_times_tell_the_leads_and_their_unit(times, unit, leads, forecast, write):
    ds = with_valid_axis(forecast(), np.array(times, "datetime64[ns]"))
    got = opened(write(ds, "tas.nc"))
    assert got["lead"].attrs["units"] == unit
    assert tuple(got["lead"].values) == leads


def test_the_first_lead_of_a_start_late_in_a_month_is_the_next_month(forecast, write):
    ds = with_bounds(with_valid_axis(forecast(inits=("2026-09-24",))))
    assert tuple(opened(write(ds, "tas.nc"))["lead"].values) == (1, 2, 3)


@pytest.mark.parametrize(
    ("valid", "edges", "unit", "lead"),
    [
        ("2026-12-16", ("2026-12-01", "2027-01-01"), "months", 2),
        ("2026-10-03", None, "days", 2),
        ("2026-10-03T06", None, "hours", 54),
    ],
)
def test_one_map_in_a_file(valid, edges, unit, lead, forecast, write):
    flat = forecast().isel(init=0, member=0, lead=0, drop=True)
    flat = flat.assign_coords(
        forecast_reference_time=np.datetime64("2026-10-01", "ns"),
        time=((), np.datetime64(valid, "ns"), {"standard_name": "time", "bounds": "time_bnds"}),
    )
    if edges:
        flat["time_bnds"] = (("bnds",), np.array(edges, "datetime64[ns]"))
        flat["time_bnds"].encoding["units"] = "hours since 2000-01-01"
    flat["time"].encoding["units"] = "hours since 2000-01-01"
    ds = opened(write(flat, "tas_e03.nc"))
    assert ds["lead"].attrs["units"] == unit
    assert (ds["lead"].item(), ds["member"].item()) == (lead, 3)
    np.testing.assert_array_equal(ds["tas"].values.squeeze(), flat["tas"].values)


def test_one_map_in_a_file_with_its_lead_as_a_scalar(forecast, write):
    flat = forecast(leads=(36,), members=(2,), unit="hours").isel(init=0, member=0, lead=0)
    ds = opened(write(flat, "tas.nc"))
    assert (ds["lead"].item(), ds["lead"].attrs["units"]) == (36, "hours")


@pytest.mark.parametrize(
    ("change", "file", "member"),
    [
        (lambda ds: ds.isel(member=1), "tas_e09.nc", 1),  # the file knows better than its name
        (lambda ds: ds.isel(member=1, drop=True), "tas_e09.nc", 9),
        (lambda ds: ds.isel(member=1, drop=True), "ensemble_012.nc", 12),
        (lambda ds: ds.isel(member=1, drop=True), "tas_20261001.nc", 0),
        (lambda ds: ds.isel(member=1, drop=True).assign_coords(realization="r07i00p00"), "x.nc", 7),
    ],
)
def test_one_member_in_a_file(change, file, member, forecast, write):
    ds = opened(write(change(forecast()), file))
    assert ds["member"].values.tolist() == [member]
    expected = forecast()["tas"].isel(member=[1]).assign_coords(member=[member])
    same_numbers(ds["tas"], expected)


def lagged(ds: xr.Dataset) -> xr.Dataset:
    starts = np.array(["2026-09-20", "2026-09-24", "2026-09-22"], "datetime64[ns]")
    ds = with_bounds(with_valid_axis(ds)).drop_vars("init")
    return ds.assign_coords(
        forecast_reference_time=(
            "member",
            starts,
            {"standard_name": "forecast_reference_time"},
        )
    )


def test_each_member_of_a_lagged_ensemble_keeps_its_start(forecast, write):
    ds = opened(write(lagged(forecast()), "tas.nc"))
    assert ds["init"].values == [np.datetime64("2026-09-24")]
    assert ds["lead"].values.tolist() == [1, 2, 3]
    assert ds["member_init"].dt.day.values.tolist() == [20, 24, 22]
    assert ds["member_init"].dims == ("member",)
    np.testing.assert_array_equal(ds["tas"].values[0], forecast()["tas"].values[0])


def test_members_that_start_together_are_not_lagged(forecast, write):
    ds = lagged(forecast())
    ds["forecast_reference_time"][:] = np.datetime64("2026-09-24")
    assert "member_init" not in opened(write(ds, "tas.nc")).coords


def test_own_starts_that_a_layout_tells_beside_the_nominal_one_are_kept(forecast, write):
    starts = np.array(["2026-09-20", "2026-09-24", "2026-09-22"], "datetime64[ns]")
    ds = forecast().isel(init=[0]).assign_coords(member_init=("member", starts))
    got = opened(write(ds, "tas.nc"))
    assert got["init"].values == forecast()["init"].values[0]
    np.testing.assert_array_equal(got["member_init"].values, starts)


@pytest.mark.parametrize("lon", [np.arange(-12.0, 41.0, 4.0), np.arange(348.0, 401.0, 4.0) % 360])
def test_a_region_across_greenwich_stays_in_one_piece(lon, forecast, write):
    got = opened(write(forecast(lon=lon), "tas.nc"))["tas"]
    np.testing.assert_array_equal(got["lon"].values, np.arange(348.0, 401.0, 4.0))
    np.testing.assert_array_equal(got.values, forecast(lon=lon)["tas"].values)


@pytest.mark.filterwarnings("ignore:variable .* has multiple fill values")
def test_two_kinds_of_missing_cells_are_both_missing(forecast, write):
    ds = forecast()
    ds["tas"][..., 0, 0] = -999.0
    ds["tas"][..., 0, 1] = 1e20
    ds["tas"].attrs["missing_value"] = np.float32(-999.0)
    ds["tas"].encoding["_FillValue"] = np.float32(1e20)
    path = write(ds.drop_encoding(), "tas.nc", encoding={"tas": {"_FillValue": np.float32(1e20)}})
    got = opened(path)["tas"]
    assert np.isnan(got.values[..., 0, :2]).all()
    assert np.isfinite(got.values).sum() == got.size * 22 // 24


@pytest.mark.parametrize(
    "way",
    [
        lambda ds: ds,
        lambda ds: ds.isel(init=0, member=0),
        lambda ds: ds.transpose("lon", "lat", "lead", "member", "init"),
        lambda ds: ds.expand_dims(height=[2.0], axis=2),
        with_closed_circle,
        nameless,
    ],
)
def test_opening_reads_no_values(way, forecast, write):
    with LAYOUT.open(write(way(forecast()), "tas.nc")) as ds:
        assert not ds["tas"].variable._in_memory
        one = ds["tas"].isel(init=0, member=-1, lead=1)
        assert not one.variable._in_memory
        assert one.load().dims == ("lat", "lon")
        assert not ds["tas"].variable._in_memory


@pytest.mark.parametrize("flat", [False, True])
def test_observations(flat, observations, write):
    ds = observations()
    written = ds.isel(time=1) if flat else ds
    got = opened(write(written, "sst.nc"))["sst"]
    assert got.dims == ("time", "lat", "lon")
    expected = ds.isel(time=[1]) if flat else ds
    np.testing.assert_array_equal(got["time"].values, expected["time"].values)
    np.testing.assert_array_equal(got.values, expected["sst"].values)


@pytest.mark.parametrize("said", [{"climatology": "bounds"}, {"modulo": " "}])
def test_a_climatology_says_that_it_is_one(said, observations, write):
    one = observations().isel(time=[0])
    middles = np.array([f"2000-{month:02d}-16T06" for month in range(1, 13)], "datetime64[ns]")
    ds = xr.concat([one] * 12, "time").assign_coords(time=("time", middles, said))
    got = opened(write(ds, "sst.nc"))
    assert "climatology" in got.attrs["comment"]
    months = got["time"].values.astype("datetime64[M]")
    np.testing.assert_array_equal(got["time"].values, months.astype("datetime64[ns]"))
    days = ds.assign_coords(time=("time", middles[:1] + np.arange(12) * np.timedelta64(1, "D")))
    got = opened(write(days.assign(time=days["time"].assign_attrs(said)), "days.nc"))
    np.testing.assert_array_equal(got["time"].values, days["time"].values)
