"""The demo data: what the real file holds, and that the made-up archive is as it says it is."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr

from data_layer import demo
from data_layer.demo.climate import QUANTITIES, RAIN_SPREAD, World, predictability
from data_layer.demo.synthetic import write_archive

SMALL: dict[str, Any] = {
    "years": (2016, 2017),
    "members": 3,
    "realtime": ("2026-10-01",),
    "realtime_members": 4,
    "leads": 3,
    "nlat": 13,
    "nlon": 24,
}


@pytest.fixture(scope="module")
def glosea4() -> xr.Dataset:
    """The committed file, decoded."""
    path = Path(str(files("data_layer.demo") / demo.GLOSEA4))
    with xr.open_dataset(path, decode_timedelta=False) as ds:
        return ds.load()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small archive."""
    folder = tmp_path_factory.mktemp("small")
    write_archive(folder, **SMALL)
    return folder


def read(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, decode_timedelta=False) as ds:
        return ds.load()


# GloSea4


def test_glosea4_is_the_lagged_ensemble_of_july_2011(glosea4: xr.Dataset) -> None:
    assert glosea4["ts"].dims == ("realization", "time", "latitude", "longitude")
    assert glosea4["ts"].shape == (13, 6, 145, 192)
    assert glosea4["realization"].values.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13]
    days = glosea4["forecast_reference_time"].dt.day.values.tolist()
    assert days == [18, 18, 19, 19, 20, 20, 21, 22, 22, 23, 23, 24, 24]
    assert set(glosea4["forecast_reference_time"].dt.strftime("%Y-%m %H").values) == {"2011-07 00"}


def test_glosea4_times_are_whole_calendar_months(glosea4: xr.Dataset) -> None:
    bounds = glosea4["time_bnds"].values
    begins = np.arange("2011-08", "2012-02", dtype="datetime64[M]")
    assert (bounds[:, 0] == begins).all()
    assert (bounds[:, 1] == begins + np.timedelta64(1, "M")).all()
    assert (glosea4["time"].values == bounds[:, 0] + (bounds[:, 1] - bounds[:, 0]) / 2).all()


def test_glosea4_leads_are_counted_from_each_members_start(glosea4: xr.Dataset) -> None:
    assert glosea4["forecast_period"].attrs["units"] == "hours"
    elapsed = (glosea4["time"] - glosea4["forecast_reference_time"]) / np.timedelta64(1, "h")
    expected = elapsed.transpose("realization", "time").values
    np.testing.assert_array_equal(glosea4["forecast_period"].values, expected)


def test_glosea4_gives_the_known_nino34_values(glosea4: xr.Dataset) -> None:
    # Area means of the unpacked sample files, computed apart from this project:
    # 5°N-5°S, 170-120°W, weighted by the cosine of latitude, in °C.
    box = glosea4["ts"].sel(latitude=slice(-5, 5), longitude=slice(190, 240))
    index = box.weighted(np.cos(np.deg2rad(box["latitude"]))).mean(["latitude", "longitude"])
    np.testing.assert_allclose(
        index.mean("realization") - 273.15, [25.97, 25.06, 24.50, 24.29, 24.17, 24.00], atol=0.0071
    )
    np.testing.assert_allclose(
        index.std("realization", ddof=1), [0.12, 0.26, 0.33, 0.44, 0.42, 0.38], atol=0.0071
    )


def test_glosea4_is_packed_as_finely_as_it_says(glosea4: xr.Dataset) -> None:
    values = glosea4["ts"]
    assert values.encoding["scale_factor"] == 2.0**-8
    assert 0 < values.attrs["packing_error_max"] <= 2.0**-9
    assert values.encoding["chunksizes"] == (1, 1, 145, 192)
    assert np.isfinite(values).all()
    assert 190 < values.min() < values.max() < 330


def test_glosea4_names_its_licence_and_what_cannot_be_known(glosea4: xr.Dataset) -> None:
    attributes = glosea4.attrs
    assert attributes["Conventions"] == "CF-1.11"
    assert attributes["institution"] == "Met Office"
    assert attributes["system"] == "GloSea4"
    assert attributes["forecast_role"] == "forecast"
    assert "Open Government Licence v3.0" in attributes["licence"]
    assert "Crown copyright" in attributes["licence"]
    assert "No hindcast" in attributes["comment"]
    assert "drift is not removed" in attributes["comment"]
    assert glosea4["ts"].attrs["standard_name"] == "surface_temperature"
    assert glosea4["ts"].attrs["units"] == "K"


