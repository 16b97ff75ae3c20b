"""Write an archive of the made-up world, laid out as ACCESS-S2's might be.

::

    hindcast/synthetic_s2_hindcast_YYYYMMDD.nc     one file per start, all members and leads
    forecast/synthetic_s2_forecast_YYYYMMDD.nc
    observations/synthetic_s2_observations.nc      the truth that the hindcast can be judged by

What the numbers are, and how skilful: :mod:`data_layer.demo.climate`.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import numpy.typing as npt

from data_layer.demo.climate import QUANTITIES, Quantity, World
from data_layer.timing import Moment, add_months, parse_init, valid_period

SYSTEM = "Synthetic S2"
TIME = {
    "units": "hours since 1970-01-01 00:00:00",
    "calendar": "standard",
    "units_metadata": "leap_seconds: none",
}

_FILL = np.int16(-32768)
_SKILL = (
    "rho = 0.85 exp(-lead/5) (0.3 + 0.7 exp(-(lat/25)^2)), lead in months and lat in degrees: "
    "the expected correlation of a single member with the observation, and of two members"
)


def write_archive(
    folder: Path,
    *,
    years: tuple[int, int] = (1981, 2018),
    start_months: Sequence[int] = (10, 11),
    members: int = 11,
    realtime: Sequence[str] = ("2026-10-01", "2026-11-01"),
    realtime_members: int = 33,
    leads: int = 6,
    nlat: int = 73,
    nlon: int = 144,
    seed: int = 20261124,
) -> list[Path]:
    """Write the archive; a file that is there appears whole or not at all.

    Parameters
    ----------
    folder: where to; made if need be.
    years: first and last year of the hindcast's starts, both included.
    start_months: a hindcast starts on the first of these months of each year.
    members, realtime_members: size of the ensemble, numbered from 1.
    realtime: starts of the forecasts, ``YYYY-MM-01``.
    leads: months forecast, the start's own (lead 0) among them.
    nlat, nlon: cells from pole to pole, both included, and around from 0°.
    seed: the same seed gives the same archive; on another kind of processor, to
        within one packing step.

    Returns
    -------
    The files written. Observations reach from January of the first year to the
    last month that the hindcast forecasts.

    Raises
    ------
    ValueError: for a start that is not the first of a month, or lies outside the
        years that the made-up world has.
    """
    lat = np.linspace(-90.0, 90.0, nlat)
    lon = np.arange(nlon) * (360.0 / nlon)
    world = World(lat, lon, seed)
    hindcasts = [
        dt.datetime(year, month, 1)
        for year in range(years[0], years[1] + 1)
        for month in sorted(start_months)
    ]
    forecasts = [parse_init(text) for text in realtime]
    if late := [f"{start:%Y-%m-%d}" for start in forecasts if start.day != 1]:
        raise ValueError(f"forecasts start on the first of a month, not on {', '.join(late)}")

    paths = [
        _write_forecast(folder, world, role, start, leads, size)
        for role, starts, size in (
            ("hindcast", hindcasts, members),
            ("forecast", forecasts, realtime_members),
        )
        for start in starts
    ]
    if hindcasts:
        months = (hindcasts[-1].year - years[0]) * 12 + hindcasts[-1].month - 1 + leads
        first = dt.datetime(years[0], 1, 1)
        paths.append(_write_observations(folder, world, first, months))
    return paths


def _write_forecast(
    folder: Path, world: World, role: str, start: Moment, leads: int, members: int
) -> Path:
    path = folder / role / f"synthetic_s2_{role}_{start:%Y%m%d}.nc"
    values = world.forecast(start, leads, members)
    with _new_file(path, world, role, f"ACCESS-S2-like ensemble {role}") as nc:
        nc.createDimension("forecast_reference_time", 1)
        nc.createDimension("realization", members)
        nc.createDimension("lead", leads)
        _add(
            nc,
            "forecast_reference_time",
            "i4",
            ("forecast_reference_time",),
            [_hours(start)],
            standard_name="forecast_reference_time",
            long_name="start of the forecast",
            **TIME,
        )
        _add(
            nc,
            "realization",
            "i4",
            ("realization",),
            np.arange(1, members + 1),
            standard_name="realization",
            long_name="ensemble member",
            units="1",
        )
        _add(
            nc,
            "lead",
            "i4",
            ("lead",),
            np.arange(leads),
            long_name="calendar months between the start's month and the month forecast",
            units="months",
        )
        periods = [valid_period(start, lead, "months") for lead in range(leads)]
        _add_months(nc, "valid_time", ("forecast_reference_time", "lead"), periods)
        dims = ("forecast_reference_time", "realization", "lead", "latitude", "longitude")
        for q in QUANTITIES:
            variable = _add_quantity(nc, q, dims, "valid_time")
            variable.model_drift = q.drift_text
            variable[0] = _packed(values[q.name], q)
    return path


def _write_observations(folder: Path, world: World, first: Moment, months: int) -> Path:
    path = folder / "observations" / "synthetic_s2_observations.nc"
    begins = [add_months(first, n) for n in range(months)]
    with _new_file(path, world, "observations", "monthly observations") as nc:
        nc.createDimension("time", months)
        _add_months(nc, "time", ("time",), [valid_period(b, 0, "months") for b in begins])
        variables = {
            q.name: _add_quantity(nc, q, ("time", "latitude", "longitude")) for q in QUANTITIES
        }
        for n, begin in enumerate(begins):
            values = world.observed(begin)
            for q in QUANTITIES:
                variables[q.name][n] = _packed(values[q.name], q)
    return path


@contextmanager
def _new_file(path: Path, world: World, role: str, title: str) -> Iterator[Any]:
    """A dataset with grid and attributes, which takes its name once it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with netCDF4.Dataset(temporary, "w") as nc:
            nc.setncatts(
                {
                    "Conventions": "CF-1.11",
                    "title": f"SYNTHETIC {title}",
                    "synthetic": "true",
                    "institution": "none: made in code by poama-panel",
                    "source": "random fields about a made-up climate (data_layer.demo.climate)",
                    "history": "written by data_layer.demo.synthetic",
                    "system": SYSTEM,
                    "forecast_role": role,
                    "licence": "CC0-1.0",
                    "comment": "Not a forecast and not an observation of anything: numbers made "
                    "up to try software on. The skill and the drift of the model are known.",
                    "predictability": _SKILL,
                    "seed": np.int64(world.seed),
                }
            )
            nc.createDimension("latitude", world.lat.size)
            nc.createDimension("longitude", world.lon.size)
            nc.createDimension("bnds", 2)
            for name, axis, units, points in (
                ("latitude", "Y", "degrees_north", world.lat),
                ("longitude", "X", "degrees_east", world.lon),
            ):
                _add(nc, name, "f8", (name,), points, standard_name=name, units=units, axis=axis)
            _add(
                nc,
                "height",
                "f8",
                (),
                2.0,
                standard_name="height",
                long_name="height above the surface",
                units="m",
                positive="up",
                axis="Z",
            )
            yield nc
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _add(
    nc: Any, name: str, kind: str, dims: tuple[str, ...], values: npt.ArrayLike, **attributes: str
) -> None:
    variable = nc.createVariable(name, kind, dims)
    variable.setncatts(attributes)
    variable[...] = values


