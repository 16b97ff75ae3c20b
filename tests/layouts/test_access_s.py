"""ACCESS-S: a file for each variable, member and start, told by names and folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.access_s import LAYOUT
from data_layer.layouts.holes import filled
from data_layer.local import LocalSource
from data_layer.opening import choose_layout
from tests.layouts import truth
from tests.layouts.suite import LayoutTests
from tests.layouts.truth import Traps, Truth


def bare(da: xr.DataArray, times, variable: str, units: str = "", **attrs: str) -> xr.Dataset:
    """``(lead, lat, lon)`` as the archive writes it, ``times`` in days since the start."""
    da = da.drop_vars(["member", "lead"]).rename(lead="time")
    start = str(da["init"].values)[:10]
    since = {"units": f"days since {start}", "calendar": "gregorian"}
    da = da.drop_vars("init").assign_coords(time=("time", np.asarray(times, float), since))
    da = da.astype("f4").rename(variable)
    da.attrs = ({"units": units} if units else {}) | attrs
    return da.to_dataset()


class AccessTests(LayoutTests):
    layout = LAYOUT
    times: tuple[float, ...] = (0.0, 1.0, 2.0)
    leads: tuple[int, ...] = (0, 1, 2)
    unit = "days"
    folders = "access-s2/hindcast/raw_model/atmos/tasmax/daily"
    stem = "da_tasmax"
    variable = "tasmax"
    seeds_from = 0
    inits = ("1990-01-01", "1990-01-16")
    lat = np.arange(-88.0, 89.0, 22.0)
    lon = np.arange(0.0, 360.0, 30.0)

    @pytest.fixture(params=range(4))
    def case(self, request, tmp_path):
        made = self.make(request.param + self.seeds_from)
        self.write(tmp_path, made)
        return tmp_path, made

    def make(self, seed: int) -> Truth:
        return truth.make(
            seed=seed,
            inits=self.inits,
            members=(1, 2, 11),
            leads=self.leads,
            unit=self.unit,
            lat=self.lat,
            lon=self.lon,
            traps=self.traps(seed),
        )

    def traps(self, seed: int) -> Traps:
        return Traps.random(seed)

    def file(self, da: xr.DataArray, seed: int) -> xr.Dataset:
        return bare(da, self.times, self.variable, self.units)

    def write(self, folder: Path, made: Truth) -> None:
        for i, init in enumerate(made.da["init"].values):
            for m, number in enumerate(made.da["member"].values):
                if not made.has(i, m):
                    continue
                ds = self.file(made.as_written(i, m), 10 * i + m)
                ds[self.variable].encoding = made.encoding(*ds[self.variable].shape)
                day = str(init)[:10].replace("-", "")
                path = folder / self.folders / f"e{number:02d}"
                path.mkdir(parents=True, exist_ok=True)
                ds.to_netcdf(path / f"{self.stem}_{day}_e{number:02d}.nc", engine="netcdf4")


class TestRawDaily(AccessTests):
    """The model's own grid, times at noon, units as the file says."""

    times = (0.5, 1.5, 2.5)


class TestCalibratedDaily(AccessTests):
    """Real time, Australia alone, no units in the file, and holes in the time axis."""

    seeds_from = 5
    folders = "seasonal_prediction/access-s/atmos/tasmax"
    stem = "s_daq5_tasmax"
    units = "degC"
    leads = (0, 1, 2, 3)
    times = (0.0, 1.0, 2.0, 3.0)
    lat = np.round(np.arange(-44.5, -44.1, 0.05), 2)
    lon = np.round(np.arange(112.0, 112.5, 0.05), 2)

    def traps(self, seed: int) -> Traps:
        return replace(Traps.random(seed), west_first=False)

    def file(self, da: xr.DataArray, seed: int) -> xr.Dataset:
        rng = np.random.default_rng(seed)
        times = np.array(self.times)
        holes = rng.permutation(times.size)[: rng.integers(0, 3)]
        times[holes] = rng.choice([-1.0, -32767.0, 9.96921e36, np.nan], holes.size)
        return bare(da, times, self.variable)


