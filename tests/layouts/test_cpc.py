"""NMME of the Climate Prediction Center, with and without its folders."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.cpc import LAYOUT
from data_layer.local import LocalSource
from data_layer.opening import choose_layout
from tests.layouts import truth as truths
from tests.layouts.suite import LayoutTests
from tests.layouts.truth import Truth

UNITS = "months since 1960-01-01 00:00:00"


def files(truth: Truth):
    """The start (YYYYMM) and the contents of each file."""
    for i, init in enumerate(truth.da["init"].values):
        there = [m for m in range(truth.da.sizes["member"]) if truth.has(i, m)]
        da = xr.concat([truth.as_written(i, m) for m in there], "member")
        da = da.drop_vars("init").rename(member="ensmem", lead="target").astype("f4")
        month = init.astype("datetime64[M]")
        targets = month.astype(int) + 120 + da["target"].values
        da = da.assign_coords(target=("target", targets.astype("f4"), {"units": UNITS}))
        da.attrs = {"units": "K"}
        da.encoding = truth.encoding(*da.shape)
        ds = da.to_dataset(name="fcst")
        ds["lat"].attrs = {"units": "degrees_north"}
        ds["lon"].attrs = {"units": "degrees_east"}
        yield str(month).replace("-", ""), ds


def save(ds: xr.Dataset, path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.to_netcdf(path, engine="netcdf4")


class TestFolders(LayoutTests):
    """As on the centre's server."""

    layout = LAYOUT
    variable = "tmp2m"

    def write(self, folder, truth):
        for month, ds in files(truth):
            place = folder / "realtime_anom" / "GEM5.2_NEMO" / f"{month}0800"
            save(ds, place / f"GEM5.2_NEMO.tmp2m.{month}.anom.nc")


class TestOneFolder(LayoutTests):
    """Copied together, and with the start as a dim of one."""

    layout = LAYOUT
    variable = "tmpsfc"

    def write(self, folder, truth):
        for month, ds in files(truth):
            ds["fcst"] = ds["fcst"].expand_dims("initial_time")
            ds["fcst"].encoding = truth.encoding(*ds["fcst"].shape)
            save(ds, folder / f"CFSv2.tmpsfc.{month}0800.anom.nc")


@pytest.fixture
def one() -> xr.Dataset:
    """A file of a forecast from September 2026."""
    return next(iter(files(truths.make())))[1]


def opened(ds: xr.Dataset, path) -> xr.Dataset:
    save(ds, path)
    assert choose_layout(path) is LAYOUT
    with LAYOUT.open(path) as out:
        return out.load()


def test_quantities_of_a_model_are_one_dataset(one, tmp_path):
    for quantity, units in (("tmp2m", "K"), ("prate", "mm/s")):
        one["fcst"].attrs["units"] = units
        save(one, tmp_path / "2026090800" / f"CFSv2.{quantity}.202609.anom.nc")
    save(one, tmp_path / "2026090800" / "NCAR_CCSM4.tmp2m.202609.anom.nc")
    datasets = LocalSource.open(tmp_path).catalogue().datasets
    assert [(d.id, d.title, d.system) for d in datasets] == [
        ("nmme-cfsv2-anom", "NMME CFSv2, anomalies", "CFSv2"),
        ("nmme-ncar-ccsm4-anom", "NMME NCAR_CCSM4, anomalies", "NCAR_CCSM4"),
    ]
    told = [(v.name, v.title, v.units) for v in datasets[0].variables]
    assert told == [("prate", "Prate anomaly", "mm/s"), ("tmp2m", "Tmp2m anomaly", "K")]


def test_the_folder_alone_tells_the_start(one, tmp_path):
    ds = opened(one, tmp_path / "2026090800" / "fcst.nc")
    assert ds["init"].values.astype("datetime64[D]").astype(str).tolist() == ["2026-09-01"]
    assert list(ds.data_vars) == ["fcst"]


def test_the_first_month_need_not_be_that_of_the_start(one, tmp_path):
    ds = opened(one, tmp_path / "CFSv2.tmp2m.202608.anom.nc")
    assert ds["lead"].values.tolist() == [1, 2, 3]


def test_members_without_numbers_are_counted(one, tmp_path):
    ds = opened(one.drop_vars("ensmem"), tmp_path / "CFSv2.tmp2m.202609.anom.nc")
    assert ds["member"].values.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fcst.nc", "neither a folder"),
        ("CFSv2.tmp2m.202613.anom.nc", "neither a folder"),
        ("CFSv2.tmp2m.202610.anom.nc", "2026-09, lies before 2026-10"),
        ("2026080800/CFSv2.tmp2m.202609.anom.nc", "disagree on the start: 2026-08 and 2026-09"),
    ],
)
def test_a_start_that_is_not_told_rightly_is_refused(one, tmp_path, name, reason):
    with pytest.raises(UnreadableFile, match=reason):
        opened(one, tmp_path / name)


def test_a_missing_target_is_refused(one, tmp_path):
    targets = one["target"].values.copy()
    targets[1] = np.nan
    ds = one.assign_coords(target=("target", targets, one["target"].attrs))
    with pytest.raises(UnreadableFile, match="no month"):
        opened(ds, tmp_path / "CFSv2.tmp2m.202609.anom.nc")


@pytest.mark.parametrize("name", ["fcst", "clim"])
def test_means_are_left_out(one, tmp_path, name):
    mean = one.mean("ensmem").rename(fcst=name)
    with pytest.raises(LeftOut, match="mean of"):
        opened(mean, tmp_path / "2026090800" / "CFSv2.tmp2m.202609.anom.nc")
