"""A folder's answers against plain xarray and numpy on the same files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given
from hypothesis import strategies as st

from data_layer import errors, frames
from data_layer.api import Box, Point, ProductRequest
from data_layer.local import LocalSource

STARTS = ("2026-10-01", "2026-11-01")
MEMBERS = (1, 2, 4)
LEADS = (0, 1, 2)
LAT = np.array([40.0, 20.0, 5.0, -20.0, -40.0])  # north to south
LON = np.arange(-180.0, 180.0, 45.0)
TAS = ProductRequest("tas", "tas", init=STARTS[0], lead=1, member=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, forecast, observations, write_file) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    for n, start in enumerate(STARTS):
        ds = forecast(inits=(start,), members=MEMBERS, leads=LEADS, lat=LAT, lon=LON, plus=1e5 * n)
        ds["tas"][0, 1, :, 0, :2] = np.nan  # one member misses two cells
        ds["tas"][0, :, :, 1, 1] = np.nan  # all miss one
        write_file(ds, folder / f"tas_{start}.nc")
    for year in (2020, 2021):
        times = (f"{year}-01-01", f"{year}-02-01")
        write_file(observations(times=times, plus=year), folder / f"sst_{year}.nc")
    long = forecast(inits=(STARTS[0],), members=(0, 1), leads=(0, 1, 2), name="pr")
    short = forecast(inits=(STARTS[1],), members=(0,), leads=(0, 1), name="pr", plus=1e5)
    write_file(long, folder / "ragged_1.nc")
    write_file(short, folder / "ragged_2.nc")
    return folder


@pytest.fixture(scope="module")
def source(folder) -> LocalSource:
    return LocalSource.open(folder)


@pytest.fixture(scope="module")
def truth(folder) -> xr.DataArray:
    """The files as plain xarray reads them, labels eastward from Greenwich."""
    parts = []
    for start in STARTS:
        with xr.open_dataset(folder / f"tas_{start}.nc", decode_timedelta=False) as ds:
            parts.append(ds["tas"].load())
    whole = xr.concat(parts, "init")
    return whole.assign_coords(lon=whole["lon"] % 360).sortby(["lat", "lon"])


def places() -> st.SearchStrategy[Point]:
    return st.builds(Point, st.floats(-60, 60), st.floats(-360, 720))


@st.composite
def boxes(draw) -> Box:
    south = draw(st.integers(-60, 55))
    north = draw(st.integers(south + 1, 60))
    west, east = draw(st.tuples(st.integers(-180, 360), st.integers(-180, 400)))
    assume(west != east)
    return Box(south, north, west, east)


REQUESTS = st.builds(
    ProductRequest,
    dataset=st.just("tas"),
    variable=st.just("tas"),
    product=st.sampled_from(["value", "mean", "spread"]),
    init=st.sampled_from([None, *STARTS]),
    lead=st.sampled_from([None, *LEADS]),
)


def answer(truth: xr.DataArray, request: ProductRequest) -> xr.DataArray:
    """The same question, asked of xarray in its own words."""
    chosen = {k: v for k in ("init", "lead", "member") if (v := getattr(request, k)) is not None}
    if request.product == "mean":
        truth = truth.astype("f8").mean("member")
    if request.product == "spread":
        truth = truth.astype("f8").std("member", ddof=1)
    return truth.sel(chosen)


def agree(got: xr.DataArray, expected: xr.DataArray) -> None:
    """Same dims, labels and numbers; longitudes may be a full circle apart."""
    assert got.dims == tuple(d for d in ("init", "member", "lead", "lat", "lon") if d in got.dims)
    assert got.sizes == expected.sizes
    got = got.assign_coords(lon=got["lon"] % 360)
    labels = {d: expected[d] for d in expected.dims}
    np.testing.assert_array_equal(
        got.sel(labels).transpose(*expected.dims), expected.astype(got.dtype)
    )
    for scalar in {"init", "lead", "lat", "lon"} - set(got.dims):
        assert got[scalar].values == expected[scalar].values


@given(REQUESTS, st.sampled_from([None, *MEMBERS]))
def test_any_whole_map(source, truth, request_, member):
    if request_.product == "value":
        request_ = replace(request_, member=member)
    agree(source.fetch(request_), answer(truth, request_))


@given(REQUESTS, places())
def test_any_place(source, truth, request_, place):
    away = np.abs((truth["lon"].values - place.lon + 180) % 360 - 180)
    up = np.abs(truth["lat"].values - place.lat)
    # A place half way between two cells may be given to either.
    assume(np.diff(np.sort(away))[0] > 1e-6)
    assume(np.diff(np.sort(up))[0] > 1e-6)
    expected = answer(truth, request_).isel(lat=up.argmin(), lon=away.argmin())
    agree(source.fetch(replace(request_, point=place)), expected)


@given(REQUESTS, boxes())
def test_any_region(source, truth, request_, box):
    lat, lon = truth["lat"].values, truth["lon"].values
    rows = (lat >= box.south) & (lat <= box.north)
    turns = (box.west + d for d in range(int((box.east - box.west) % 360) + 1))
    columns = np.isin(lon, [t % 360 for t in turns]) | (box.east - box.west >= 360)
    asked = replace(request_, box=box)
    if not (rows.any() and columns.any()):
        with pytest.raises(errors.BadRequest, match="holds the centre of no cell"):
            source.fetch(asked)
        return
    agree(source.fetch(asked), answer(truth, request_).isel(lat=rows, lon=columns))


def test_a_region_across_greenwich_is_in_one_piece_from_west_to_east(source):
    got = source.fetch(replace(TAS, box=Box(-45, 45, -50, 95)))
    np.testing.assert_array_equal(got["lon"], [315, 360, 405, 450])
    np.testing.assert_array_equal(got["lat"], np.sort(LAT))


@pytest.mark.parametrize("edges", [(-180, 180), (0, 360), (-22.5, 382.5), (10, 370)])
def test_a_region_all_around_is_the_whole_map(source, edges):
    got = source.fetch(replace(TAS, box=Box(-90, 90, *edges)))
    xr.testing.assert_identical(got, source.fetch(TAS))


@pytest.mark.parametrize("lon", [179.9, -179.9, 180.1, 540.0])
def test_a_place_near_the_date_line_has_its_nearest_cell_across_it(source, lon):
    assert source.fetch(replace(TAS, point=Point(5, lon)))["lon"].item() == 180.0


def test_what_an_answer_is_valid_for(source):
    got = source.fetch(ProductRequest("tas", "tas"))
    assert got["valid_time"].dims == ("init", "lead")
    assert got["valid_time"].values[1, 2] == np.datetime64("2027-01-01")
    assert source.fetch(TAS)["valid_time"].values == np.datetime64("2026-11-01")


@pytest.mark.parametrize(
    ("product", "cell_methods", "method"),
    [
        ("value", None, "value of one member"),
        ("mean", "realization: mean", "mean of all members"),
        ("spread", "realization: standard_deviation", "divisor M - 1"),
    ],
)
def test_an_answer_says_what_it_is(source, product, cell_methods, method):
    got = source.fetch(replace(TAS, product=product, member=None))
    assert got.name == "tas"
    assert (got.attrs["units"], got.attrs["standard_name"]) == ("K", "air_temperature")
    assert got.attrs.get("cell_methods") == cell_methods
    assert method in got.attrs["method"]
    assert got.attrs["product"] == product
    assert got["lead"].attrs["units"] == "months"
    assert got.dtype == np.float32


def test_observations_are_joined_in_the_order_of_their_times(source, folder):
    got = source.fetch(ProductRequest("sst", "sst"))
    assert got.dims == ("time", "lat", "lon")
    for year, part in zip((2020, 2021), (slice(0, 2), slice(2, 4)), strict=True):
        with xr.open_dataset(folder / f"sst_{year}.nc") as ds:
            np.testing.assert_array_equal(got[part].values, ds["sst"].values)
            np.testing.assert_array_equal(got["time"][part], ds["time"])


# Starts of different lengths and ensembles of different sizes

RAGGED = ProductRequest("ragged", "pr")


def test_what_a_start_lacks_is_missing_when_all_starts_are_asked_for(source):
    got = source.fetch(RAGGED)
    assert got.shape == (2, 2, 3, 4, 6)
    there = np.isfinite(got.values).all(axis=(-2, -1))
    np.testing.assert_array_equal(there, [[[1, 1, 1], [1, 1, 1]], [[1, 1, 0], [0, 0, 0]]])
    assert got["lead"].attrs["units"] == "months"


def test_starts_that_lack_a_lead_or_a_member_are_left_out_of_it(source):
    for narrowed in ({"lead": 2}, {"member": 1}):
        got = source.fetch(replace(RAGGED, **narrowed))
        np.testing.assert_array_equal(got["init"], [np.datetime64(STARTS[0])])
    assert source.fetch(replace(RAGGED, lead=1)).sizes["init"] == 2


def test_a_lead_or_a_member_that_a_start_lacks_is_named_with_those_it_has(source):
    with pytest.raises(errors.UnknownLead) as lead:
        source.fetch(replace(RAGGED, init=STARTS[1], lead=2))
    assert lead.value.exists == ("0", "1")
    assert STARTS[1] in lead.value.message
    with pytest.raises(errors.UnknownMember) as member:
        source.fetch(replace(RAGGED, init=STARTS[1], lead=0, member=1))
    assert (member.value.asked, member.value.exists) == ("1", ("0",))


def test_limits_cover_starts_of_different_lengths(source):
    limits = source.limits(replace(RAGGED, init=STARTS[1]))
    assert (limits.minimum, limits.maximum) == (1e5, 1e5 + 135)
    assert source.limits(RAGGED).minimum == 0


# Limits


@pytest.mark.parametrize("product", ["value", "mean", "spread"])
def test_limits_contain_the_values_of_all_leads(source, truth, product):
    request = replace(TAS, product=product, member=None)
    limits = source.limits(request)
    shown = product if product == "spread" else "value"  # one scale for a mean and its members
    every = answer(truth, replace(request, product=shown, lead=None)).values
    assert limits.minimum == pytest.approx(np.nanmin(every), rel=1e-6)
    assert limits.maximum == pytest.approx(np.nanmax(every), rel=1e-6)
    low, high = np.nanpercentile(every, (1, 99))
    assert limits.minimum <= limits.low <= low
    assert high <= limits.high <= limits.maximum
    assert limits.sampled == (() if product == "spread" else MEMBERS)


def test_an_outlier_stretches_the_extremes_and_not_the_percentiles(forecast, write):
    ds = forecast(lat=np.arange(-40.0, 41), lon=np.arange(0.0, 360, 10))
    ds["tas"][:] = np.random.default_rng(0).normal(size=ds["tas"].shape)
    ds["tas"][0, 1, 1, 3, 3] = 1e6
    source = LocalSource.open(write(ds, "tas.nc").parent)
    limits = source.limits(TAS)
    assert limits.maximum == 1e6
    assert 2 < limits.high < 3
    assert -3 < limits.low < -2


def test_limits_of_a_few_cells_are_their_extremes(source):
    limits = source.limits(replace(TAS, box=Box(0, 10, 0, 100)))
    assert (limits.low, limits.high) == (limits.minimum, limits.maximum)


def test_limits_depend_on_the_start_and_not_on_the_member_or_the_lead(source):
    one = source.limits(TAS)
    assert source.limits(replace(TAS, member=4, lead=2)) == one
    assert source.limits(replace(TAS, init=STARTS[1])).minimum > one.maximum


def test_limits_of_observations(source):
    limits = source.limits(ProductRequest("sst", "sst"))
    assert (limits.minimum, limits.maximum) == (2020.0, 2021.0 + 135)


# Files to take away


@pytest.mark.parametrize(
    "request_",
    [
        TAS,
        replace(TAS, member=None, lead=None),
        replace(TAS, init=None, box=Box(-50, 50, -50, 95)),
        replace(TAS, product="spread", member=None),
        replace(TAS, point=Point(5, 45), lead=None, member=None),
        replace(TAS, point=Point(5, 45)),
        ProductRequest("sst", "sst"),
    ],
    ids=lambda r: f"{r.dataset} {r.product} {r.lead} {r.member} {r.box or r.point or ''}",
)
def test_a_downloaded_file_holds_the_answer_and_its_description(source, request_, tmp_path):
    path = tmp_path / "subset.nc"
    path.write_bytes(source.netcdf(request_))
    expected = source.fetch(request_)
    with xr.open_dataset(path, decode_timedelta=False) as ds:
        got = ds[expected.name].load()
        xr.testing.assert_equal(got, expected)
        assert got.attrs == expected.attrs
        assert ds.attrs["Conventions"].startswith("CF-")
        assert ds.attrs["dataset"] == request_.dataset
        assert ds.attrs["dataset_version"] == source.catalogue().dataset(request_.dataset).version
        assert ds["lat"].attrs["units"] == "degrees_north"
        assert ds["lon"].attrs["standard_name"] == "longitude"
        time = "time" if request_.dataset == "sst" else "valid_time"
        assert ds[time].attrs["standard_name"] == "time"


@pytest.mark.parametrize(
    "request_",
    [
        TAS,
        replace(TAS, member=None, lead=None),
        replace(TAS, init=None, member=None, lead=None),
        replace(TAS, init=None, box=Box(-50, 50, -50, 95)),
        replace(TAS, product="mean", member=None, lead=None),
        ProductRequest("sst", "sst"),
    ],
    ids=["map", "start", "all", "region", "mean", "observations"],
)
def test_a_downloaded_file_can_be_put_into_an_archive(source, request_, tmp_path):
    (tmp_path / "again.nc").write_bytes(source.netcdf(request_))
    expected = source.fetch(request_)
    got = LocalSource.open(tmp_path).fetch(ProductRequest("again", str(expected.name)))
    if "lead" in got.coords:
        assert got["lead"].attrs["units"] == "months"
        assert np.array_equal(np.ravel(expected["lead"]), got["lead"])
        assert np.array_equal(np.ravel(expected["valid_time"]), np.ravel(got["valid_time"]))
    np.testing.assert_array_equal(got.squeeze().values, expected.values)


# Questions that cannot be answered


def test_an_error_names_what_there_is(source):
    for request_, kind, exists in [
        (replace(TAS, dataset="x"), errors.UnknownDataset, ("ragged", "sst", "tas")),
        (replace(TAS, variable="x"), errors.UnknownVariable, ("tas",)),
        (replace(TAS, init="1999-01-01"), errors.UnknownInit, STARTS[::-1]),
        (replace(TAS, lead=9), errors.UnknownLead, ("0", "1", "2")),
        (replace(TAS, member=3), errors.UnknownMember, ("1", "2", "4")),
    ]:
        with pytest.raises(kind) as caught:
            source.fetch(request_)
        assert caught.value.exists == exists
        assert caught.value.asked
        assert caught.value.advice


def test_the_spread_of_one_member_is_refused_before_anything_is_read(forecast, write):
    path = write(forecast(members=(5,)), "tas.nc")
    source = LocalSource.open(path.parent)
    request_ = ProductRequest("tas", "tas", "spread", init="2026-10-01", lead=0)
    path.unlink()
    with pytest.raises(errors.BadRequest, match="needs 2 members; 'tas' has 1"):
        source.fetch(request_)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(errors.BadRequest, match="There is no folder"):
        LocalSource.open(tmp_path / "nowhere")


def test_a_frame_is_the_map_that_is_fetched(source):
    shown, array = frames.decode(source.frame(TAS)), source.fetch(TAS)
    rows = [np.flatnonzero(shown["lat"].values == y)[0] for y in array["lat"].values]
    np.testing.assert_allclose(shown[rows], array, atol=shown.attrs["step"] / 2 + 1e-9)
    np.testing.assert_array_equal(shown["lon"], array["lon"])
    assert shown.attrs["units"] == "K"