def _add_months(
    nc: Any, name: str, dims: tuple[str, ...], periods: list[tuple[Moment, Moment]]
) -> None:
    """A time coordinate in the middle of calendar months, and their bounds."""
    bounds = np.array([[_hours(begin), _hours(end)] for begin, end in periods])
    shape = tuple(nc.dimensions[d].size for d in dims)
    _add(
        nc,
        name,
        "i4",
        dims,
        bounds.mean(axis=1).reshape(shape),
        standard_name="time",
        long_name="middle of the calendar month",
        bounds=f"{name}_bnds",
        **TIME,
    )
    _add(nc, f"{name}_bnds", "i4", (*dims, "bnds"), bounds.reshape(*shape, 2))


def _add_quantity(nc: Any, q: Quantity, dims: tuple[str, ...], *coordinates: str) -> Any:
    """A packed variable, one compressed chunk a map; it takes packed values as they are."""
    maps = tuple(nc.dimensions[d].size for d in dims[-2:])
    variable = nc.createVariable(
        q.name,
        "i2",
        dims,
        compression="zlib",
        complevel=6,
        shuffle=True,
        chunksizes=(*(1 for _ in dims[:-2]), *maps),
        fill_value=_FILL,
    )
    variable.set_auto_maskandscale(False)
    variable.setncatts(
        {
            "standard_name": q.standard_name,
            "long_name": q.title,
            "units": q.units,
            "cell_methods": "time: mean",
            "scale_factor": np.float32(q.step),
            "add_offset": np.float32(q.offset),
        }
    )
    if q.name == "tas":
        coordinates = (*coordinates, "height")
        variable.units_metadata = "temperature: on_scale"
    if coordinates:
        variable.coordinates = " ".join(coordinates)
    return variable


def _packed(values: npt.NDArray[Any], q: Quantity) -> npt.NDArray[np.int16]:
    return np.rint((values - q.offset) / q.step).astype(np.int16)


def _hours(moment: Moment) -> int:
    return (moment - dt.datetime(1970, 1, 1)) // dt.timedelta(hours=1)
