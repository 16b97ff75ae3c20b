"""Small forecasts whose every number tells where it belongs, and a way to write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import settings

# The first example of some properties compiles a kernel, and machines differ.
settings.register_profile("data layer", deadline=None)
settings.load_profile("data layer")

LAT = np.array([-30.0, -10.0, 10.0, 30.0])
LON = np.arange(0.0, 360.0, 60.0)


def coded(*shape: int) -> np.ndarray:
    """Cell (i, j, k, …) holds the decimal number ijk…: exact in single precision."""
    index = np.indices(shape)
    weights = 10 ** np.arange(len(shape))[::-1]
    return np.tensordot(weights, index, 1).astype("f4")


def make_forecast(
    *,
    inits: tuple[str, ...] = ("2026-10-01",),
    members: tuple[int, ...] = (0, 1, 2),
    leads: tuple[int, ...] = (0, 1, 2),
    unit: str = "months",
    lat: Any = LAT,
    lon: Any = LON,
    name: str = "tas",
    plus: float = 0.0,
    attrs: dict[str, str] | None = None,
) -> xr.Dataset:
    """A CF forecast, dims (init, member, lead, lat, lon); ``plus`` is added to all numbers."""
    lat, lon = np.asarray(lat, float), np.asarray(lon, float)
    values = coded(len(inits), len(members), len(leads), lat.size, lon.size) + np.float32(plus)
    described = {"standard_name": "air_temperature", "units": "K", "long_name": "air temperature"}
    return xr.Dataset(
        {name: (("init", "member", "lead", "lat", "lon"), values, described)},
        {
            "init": (
                "init",
                np.array(inits, "datetime64[ns]"),
                {"standard_name": "forecast_reference_time"},
            ),
            "member": ("member", np.array(members), {"standard_name": "realization"}),
            "lead": ("lead", np.array(leads, "i4"), {"units": unit}),
            "lat": ("lat", lat, {"standard_name": "latitude", "units": "degrees_north"}),
            "lon": ("lon", lon, {"standard_name": "longitude", "units": "degrees_east"}),
        },
        attrs or {},
    )


def make_observations(
    *, times: Any = ("2026-01-01", "2026-02-01", "2026-03-01"), plus: float = 0.0
) -> xr.Dataset:
    """Observations, dims (time, lat, lon)."""
    times = np.array(times, "datetime64[ns]")
    ds = make_forecast(members=(0,), leads=tuple(range(times.size)), name="sst", plus=plus)
    ds = ds.isel(init=0, member=0, drop=True).rename(lead="time")
    return ds.assign_coords(time=("time", times, {"standard_name": "time"}))


def _write_file(ds: xr.Dataset, path: Path, **options: Any) -> Path:
    """Written aside and moved into place, as an archive does it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name("." + path.name)
    ds.to_netcdf(aside, engine="netcdf4", **options)
    aside.replace(path)
    return path


@pytest.fixture(scope="session")
def forecast() -> Callable[..., xr.Dataset]:
    return make_forecast


@pytest.fixture(scope="session")
def observations() -> Callable[..., xr.Dataset]:
    return make_observations


@pytest.fixture(scope="session")
def write_file() -> Callable[..., Path]:
    """``write_file(dataset, path)`` → the path."""
    return _write_file


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """``write(dataset, "place/name.nc")`` → the path, under this test's own folder."""
    return lambda ds, name, **options: _write_file(ds, tmp_path / name, **options)
