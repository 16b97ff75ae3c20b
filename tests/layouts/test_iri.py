"""The IRI Data Library: NMME, SubX, S2S reforecasts, and observations of months."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import xarray as xr

from data_layer.api import ProductRequest
from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts.canonical import canonical
from data_layer.layouts.files import decoded
from data_layer.layouts.iri import LAYOUT, reforecast_starts
from data_layer.local import LocalSource
from data_layer.opening import choose_layout
from data_layer.schema import is_index
from tests.layouts import truth as truths
from tests.layouts.counted import Counted
from tests.layouts.suite import LayoutTests
from tests.layouts.truth import Traps, Truth

GRID = {"pointwidth": np.float32(1), "gridtype": np.int32(0)}
START = {"standard_name": "forecast_reference_time", "long_name": "Forecast Start Time"}
MONTHS = {"calendar": "360", "units": "months since 1960-01-01"}
DAYS = {"calendar": "standard", "units": "days since 1960-01-01"}
AXES = {
    "M": {"standard_name": "realization", "units": "ids", **GRID},
    "Y": {"standard_name": "latitude", "units": "degree_north", **GRID},
    "X": {"standard_name": "longitude", "units": "degree_east", **GRID},
}


def months_since_1960(days: np.ndarray) -> np.ndarray:
    return days.astype("datetime64[M]").astype(int) + 120


def days_since_1960(days: np.ndarray) -> np.ndarray:
    return (days.astype("datetime64[D]") - np.datetime64("1960-01-01")).astype(int)


def whole(truth: Truth) -> xr.DataArray:
    """The forecast on the library's axes, as the traps have them."""
    inits, members = (range(truth.da.sizes[d]) for d in ("init", "member"))
    da = xr.concat(
        [xr.concat([truth.as_written(i, m) for m in members], "member") for i in inits], "init"
    )
    return da.rename(init="S", member="M", lead="L", lat="Y", lon="X")


def data_nc(da: xr.DataArray, lead: dict[str, object], **axes: dict[str, object]) -> xr.Dataset:
    """What the library would say of a variable with these axes of time."""
    da.attrs = {"units": "Kelvin_scale", "long_name": "Reference Temperature", "pointwidth": 0}
    ds = da.astype("f4").to_dataset(name="tref").assign_attrs(Conventions="IRIDL")
    leads = "LA" if "LA" in ds.dims else "L"
    for name, attrs in (AXES | {leads: lead} | axes).items():
        values = ds[name].values.astype("f4")
        ds = ds.assign_coords({name: (name, values, attrs)})
        ds[name].encoding = {"_FillValue": None}
    return ds


def save(ds: xr.Dataset, path, truth: Truth) -> None:
    """As the library's data.nc, a classic file; as a copy of it when it is compressed."""
    v = ds["tref"]
    how = truth.encoding(*v.shape)
    if truth.traps.packed:
        v.encoding = how
    else:
        v.values[np.isnan(v.values)] = 1e15
        v.attrs["missing_value"] = np.float32(1e15)
        v.encoding = how | {"_FillValue": np.float32(np.nan)}
    kind = "NETCDF4" if truth.traps.compressed else "NETCDF3_CLASSIC"
    ds.to_netcdf(path, engine="netcdf4", format=kind)


def middles(unit: str, **more: object) -> dict[str, object]:
    return {"standard_name": "forecast_period", "units": unit, **GRID, **more}


class TestNmme(LayoutTests):
    layout = LAYOUT
    variable = "tref"

    def write(self, folder, truth):
        da = whole(truth)
        da = da.assign_coords(S=months_since_1960(da["S"].values), L=da["L"] + 0.5)
        da = da.transpose("S", "L", "M", "Y", "X")
        save(data_nc(da, middles("months"), S=START | MONTHS | GRID), folder / "data.nc", truth)


