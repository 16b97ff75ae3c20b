"""Files that real systems wrote. Runs where POAMA_REAL_DATA names a folder that holds them."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer import frames
from data_layer.api import Box, DatasetInfo, ProductRequest
from data_layer.indexed import ArchiveIndex
from data_layer.local import LocalSource
from data_layer.opening import scan

PLACE = os.environ.get("POAMA_REAL_DATA", "")
pytestmark = pytest.mark.skipif(not PLACE, reason="POAMA_REAL_DATA names no folder")

NINO34 = Box(-5, 5, 190, 240)


@pytest.fixture(scope="module")
def archive() -> Path:
    return Path(PLACE)


@pytest.fixture(scope="module")
def index(archive) -> ArchiveIndex:
    return scan(archive)


def reasons(index: ArchiveIndex) -> dict[str, str]:
    return {r.path: r.reason for r in index.refused}


def test_every_file_is_either_listed_or_refused_with_a_reason(archive, index):
    listed = {f.stat.path for d in index.datasets for f in d.files}
    suffixes = {".nc", ".nc4", ".cdf", ".netcdf", ".grib"}
    there = {
        str(p.relative_to(archive)) for p in archive.rglob("*") if p.suffix.lower() in suffixes
    }
    assert listed | set(reasons(index)) == there
    assert listed.isdisjoint(reasons(index))
    assert all(reasons(index).values())


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("weird/accessnri_zero_byte_iced.nc", "empty"),
        ("weird/made_html_error_page.nc", "not NetCDF"),
        ("weird/made_truncated_classic_HadGEM2.nc", "cut short"),
        ("weird/made_truncated_hdf5_seas5.nc", "cannot be opened"),
        ("weird/netcdfc_bad_cdf5_begin.nc", "cut short"),
        ("weird/ioos_bad-instance.nc", "cannot be decoded"),
        ("weird/iris_euro_air_temp.nc", "no layout recognises it"),
        ("climpred/FOSI.SST.eastern_pacific.nc", "not dates"),
        ("weird/ioos_bad_units.nc", "a single place"),
        ("weird/nc4py_netcdf_dummy_file.nc", "a single place"),
        ("climpred/ERSSTv4.global.mean.nc", "not dates"),
        ("climpred/CESM-DP-LE.SST.global.nc", "not a date"),
    ],
)
def test_what_cannot_be_shown_rightly_is_refused(index, path, reason):
    assert reason in reasons(index)[path]


@pytest.mark.parametrize(
    ("file", "variable"),
    [
        ("glosea4/glosea4_ts_lagged_ensemble_201107.nc", "surface_temperature"),
        ("seas5_medit/seas5_tas_nov2000-2005.nc", "tas"),
        ("seas5_medit/era5_tas_nov2000-2005_aslon0-360wrapped.nc", "tas"),
        ("c3s/forecast_monthly_ukmo.nc", "t2m"),
        ("weird/rioxarray_tmmx_20190121.nc", "air_temperature"),
        ("obs/coads_sst.nc", "SST"),
    ],
)
def test_no_number_is_lost_or_moved(archive, tmp_path, file, variable):
    shutil.copy(archive / file, tmp_path)
    source = LocalSource.open(tmp_path)
    (info,) = source.catalogue().datasets
    got = source.fetch(ProductRequest(info.id, variable))
    with xr.open_dataset(archive / file, decode_timedelta=False) as ds:
        expected = ds[variable].load().squeeze()
    got = got.squeeze()
    assert got.size == expected.size
    assert np.isnan(got).sum() == np.isnan(expected).sum()
    np.testing.assert_array_equal(np.sort(got, axis=None), np.sort(expected, axis=None))
    lat = next(str(d) for d in expected.dims if str(d).lower() in ("lat", "latitude", "coadsy"))
    lon = next(str(d) for d in expected.dims if str(d).lower() in ("lon", "longitude", "coadsx"))
    for y, x in ((0, 0), (3, -1), (-1, 2)):
        there = expected.isel({lat: y, lon: x})
        cell = got.sel(lat=expected[lat][y].item())
        cell = cell.isel(lon=int(np.argmin((got["lon"].values - expected[lon][x].item()) % 360)))
        np.testing.assert_array_equal(np.sort(cell, axis=None), np.sort(there, axis=None))


def test_a_climatology_is_said_to_be_one(archive, tmp_path):
    shutil.copy(archive / "obs" / "coads_sst.nc", tmp_path)
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    assert info.role == "observations"
    assert info.times == tuple(f"2000-{month:02d}-01" for month in range(1, 13))
    assert "climatology" in info.notes[0]


# Calendars of models


@pytest.mark.parametrize(
    ("file", "first", "last"),
    [
        ("xclim_tas_Amon_CanESM2_noleap.nc", "2006-12", "2007-11"),
        ("xclim_tas_Amon_HadGEM2-ES_360day.nc", "2005-12", "2030-11"),
    ],
)
def test_months_of_a_models_calendar_are_the_calendars_months(archive, index, file, first, last):
    (info,) = (d.info for d in index.datasets if d.files[0].stat.path == f"weird/{file}")
    assert info.role == "observations"
    assert (info.times[0][:7], info.times[-1][:7]) == (first, last)
    months = np.array([t[:7] for t in info.times], "datetime64[M]")
    assert (np.diff(months).astype(int) == 1).all()


# Grids whose coordinates are two-dimensional


def alone(archive: Path, file: str, folder: Path) -> tuple[LocalSource, DatasetInfo]:
    shutil.copy(archive / file, folder)
    source = LocalSource.open(folder)
    (info,) = source.catalogue().datasets
    return source, info


def test_each_number_of_a_lambert_grid_is_that_of_the_nearest_cell(archive, tmp_path):
    source, info = alone(archive, "weird/iris_test_lcc.nc", tmp_path)
    assert "nearest cell of the model's own grid (lambert conformal conic" in info.notes[0]
    got = source.fetch(ProductRequest(info.id, "tas")).isel(time=3)
    with xr.open_dataset(archive / "weird/iris_test_lcc.nc") as ds:
        own, lat, lon = ds["tas"][3].values, ds["lat"].values, ds["lon"].values
    y, x = np.meshgrid(got["lat"].values, got["lon"].values, indexing="ij")
    cos = np.cos(np.deg2rad(47))
    away = np.hypot(y[..., None] - lat.ravel(), (x[..., None] - lon.ravel()) * cos)
    held = np.isfinite(got.values)
    np.testing.assert_array_equal(got.values[held], own.ravel()[away.argmin(-1)][held])
    assert away.min(-1)[held].max() < 0.014
    outside = ~held & np.isfinite(own.ravel()[away.argmin(-1)])
    assert away.min(-1)[outside].min() > 0.006
    assert held.sum() > 0.8 * np.isfinite(own).sum()


def test_a_rotated_pole_lies_over_the_north_atlantic(archive, tmp_path):
    source, info = alone(archive, "obs/rotated_pole.nc", tmp_path)
    got = source.fetch(ProductRequest(info.id, "air_pressure_at_sea_level", init=info.inits[0]))
    with xr.open_dataset(archive / "obs/rotated_pole.nc") as ds:
        own = ds["air_pressure_at_sea_level"]
        near = own.sel(grid_latitude=0, grid_longitude=0, method="nearest")
        # The grid's origin, by the place of its pole: 37.5 N, 177.5 E.
        assert got.squeeze().sel(lat=52.5, lon=357.5, method="nearest").item() in own.values
        place = got.squeeze().sel(lat=52.5, lon=357.5, method="nearest").item()
        assert abs(place - near.item()) < 300
    assert np.isin(got.values[np.isfinite(got.values)], own.values).all()


def test_a_single_cell_of_sea_ice_opens(index):
    (info,) = (d.info for d in index.datasets if d.files[0].stat.path.endswith("iceh_d.nc"))
    assert (info.grid.ny, info.grid.nx, len(info.times)) == (1, 1, 31)


# The Met Office's system 14, two nominal starts with members of four days each


def test_grib_and_what_was_converted_from_it_give_the_same_forecast(archive, tmp_path):
    got, infos = [], []
    for suffix, layout in (("grib", "grib"), ("nc", "c3s")):
        folder = tmp_path / suffix
        folder.mkdir()
        shutil.copy(archive / "c3s" / f"forecast_monthly_ukmo.{suffix}", folder)
        source = LocalSource.open(folder)
        (info,) = source.catalogue().datasets
        assert info.layout == layout
        infos.append(info)
        got.append(source.fetch(ProductRequest(info.id, "t2m")))
        assert [p.name for p in folder.iterdir()] == [f"forecast_monthly_ukmo.{suffix}"]
    for info in infos:
        assert info.inits == ("2016-01-01", "2016-02-01")
        assert (info.leads, info.lead_unit) == ((0, 1, 2), "months")
        assert info.members == tuple(range(28))
        assert (info.role, info.variables[0].cell_methods) == ("hindcast", "time: mean")
    assert infos[0].system == "egrr system 14"
    xr.testing.assert_equal(*got)
    assert np.isfinite(got[0]).all()
    assert got[0]["valid_time"].dt.month.values.tolist() == [[1, 2, 3], [2, 3, 4]]


# GloSea4, July 2011: thirteen members that started on 18 to 24 July


@pytest.fixture(scope="module")
def glosea4(archive, tmp_path_factory) -> LocalSource:
    """The ensemble as one file, and as a file for each member."""
    folder = tmp_path_factory.mktemp("glosea4")
    shutil.copy(archive / "glosea4" / "glosea4_ts_lagged_ensemble_201107.nc", folder)
    shutil.copytree(archive / "glosea4" / "members", folder / "members")
    return LocalSource.open(folder)


BOTH = ["glosea4-ts-lagged-ensemble", "ensemble"]


def asked(dataset: str, **more: object) -> ProductRequest:
    return ProductRequest(dataset, "surface_temperature", init="2011-07-24", **more)


@pytest.mark.parametrize("dataset", BOTH)
def test_glosea4_is_one_lagged_ensemble(glosea4, dataset):
    info = glosea4.catalogue().dataset(dataset)
    assert info.inits == ("2011-07-24",)
    assert info.leads == (1, 2, 3, 4, 5, 6)
    assert info.members == (0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13)
    days = [int(start[-2:]) for start in info.member_inits]
    assert days == [18, 18, 19, 19, 20, 20, 21, 22, 22, 23, 23, 24, 24]


@pytest.mark.parametrize("product", ["value", "mean", "spread"])
def test_one_file_and_a_file_per_member_give_the_same_numbers(glosea4, product):
    one, many = (glosea4.fetch(asked(d, product=product)) for d in BOTH)
    np.testing.assert_array_equal(one.values, many.values)
    np.testing.assert_array_equal(one["valid_time"], many["valid_time"])


@pytest.mark.parametrize("dataset", BOTH)
def test_nino34_is_what_others_computed(glosea4, dataset):
    members = glosea4.fetch(asked(dataset, box=NINO34))
    weights = np.cos(np.deg2rad(members["lat"]))
    index = members.weighted(weights).mean(("lat", "lon")) - 273.15
    expected = [25.97, 25.06, 24.50, 24.29, 24.17, 24.00]
    np.testing.assert_allclose(index.mean("member"), expected, atol=0.0051)
    expected = [0.12, 0.26, 0.33, 0.44, 0.42, 0.38]
    np.testing.assert_allclose(index.std("member", ddof=1), expected, atol=0.0051)
    assert index["valid_time"].dt.strftime("%Y-%m").values.tolist() == [
        "2011-08",
        "2011-09",
        "2011-10",
        "2011-11",
        "2011-12",
        "2012-01",
    ]


def test_a_frame_of_glosea4(glosea4):
    request = asked(BOTH[0], lead=1, member=7)
    shown, array = frames.decode(glosea4.frame(request)), glosea4.fetch(request)
    np.testing.assert_allclose(shown, array, atol=shown.attrs["step"] / 2 + 1e-9)
    np.testing.assert_allclose(shown["lat"], array["lat"], atol=1e-6)


# SEAS5 and ERA5 over the Mediterranean, 2000 to 2005


@pytest.mark.parametrize(
    ("pattern", "climate"),
    [
        ("seas5_tas_nov2000-2005{}.nc", [285.896382, 282.163771, 280.899728]),
        ("era5_tas_nov2000-2005{}.nc", [286.975044, 283.141811, 281.845479]),
    ],
)
def test_the_climate_of_the_mediterranean_is_what_others_computed(
    archive, tmp_path, pattern, climate
):
    arrays = []
    for n, order in enumerate(("", "_aslon0-360wrapped")):
        folder = tmp_path / str(n)
        folder.mkdir()
        shutil.copy(archive / "seas5_medit" / pattern.format(order), folder)
        source = LocalSource.open(folder)
        (info,) = source.catalogue().datasets
        arrays.append(source.fetch(ProductRequest(info.id, "tas")).astype("f8"))
    np.testing.assert_array_equal(arrays[0].values, arrays[1].values)
    assert arrays[0]["lon"].values[[0, -1]].tolist() == [348.0, 400.0]
    weights = np.cos(np.deg2rad(arrays[0]["lat"]))
    means = arrays[0].weighted(weights).mean(("init", "member", "lat", "lon"))
    np.testing.assert_allclose(means, climate, atol=2e-5)


# POAMA-2, one place of one file, as its server wrote it out


def test_the_dump_of_a_poama_file_is_read_as_61_days(archive, tmp_path):
    text = (archive / "weird" / "poama_dagc_20151220.nc.ascii.txt").read_text()
    values = [float(line.split(", ")[1]) for line in re.findall(r"^\[\d+\]\[0\], .*$", text, re.M)]
    axes = dict(re.findall(r"^tsfmax\.(\w+)\[\d+\]\n(.*)$", text, re.M))
    coords = {n: np.array(axes[n].split(", "), "f4") for n in ("time", "lat", "lon")}
    da = xr.DataArray(np.array(values, "f4").reshape(61, 1, 1), coords, ("time", "lat", "lon"))
    # The dump is of an ensemble mean; its numbers stand for those of a member here.
    folder = tmp_path / "poama" / "realtime" / "daily" / "m24b" / "e03"
    folder.mkdir(parents=True)
    da.to_dataset(name="tsfmax").to_netcdf(folder / "dagc_20151220.nc")
    source = LocalSource.open(tmp_path)
    (info,) = source.catalogue().datasets
    assert info.layout == "poama"
    assert (info.inits, info.members, info.leads) == (("2015-12-20",), (14,), tuple(range(61)))
    found = source.fetch(ProductRequest(info.id, "tsfmax", init="2015-12-20", member=14))
    np.testing.assert_array_equal(found.values.ravel(), da.values.ravel())
    assert str(found["valid_time"].values[0])[:10] == "2015-12-20"
    np.testing.assert_allclose([found["lat"], found["lon"]], [[-26.068298], [152.5]], rtol=1e-6)


def test_seas5_and_era5_are_a_hindcast_and_its_observations(archive, tmp_path):
    for name in ("seas5_tas_nov2000-2005.nc", "era5_tas_nov2000-2005.nc"):
        shutil.copy(archive / "seas5_medit" / name, tmp_path)
    (tmp_path / "catalogue.yml").write_text(
        """
        datasets:
          - {files: "seas5*", id: seas5, role: hindcast}
          - {files: "era5*", id: era5, role: observations, of: seas5}
        """
    )
    source = LocalSource.open(tmp_path)
    hindcast, observed = (source.catalogue().dataset(name) for name in ("seas5", "era5"))
    assert (hindcast.role, len(hindcast.inits), len(hindcast.members)) == ("hindcast", 6, 15)
    assert (observed.role, observed.of, observed.inits) == ("observations", "seas5", ())
    # November to January of six years.
    assert len(observed.times) == 18
    assert observed.times[:3] == ("2000-11-01", "2000-12-01", "2001-01-01")
    values = source.fetch(ProductRequest("era5", "tas"))
    with xr.open_dataset(tmp_path / "era5_tas_nov2000-2005.nc", decode_timedelta=False) as raw:
        expected = raw["tas"].isel(forecast_reference_time=2, lead=1).values
    found = values.sel(time="2002-12-01")
    np.testing.assert_array_equal(np.sort(found.values, None), np.sort(expected, None))


# Indices, which have no grid


@pytest.mark.parametrize(
    ("file", "variable", "first", "last", "count", "note"),
    [
        ("obs/SOI_Darwin.nc", "SOI_Darwin", "1866-01-01", "2013-12-01", 1776, ""),
        (
            "climpred/NMME_Reyn_SmithOIv2_Nino34_sst.nc",
            "sst",
            "1981-11-01",
            "2020-12-01",
            470,
            "Averaged over X[170W, 120W] Y[5S, 5N]",
        ),
        (
            "climpred/Reyn_SmithOIv2_Nino34_sst.nc",
            "sst",
            "1982-01-16T12",
            "2015-09-16",
            405,
            "Averaged over X[170.5W, 119.5W]",
        ),
    ],
)
def test_observed_indices(archive, tmp_path, file, variable, first, last, count, note):
    source, info = alone(archive, file, tmp_path)
    assert (info.role, info.gridless) == ("observations", True)
    assert (info.times[0], info.times[-1], len(info.times)) == (first, last, count)
    assert note in " ".join(info.notes)
    with xr.open_dataset(archive / file) as ds:
        np.testing.assert_array_equal(source.fetch(ProductRequest(info.id, variable)), ds[variable])


def test_the_skill_of_the_mjo_is_what_others_published(archive, tmp_path):
    """Of SubX's GEOS-V2p1, by climpred's example of sub-seasonal forecasts."""
    names = ("GMAO-GEOS-V2p1.RMM1.nc", "RMM1.observed.interannual.1974-06.2017-07.nc")
    for name in names:
        shutil.copy(archive / "climpred" / name, tmp_path)
    source = LocalSource.open(tmp_path)
    assert source.catalogue().refused == ()
    forecast, observed = (source.catalogue().dataset(i) for i in sorted(INDICES))
    assert (len(forecast.inits), len(forecast.members), len(forecast.leads)) == (510, 4, 45)
    # 145 rows of the table are blank; nothing was observed from March to December 1978.
    assert (len(observed.times), observed.times[-1]) == (15468, "2017-07-24")
    mean = source.fetch(ProductRequest(forecast.id, "RMM1", product="mean"))
    seen = source.fetch(ProductRequest(observed.id, "rmm1"))
    assert (mean.dims, seen.dims) == (("init", "lead"), ("time",))
    found = []
    for lead in mean["lead"].values:
        of_lead = mean.sel(lead=lead)
        then = seen.sel(time=of_lead["valid_time"].values)
        found.append(np.corrcoef(of_lead.values, then.values)[0, 1])
    assert [f"{r:.4f}" for r in found[:4]] == ["0.9782", "0.9719", "0.9632", "0.9508"]
    assert [f"{r:.4f}" for r in found[-3:]] == ["0.3040", "0.2801", "0.2616"]


INDICES = ("gmao-geos-v2p1-rmm1", "rmm1-observed-interannual")