# The synthetic archive's files


def test_archive_has_one_file_per_start_and_one_of_observations(archive: Path) -> None:
    found = sorted(p.relative_to(archive).as_posix() for p in archive.rglob("*") if p.is_file())
    assert found == [
        "forecast/synthetic_s2_forecast_20261001.nc",
        "hindcast/synthetic_s2_hindcast_20161001.nc",
        "hindcast/synthetic_s2_hindcast_20161101.nc",
        "hindcast/synthetic_s2_hindcast_20171001.nc",
        "hindcast/synthetic_s2_hindcast_20171101.nc",
        "observations/synthetic_s2_observations.nc",
    ]


def test_every_file_says_that_it_is_synthetic(archive: Path) -> None:
    for path in archive.rglob("*.nc"):
        attributes = read(path).attrs
        assert attributes["title"].startswith("SYNTHETIC")
        assert attributes["synthetic"] == "true"
        assert attributes["institution"] == "none: made in code by poama-panel"
        assert attributes["licence"] == "CC0-1.0"
        assert attributes["system"] == "Synthetic S2"
        assert attributes["forecast_role"] == path.parent.name


def test_forecast_files_are_described_as_cf_describes_them(archive: Path) -> None:
    with netCDF4.Dataset(archive / "hindcast/synthetic_s2_hindcast_20161101.nc") as nc:
        nc.set_auto_maskandscale(False)
        tas, pr, lead, valid = (nc[name] for name in ("tas", "pr", "lead", "valid_time"))
        dims = ("forecast_reference_time", "realization", "lead", "latitude", "longitude")
        assert tas.dimensions == pr.dimensions == dims
        assert tas.shape == (1, 3, 3, 13, 24)
        assert tas.dtype == np.int16
        assert tas.chunking() == [1, 1, 1, 13, 24]
        assert tas.filters()["zlib"]
        assert tas.filters()["shuffle"]
        assert (tas.standard_name, tas.units) == ("air_temperature", "K")
        assert (pr.standard_name, pr.units) == ("lwe_precipitation_rate", "mm day-1")
        assert tas.cell_methods == pr.cell_methods == "time: mean"
        assert tas.coordinates.split() == ["valid_time", "height"]
        assert nc["height"][...] == 2.0
        assert lead.units == "months"
        assert "standard_name" not in lead.ncattrs()
        assert lead[:].tolist() == [0, 1, 2]
        assert nc["realization"][:].tolist() == [1, 2, 3]
        assert valid.standard_name == "time"
        assert valid.bounds == "valid_time_bnds"
        assert nc["latitude"][:].tolist() == np.arange(-90, 91, 15).tolist()
        assert nc["longitude"][:].tolist() == np.arange(0, 360, 15).tolist()


def test_valid_times_are_the_months_counted_from_the_start(archive: Path) -> None:
    ds = read(archive / "hindcast/synthetic_s2_hindcast_20161101.nc")
    assert ds["forecast_reference_time"].values.astype("datetime64[D]") == np.datetime64(
        "2016-11-01"
    )
    begins = np.array(["2016-11", "2016-12", "2017-01"], "datetime64[M]")
    bounds = ds["valid_time_bnds"].values[0]
    assert (bounds[:, 0] == begins).all()
    assert (bounds[:, 1] == begins + np.timedelta64(1, "M")).all()
    assert ((bounds[:, 0] < ds["valid_time"].values[0]) & (ds["valid_time"] < bounds[:, 1])).all()


def test_observations_reach_as_far_as_the_hindcast(archive: Path) -> None:
    ds = read(archive / "observations/synthetic_s2_observations.nc")
    begins = ds["time_bnds"].values[:, 0].astype("datetime64[M]")
    assert (begins == np.arange("2016-01", "2018-02", dtype="datetime64[M]")).all()
    assert ds["tas"].dims == ("time", "latitude", "longitude")


def test_values_are_whole_and_plausible(archive: Path) -> None:
    for path in archive.rglob("*.nc"):
        ds = read(path)
        assert np.isfinite(ds["tas"]).all()
        assert np.isfinite(ds["pr"]).all()
        assert (ds["pr"] >= 0).all()
        assert ds["pr"].max() < 100
        assert 200 < ds["tas"].min() < ds["tas"].max() < 320
        tropics, poles = ds["tas"].sel(latitude=0), ds["tas"].sel(latitude=[-90, 90])
        assert tropics.mean() > poles.mean() + 30


