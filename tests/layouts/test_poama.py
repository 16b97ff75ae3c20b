"""POAMA-2: a file for each model version, member and start, told by its folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer.api import ProductRequest
from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.labelled import fields
from data_layer.layouts.poama import LAYOUT, _first_days, without_sentinels
from data_layer.local import LocalSource
from data_layer.opening import choose_layout
from tests.layouts import truth
from tests.layouts.suite import LayoutTests
from tests.layouts.truth import Traps, Truth

# Rows of the T47 grid about the equator; 72 in all.
GAUSSIAN = np.rad2deg(np.arcsin(np.polynomial.legendre.leggauss(72)[0]))[32:40]


def place(folder: Path, number: int, name: str) -> Path:
    """Where the archive keeps a file of the member of that number."""
    path = folder / f"m24{'abc'[number // 11]}" / f"e{number % 11:02d}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def bare(da: xr.DataArray, times, name: str, **attrs: str) -> xr.Dataset:
    """``(lead, lat, lon)`` as the archive writes it: axes without words, times as numbers."""
    da = da.drop_vars(["init", "member", "lead"]).rename(lead="time")
    da = da.assign_coords(time=np.asarray(times, "f4")).astype("f4").rename(name)
    da.attrs = {"units": "K", "long_name": "screen temperature", **attrs}
    return da.to_dataset()


class PoamaTests(LayoutTests):
    layout = LAYOUT
    variable = "tsfmax"
    kind = "dagc"
    times: tuple[float, ...] = (1.0, 2.0, 3.0)
    leads: tuple[int, ...] = (0, 1, 2)
    unit = "days"

    inits = ("2015-12-20", "2015-12-24")
    seeds_from = 0

    @pytest.fixture(params=range(4))
    def case(self, request, tmp_path):
        made = self.make(request.param + self.seeds_from)
        self.write(tmp_path, made)
        return tmp_path, made

    def make(self, seed: int) -> Truth:
        traps = Traps.random(seed)
        return truth.make(
            seed=seed,
            inits=self.inits,
            members=(0, 12, 32),
            leads=self.leads,
            unit=self.unit,
            lat=GAUSSIAN,
            traps=replace(traps, north_first=True),
        )

    def file(self, da: xr.DataArray, made: Truth) -> xr.Dataset:
        ds = bare(da, self.times, self.variable)
        ds[self.variable].encoding = made.encoding(*ds[self.variable].shape)
        return ds

    def write(self, folder: Path, made: Truth) -> None:
        for i, init in enumerate(made.da["init"].values):
            name = f"{self.kind}_{str(init)[:10].replace('-', '')}.nc"
            for m, number in enumerate(made.da["member"].values):
                if made.has(i, m):
                    path = place(folder / "realtime", int(number), name)
                    self.file(made.as_written(i, m), made).to_netcdf(path, engine="netcdf4")


class TestDaily(PoamaTests):
    """Times as in the dump of a real file: 1.0, 2.0, … without units."""


class TestWeekly(PoamaTests):
    seeds_from = 5
    kind = "wa"
    times = (7.0, 14.0, 21.0)
    leads = (0, 7, 14)


class TestMonthly(PoamaTests):
    """Missing values written in every way but the declared one."""

    seeds_from = 10
    kind = "ma"
    unit = "months"

    def file(self, da: xr.DataArray, made: Truth) -> xr.Dataset:
        ds = super().file(da, made)
        if not made.traps.packed:
            v = ds[self.variable]
            marks = np.resize(np.array([1e35, -999, np.inf, -1e34, -np.inf], "f4"), v.shape)
            ds[self.variable] = v.fillna(xr.DataArray(marks, v.coords, v.dims)).assign_attrs(
                v.attrs
            )
            kept = {k: e for k, e in v.encoding.items() if k != "_FillValue"}
            ds[self.variable].encoding = kept | {"_FillValue": None}
        return ds


class TestOcean(PoamaTests):
    """Several levels, of which the uppermost is shown; times in words of CF."""

    seeds_from = 15
    inits = ("2015-12-01", "2016-01-01")
    kind = "oa"
    variable = "TEMP"
    times = (15.5, 45.5, 76.0)
    unit = "months"

    def file(self, da: xr.DataArray, made: Truth) -> xr.Dataset:
        ds = bare(da, self.times, self.variable)
        below = ds[self.variable].fillna(280.0) - 7
        levels = xr.concat([ds[self.variable], below], "level").transpose("time", "level", ...)
        ds = levels.assign_coords(
            level=("level", [7.5, 22.5], {"units": "m", "long_name": "depth"})
        )
        ds = ds.rename(self.variable).to_dataset()
        ds["time"].attrs["units"] = f"days since {str(da['init'].values)[:10]}"
        ds[self.variable].encoding = made.encoding(*ds[self.variable].shape)
        return ds

    def test_the_level_is_told(self, tmp_path):
        self.write(tmp_path, self.make(0))
        (info,) = self.source(tmp_path).catalogue().datasets
        assert "the uppermost is shown (7.5 m)" in info.notes[0]


# ------------------------------------------------------------------------ the archive


def one(number: int = 0, **changes) -> xr.Dataset:
    da = truth.make(inits=("2015-12-20",), members=(number,), lat=GAUSSIAN, **changes).da
    return bare(da.isel(init=0, member=0), np.arange(da.sizes["lead"]) + 1.0, "tsfmax")


def opened(path: Path, ds: xr.Dataset) -> xr.Dataset:
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.to_netcdf(path, engine="netcdf4")
    with LAYOUT.open(path) as found:
        return found.load()


def test_the_model_versions_are_one_ensemble_of_33(tmp_path):
    for number in range(33):
        one(number).to_netcdf(place(tmp_path, number, "dag_20151220.nc"))
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    assert info.members == tuple(range(33))
    assert info.system == "POAMA-2 m24"
    assert "11 to 21 are m24b" in info.notes[0]
    assert "taken for the ends of the days" in info.notes[0]
    assert len(info.notes) == 1
    assert len(info.notes[0]) < 250


def test_members_keep_their_numbers_when_one_version_is_there_alone(tmp_path):
    for number in (11, 21):
        one(number).to_netcdf(place(tmp_path, number, "dag_20151220.nc"))
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    assert info.members == (11, 21)


def test_many_variables_of_a_file_are_all_there(tmp_path):
    ds = one().assign(hr24_prcp=one()["tsfmax"].assign_attrs(units="mm"))
    ds.to_netcdf(place(tmp_path, 0, "da_20151220.nc"))
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    assert [(v.name, v.units) for v in info.variables] == [("tsfmax", "K"), ("hr24_prcp", "mm")]


def test_each_type_of_file_is_a_dataset_of_its_own(tmp_path):
    for kind in ("da", "dag", "dagc", "ma"):
        one().to_netcdf(place(tmp_path, 0, f"{kind}_20151220.nc"))
    one().to_netcdf(place(tmp_path / "hindcasts", 0, "dag_19811201.nc"))
    datasets = LocalSource.open(tmp_path).catalogue().datasets
    assert {d.id: d.role for d in datasets} == {
        "poama-2-m24-da": "forecast",
        "poama-2-m24-dag": "forecast",
        "poama-2-m24-dagc": "forecast",
        "poama-2-m24-ma": "forecast",
        "poama-2-m24-hindcast-dag": "hindcast",
    }


def test_the_mean_of_the_members_is_left_out(tmp_path):
    one().to_netcdf(place(tmp_path, 0, "dag_20151220.nc"))
    mean = tmp_path / "m24a" / "emn" / "dag_20151220.nc"
    with pytest.raises(LeftOut, match="the mean of the members of m24a"):
        opened(mean, one())
    source = LocalSource.open(tmp_path)
    assert source.catalogue().datasets[0].members == (0,)
    assert source.catalogue().refused == ()


def test_files_of_indices_are_left_out(tmp_path):
    path = tmp_path / "m24a" / "e00" / "IORFw_20151220.nc"
    path.parent.mkdir(parents=True)
    index = xr.Dataset({"nino34": ("time", np.zeros(3))}, {"time": [1.0, 2.0, 3.0]})
    index.to_netcdf(path)
    assert choose_layout(path) is LAYOUT
    with pytest.raises(LeftOut, match="indices of regions"):
        LAYOUT.open(path)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("dag_20151220.nc", "of which model version: keep the archive's folders"),
        ("m24b/dag_20151220.nc", "of which member: keep the archive's folders, m24b/e00/"),
        ("m24b/e11/dag_20151220.nc", "e11 is none of the 11 of m24b"),
    ],
)
def test_what_the_folders_must_say_is_asked_for(tmp_path, place, says):
    with pytest.raises(UnreadableFile, match=says):
        opened(tmp_path / place, one())
    assert choose_layout(tmp_path / place) is LAYOUT


@pytest.mark.parametrize("name", ["tas_20151220.nc", "ma_20159920.nc", "dag_20151220_e00.nc"])
def test_other_names_are_not_taken(tmp_path, name):
    path = tmp_path / "m24a" / "e00" / name
    path.parent.mkdir(parents=True)
    one().to_netcdf(path)
    with xr.open_dataset(path, decode_cf=False) as raw:
        assert not LAYOUT.matches(raw, path)


def test_another_archives_file_of_the_same_name_is_not_taken(tmp_path):
    ds = one()
    ds["time"].attrs["units"] = "days since 1900-01-01"
    ds.to_netcdf(tmp_path / "ma_20151220.nc")
    assert choose_layout(tmp_path / "ma_20151220.nc").name == "cf"


# ------------------------------------------------------------------------ times


@pytest.mark.parametrize(
    ("kind", "times", "units", "leads"),
    [
        ("dag", [1, 2, 3], "days", [0, 1, 2]),
        ("dag", [0, 1, 2], "", [0, 1, 2]),
        ("dag", [0.5, 1.5, 2.5], "", [0, 1, 2]),
        ("dag", [30, 31, 32], "", [29, 30, 31]),
        ("dag", [1, 2, 3], "days since 2015-12-20", [0, 1, 2]),
        ("dag", [24, 48, 72], "hours since 2015-12-20 00:00:00", [0, 1, 2]),
        ("dag", [1, 2, 3], "days since start of forecast", [0, 1, 2]),
        ("wa", [1, 2, 3], "", [0, 7, 14]),
        ("wa", [4, 11, 18], "", [0, 7, 14]),
        ("wa", [3.5, 10.5, 17.5], "", [0, 7, 14]),
        ("wa", [0, 7, 14], "", [0, 7, 14]),
        ("wa2", [14, 28, 42], "", [0, 14, 28]),
        ("wa2", [1, 2, 3], "weeks", [0, 14, 28]),
        ("ma", [1, 2, 3], "", [0, 1, 2]),
        ("ma", [0, 1, 2], "months", [0, 1, 2]),
        ("ma", [20, 50, 80], "", [1, 2, 3]),
        ("ma", [15, 46, 76], "days since 2015-12-01", [0, 1, 2]),
        ("ma", [31, 62, 91], "days since 2015-12-01", [0, 1, 2]),
        ("ma", [0, 31, 62], "days since 2015-12-01", [0, 1, 2]),
    ],
)
def test_times_become_the_first_days_of_what_they_stand_for(tmp_path, kind, times, units, leads):
    ds = one().assign_coords(time=("time", np.asarray(times, "f4"), {"units": units}))
    found = opened(place(tmp_path, 0, f"{kind}_20151220.nc"), ds)
    assert found["lead"].values.tolist() == leads
    assert found["lead"].attrs["units"] == ("months" if kind == "ma" else "days")


@given(width=st.sampled_from([1, 7, 14]), n=st.integers(1, 40), at=st.sampled_from([0, 0.5, 1]))
def test_begin_middle_and_end_of_a_window_name_the_same_first_day(width, n, at):
    first = np.arange(n) * width
    assert _first_days(first + at * float(width), width) == first.tolist()


@pytest.mark.parametrize(
    ("kind", "times", "units", "says"),
    [
        ("dag", [1, 2, 2], "", "do not ascend"),
        ("dag", [1, np.nan, 3], "", "do not ascend"),
        ("dag", [1, 2.3, 3], "", "not whole days apart"),
        ("dag", [1, 2, 3], "days since 2015-12-01", "before the start"),
        ("wa", [2, 9, 16], "", "neither the begin, the middle nor the end of 7 days"),
        ("ma", [20, 25, 80], "", "neither a count of months nor days"),
        ("ma", [1, 2, 4], "", "neither a count of months nor days"),
    ],
)
def test_times_that_cannot_be_told_are_refused(tmp_path, kind, times, units, says):
    ds = one().assign_coords(time=("time", np.asarray(times, "f4"), {"units": units}))
    with pytest.raises(UnreadableFile, match=says):
        opened(place(tmp_path, 0, f"{kind}_20151220.nc"), ds)


@pytest.mark.parametrize(("kind", "days"), [("wa", 7), ("wa2", 14)])
def test_a_window_longer_than_its_lead_is_told(tmp_path, kind, days):
    ds = one()
    ds["tsfmax"].attrs["cell_methods"] = "time: maximum"
    ds.to_netcdf(place(tmp_path, 0, f"{kind}_20151220.nc"))
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    method = f"(comment: mean of {days} days from the day named)"
    assert info.variables[0].cell_methods == f"time: maximum {method}"
    assert f"mean of {days} days" in info.notes[0]


# ------------------------------------------------------------------------ values


@given(st.lists(st.floats(-900, 2.0**96, width=32), min_size=1))
def test_real_numbers_are_kept_to_the_bit(values):
    values = np.array(values, "f4")
    found = without_sentinels(values)
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


def test_levels_that_are_no_depths_are_not_guessed(tmp_path):
    ds = one().expand_dims(level=np.array([1.0, 2.0])).transpose("time", "level", ...)
    with pytest.raises(UnreadableFile, match="'level' is not an axis of depths in metres"):
        opened(place(tmp_path, 0, "oa_20151220.nc"), ds)


def test_a_variable_on_other_levels_does_not_hide_those_without(tmp_path):
    on_levels = one()["tsfmax"].expand_dims(lev=np.array([850.0, 500.0]))
    ds = one().assign(ta=on_levels.transpose("time", "lev", ...))
    found = opened(place(tmp_path, 0, "da_20151220.nc"), ds)
    assert list(found.data_vars) == ["tsfmax"]


def test_the_surface_is_found_from_below(tmp_path):
    depth = ("level", np.array([-500.0, -22.5, -7.5]), {"units": "metres", "long_name": "depth"})
    layers = [one()["tsfmax"] - 20, one()["tsfmax"] - 5, one()["tsfmax"]]
    ds = xr.concat(layers, "level").transpose("time", "level", ...).to_dataset()
    path = place(tmp_path, 0, "oa_20151220.nc")
    ds.assign_coords(level=depth).to_netcdf(path)
    source = LocalSource.open(tmp_path)
    (info,) = source.catalogue().datasets
    request = ProductRequest(info.id, "tsfmax", init="2015-12-20", member=0, lead=1)
    np.testing.assert_array_equal(
        source.fetch(request).values, one()["tsfmax"].isel(time=1).sortby("lat").values
    )


def test_axes_in_another_order_and_by_other_names(tmp_path):
    ds = one().rename(lat="latitude", lon="longitude").transpose("longitude", "latitude", "time")
    found = opened(place(tmp_path, 0, "dag_20151220.nc"), ds)
    expected = one()["tsfmax"].transpose("time", "lat", "lon").values
    np.testing.assert_array_equal(found["tsfmax"].values[0, 0], expected)


def test_only_variables_on_all_three_axes_are_fields():
    ds = one().assign(mask=one()["tsfmax"].isel(time=0, drop=True))
    assert fields(ds, "time") == ["tsfmax"]