class TestSubx(LayoutTests):
    layout = LAYOUT
    variable = "tref"

    def make(self, seed):
        inits = ("2000-02-26", "2000-03-02", "2000-03-07")
        traps = Traps.random(seed)
        return truths.make(
            seed=seed, inits=inits, members=(1, 2), leads=(0, 1, 2), unit="days", traps=traps
        )

    def write(self, folder, truth):
        da = whole(truth)
        da = da.assign_coords(S=days_since_1960(da["S"].values), L=da["L"] + 0.5)
        da = da.transpose("L", "M", "S", "Y", "X")
        save(data_nc(da, middles("days"), S=START | DAYS | GRID), folder / "subx.nc", truth)


class TestReforecasts(LayoutTests):
    """Of two days and three years; the leads whole, or averages."""

    layout = LAYOUT
    variable = "tref"

    def make(self, seed):
        inits = tuple(f"{year}-{day}" for year in (2015, 2016, 2017) for day in ("03-01", "03-05"))
        traps = Traps.random(seed)
        return truths.make(
            seed=seed, inits=inits, members=(1, 2), leads=(0, 1), unit="days", traps=traps
        )

    def write(self, folder, truth):
        da = whole(truth)
        hdates = [(year - 1960) * 12 + 6 for year in (2015, 2016, 2017)]
        days = days_since_1960(np.array(["2018-03-01", "2018-03-05"], "datetime64[D]"))
        parts = [da.isel(S=slice(n, n + 2)).assign_coords(S=days) for n in (0, 2, 4)]
        da = xr.concat(parts, "hdate").assign_coords(hdate=hdates)
        averages = bool(truth.traps.north_first)
        lead = middles("days", pointwidth=np.float32(averages))
        if averages:
            da = da.assign_coords(L=da["L"] + 0.5).rename(L="LA")
        one, other = ("hdate", "S") if truth.traps.west_first else ("S", "hdate")
        da = da.transpose(one, "M", "LA" if averages else "L", other, "Y", "X")
        year = {"standard_name": "forecast_reference_time", "pointwidth": np.float32(12)}
        ds = data_nc(da, lead, S=START | DAYS | GRID, hdate=year | MONTHS)
        save(ds, folder / "tp.nc", truth)

    def test_it_is_a_hindcast(self, case):
        (info,) = self.source(case[0]).catalogue().datasets
        assert info.role == "hindcast"


# ------------------------------------------------------------------ starts of reforecasts


def days(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[D]")


def years(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[Y]")


def test_starts_ascend_and_are_found_where_they_lie():
    starts, places = reforecast_starts(days("2018-12-31", "2019-01-03"), years("1999", "1998"))
    assert starts.astype("datetime64[D]").astype(str).tolist() == [
        "1998-01-03",
        "1998-12-31",
        "1999-01-03",
        "1999-12-31",
    ]
    assert places.tolist() == [[1, 1], [0, 1], [1, 0], [0, 0]]


def test_reforecasts_of_29_february_start_on_the_28th_in_leap_years_too():
    starts, _ = reforecast_starts(days("2024-02-29"), years("2019", "2020"))
    assert starts.astype("datetime64[D]").astype(str).tolist() == ["2019-02-28", "2020-02-28"]


def test_the_hour_of_the_start_is_kept():
    starts, _ = reforecast_starts(np.array(["2018-05-03T12"], "datetime64[ns]"), years("2000"))
    assert starts.tolist() == np.array(["2000-05-03T12"], "datetime64[ns]").tolist()


def test_one_start_of_two_versions_of_the_model_is_refused():
    with pytest.raises(UnreadableFile, match="two reforecasts of 2010-05-14, made for 2015"):
        reforecast_starts(days("2015-05-14", "2020-05-14"), years("2009", "2010")[1:])


def test_one_map_of_a_reforecast_reads_one_map_of_the_file(tmp_path):
    ds = nmme(S=DAYS)
    ds = xr.concat([ds, ds + 1], "hdate", combine_attrs="override", coords="minimal")
    ds = ds.assign_coords(
        hdate=("hdate", [474.0, 486.0], MONTHS), S=("S", [21000.0, 21004.0], DAYS | START)
    )
    file = Counted(ds["tref"].values)
    raw = ds.assign(tref=file.variable(ds["tref"].dims, **ds["tref"].attrs))
    path = tmp_path / "tp.nc"
    found = canonical(decoded(LAYOUT.repair(raw, path)), path)["tref"]
    assert file.cells == []
    map_ = found.isel(init=2, member=1, lead=2).load()
    assert file.cells == [map_.size]
    np.testing.assert_array_equal(map_, ds["tref"].isel(hdate=1, S=0, M=1, L=2))


# ------------------------------------------------------------------ what is not as it should be


def nmme(**changes: object) -> xr.Dataset:
    """Two starts of a month each, with other attributes for an axis where given."""
    da = whole(truths.make()).transpose("S", "L", "M", "Y", "X")
    da = da.assign_coords(S=months_since_1960(da["S"].values), L=da["L"] + 0.5)
    axes = {"S": START | MONTHS | GRID, "L": middles("months")}
    for name, more in changes.items():
        axes[name] = axes.get(name, AXES.get(name, {})) | more  # type: ignore[operator]
    return data_nc(da, axes.pop("L"), **axes)


def opened(ds: xr.Dataset, tmp_path, name: str = "data.nc") -> xr.Dataset:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.to_netcdf(path, engine="netcdf4")
    assert choose_layout(path) is LAYOUT
    with LAYOUT.open(path) as out:
        return out.load()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"L": {"pointwidth": np.float32(3)}}, "stand for 3 months each"),
        ({"L": {"units": "fortnights"}}, "months, days or hours are understood"),
        ({"S": {"units": "months since the flood"}}, "cannot be decoded"),
    ],
)
def test_what_cannot_be_read_rightly_is_refused(changes, reason, tmp_path):
    with pytest.raises(UnreadableFile, match=reason):
        opened(nmme(**changes), tmp_path)