def test_packing_is_within_half_a_step_of_the_place_made_alone(archive: Path) -> None:
    # The world at one single place is another computation than the map it is cut from.
    ds = read(archive / "hindcast/synthetic_s2_hindcast_20161101.nc")
    place = World(np.array([-30.0]), np.array([150.0]), 20261124)
    alone = place.forecast(dt.datetime(2016, 11, 1), leads=3, members=3)
    for quantity in QUANTITIES:
        stored = ds[quantity.name].sel(latitude=-30, longitude=150)[0]
        assert stored.encoding["scale_factor"] == np.float32(quantity.step)
        error = np.abs(stored.values - alone[quantity.name][:, :, 0, 0])
        assert 0 < error.max() <= quantity.step / 2 + 1e-3


def test_the_same_seed_gives_the_same_archive(archive: Path, tmp_path: Path) -> None:
    for path in write_archive(tmp_path, **SMALL):
        xr.testing.assert_identical(read(path), read(archive / path.relative_to(tmp_path)))


def test_another_seed_gives_another_archive(archive: Path, tmp_path: Path) -> None:
    (path,) = write_archive(tmp_path, **{**SMALL, "start_months": (), "seed": 7})
    other = read(archive / path.relative_to(tmp_path))
    assert np.abs(read(path)["tas"] - other["tas"]).mean() > 0.3


def test_a_start_can_be_made_alone_with_fewer_members_and_leads(
    archive: Path, tmp_path: Path
) -> None:
    fewer = {"years": (2017, 2017), "start_months": (11,), "members": 2, "leads": 2}
    write_archive(tmp_path, **{**SMALL, **fewer, "realtime": ()})
    name = "hindcast/synthetic_s2_hindcast_20171101.nc"
    full = read(archive / name).isel(realization=slice(2), lead=slice(2))
    for q in QUANTITIES:
        # Matrix products of another size may round otherwise.
        difference = np.abs(read(tmp_path / name)[q.name] - full[q.name]).max()
        assert difference <= q.step * 1.001


@pytest.mark.parametrize("start", ["2026-10-02", "1949-12-01", "2060-12-01"])
def test_a_start_that_cannot_be_made_is_refused(start: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"first of a month|outside"):
        write_archive(tmp_path, **{**SMALL, "start_months": (), "realtime": (start,)})
    assert not list(tmp_path.rglob("*.nc"))


# Its known skill and drift


@dataclass(frozen=True)
class Sample:
    """Hindcast and what happened.

    (start month, year, member, lead, lat, lon) and (start month, year, lead, lat, lon), by name.
    """

    lat: np.ndarray
    forecast: dict[str, np.ndarray]
    truth: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """110 years of forecasts started in January and in July, on a coarse grid."""
    folder = tmp_path_factory.mktemp("sample")
    months, leads = (1, 7), 3
    write_archive(
        folder,
        years=(1950, 2059),
        start_months=months,
        members=3,
        realtime=(),
        leads=leads,
        nlat=7,
        nlon=12,
        seed=2,
    )
    forecast: dict[str, np.ndarray] = {}
    truth: dict[str, np.ndarray] = {}
    with netCDF4.Dataset(folder / "observations/synthetic_s2_observations.nc") as nc:
        lat = nc["latitude"][:].data
        for name in ("tas", "pr"):
            series = nc[name][:].data
            at = np.arange(110)[None, :, None] * 12 + np.array(months)[:, None, None] - 1
            truth[name] = series[at + np.arange(leads)]
    for name in ("tas", "pr"):
        starts = []
        for month in months:
            years = []
            for path in sorted((folder / "hindcast").glob(f"*{month:02d}01.nc")):
                with netCDF4.Dataset(path) as nc:
                    years.append(nc[name][0].data)
            starts.append(years)
        forecast[name] = np.array(starts)
    return Sample(lat, forecast, truth)


def correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pearson's, over years; averaged over start months, members and longitudes: (lead, lat)."""
    a = a - a.mean(axis=1, keepdims=True)
    b = b - b.mean(axis=1, keepdims=True)
    r = (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return r.mean(axis=(0, 1, -1))


LEADS = np.arange(3)[:, None]
# Four standard errors of the sample's mean correlation from 30°S to 30°N.
SAMPLING = 0.06


def test_a_single_member_is_as_skilful_as_predictability_says(sample: Sample) -> None:
    low = np.abs(sample.lat) <= 30
    r = correlation(sample.forecast["tas"], sample.truth["tas"][:, :, None])
    expected = predictability(LEADS, sample.lat)
    np.testing.assert_allclose(r[:, low], expected[:, low], atol=SAMPLING)
    # Further from the equator an area has fewer independent places.
    np.testing.assert_allclose(r[:, ~low], expected[:, ~low], atol=0.15)
    assert np.ptp(expected[:, low]) > 5 * SAMPLING


def test_rain_is_as_skilful_as_a_log_normal_of_that_predictability(sample: Sample) -> None:
    low = np.abs(sample.lat) <= 30
    r = correlation(sample.forecast["pr"], sample.truth["pr"][:, :, None])
    rho = predictability(LEADS, sample.lat[low])
    expected = np.expm1(rho * RAIN_SPREAD**2) / np.expm1(RAIN_SPREAD**2)
    np.testing.assert_allclose(r[:, low], expected, atol=SAMPLING)


def test_the_ensemble_is_reliable(sample: Sample) -> None:
    # Two members are as like as a member and the truth, and vary as much.
    tas, truth = sample.forecast["tas"], sample.truth["tas"]
    low = np.abs(sample.lat) <= 30
    r = correlation(tas, np.roll(tas, 1, axis=2))
    expected = predictability(LEADS, sample.lat)
    np.testing.assert_allclose(r[:, low], expected[:, low], atol=SAMPLING)
    ratio = tas.std(axis=1).mean(axis=(0, 1, -1)) / truth.std(axis=1).mean(axis=(0, -1))
    np.testing.assert_allclose(ratio[:, low], 1, atol=0.05)


def test_the_model_drifts_as_documented(sample: Sample) -> None:
    forecast = {name: v.mean(axis=(0, 1, 2, -1)) for name, v in sample.forecast.items()}
    truth = {name: v.mean(axis=(0, 1, -1)) for name, v in sample.truth.items()}
    equator, high = sample.lat == 0, np.abs(sample.lat) == 60
    bias = forecast["tas"] - truth["tas"]
    np.testing.assert_allclose(bias[:, equator][:, 0], [-0.3, -0.55, -0.8], atol=0.08)
    np.testing.assert_allclose(bias[:, high], 0, atol=0.2)
    ratio = forecast["pr"] / truth["pr"]
    np.testing.assert_allclose(ratio[:, equator][:, 0], [1.06, 1.12, 1.18], atol=0.03)


def test_predictability_falls_with_lead_and_away_from_the_equator() -> None:
    assert predictability(0, 0) == pytest.approx(0.85)
    assert predictability(5, 90) == pytest.approx(0.85 * 0.3 / np.e, rel=1e-4)
    rho = predictability(np.arange(6)[:, None], np.arange(0, 91, 5))
    assert (np.diff(rho, axis=0) < 0).all()
    assert (np.diff(rho, axis=1) < 0).all()


# Writing it all


def test_write_puts_both_systems_in_place_once(tmp_path: Path) -> None:
    told: list[str] = []
    demo.write(tmp_path, report=told.append, **SMALL)
    found = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
    assert tmp_path / "glosea4" / demo.GLOSEA4 in found
    assert sum(p.suffix == ".nc" for p in found) == 7
    assert not [p for p in found if p.suffix != ".nc" and not p.name.startswith(".")]

    demo.write(tmp_path, report=told.append, **SMALL)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()} == found
    assert [text.endswith("is there already.") for text in told[-2:]] == [True, True]


def test_write_makes_good_what_is_missing(tmp_path: Path) -> None:
    demo.write(tmp_path, **SMALL)
    lost = tmp_path / "synthetic_s2/hindcast/synthetic_s2_hindcast_20161001.nc"
    cut = tmp_path / "glosea4" / demo.GLOSEA4
    whole = cut.read_bytes()
    lost.unlink()
    cut.write_bytes(whole[:1000])
    demo.write(tmp_path, **SMALL)
    assert lost.exists()
    assert cut.read_bytes() == whole


def test_asking_for_the_demo_does_not_load_the_netcdf_library() -> None:
    code = "import sys, data_layer.demo; sys.exit('netCDF4' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_command_line_explains_itself() -> None:
    command = [sys.executable, "-m", "data_layer.demo", "--help"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "FOLDER" in shown.upper()
    assert "synthetic" in shown