class TestMonthly(AccessTests):
    seeds_from = 10
    inits = ("1990-01-01", "1990-02-01")
    folders = "ub7/access-s1/hc/calibrated_5km_v3/atmos/tasmax/monthly"
    stem = "maq5_tasmax"
    unit = "months"
    times = (15.0, 45.0, 75.0)


# ------------------------------------------------------------------------ the archive

TRUTH = truth.make(inits=("2021-07-01",), members=(3,), leads=tuple(range(8)), unit="days")


def one(variable: str = "pr", n: int = 3, **attrs: str) -> xr.Dataset:
    da = TRUTH.da[0, 0, :n]
    return bare(da, np.arange(float(n)), variable, **attrs)


def put(path: Path, ds: xr.Dataset) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.to_netcdf(path, engine="netcdf4")
    return path


def opened(path: Path, ds: xr.Dataset) -> xr.Dataset:
    with LAYOUT.open(put(path, ds)) as found:
        return found.load()


def test_variables_and_members_in_their_folders_are_one_dataset(tmp_path):
    for variable in ("pr", "tasmax"):
        for member in ("e01", "e02"):
            name = f"s_daq5_{variable}_20210701_{member}.nc"
            put(tmp_path / "access-s" / "atmos" / variable / member / name, one(variable))
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    assert info.id == "access-s-seasonal-daq5"
    assert [(v.name, v.units) for v in info.variables] == [("pr", "mm day-1"), ("tasmax", "degC")]
    assert info.members == (1, 2)
    assert (info.role, info.system) == ("forecast", "ACCESS-S")


def test_runs_types_and_calibrations_are_datasets_of_their_own(tmp_path):
    hindcast = tmp_path / "access-s2" / "hindcast"
    put(hindcast / "raw_model/atmos/pr/daily/e01/da_pr_20210701_e01.nc", one())
    put(hindcast / "calibrated/atmos/pr/daily/e01/daq5_pr_20210701_e01.nc", one())
    put(hindcast / "calibrated/atmos/pr/monthly/e01/maq5_pr_20210701_e01.nc", one(n=1))
    put(tmp_path / "access-s/atmos/pr/e01/s_daq5_pr_20210701_e01.nc", one())
    put(tmp_path / "access-s/atmos/pr/e01/w_daq5_pr_20210701_e01.nc", one())
    datasets = LocalSource.open(tmp_path).catalogue().datasets
    assert {(d.id, d.role, d.lead_unit) for d in datasets} == {
        ("access-s2-hindcast-raw-model-da", "hindcast", "days"),
        ("access-s2-hindcast-calibrated-daq5", "hindcast", "days"),
        ("access-s2-hindcast-calibrated-maq5", "hindcast", "months"),
        ("access-s-seasonal-daq5", "forecast", "days"),
        ("access-s-multi-week-daq5", "forecast", "days"),
    }


@pytest.mark.parametrize(
    ("name", "said", "units"),
    [
        ("da_pr_20210701_e03.nc", "", "kg m-2 s-1"),
        ("daq5_pr_20210701_e03.nc", "", "mm day-1"),
        ("daq5_rsds_20210701_e03.nc", "", "W m-2"),
        ("daq5_tasmin_20210701_e03.nc", "", "degC"),
        ("daq5_pr_20210701_e03.nc", "mm", "mm"),
        ("da_tasmax_20210701_e03.nc", "K", "K"),
        ("da_tasmax_20210701_e03.nc", "", None),
    ],
)
def test_units_are_those_of_the_file_or_those_known_of_the_archive(tmp_path, name, said, units):
    variable = name.split("_")[1]
    found = opened(tmp_path / name, one(variable, units=said) if said else one(variable))
    assert found[variable].attrs.get("units") == units