def test_leads_between_the_middles_are_refused(tmp_path):
    ds = nmme()
    ds = ds.assign_coords(L=("L", [0.25, 1.25, 2.25], ds["L"].attrs))
    with pytest.raises(UnreadableFile, match=r"neither whole months nor the middles .*0\.25"):
        opened(ds, tmp_path)


def test_a_missing_start_is_refused(tmp_path):
    ds = nmme()
    ds = ds.assign_coords(S=("S", [800.0, np.nan], ds["S"].attrs))
    with pytest.raises(UnreadableFile, match="no month"):
        opened(ds, tmp_path)


def test_leads_of_two_kinds_are_refused(tmp_path):
    ds = nmme()
    ds["mean"] = ds["tref"].rename(L="LA")
    with pytest.raises(UnreadableFile, match="L and LA"):
        opened(ds, tmp_path)


def test_the_mean_forecast_of_each_month_is_left_out(tmp_path):
    with pytest.raises(LeftOut, match="repeat every year"):
        opened(nmme(S={"modulus": np.float32(12)}), tmp_path)


def test_an_index_opens_and_says_what_it_is_a_mean_of(tmp_path):
    ds = nmme().mean(("X", "Y"), keep_attrs=True).rename(tref="nino34")
    ds["nino34"].attrs["history"] = "Averaged over X[170W, 120W]"
    out = opened(ds, tmp_path)
    assert is_index(out)
    assert out["lead"].values.tolist() == [0, 1, 2]
    assert out.attrs["comment"] == "Averaged over X[170W, 120W]"
    expected = ds["nino34"].transpose("S", "M", "L").values
    np.testing.assert_array_equal(out["nino34"].squeeze(("lat", "lon")), expected)


def test_a_mean_along_longitudes_is_refused_with_what_it_is(tmp_path):
    ds = nmme().mean("X", keep_attrs=True)
    ds["tref"].attrs["history"] = "Averaged over X[170W, 120W]"
    with pytest.raises(UnreadableFile, match=r"tref\(S, L, M, Y\) \(Averaged over X\[170W"):
        opened(ds, tmp_path)


@pytest.mark.parametrize("lost", ["S", "hdate"])
def test_reforecasts_without_their_day_or_year_are_refused(lost, tmp_path):
    ds = nmme(S=DAYS).expand_dims("hdate")
    ds = ds.assign_coords(hdate=("hdate", [474.0], MONTHS)).isel({lost: 0})
    with pytest.raises(UnreadableFile, match=f"{lost!r} is not an axis"):
        opened(ds, tmp_path)


