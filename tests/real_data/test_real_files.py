"""Files that real systems wrote. Runs where POAMA_REAL_DATA names a folder that holds them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer import frames
from data_layer.api import Box, ProductRequest
from data_layer.catalogue import ArchiveIndex
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
    suffixes = {".nc", ".nc4", ".cdf", ".netcdf"}
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
        ("weird/xclim_tas_Amon_CanESM2_noleap.nc", "standard calendar"),
        ("weird/xclim_tas_Amon_HadGEM2-ES_360day.nc", "standard calendar"),
        ("weird/iris_test_lcc.nc", "two-dimensional"),
        ("weird/accessnri_cm2_iceh_d.nc", "two-dimensional"),
        ("weird/ioos_bad-instance.nc", "cannot be decoded"),
        ("obs/rotated_pole.nc", "no layout recognises it"),
        ("obs/SOI_Darwin.nc", "no layout recognises it"),
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