def test_the_mean_of_the_members_is_left_out(tmp_path):
    path = put(tmp_path / "m3aq5_rsds_19900101_emn.nc", one("rsds"))
    assert choose_layout(path) is LAYOUT
    with pytest.raises(LeftOut, match="the mean of the members"):
        LAYOUT.open(path)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("p_atmos_q5_pr_s_maq5_pumedian_20240414_rt.nc", "probabilities"),
        ("maq5_pr_climjan01.nc", "a mean over years"),
    ],
)
def test_what_was_made_of_the_members_is_left_out(tmp_path, name, what):
    path = put(tmp_path / name, one().isel(time=0, drop=True))
    assert choose_layout(path) is LAYOUT
    with pytest.raises(LeftOut, match=what):
        LAYOUT.open(path)


def test_the_oceans_own_grid_is_left_to_another_layout(tmp_path):
    ds = one("temp").rename(lat="y", lon="x")
    shape = (ds.sizes["y"], ds.sizes["x"])
    ds = ds.assign_coords(
        nav_lat=(("y", "x"), np.zeros(shape)), nav_lon=(("y", "x"), np.ones(shape))
    )
    path = put(tmp_path / "mo_sst_19960623_e01.nc", ds)
    with xr.open_dataset(path, decode_cf=False) as raw:
        assert not LAYOUT.matches(raw, path)


@pytest.mark.parametrize(
    "name", ["tas_20210701_e03.nc", "da_pr_20211301_e03.nc", "da_pr_20210701_003.nc"]
)
def test_other_names_are_not_taken(tmp_path, name):
    assert choose_layout(put(tmp_path / name, one())).name != LAYOUT.name


# ------------------------------------------------------------------------ times


def timed(times, since: str = "days since 2021-07-01", **attrs: object) -> xr.Dataset:
    times = np.asarray(times)
    axis = ("time", times, {"units": since, **attrs})
    return one(n=times.size).assign_coords(time=axis)


@pytest.mark.parametrize(
    ("times", "since", "leads"),
    [
        ([0, 1, 2], "days since 2021-07-01", [0, 1, 2]),
        ([0.5, 1.5, 2.5], "days since 2021-07-01 00:00:00", [0, 1, 2]),
        ([1, 2, 3], "days since 2021-06-30", [0, 1, 2]),
        ([18809, 18810, 18811], "days since 1970-01-01", [0, 1, 2]),
        ([12, 36, 60], "hours since 2021-07-01", [0, 1, 2]),
    ],
)
def test_days_are_counted_from_the_start_in_the_name(tmp_path, times, since, leads):
    found = opened(tmp_path / "da_pr_20210701_e03.nc", timed(times, since))
    assert found["lead"].values.tolist() == leads
    assert found["init"].values.astype("M8[D]").astype(str).tolist() == ["2021-07-01"]


@pytest.mark.parametrize(
    "times",
    [
        [0, 1, -1, 3, 4],
        [-2147483647, 1, 2, 3, 4],
        [0.5, 1.5, np.nan, 3.5, 4.5],
        [0, 1, 9.96921e36, 3, 9.96921e36],
        [0, 1, 2, 3, 2147483647],
        [0, -999, -999, -999, 4],
    ],
)
def test_holes_are_dated_by_their_position_and_that_is_told(tmp_path, times):
    found = opened(tmp_path / "da_pr_20210701_e03.nc", timed(times))
    assert found["lead"].values.tolist() == [0, 1, 2, 3, 4]
    assert "has holes" in found.attrs["comment"]
    np.testing.assert_allclose(found["pr"].values[0, 0], TRUTH.da[0, 0, :5], rtol=1e-6)


def test_declared_fill_values_are_holes(tmp_path):
    times = np.array([0, 9999, 2, 3], "i4")
    ds = timed(times)
    ds["time"].encoding["_FillValue"] = np.int32(9999)
    found = opened(tmp_path / "da_pr_20210701_e03.nc", ds)
    assert found["lead"].values.tolist() == [0, 1, 2, 3]