@pytest.mark.parametrize("attrs", [{"units": "1"}, DAYS | {"_FillValue": 21004.0}])
def test_reforecasts_of_an_unknown_day_are_refused(attrs, tmp_path):
    ds = nmme().expand_dims("hdate")
    ds = ds.assign_coords(
        hdate=("hdate", [474.0], MONTHS), S=("S", [21000.0, 21004.0], START | attrs)
    )
    with pytest.raises(UnreadableFile, match="'S' is not a day"):
        opened(ds, tmp_path)


def test_years_of_reforecasts_counted_otherwise_are_refused(tmp_path):
    ds = nmme(S=DAYS).expand_dims("hdate")
    ds = ds.assign_coords(hdate=("hdate", [1999.0], {"units": "years"}))
    with pytest.raises(UnreadableFile, match="'hdate' is counted in years"):
        opened(ds, tmp_path)


# ------------------------------------------------------------------ what may be otherwise


def test_a_copy_that_lost_the_conventions_is_recognised_by_its_axes(tmp_path):
    ds = nmme()
    del ds.attrs["Conventions"]
    assert opened(ds, tmp_path).sizes["init"] == 2


def test_a_valid_time_of_start_and_lead_does_not_disturb(tmp_path):
    ds = nmme()
    valid = ds["S"] + ds["L"]
    ds = ds.assign_coords(T=(valid.dims, valid.values, {"standard_name": "time", **MONTHS}))
    assert opened(ds, tmp_path)["lead"].values.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("data.nc", None),
        ("NMME_hindcast.nc", "hindcast"),
        (".NCEP-CFSv2/.HINDCAST/.MONTHLY/data.nc", "hindcast"),
        (".NCEP-CFSv2/.FORECAST/.MONTHLY/data.nc", None),
    ],
)
def test_the_address_may_say_that_it_is_a_hindcast(name, role, tmp_path):
    assert opened(nmme(), tmp_path, name).attrs.get("forecast_role") == role


def observations(**more: object) -> xr.Dataset:
    """Twelve months of sea surface temperature, each at its middle."""
    values = np.arange(96.0).reshape(12, 2, 4)
    ds = xr.Dataset(
        {"sst": (("T", "Y", "X"), values, {"units": "Celsius_scale"})},
        attrs={"Conventions": "IRIDL"},
    )
    months = np.arange(12) + 0.5 + (0 if more else 264)
    return ds.assign_coords(
        T=("T", months, {"standard_name": "time", **MONTHS, **more}),
        Y=("Y", [-5.0, 5.0], AXES["Y"]),
        X=("X", [0.0, 90.0, 180.0, 270.0], AXES["X"]),
    )


def test_observations_of_months(tmp_path):
    observations().to_netcdf(tmp_path / "sst.nc")
    (info,) = (source := LocalSource.open(tmp_path)).catalogue().datasets
    assert (info.layout, info.role) == ("iri", "observations")
    assert info.times == tuple(f"1982-{month:02d}-01" for month in range(1, 13))
    assert info.variables[0].units == "degC"
    assert info.notes == ()
    found = source.fetch(ProductRequest(info.id, "sst"))
    np.testing.assert_array_equal(found.values, np.arange(96.0).reshape(12, 2, 4))


def test_a_climatology_says_that_it_is_one(tmp_path):
    observations(modulus=np.float32(12)).to_netcdf(tmp_path / "clim.nc")
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    assert info.times[0] == "1960-01-01"
    assert "climatology" in info.notes[0]


def test_starts_of_one_day_each_keep_their_day(tmp_path):
    ds = nmme(S=DAYS | {"calendar": "standard"})
    ds = ds.assign_coords(S=("S", [14245.0, 14250.0], ds["S"].attrs))
    starts = opened(ds, tmp_path)["init"].values.astype("datetime64[D]").tolist()
    assert starts == [dt.date(1999, 1, 1), dt.date(1999, 1, 6)]
