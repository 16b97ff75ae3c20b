"""What was observed in the periods that forecasts are for: days and months, means and sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer.api import Point, ProductRequest
from data_layer.errors import NotComparable
from data_layer.local import LocalSource

LAT, LON = np.array([-30.0, 0.0, 30.0]), np.arange(0.0, 360.0, 90.0)
PLACES = {
    "lat": ("lat", LAT, {"standard_name": "latitude", "units": "degrees_north"}),
    "lon": ("lon", LON, {"standard_name": "longitude", "units": "degrees_east"}),
}
TEMPERATURE = {"standard_name": "air_temperature", "units": "K"}
RAIN = {"standard_name": "precipitation_amount", "units": "mm"}
RATE = {"standard_name": "lwe_precipitation_rate", "units": "mm day-1"}

DAYS = np.arange("1990-12-01", "1993-05-01", dtype="datetime64[D]")
MONTHS = np.arange("1990-12", "1993-05", dtype="datetime64[M]")


def forecast(
    start: str = "1991-12-01",
    leads: Sequence[int] = (0, 1, 2),
    unit: str = "months",
    value: float = 1.0,
    role: str = "forecast",
    **attrs: str,
) -> xr.Dataset:
    values = np.full((1, 2, len(leads), LAT.size, LON.size), value, "f4")
    values[:, 1] *= 1.25
    return xr.Dataset(
        {"x": (("init", "member", "lead", "lat", "lon"), values, attrs or TEMPERATURE)},
        {
            "init": (
                "init",
                np.array([start], "datetime64[ns]"),
                {"standard_name": "forecast_reference_time"},
            ),
            "member": ("member", [0, 1], {"standard_name": "realization"}),
            "lead": ("lead", np.array(leads, "i4"), {"units": unit}),
            **PLACES,
        },
        {"forecast_role": role, "system": "S", "synthetic": "true"},
    )


def observed(times: np.ndarray, values: np.ndarray | float, **attrs: str) -> xr.Dataset:
    """The same value in each cell; in three dimensions, as the catalogue wants them."""
    shape = (times.size, LAT.size, LON.size)
    whole = np.broadcast_to(np.reshape(values, (-1, 1, 1)), shape).astype("f4")
    return xr.Dataset(
        {"x": (("time", "lat", "lon"), whole, attrs or TEMPERATURE)},
        {"time": ("time", times.astype("datetime64[ns]"), {"standard_name": "time"}), **PLACES},
        {"forecast_role": "observations", "synthetic": "true"},
    )


@pytest.fixture
def seen(tmp_path) -> Callable[..., np.ndarray]:
    """``seen(forecast, observations, …)``: what was observed at a place, lead by lead."""

    def ask(one: xr.Dataset, other: xr.Dataset, product: str = "observed", **where) -> np.ndarray:
        one.to_netcdf(tmp_path / "forecast.nc")
        other.to_netcdf(tmp_path / "observed.nc")
        with closing(LocalSource.open(tmp_path)) as source:  # its files are written anew
            info = source.catalogue().dataset("forecast")
            request = ProductRequest(
                info.id, "x", product, init=info.inits[0], point=Point(0, 0), **where
            )
            return source.fetch(request).values

    return ask


def every(days: int, count: int = 60) -> np.ndarray:
    return np.datetime64("1991-10-01") + days * np.arange(count) * np.timedelta64(1, "D")


@pytest.mark.parametrize(
    ("times", "told"),
    [
        (every(7), "7 days apart"),
        (every(5), "5 days apart"),
        (every(28), "28 days apart"),
        (np.arange("1991-01", "1993-01", 3, dtype="datetime64[M]"), "90 days apart"),
        (np.array(["1991-12-01"], "datetime64[D]"), "of one time alone"),
        (np.arange("1991-12-01", "1991-12-20", 6, dtype="datetime64[h]"), "several a day"),
    ],
)
@pytest.mark.parametrize("unit", ["days", "months"])
def test_observations_of_other_periods_than_days_and_months_are_refused(seen, times, told, unit):
    with pytest.raises(NotComparable) as caught:
        seen(forecast(unit=unit), observed(times, 1.0))
    assert caught.value.message == (
        f"The observations 'observed' are {told}: neither of days nor of months."
    )


@pytest.mark.parametrize(
    "times",
    [
        DAYS,
        DAYS + np.timedelta64(12, "h"),
        np.delete(DAYS, slice(3, 40)),
        np.array(["1992-01-31", "1992-02-01"], "datetime64[D]"),
    ],
)
def test_days_are_known_by_the_day_between_them(seen, times):
    values = (times - np.datetime64("1992-01-01")) / np.timedelta64(1, "D")
    found = seen(forecast("1992-01-31", (0, 1), "days"), observed(times, np.floor(values)))
    np.testing.assert_array_equal(found, [30, 31])


@pytest.mark.parametrize("within", [0, 14, 27])
def test_months_are_known_wherever_in_them_their_time_lies(seen, within):
    times = MONTHS.astype("datetime64[D]") + np.timedelta64(within, "D")
    found = seen(forecast(), observed(times, np.arange(times.size)))
    np.testing.assert_array_equal(found, [12, 13, 14])


@pytest.mark.parametrize("times", [DAYS, MONTHS])
def test_instants_are_not_compared_with_means_of_days_or_months(seen, times):
    with pytest.raises(NotComparable, match="are instants, counted in hours"):
        seen(forecast(leads=(0, 6, 12), unit="hours"), observed(times, 1.0))


def test_days_that_begin_at_noon_are_not_compared_with_calendar_days(seen):
    with pytest.raises(NotComparable, match="started 1991-12-01T12 begin at 12:00 UTC"):
        seen(forecast("1991-12-01T12", unit="days"), observed(DAYS, 1.0))


def test_a_month_is_the_same_at_whatever_hour_the_forecast_started(seen):
    found = seen(forecast("1991-12-01T12"), observed(DAYS, np.arange(DAYS.size)))
    np.testing.assert_array_equal(found, [365 + 15, 365 + 31 + 15, 365 + 62 + 14])


@pytest.mark.parametrize("times", [DAYS, MONTHS])
def test_each_month_of_a_window_weighs_the_same(seen, times):
    february = times.astype("datetime64[M]").astype(int) % 12 == 1
    found = seen(forecast(), observed(times, 99.0 * february), "observed:window=3", lead=0)
    assert found == 33.0


@pytest.mark.parametrize(
    ("times", "value", "attrs"),
    [
        (DAYS, 3.0, RAIN),
        (DAYS, 3.0, RAIN | {"units": "kg m-2"}),
        (DAYS, 0.003, {"standard_name": "x", "units": "m"}),
        (DAYS, 3.0, RATE),
        (DAYS, 3.0 / 86400, {"standard_name": "precipitation_flux", "units": "kg m-2 s-1"}),
        (MONTHS, 3.0, RATE),
    ],
)
def test_an_amount_of_a_month_is_compared_with_all_that_fell_in_it(seen, times, value, attrs):
    one = forecast(**RAIN)
    found = seen(one, observed(times, value, **attrs))
    np.testing.assert_allclose(found, 3.0 * np.array([31, 31, 29]), rtol=1e-5)
    season = seen(one, observed(times, value, **attrs), "observed:window=3", lead=0)
    np.testing.assert_allclose(season, 3.0 * 91 / 3, rtol=1e-5)


def test_a_rate_is_compared_with_the_mean_of_daily_amounts(seen):
    np.testing.assert_allclose(seen(forecast(**RATE), observed(DAYS, 3.0, **RAIN)), 3.0)


@pytest.mark.parametrize(
    "attrs",
    [
        {"standard_name": "surface_snow_amount", "units": "kg m-2"},
        RAIN | {"cell_methods": "time: sum within days time: mean over days"},
    ],
)
def test_what_is_there_at_a_time_is_averaged_whatever_its_unit(seen, attrs):
    np.testing.assert_allclose(seen(forecast(**attrs), observed(DAYS, 3.0, **attrs)), 3.0)


def test_a_hindcast_of_a_rate_becomes_the_amount_of_each_month(tmp_path: Path):
    for year in (1988, 1989, 1990):
        past = forecast(f"{year}-12-01", value=3.0, role="hindcast", **RATE)
        past.to_netcdf(tmp_path / f"hindcast_{year}.nc")
    forecast("2023-12-01", value=100.0, **RAIN).to_netcdf(tmp_path / "forecast.nc")
    source = LocalSource.open(tmp_path)
    where = {"init": "2023-12-01", "point": Point(0, 0)}
    found = source.fetch(ProductRequest("forecast", "x", "climatology", **where))
    # Three Februaries of 28 days; the mean of members is 9/8 of the first.
    np.testing.assert_allclose(found, 3.0 * 9 / 8 * np.array([31, 31, 28]), rtol=1e-5)
    assert found.attrs["units"] == "mm"
    season = source.fetch(ProductRequest("forecast", "x", "climatology:window=3", lead=0, **where))
    np.testing.assert_allclose(season, 3.0 * 9 / 8 * 30, rtol=1e-5)
