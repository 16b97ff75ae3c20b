"""C3S as NetCDF: a provider's file for each member, and what is converted from GRIB."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data_layer.api import ProductRequest
from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.c3s import LAYOUT
from data_layer.local import LocalSource
from data_layer.opening import choose_layout, inspect
from tests.layouts import truth
from tests.layouts.suite import LayoutTests
from tests.layouts.truth import Traps, Truth

KNOWN = {"latitude": "degrees_north", "longitude": "degrees_east"}


def letters(label: str) -> xr.Variable:
    """A text as classic NetCDF has it."""
    attrs = {"units": "1", "axis": "E", "standard_name": "realization"}
    return xr.Variable(("str31",), np.array(list(label.ljust(31)), "S1"), attrs)


def provided(
    da: xr.DataArray,
    start: np.datetime64,
    member: int,
    name: str = "tas",
    *,
    window: float = 24,
    ends: bool = False,
    unit: str = "days",
    **attrs: str,
) -> xr.Dataset:
    """A provider's file of one variable (leadtime in hours, lat, lon).

    Parameters
    ----------
    window: hours; 0 for instants, which have no bounds. ``leadtime`` is where it begins.
    ends: every window begins with the forecast.
    unit: in which leadtime is written.
    """
    hours = 1.0 if unit == "hours" else 24.0
    begins = da["leadtime"].values.astype(float)
    edges = np.stack([begins * (not ends), begins + window], axis=1) / hours
    middle = edges.mean(axis=1) if window else begins / hours
    since = f"{unit} since {str(start)[:10]}T00:00:00Z"
    method = "leadtime: mean (interval: 0.5 hour)" if window else "leadtime: point"
    da = da.drop_vars("leadtime").astype("f4")
    da.attrs = {
        "units": "K",
        "standard_name": "air_temperature",
        "cell_methods": method,
        "grid_mapping": "hcrs",
        "coordinates": "reftime realization time leadtime height lat lon",
    }
    ds = xr.Dataset({name: da, "hcrs": ((), b"", {"grid_mapping_name": "latitude_longitude"})})
    ds["leadtime"] = ("leadtime", middle, {"units": unit, "standard_name": "forecast_period"})
    ds["time"] = ("leadtime", middle, {"units": since, "standard_name": "time"})
    ds["reftime"] = ((), 0.0, {"units": since, "standard_name": "forecast_reference_time"})
    for axis in ("leadtime", "time") if window else ():
        ds[axis].attrs["bounds"] = f"{axis}_bnds"
        ds[f"{axis}_bnds"] = (("leadtime", "bnds"), edges)
    ds["realization"] = letters(f"r{member:02d}i00p00")
    ds["height"] = ((), 2.0, {"units": "m", "standard_name": "height"})
    for axis, standard in (("lat", "latitude"), ("lon", "longitude")):
        ds[axis].attrs = {"units": KNOWN[standard], "standard_name": standard}
    return ds.assign_attrs(
        {
            "Conventions": "CF-1.6 C3S-0.1",
            "source": "cmcc_CMCC-CM2-v20191201: atmos: CAM(ne60np4 L46); ocean: NEMO",
            "institution": "CMCC",
            "institute_id": "cmcc",
            "forecast_type": "hindcast",
            "frequency": "day" if window in (0, 24) else "mon",
            "modeling_realm": "atmos",
            "level_type": "surface",
            "forecast_reference_time": f"{str(start)[:10]}T00:00:00Z",
            **attrs,
        }
    )


def save(ds: xr.Dataset, folder, truth: Truth | None = None):
    """The file under the name that the conventions ask for."""
    label = b"".join(ds["realization"].values).decode().strip()
    name = next(str(n) for n in ds.data_vars if ds[n].ndim > 2)
    if truth is not None:
        ds[name].encoding = truth.encoding(*ds[name].shape)
    start = ds.attrs["forecast_reference_time"][:10].replace("-", "")
    path = (
        folder / f"cmcc_CMCC-CM2-v20191201_hindcast_S{start}00_atmos_day_surface_{name}_{label}.nc"
    )
    ds.to_netcdf(path, engine="netcdf4", format="NETCDF4_CLASSIC")
    return path


class C3sTests(LayoutTests):
    layout = LAYOUT

    @pytest.fixture(params=(3, 8, 10))  # each trap, and its absence
    def case(self, request, tmp_path):
        made = self.make(request.param)
        self.write(tmp_path, made)
        return tmp_path, made


class Provided(C3sTests):
    unit = "days"
    leads: tuple[int, ...] = (0, 1, 5)
    window: float = 24
    # CMCC writes days, the Met Office hours.
    written_in: str = "days"
    inits: tuple[str, ...] = ("1993-11-01", "1993-12-01")

    def make(self, seed):
        traps = Traps.random(seed)
        return truth.make(
            seed=seed, inits=self.inits, leads=self.leads, unit=self.unit, traps=traps
        )

    def write(self, folder, truth):
        for i, m in np.ndindex(truth.da.shape[:2]):
            if truth.has(i, m):
                ds = self.one(truth, i, m)
                place = folder / str(ds.attrs["forecast_reference_time"])[:7]
                place.mkdir(exist_ok=True)
                save(ds, place, truth)

    def one(self, truth, i, m):
        da = truth.as_written(i, m).drop_vars(["init", "member"]).rename(lead="leadtime")
        da = da.assign_coords(leadtime=da["leadtime"] * (24 if self.unit == "days" else 1))
        start, member = truth.da["init"].values[i], int(truth.da["member"][m])
        return provided(da, start, member, window=self.window, unit=self.written_in)


class TestMeansOfDays(Provided):
    pass


class TestInstants(Provided):
    unit = "hours"
    leads = (0, 6, 24)
    window = 0
    written_in = "hours"


class TestMonths(Provided):
    unit = "months"
    leads = (0, 1, 2)
    written_in = "hours"

    def one(self, truth, i, m):
        start = truth.da["init"].values[i]
        edges = start.astype("datetime64[M]") + np.arange(4)
        hours = (edges.astype("datetime64[h]") - start.astype("datetime64[h]")).astype(float)
        da = truth.as_written(i, m).drop_vars(["init", "member"]).rename(lead="leadtime")
        da = da.assign_coords(leadtime=hours[:-1])
        made = provided(da, start, int(truth.da["member"][m]), unit="hours", frequency="mon")
        bounds = np.stack([hours[:-1], hours[1:]], axis=1)
        for axis in ("leadtime", "time"):
            made[axis] = made[axis].copy(data=bounds.mean(axis=1))
            made[f"{axis}_bnds"] = (("leadtime", "bnds"), bounds)
        return made


# ------------------------------------------------------------------ converted from GRIB


class Converted(C3sTests):
    """One file of all starts, as the Climate Data Store makes of its GRIB."""

    variable = "t2m"
    start = "forecast_reference_time"

    def write(self, folder, truth):
        da = xr.concat(
            [
                xr.concat(
                    [truth.as_written(i, m) for m in range(truth.da.sizes["member"])], "number"
                )
                for i in range(truth.da.sizes["init"])
            ],
            self.start,
        )
        ds = self.named(da, truth).drop_vars(["init", "member"], errors="ignore")
        ds["t2m"].encoding = truth.encoding(*ds["t2m"].shape)
        ds.to_netcdf(folder / "download.nc", engine="netcdf4")

    def named(self, da, truth):
        da = da.rename(lat="latitude", lon="longitude").astype("f4")
        for dim, units in KNOWN.items():
            da[dim].attrs = {"units": units, "standard_name": dim}
        da = da.assign_coords(number=truth.da["member"].values)
        da["number"].attrs["standard_name"] = "realization"
        da = da.assign_coords({self.start: truth.da["init"].values})
        da[self.start].attrs["standard_name"] = "forecast_reference_time"
        ds = self.with_leads(da, truth).to_dataset(name="t2m")
        ds["t2m"].attrs = {
            "units": "K",
            "GRIB_paramId": np.int64(167),
            "GRIB_dataType": "fcmean",
            "GRIB_stepType": "instant",
            "standard_name": "unknown",
            **self.attrs,
        }
        return ds.assign_attrs(GRIB_centre="ecmf", GRIB_centreDescription="ECMWF")

    attrs: dict[str, str] = {}

    def with_leads(self, da, truth):
        da = da.rename(lead="forecastMonth")
        da = da.assign_coords(forecastMonth=truth.da["lead"].values + 1)
        ends = truth.da["init"].values.astype("datetime64[M]")[:, None] + np.arange(1, 4)
        ends = ends.astype("datetime64[ns]")
        return da.assign_coords(valid_time=((self.start, "forecastMonth"), ends))


class TestConvertedMonths(Converted):
    pass


class TestConvertedLaggedMonths(Converted):
    start = "indexing_time"


class TestConvertedMonthsInHours(Converted):
    """Months counted in hours to their ends: one start."""

    def make(self, seed):
        traps = Traps.random(seed)
        return truth.make(seed=seed, inits=("2026-02-01",), traps=traps)

    def write(self, folder, truth):
        made = Truth(truth.da, truth.unit, Traps(**{**vars(truth.traps), "absent_member": None}))
        super().write(folder, made)

    def with_leads(self, da, truth):
        da = da.rename(lead="forecast_period")
        ends = np.cumsum([28, 31, 30]) * 24.0
        return da.assign_coords(forecast_period=("forecast_period", ends, {"units": "hours"}))


class TestConvertedMaximaOfDays(Converted):
    attrs = {"GRIB_dataType": "fc", "GRIB_stepType": "max"}

    def make(self, seed):
        traps = Traps.random(seed)
        return truth.make(seed=seed, leads=(0, 1, 5), unit="days", traps=traps)

    def with_leads(self, da, truth):
        da = da.rename(lead="forecast_period")
        ends = (truth.da["lead"].values + 1) * 24.0
        return da.assign_coords(forecast_period=("forecast_period", ends, {"units": "hours"}))


# ---------------------------------------------------------------------- this archive's traps


@pytest.fixture
def day() -> xr.DataArray:
    made = truth.make(inits=("1993-11-01",), leads=(0, 1, 2))
    da = made.as_written(0, 0).drop_vars(["init", "member"]).rename(lead="leadtime")
    return da.assign_coords(leadtime=da["leadtime"] * 24)


START = np.datetime64("1993-11-01", "ns")


def test_all_variables_of_a_system_are_one_dataset_that_says_what_it_is(tmp_path, day):
    for name in ("tas", "psl"):
        for member in (1, 25):
            save(provided(day, START, member, name), tmp_path)
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    assert {v.name for v in info.variables} == {"tas", "psl"}
    assert info.members == (1, 25)
    assert (info.role, info.system) == ("hindcast", "cmcc_CMCC-CM2-v20191201")
    assert info.variables[0].cell_methods.startswith("leadtime: mean")


def test_instants_and_windows_are_datasets_of_their_own(tmp_path, day):
    save(provided(day, START, 1, "tas"), tmp_path)
    save(provided(day, START, 1, "lwesnw", window=0), tmp_path)
    datasets = LocalSource.open(tmp_path).catalogue().datasets
    assert sorted((d.lead_unit, d.leads) for d in datasets) == [
        ("days", (0, 1, 2)),
        ("hours", (0, 24, 48)),
    ]


def test_members_that_start_on_days_of_their_own_are_a_lagged_ensemble(tmp_path, day):
    for member, date in ((1, "1993-10-25"), (2, "1993-11-01")):
        save(provided(day, np.datetime64(date, "ns"), member), tmp_path)
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    assert info.inits == ("1993-11-01",)
    assert info.member_inits == ("1993-10-25", "1993-11-01")


def test_other_physics_are_another_dataset(tmp_path, day):
    for n in (0, 1):
        ds = provided(day, START, 1)
        ds["realization"] = letters(f"r01i00p{n:02d}")
        save(ds, tmp_path)
    datasets = LocalSource.open(tmp_path).catalogue().datasets
    assert [d.members for d in datasets] == [(1,), (1,)]


def test_sums_since_the_start_are_known_by_their_ends(tmp_path, day):
    path = save(provided(day, START, 1, "lwepr", ends=True), tmp_path)
    with LAYOUT.open(path) as ds:
        assert ds["lead"].values.tolist() == [24, 48, 72]
        assert ds["lead"].attrs["units"] == "hours"


def test_pressure_levels_become_variables_that_stay_lazy(tmp_path, day):
    both = xr.concat([day, day + 1], "plev").transpose("leadtime", "plev", "lat", "lon")
    ds = provided(both, START, 1, "ta", level_type="pressure")
    ds["plev"] = ("plev", [85000.0, 50000.0], {"units": "Pa", "standard_name": "air_pressure"})
    save(ds, tmp_path)
    source = LocalSource.open(tmp_path)
    (info,) = source.catalogue().datasets
    assert {v.name for v in info.variables} == {"ta_850", "ta_500"}
    got = source.fetch(ProductRequest(info.id, "ta_500", init="1993-11-01", member=1, lead=2))
    np.testing.assert_allclose(got.values, day[2].values + 1, atol=1e-4)


def test_a_start_may_stand_in_the_attribute_alone(tmp_path, day):
    path = save(provided(day, START, 1).drop_vars("reftime"), tmp_path)
    with LAYOUT.open(path) as ds:
        assert ds["init"].values == START


def test_a_field_that_does_not_change_is_left_out(tmp_path, day):
    ds = provided(day, START, 1, frequency="fix").isel(leadtime=0, drop=True)
    ds = ds.drop_vars(["time", "leadtime_bnds", "time_bnds", "leadtime"], errors="ignore")
    ds.to_netcdf(tmp_path / "sftlf.nc")
    with pytest.raises(LeftOut, match="fix"):
        inspect(tmp_path / "sftlf.nc")


def broken(ds: xr.Dataset, what: str) -> xr.Dataset:
    if what == "no bounds":
        ds = ds.drop_vars(["leadtime_bnds", "time_bnds"])
        del ds["leadtime"].attrs["bounds"], ds["time"].attrs["bounds"]
    elif what == "label":
        ds["realization"] = letters("control")
    elif what == "unit":
        ds["leadtime"].attrs["units"] = "fortnights"
    elif what == "start":
        ds = ds.drop_vars("reftime").assign_attrs(forecast_reference_time="19931101xx-last year")
    elif what == "lead":
        ds = ds.isel(leadtime=[0]).rename(leadtime="z").drop_vars("z")
    return ds


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("no bounds", "no bounds"),
        ("label", "r01i00p00"),
        ("unit", "fortnights"),
        ("start", "no date"),
        ("lead", "no leadtime"),
    ],
)
def test_what_breaks_the_conventions_is_refused(tmp_path, day, what, reason):
    path = save(broken(provided(day, START, 1), what), tmp_path)
    with pytest.raises(UnreadableFile, match=reason):
        inspect(path)


def converted(made: Truth, **attrs: str) -> xr.Dataset:
    da = xr.concat([made.as_written(0, m) for m in range(3)], "number")
    kind = TestConvertedMonths()
    kind.attrs = attrs
    return kind.named(da.expand_dims("forecast_reference_time"), made).drop_vars(
        ["init", "member"], errors="ignore"
    )


def test_own_starts_beside_the_nominal_one_are_kept(tmp_path):
    made = truth.make(inits=("2026-09-01",))
    ds = converted(made).rename(forecast_reference_time="indexing_time")
    own = np.array(["2026-08-09", "2026-08-17", "2026-09-01"], "datetime64[ns]")
    ds["time"] = ("number", own, {"standard_name": "forecast_reference_time"})
    ds.to_netcdf(tmp_path / "x.nc")
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    assert info.inits == ("2026-09-01",)
    assert info.leads == (0, 1, 2)
    assert info.member_inits == ("2026-08-09", "2026-08-17", "2026-09-01")


@pytest.mark.parametrize(("year", "role"), [("2016", "hindcast"), ("2017", "forecast")])
def test_what_was_started_before_the_service_is_a_hindcast(tmp_path, year, role):
    made = truth.make(inits=(f"{year}-09-01",))
    converted(made).to_netcdf(tmp_path / "x.nc")
    assert inspect(tmp_path / "x.nc").role == role


def test_the_mean_of_the_ensemble_is_left_out(tmp_path):
    converted(truth.make(inits=("2026-09-01",)), GRIB_dataType="em").to_netcdf(tmp_path / "x.nc")
    with pytest.raises(LeftOut, match="computed from members"):
        inspect(tmp_path / "x.nc")


@pytest.mark.parametrize(("kind", "method"), [("fcmean", "mean"), ("fcmax", "maximum")])
def test_what_grib_says_of_the_method_is_said_in_cf(tmp_path, kind, method):
    converted(truth.make(inits=("2026-09-01",)), GRIB_dataType=kind).to_netcdf(tmp_path / "x.nc")
    (variable,) = inspect(tmp_path / "x.nc").variables
    assert variable.cell_methods == f"time: {method}"


def test_a_single_map_has_its_labels_as_scalars(tmp_path):
    made = truth.make(inits=("2026-02-01",), leads=(0, 1, 2))
    case = TestConvertedMaximaOfDays()
    case.write(tmp_path, made)
    with xr.open_dataset(tmp_path / "download.nc", decode_cf=False) as ds:
        one = ds.isel(forecast_period=1, forecast_reference_time=0, number=2)
        one.reset_coords().to_netcdf(tmp_path / "one.nc")
    with LAYOUT.open(tmp_path / "one.nc") as got:
        assert got["lead"].attrs["units"] == "days"
        assert [got[c].item() for c in ("member", "lead")] == [3, 1]
        assert str(got["init"].values[0])[:10] == "2026-02-01"


def test_months_in_hours_from_several_starts_are_refused(tmp_path):
    made = truth.make()
    case = TestConvertedMonthsInHours()
    case.write(tmp_path, made)
    with pytest.raises(UnreadableFile, match="a file for each start"):
        inspect(tmp_path / "download.nc")


def test_a_plain_cf_file_is_not_taken(tmp_path):
    made = truth.make(inits=("2026-09-01",))
    ds = converted(made)
    del ds.attrs["GRIB_centre"]
    ds.to_netcdf(tmp_path / "x.nc")
    assert choose_layout(tmp_path / "x.nc").name == "cf"
