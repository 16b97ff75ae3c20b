"""A small archive of everything that can go wrong with an honest file, and one dishonest one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

LAT = np.arange(60.0, -61.0, -10.0)  # north to south
LON = np.arange(-180.0, 180.0, 15.0)  # east and west of Greenwich


def write_archive(folder: Path) -> None:
    """Two starts in two files, a lagged ensemble, observations, indices, and a damaged file."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(("2026-10-01", "2026-11-01")):
        write_forecast(folder / f"trial_forecast_{start.replace('-', '')}.nc", start, number)
    _write_lagged(folder / "lagged" / "lagged_ensemble.nc")
    _write_observations(folder / "observations" / "observed_rain.nc")
    write_indices(folder / "indices")
    whole = (folder / "trial_forecast_20261001.nc").read_bytes()
    (folder / "damaged.nc").write_bytes(whole[: len(whole) // 2])


def field(seed: int, *shape: int) -> np.ndarray:
    """Numbers of a temperature, with missing cells in one corner of the map."""
    values = np.random.default_rng(seed).normal(285.0, 10.0, shape).astype("f4")
    values[..., :2, :3] = np.nan
    return values


def write_forecast(path: Path, start: str, seed: int) -> None:
    """One start: four members, three monthly leads; written aside and moved into place."""
    ds = xr.Dataset(
        {
            "tas": (
                ("forecast_reference_time", "realization", "lead", "latitude", "longitude"),
                field(seed, 1, 4, 3, LAT.size, LON.size),
                {
                    "standard_name": "air_temperature",
                    "units": "K",
                    "long_name": "near-surface air temperature",
                    "cell_methods": "time: mean",
                },
            )
        },
        {
            "forecast_reference_time": (
                "forecast_reference_time",
                np.array([start], "datetime64[ns]"),
                {"standard_name": "forecast_reference_time"},
            ),
            "realization": ("realization", np.arange(4), {"standard_name": "realization"}),
            "lead": ("lead", np.array([0, 1, 2], "i4"), {"units": "months"}),
            **_axes(),
        },
        {"title": "Trial forecast", "institution": "none: made in code", "synthetic": "true"},
    )
    _write(ds, path)


def _axes() -> dict[str, tuple[str, np.ndarray, dict[str, str]]]:
    return {
        "latitude": (
            "latitude",
            LAT,
            {"standard_name": "latitude", "units": "degrees_north"},
        ),
        "longitude": (
            "longitude",
            LON,
            {"standard_name": "longitude", "units": "degrees_east"},
        ),
    }


def _write_lagged(path: Path) -> None:
    starts = np.array(["2011-07-20", "2011-07-22", "2011-07-24"], "datetime64[ns]")
    months = np.array(["2011-08-01", "2011-09-01", "2011-10-01"], "datetime64[ns]")
    edges = np.stack([months[:2], months[1:]], axis=1)
    ds = xr.Dataset(
        {
            "ts": (
                ("realization", "time", "latitude", "longitude"),
                field(7, 3, 2, LAT.size, LON.size),
                {"standard_name": "surface_temperature", "units": "K"},
            ),
            "time_bnds": (("time", "bnds"), edges),
        },
        {
            "realization": ("realization", [0, 1, 7], {"standard_name": "realization"}),
            "forecast_reference_time": (
                "realization",
                starts,
                {"standard_name": "forecast_reference_time"},
            ),
            "time": (
                "time",
                months[:2] + np.timedelta64(15, "D"),
                {"standard_name": "time", "bounds": "time_bnds"},
            ),
            **_axes(),
        },
        {"title": "Lagged ensemble", "system": "Lag"},
    )
    ds["time"].encoding["units"] = ds["time_bnds"].encoding["units"] = "days since 1970-01-01"
    _write(ds, path)


def _write_observations(path: Path) -> None:
    months = np.arange("2020-01", "2021-01", dtype="datetime64[M]").astype("datetime64[ns]")
    values = np.abs(field(9, months.size, LAT.size, LON.size)) / 100
    ds = xr.Dataset(
        {
            "pr": (
                ("time", "latitude", "longitude"),
                values.astype("f4"),
                {"standard_name": "lwe_precipitation_rate", "units": "mm day-1"},
            )
        },
        {"time": ("time", months, {"standard_name": "time"}), **_axes()},
        {"title": "Observed rain"},
    )
    _write(ds, path)


def index_values(seed: int, *shape: int) -> np.ndarray:
    """Numbers of an index, one of them missing."""
    values = np.random.default_rng(seed).normal(0.0, 1.0, shape).astype("f4")
    values.ravel()[-1] = np.nan
    return values


def write_indices(folder: Path) -> None:
    """An index as two starts forecast it, on three days by three members, and as observed."""
    starts = np.array(["2026-10-01", "2026-11-01"], "datetime64[ns]")
    days = np.arange("2026-10-01", "2026-11-05", dtype="datetime64[D]").astype("datetime64[ns]")
    index = {"long_name": "index of the tropics", "units": "1"}
    forecast = xr.Dataset(
        {"rmm": (("start", "realization", "lead"), index_values(11, 2, 3, 3), index)},
        {
            "start": ("start", starts, {"standard_name": "forecast_reference_time"}),
            "realization": ("realization", [1, 2, 3], {"standard_name": "realization"}),
            "lead": ("lead", np.array([0, 1, 2], "i4"), {"units": "days"}),
        },
        {"title": "Trial index", "system": "Trial", "synthetic": "true"},
    )
    observed = xr.Dataset(
        {"rmm_observed": ("time", index_values(12, days.size), index)},
        {"time": ("time", days, {"standard_name": "time"})},
        {"title": "Observed index", "synthetic": "true"},
    )
    _write(forecast, folder / "trial_index.nc")
    _write(observed, folder / "observed_index.nc")


def _write(ds: xr.Dataset, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name("." + path.name)
    packed = {name: {"zlib": True, "complevel": 1} for name in ds.data_vars}
    ds.to_netcdf(aside, engine="netcdf4", encoding=packed)
    aside.replace(path)
