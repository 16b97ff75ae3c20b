"""The ocean of ACCESS-S: NEMO's grid, a start and a member in the name."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import xarray as xr

from data_layer.api import ProductRequest
from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.ocean import LAYOUT
from data_layer.local import LocalSource
from data_layer.opening import choose_layout
from tests.layouts import truth
from tests.layouts.curved import bent, with_overlap
from tests.layouts.suite import LayoutTests

LAT, LON = np.arange(-55.0, 56, 10), np.arange(0.0, 360, 15)


def written(
    folder,
    made,
    i: int,
    m: int,
    edges,
    name: str,
    *,
    variable: str = "temp",
    bounds: bool = True,
):
    """One start and member as NEMO's files of ACCESS-S hold them."""
    da = made.as_written(i, m)
    lat, lon = (with_overlap(v) for v in bent(da["lat"].values, da["lon"].values))
    values = with_overlap(da.values)[:, None].astype("f4")
    dims = ("time_counter", "deptht", "y_2", "x_2")
    attrs = {"units": "K", "long_name": "temperature", "coordinates": "nav_lat nav_lon"}
    ds = xr.Dataset(
        {variable: (dims, values, attrs)},
        {
            "nav_lat": (("y_2", "x_2"), lat.astype("f4")),
            "nav_lon": (("y_2", "x_2"), ((lon + 180) % 360 - 180).astype("f4")),
            "deptht": ("deptht", [0.5], {"units": "m"}),
        },
    )
    edges = np.asarray(edges, "datetime64[ns]")
    middle = edges[:-1] + np.diff(edges) // 2
    how = {"units": "seconds since 1900-01-01 00:00:00", "dtype": "f8"}
    ds["time_counter"] = xr.Variable("time_counter", middle, {}, how)
    if bounds:
        ds["time_counter"].attrs["bounds"] = "time_counter_bnds"
        both = np.stack([edges[:-1], edges[1:]], 1)
        ds["time_counter_bnds"] = xr.Variable(("time_counter", "bnds"), both, {}, how)
    ds[variable].encoding = made.encoding(*values.shape)
    folder.mkdir(parents=True, exist_ok=True)
    ds.to_netcdf(folder / name, engine="netcdf4")
    return folder / name


def months(init, count: int):
    return np.asarray(init, "datetime64[M]") + np.arange(count + 1)


def days(init, count: int):
    return np.asarray(init, "datetime64[D]") + np.arange(count + 1)


class TestOcean(LayoutTests):
    """Months of the hindcast, or days of the real-time system, as the seed will have it."""

    layout = LAYOUT
    variable = "sst"

    def make(self, seed):
        how = {"lat": LAT, "lon": LON, "traps": truth.Traps.random(seed)}
        if seed % 2:
            return truth.make(seed=seed, inits=("2026-09-01", "2026-09-08"), unit="days", **how)
        return truth.make(seed=seed, **how)

    def write(self, folder, made):
        edges, place, name = days, folder / "ocean" / "sst", "s_do_sst_{}_{}.nc"
        if made.unit == "months":
            place = folder / "access-s2" / "hindcast" / "raw_model" / "ocean" / "sst" / "monthly"
            edges, name = months, "mo_sst_{}_{}.nc"
        for i, init in enumerate(made.da["init"].values):
            for m, member in enumerate(made.da["member"].values):
                if made.has(i, m):
                    day, e = str(init)[:10].replace("-", ""), f"e{member:02d}"
                    of = edges(init, made.da.sizes["lead"])
                    written(place / e, made, i, m, of, name.format(day, e))


@pytest.fixture
def made():
    return truth.make(lat=LAT, lon=LON)


def test_what_the_archive_says_outside_the_file_is_told(made, tmp_path):
    place = tmp_path / "access-s2" / "hindcast" / "raw_model" / "ocean" / "sst" / "monthly" / "e01"
    written(place, made, 0, 0, months("2026-09", 3), "mo_sst_20260901_e01.nc")
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    assert (info.system, info.role, info.institution) == (
        "ACCESS-S2",
        "hindcast",
        "Bureau of Meteorology",
    )
    assert info.grid.wraps
    assert (info.grid.ny, info.grid.nx) == (LAT.size, LON.size)
    (note,) = info.notes
    assert "nearest cell of the model's own grid" in note
    assert "nav_lat(y_2, x_2), 12 × 26 cells" in note


def test_anomalies_are_told_from_values_and_kept_apart(made, tmp_path):
    edges = months("2026-09", 3)
    written(tmp_path, made, 0, 0, edges, "s_moa_sst_20260901_e01.nc")
    written(tmp_path, made, 0, 0, edges, "s_mo_sst_20260901_e01.nc")
    values, anomalies = LocalSource.open(tmp_path).catalogue().datasets
    assert (values.variable("sst").title, anomalies.variable("sst").title) == (
        "Temperature",
        "Temperature anomaly",
    )


def test_months_are_told_by_their_middles_where_there_are_no_bounds(made, tmp_path):
    edges = months("2026-09", 3)
    written(tmp_path, made, 0, 0, edges, "mo_sst_20260901_e01.nc", bounds=False)
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    assert (info.lead_unit, info.leads) == ("months", (0, 1, 2))


def test_the_mean_of_the_members_is_no_member(made, tmp_path):
    path = written(tmp_path, made, 0, 0, months("2026-09", 3), "mo_sst_20260901_emn.nc")
    assert choose_layout(path) is LAYOUT
    with pytest.raises(LeftOut, match="mean of the members"):
        LAYOUT.open(path)


def test_a_variable_of_another_name_is_the_one_that_the_file_is_called_after(made, tmp_path):
    edges = months("2026-09", 3)
    path = written(tmp_path, made, 0, 0, edges, "mo_sst_20260901_e01.nc", variable="sst")
    with LAYOUT.open(path) as ds:
        assert list(ds.data_vars) == ["sst"]


def test_two_variables_of_other_names_are_refused(made, tmp_path):
    path = written(tmp_path, made, 0, 0, months("2026-09", 3), "mo_sst_20260901_e01.nc")
    with xr.open_dataset(path, decode_cf=False) as ds:
        ds.assign(salt=ds["temp"]).to_netcdf(tmp_path / "mo_sst_20260901_e02.nc")
    with pytest.raises(UnreadableFile, match="'sst', and it holds temp, salt"):
        LAYOUT.open(tmp_path / "mo_sst_20260901_e02.nc")


def test_files_of_another_name_are_left_to_other_layouts(made, tmp_path):
    path = written(tmp_path, made, 0, 0, months("2026-09", 3), "mo_sst_20260901_e01.nc")
    other = tmp_path / "nemo_output.nc"
    shutil.copy(path, other)
    assert choose_layout(other).name == "cf"
    (info,) = (d for d in LocalSource.open(tmp_path).catalogue().datasets if d.layout == "cf")
    got = LocalSource.open(tmp_path).fetch(ProductRequest(info.id, "temp"))
    np.testing.assert_allclose(got.isel(time=0), made.da[0, 0, 0], atol=1e-4)
