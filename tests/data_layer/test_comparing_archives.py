"""Archives that lack something, and archives that change: what a comparison says then."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer import comparing
from data_layer.api import Box, Point, ProductRequest
from data_layer.demo.synthetic import write_archive
from data_layer.errors import BadRequest, NotComparable, UnknownInit, UnknownLead
from data_layer.local import LocalSource
from data_layer.products import asked_for
from tests.data_layer.compared import (
    BOXES,
    FORECAST,
    HINDCAST,
    NEEDY,
    NOW,
    THEN,
    TINY,
    YEARS,
    ask,
    same,
    write,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("comparing")
    write(folder)
    return folder


@pytest.fixture(scope="module")
def source(folder) -> LocalSource:
    """Keeps nothing: every climatology is computed when it is asked for."""
    return LocalSource.open(folder)


@pytest.fixture(scope="module")
def keeping(folder, tmp_path_factory) -> LocalSource:
    return LocalSource.open(folder, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def copied(folder, tmp_path) -> Callable[..., Path]:
    """``copied("forecast", …)``: an archive of some of the folders alone."""

    def copy(*roles: str) -> Path:
        for role in roles:
            shutil.copytree(folder / role, tmp_path / "copy" / role)
        return tmp_path / "copy"

    return copy


@pytest.mark.parametrize("product", NEEDY)
def test_without_hindcast_and_observations_it_says_what_is_missing(copied, product):
    alone = LocalSource.open(copied("forecast"))
    with pytest.raises(NotComparable) as caught:
        ask(alone, product, FORECAST, lead=1)
    assert str(caught.value).startswith(
        f"There is no hindcast of {FORECAST!r}"
        if set(asked_for(product)[1].needs) & {"climatology", "hindcast"}
        else f"There are no observations that {FORECAST!r} can be compared with"
    )
    assert "catalogue.yml" in caught.value.advice


def test_with_a_hindcast_alone_there_are_anomalies_and_no_skill(copied):
    source = LocalSource.open(copied("forecast", "hindcast"))
    assert ask(source, "anomaly", FORECAST, lead=1).notnull().all()
    for product in ("skill", "mean:correction=mean", "observed_anomaly"):
        with pytest.raises(NotComparable, match="There are no observations"):
            ask(source, product, FORECAST, lead=1)


def test_no_start_on_that_day_names_the_days_there_are(copied, folder):
    place = copied("hindcast", "observations")
    write_archive(
        place, years=(1990, 1989), realtime=("2026-11-01",), realtime_members=3, leads=4,
        nlat=7, nlon=12,
    )  # fmt: skip
    source = LocalSource.open(place)
    with pytest.raises(NotComparable) as caught:
        ask(source, "anomaly", FORECAST, init="2026-11-01", lead=1)
    assert str(caught.value) == (
        f"The hindcast {HINDCAST!r} has no start on 11-01. There is: 10-01. Choose one of these."
    )


@pytest.mark.parametrize("product", ["observed", "observed_anomaly", "error", "hit"])
def test_what_is_not_over_yet_is_not_observed_yet(source, product):
    with pytest.raises(NotComparable) as caught:
        ask(source, product, FORECAST, lead=1)
    assert f"started {NOW} is for has not been observed from end to end" in caught.value.message
    assert caught.value.advice == "Choose an earlier start."


def test_a_time_that_is_observed_in_part_is_missing_for_the_rest(copied):
    place = copied("hindcast", "observations")
    path = place / "observations" / "synthetic_s2_observations.nc"
    with xr.open_dataset(path, decode_times=False) as ds:
        short = ds.isel(time=slice(0, 5 * 12 - 1)).load()  # until November 1995
    short.to_netcdf(path)
    source = LocalSource.open(place)
    found = ask(source, "observed", point=Point(0, 0))
    np.testing.assert_array_equal(found.notnull(), [True, True, False, False])
    with pytest.raises(NotComparable, match="has not been observed from end to end"):
        ask(source, "observed:window=2", lead=1, point=Point(0, 0))


@pytest.mark.parametrize("product", ["mean", "anomaly", "skill", "observed", "tercile_probability"])
def test_a_window_longer_than_the_forecast_says_which_leads_there_are(source, keeping, product):
    for of in (source, keeping):
        for lead, window in ((2, 3), (None, 5)):
            with pytest.raises(UnknownLead, match=f"A mean over {window} months needs") as caught:
                ask(of, f"{product}:window={window}", lead=lead)
            assert "shorter window" in caught.value.advice


def test_what_the_catalogue_does_not_have_is_refused_first(source):
    with pytest.raises(UnknownInit):
        ask(source, "anomaly", init="1995-11-01")
    with pytest.raises(UnknownLead):
        ask(source, "anomaly", lead=9)
    with pytest.raises(BadRequest, match="The anomaly is of all members, not of one"):
        ask(source, "anomaly", member=1)


def test_all_starts_at_once_have_each_their_own(source):
    request = ProductRequest(HINDCAST, "tas", product="anomaly", lead=1, point=Point(0, 180))
    found = source.fetch(request)
    assert found.dims == ("init",)
    assert found.sizes["init"] == len(YEARS)
    np.testing.assert_allclose(found.mean(), 0, atol=1e-4)
    one = ask(source, "anomaly", lead=1, point=Point(0, 180))
    np.testing.assert_array_equal(found.sel(init=THEN), one)


def test_a_changed_hindcast_has_another_version_and_another_climatology(copied, tmp_path):
    place = copied("forecast", "hindcast", "observations")
    source = LocalSource.open(place, tmp_path / "index")
    products = ("climatology", "anomaly", "tercile_probability")
    before = {p: ask(source, p, FORECAST, lead=1) for p in products}
    versions = {d.id: d.version for d in source.catalogue().datasets}
    path = place / "hindcast" / "synthetic_s2_hindcast_19951001.nc"
    with xr.open_dataset(path, decode_cf=False) as ds:
        changed = ds.load().copy(deep=True)
    changed["tas"] += 90  # steps of 0.2 K
    aside = path.with_name("." + path.name)
    changed.to_netcdf(aside)
    aside.replace(path)
    source.refresh()
    now = {d.id: d.version for d in source.catalogue().datasets}
    assert now[HINDCAST] != versions[HINDCAST]
    assert now[FORECAST] != versions[FORECAST]
    assert now["synthetic-s2-observations"] == versions["synthetic-s2-observations"]
    after = {p: ask(source, p, FORECAST, lead=1) for p in products}
    np.testing.assert_allclose(after["climatology"] - before["climatology"], 18 / 9, atol=1e-3)
    np.testing.assert_allclose(after["anomaly"] - before["anomaly"], -18 / 9, atol=1e-3)
    fresh = LocalSource.open(place)
    for p in products:
        same(after[p], ask(fresh, p, FORECAST, lead=1))


@pytest.mark.parametrize("kept", [False, True])
def test_cells_that_are_rounded_differently_are_the_same_cells(copied, source, tmp_path, kept):
    place = copied("forecast", "hindcast", "observations")
    for path in (place / "hindcast").glob("*.nc"):
        with xr.open_dataset(path, decode_cf=False) as ds:
            other = ds.load().copy(deep=True)
        for axis in ("latitude", "longitude"):
            other[axis] = other[axis] + 3e-7 * (other[axis] == 30)
        other.to_netcdf(path)
    moved = LocalSource.open(place, tmp_path / "index" if kept else None)
    for product in ("anomaly", "likely_tercile", "mean:correction=mean", "skill", "significance"):
        for where in ({}, {"lead": 1, "box": BOXES[1]}, {"point": Point(30, 30)}):
            same(ask(moved, product, FORECAST, **where), ask(source, product, FORECAST, **where))


@pytest.mark.parametrize("kept", [False, True])
def test_a_hindcast_shorter_than_the_forecast_is_compared_as_far_as_it_reaches(
    copied, source, tmp_path, kept
):
    place = copied("forecast", "hindcast", "observations")
    for path in (place / "hindcast").glob("*.nc"):
        with xr.open_dataset(path, decode_cf=False) as ds:
            shorter = ds.isel(lead=slice(0, 3)).load()
        shorter.to_netcdf(path)
    short = LocalSource.open(place, tmp_path / "index" if kept else None)
    for product in ("anomaly", "tercile_probability", "mean:correction=mean", "significance"):
        for where in ({}, {"point": Point(0, 60)}):
            found = ask(short, product, FORECAST, **where)
            whole = ask(source, product, FORECAST, **where)
            np.testing.assert_allclose(
                found.sel(lead=[0, 1, 2]), whole.sel(lead=[0, 1, 2]), rtol=1e-5, atol=2e-4
            )
            assert found.where(found["lead"] == 3).isnull().all()
    with pytest.raises(NotComparable, match="has no such lead"):
        ask(short, "anomaly", FORECAST, lead=3)


def shortened(path: Path, leads: int, to: Path | None = None, start: str = "") -> None:
    """A file with the first leads alone; elsewhere and of another start when that is given."""
    with xr.open_dataset(path, decode_cf=False) as ds:
        shorter = ds.isel(lead=slice(0, leads)).load()
    if start:
        init = shorter["forecast_reference_time"]
        since = np.datetime64(start) - np.datetime64(str(init.attrs["units"]).split()[2])
        init = init.copy(data=[int(since / np.timedelta64(1, str(init.attrs["units"])[0]))])
        shorter = shorter.drop_vars(["valid_time", "valid_time_bnds"])
        shorter["forecast_reference_time"] = init
    shorter.to_netcdf(to or path)


def test_a_year_without_the_lead_is_left_out_of_both_sides(copied):
    place = copied("forecast", "hindcast", "observations")
    one = place / "hindcast" / "synthetic_s2_hindcast_19941001.nc"
    shortened(one, 3)
    short = LocalSource.open(place)
    products = ("anomaly", "skill", "skill:score=rpss", "mean:correction=mean", "reliability")
    found = {p: ask(short, p, FORECAST, lead=3) for p in products}
    assert found["skill"].attrs["sample_size"] == len(YEARS) - 1
    assert ask(short, "skill", FORECAST, lead=2).attrs["sample_size"] == len(YEARS)
    one.unlink()
    without = LocalSource.open(place)
    for p in products:
        np.testing.assert_allclose(
            found[p], ask(without, p, FORECAST, lead=3), rtol=1e-5, atol=2e-4
        )


def test_a_hindcast_that_is_shorter_on_that_day_is_kept_as_far_as_it_reaches(copied, tmp_path):
    place = copied("forecast", "hindcast")
    for path in sorted((place / "hindcast").glob("*.nc")):
        to = path.with_name(path.name.replace("1001.nc", "1101.nc"))
        shortened(path, 2, to, f"{path.stem[-8:-4]}-11-01")
    now = place / "forecast" / "synthetic_s2_forecast_20261001.nc"
    shortened(now, 4, now.with_name("synthetic_s2_forecast_20261101.nc"), "2026-11-01")
    sources = LocalSource.open(place), LocalSource.open(place, tmp_path / "index")
    found, kept = (ask(s, "anomaly", FORECAST, init="2026-11-01") for s in sources)
    np.testing.assert_array_equal(found.notnull().any(("lat", "lon")), [True, True, False, False])
    same(kept, found)
    for of in sources:
        with pytest.raises(NotComparable, match="has no such lead"):
            ask(of, "anomaly", FORECAST, init="2026-11-01", lead=3)


def test_the_sample_of_a_map_in_bands_is_that_of_the_whole_map(copied, monkeypatch):
    place = copied("forecast", "hindcast", "observations")
    path = place / "observations" / "synthetic_s2_observations.nc"
    with xr.open_dataset(path) as ds:
        late = ds.load()
    # The southern rows, which are the first band, were not observed in the first three years.
    unseen = (late["latitude"] < 0) & (late["time"] < np.datetime64("1994-06-01"))
    late["tas"] = late["tas"].where(~unseen)
    late.to_netcdf(path)
    source = LocalSource.open(place)
    whole = ask(source, "skill", FORECAST, lead=1)
    monkeypatch.setattr(comparing, "BLOCK_BYTES", TINY)
    found = ask(source, "skill", FORECAST, lead=1)
    assert found.attrs["sample_size"] == len(YEARS)
    assert found.attrs["climatology"] == f"hindcast 1991-1999, {len(YEARS)} years observed"
    assert found.attrs == whole.attrs
    southern = ask(source, "skill", FORECAST, lead=1, box=Box(-90, -30, 0, 360))
    assert southern.attrs["sample_size"] == len(YEARS) - 3


def test_observations_on_another_grid_are_means_over_the_cells(copied, folder):
    place = copied("forecast", "hindcast")
    with xr.open_dataset(folder / "observations" / "synthetic_s2_observations.nc") as ds:
        fine = ds["tas"].load().rename(latitude="lat", longitude="lon")
    lon = np.arange(-10.0, 350.0, 10.0)
    lat = np.array([-90.0, *np.arange(-80.0, 81.0, 10.0), 90.0])
    rows, columns = np.abs(lat[:, None] - fine["lat"].values).argmin(1), np.arange(36) // 3 % 12
    spread = fine.values[:, rows][:, :, columns].astype("f4")
    # Three narrow cells about each of the forecast's: their mean is the value there.
    ds = xr.Dataset(
        {"t2m": (("time", "lat", "lon"), spread, {
            "standard_name": "air_temperature", "units": "K", "cell_methods": "time: mean"})},
        {"time": fine["time"].values,
         "lat": ("lat", lat, {"standard_name": "latitude", "units": "degrees_north"}),
         "lon": ("lon", lon, {"standard_name": "longitude", "units": "degrees_east"})},
        {"synthetic": "true", "forecast_role": "observations"},
    )  # fmt: skip
    ds.to_netcdf(place / "fine.nc")
    source = LocalSource.open(place)
    info = source.catalogue().dataset(HINDCAST)
    assert info.observations
    assert source.catalogue().dataset(info.observations).grid != info.grid
    found = ask(source, "observed", lead=1)
    expected = fine.sel(time="1995-11").isel(time=0)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    place_of = ask(source, "observed", lead=1, point=Point(30, 240))
    np.testing.assert_allclose(place_of, found.sel(lat=30, lon=240), rtol=1e-6)
    region = ask(source, "observed", lead=1, box=BOXES[1])
    np.testing.assert_allclose(region, found.sel(lat=region["lat"], lon=region["lon"] % 360))