def test_no_holes_are_told_of_where_there_are_none(tmp_path):
    found = opened(tmp_path / "da_pr_20210701_e03.nc", timed([0, 1, 2]))
    assert found.attrs["comment"] == ""


def test_holes_among_months(tmp_path):
    found = opened(tmp_path / "ma_pr_20210701_e03.nc", timed([15, -1, 77, 107]))
    assert found["lead"].values.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ([-1, -1, -1], "3 of its 3 times are missing, and the others are too few"),
        ([-1, 1, -1], "2 of its 3 times are missing, and the others are too few"),
        ([0, -1, 3, 4], "1 of its 4 times are missing, and the others are not evenly spaced"),
        ([0, -1, 4], "not evenly spaced"),
        ([0, 0, 1], "do not ascend"),
        ([2, 1, 0], "do not ascend"),
        ([-1, 0, 1], "before the start"),
    ],
)
def test_an_axis_that_leaves_doubt_is_refused(tmp_path, times, says):
    with pytest.raises(UnreadableFile, match=says):
        opened(tmp_path / "da_pr_20210701_e03.nc", timed(times))


def test_months_that_do_not_follow_one_another_are_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="do not follow one another"):
        opened(tmp_path / "ma_pr_20210701_e03.nc", timed([30, 61, 91, 152]))


@pytest.mark.parametrize("since", ["days", "1", "days since the start", "months since 1960-01-01"])
def test_times_without_a_date_are_refused(tmp_path, since):
    with pytest.raises(UnreadableFile):
        opened(tmp_path / "da_pr_20210701_e03.nc", timed([0, 1, 2], since))


def test_another_calendar_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="standard calendar"):
        opened(tmp_path / "da_pr_20210701_e03.nc", timed([0, 1, 2], calendar="julian"))


def bounded(ds: xr.Dataset, edges) -> xr.Dataset:
    ds["time"].attrs["bounds"] = "time_bnds"
    return ds.assign(time_bnds=(("time", "nv"), np.asarray(edges, float)))


def test_bounds_say_where_a_window_begins(tmp_path):
    ds = bounded(timed([31, 62, 92]), [(0, 31), (31, 62), (62, 92)])
    found = opened(tmp_path / "ma_pr_20210701_e03.nc", ds)
    assert found["lead"].values.tolist() == [0, 1, 2]
    ds = bounded(timed([45, 76, 107]), [(0, 92), (31, 123), (62, 153)])
    found = opened(tmp_path / "m3aq5_pr_20210701_e03.nc", ds)
    assert found["lead"].values.tolist() == [0, 1, 2]
    assert "mean of 3 months from the month named" in found["pr"].attrs["cell_methods"]
    assert "Leads are of a mean of 3 months" in found.attrs["comment"]


@pytest.mark.parametrize(
    ("name", "times", "says"),
    [
        ("ma_pr_20210701_e03.nc", [31, 62, 92], "whether those months begin or end there"),
        ("m3aq5_pr_20210701_e03.nc", [45, 76, 107], "where each three-monthly window begins"),
        ("wa_pr_20210701_e03.nc", [3.5, 10.5, 17.5], "where each weekly window begins"),
    ],
)
def test_windows_that_cannot_be_told_are_refused(tmp_path, name, times, says):
    with pytest.raises(UnreadableFile, match=says):
        opened(tmp_path / name, timed(times))


@given(
    st.integers(0, 200),
    st.sampled_from([1, 3, 7]),
    st.lists(st.booleans(), min_size=2, max_size=60).filter(lambda known: sum(known) >= 2),
)
def test_an_even_axis_is_found_again_whatever_is_lost_of_it(first, step, known):
    axis = first + step * np.arange(float(len(known)))
    counts, holes = filled(np.where(known, axis, np.nan), (step,))
    assert counts == axis.tolist()
    assert holes == [i for i, k in enumerate(known) if not k]
