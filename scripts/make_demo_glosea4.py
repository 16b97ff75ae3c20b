"""Make ``data_layer/demo/glosea4_201107.nc`` from the Met Office's GloSea4 sample.

::

    python -m venv scratch
    scratch/bin/pip install scitools-iris==3.14.1 iris-sample-data==2.5.2 netCDF4
    scratch/bin/python scripts/make_demo_glosea4.py

The sample is thirteen PP files, one per member, of monthly mean surface
temperature. Nothing is changed but the rounding to 1/256 K.
"""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from pathlib import Path

import iris
import iris_sample_data
import netCDF4
import numpy as np
from iris.cube import Cube

OUT = Path(__file__).parent.parent / "data_layer/demo/glosea4_201107.nc"
STEP = 2.0**-8
# A power of two near the middle of the range, so that packing is exact in float32.
OFFSET = 256.0
TIME_UNITS = "hours since 1970-01-01 00:00:00"

LICENCE = (
    "Open Government Licence v3.0 "
    "(https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/). "
    "Contains public sector information licensed under the Open Government Licence v3.0. "
    "© British Crown copyright, 2018, the Met Office."
)


@dataclass(frozen=True)
class Member:
    """One member: its number in the ensemble and its forecast."""

    number: int
    cube: Cube


def read_members(folder: Path) -> list[Member]:
    """The members in order.

    The file's name gives the number, because the first four files carry none.
    """
    members = []
    for path in sorted(folder.glob("ensemble_*.pp")):
        match = re.fullmatch(r"ensemble_(\d{3})\.pp", path.name)
        cube = iris.load_cube(str(path), "surface_temperature")
        if match is None:
            raise SystemExit(f"{path.name} is not named ensemble_NNN.pp; remake from 2.5.2")
        number = int(match[1])
        if cube.coords("realization") and cube.coord("realization").points[0] != number:
            raise SystemExit(f"{path.name} says it is member {cube.coord('realization').points[0]}")
        members.append(Member(number, cube))
    first = members[0].cube
    for member in members[1:]:
        for axis in ("time", "latitude", "longitude"):
            if member.cube.coord(axis) != first.coord(axis):
                raise SystemExit(f"member {member.number} has another {axis} than the first")
    return members


def write(members: list[Member], path: Path) -> float:
    """Write the file; returns the largest packing error in K."""
    first = members[0].cube
    values = np.stack([m.cube.data for m in members]).astype("f4")
    packed = np.rint((values - OFFSET) / STEP).astype("i2")
    error = float(np.abs(packed * np.float32(STEP) + np.float32(OFFSET) - values).max())

    temporary = path.with_name(f".{path.name}.part")
    with netCDF4.Dataset(temporary, "w") as nc:
        nc.setncatts(
            {
                "Conventions": "CF-1.11",
                "title": "GloSea4 seasonal ensemble: monthly mean surface temperature, "
                "August 2011 to January 2012",
                "institution": "Met Office",
                "source": "GloSea4, Met Office Unified Model 7.6",
                "system": "GloSea4",
                "forecast_role": "forecast",
                "licence": LICENCE,
                "references": "Arribas et al. (2011), The GloSea4 ensemble prediction system for "
                "seasonal forecasting, Mon. Wea. Rev. 139, 1891-1910, "
                "doi:10.1175/2010MWR3615.1; https://github.com/SciTools/iris-sample-data",
                "comment": "No hindcast is available for this system here, so values are shown, "
                "not anomalies; model drift is not removed. A lagged ensemble: its members "
                "started on 18 to 24 July 2011, and member 6 does not exist.",
                "history": "iris-sample-data 2.5.2, GloSea4/ensemble_NNN.pp, joined over members "
                "and packed by scripts/make_demo_glosea4.py",
            }
        )
        for name, size in (
            ("realization", len(members)),
            ("time", first.shape[0]),
            ("latitude", first.shape[1]),
            ("longitude", first.shape[2]),
            ("bnds", 2),
        ):
            nc.createDimension(name, size)

        def add(name: str, kind: str, dims: str, values: object, **attributes: str) -> None:
            variable = nc.createVariable(name, kind, tuple(dims.split()))
            variable.setncatts(attributes)
            variable[:] = values

        when = {
            "units": TIME_UNITS,
            "calendar": "standard",
            "units_metadata": "leap_seconds: none",
        }
        add(
            "realization",
            "i4",
            "realization",
            [m.number for m in members],
            standard_name="realization",
            long_name="ensemble member",
            units="1",
        )
        add(
            "forecast_reference_time",
            "i4",
            "realization",
            [in_hours(m.cube, "forecast_reference_time")[0] for m in members],
            standard_name="forecast_reference_time",
            long_name="start of the member",
            **when,
        )
        add(
            "time",
            "i4",
            "time",
            in_hours(first, "time"),
            standard_name="time",
            long_name="middle of the calendar month",
            bounds="time_bnds",
            axis="T",
            **when,
        )
        add("time_bnds", "i4", "time bnds", first.coord("time").bounds)
        add(
            "forecast_period",
            "i4",
            "realization time",
            [m.cube.coord("forecast_period").points for m in members],
            standard_name="forecast_period",
            long_name="hours from the member's start to the middle of the month",
            units="hours",
        )
        for name, axis, units in (
            ("latitude", "Y", "degrees_north"),
            ("longitude", "X", "degrees_east"),
        ):
            points = first.coord(name).points
            add(name, "f4", name, points, standard_name=name, units=units, axis=axis)

        v = nc.createVariable(
            "ts",
            "i2",
            ("realization", "time", "latitude", "longitude"),
            compression="zlib",
            complevel=9,
            shuffle=True,
            chunksizes=(1, 1, *first.shape[1:]),
            fill_value=np.int16(-32768),
        )
        v.set_auto_maskandscale(False)
        v.setncatts(
            {
                "standard_name": "surface_temperature",
                "long_name": "Surface temperature",
                "units": "K",
                "units_metadata": "temperature: on_scale",
                "cell_methods": "time: mean (interval: 1 hour)",
                "coordinates": "forecast_reference_time forecast_period",
                "scale_factor": np.float32(STEP),
                "add_offset": np.float32(OFFSET),
                "packing_error_max": np.float32(error),
                "um_stash_source": "m01s00i024",
            }
        )
        v[:] = packed
    os.replace(temporary, path)
    return error


def in_hours(cube: Cube, name: str) -> np.ndarray:
    """A time coordinate's points in ``TIME_UNITS``."""
    coord = cube.coord(name).copy()
    coord.convert_units(TIME_UNITS)
    return np.asarray(coord.points)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the GloSea4 demo file.")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    members = read_members(Path(iris_sample_data.path) / "GloSea4")
    error = write(members, args.out)
    size = args.out.stat().st_size / 1e6
    print(f"{args.out}: {len(members)} members, error at most {error:.6f} K, {size:.2f} MB")


if __name__ == "__main__":
    main()
