"""Forecasts of the sizes the benchmarks are about, made from random numbers.

``archive``: 33 members × 7 monthly leads × 721 × 1440 cells of float32 in one NetCDF-4 file,
deflated (level 4, shuffled) in chunks of one map: 0.96 GB of values.
``large``: 2 × 3 maps of 3600 × 7200 cells, in chunks of 900 × 1800: 0.62 GB of values.
Each map is a zonal climatology with an anomaly whose amplitudes fall with the square of
the wave number, as those of temperature do; anomalies decay from lead to lead.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import numpy.typing as npt

OUT = Path(__file__).parent / "out"

Field = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Size:
    """How many members, leads, rows and columns a forecast has, and the rows of a chunk."""

    members: int
    leads: int
    ny: int
    nx: int
    chunk: tuple[int, int]


ARCHIVE = Size(33, 7, 721, 1440, (721, 1440))
LARGE = Size(2, 3, 3600, 7200, (900, 1800))


def amplitudes(ny: int, nx: int) -> Field:
    """Amplitude of each wave, shape ``(ny, nx // 2 + 1)``, of a field with variance near 1."""
    ky = np.fft.fftfreq(ny)[:, None] * ny * 2
    kx = np.fft.rfftfreq(nx)[None, :] * nx
    shape = (1 + np.hypot(ky, kx) / 4) ** -2
    shape[0, 0] = 0
    scaled: Field = (shape / np.sqrt((shape**2).sum() * 2)).astype(np.float32)
    return scaled


def anomaly(amplitude: Field, random: np.random.Generator, nx: int) -> Field:
    """One random field ``(ny, nx)``, dimensionless, variance near 1."""
    waves = random.standard_normal((2, *amplitude.shape), np.float32)
    spectrum = (waves[0] + 1j * waves[1]) * amplitude
    return np.fft.irfft2(spectrum, (len(amplitude), nx), norm="forward").astype(np.float32)


def latitudes(size: Size) -> npt.NDArray[np.float64]:
    """Centres of the rows: on the poles where their number is odd, else half a row off."""
    off = 0 if size.ny % 2 else 90 / size.ny
    return np.linspace(-90 + off, 90 - off, size.ny)


def write(path: Path, size: Size) -> None:
    """Write the forecast to ``path``, whole or not at all."""
    random, amplitude = np.random.default_rng(7), amplitudes(size.ny, size.nx)
    lat = latitudes(size)
    climate = (300 - 45 * np.sin(np.deg2rad(lat)) ** 2).astype(np.float32)[:, None]
    draft = path.with_suffix(".draft")
    with netCDF4.Dataset(draft, "w") as ds:
        ds.setncatts(
            {
                "Conventions": "CF-1.11",
                "title": "Synthetic forecast for the benchmark",
                "source": "Random numbers",
                "synthetic": "true",
            }
        )
        for name, length in {
            "realization": size.members,
            "forecast_period": size.leads,
            "latitude": size.ny,
            "longitude": size.nx,
        }.items():
            ds.createDimension(name, length)
        coordinates: dict[str, tuple[tuple[str, ...], Any, str]] = {
            "forecast_reference_time": ((), 0, "hours since 2026-11-01 00:00:00"),
            "realization": (("realization",), np.arange(size.members), "1"),
            "forecast_period": (("forecast_period",), np.arange(size.leads), "months"),
            "latitude": (("latitude",), lat, "degrees_north"),
            "longitude": (("longitude",), np.arange(size.nx) * 360 / size.nx, "degrees_east"),
        }
        for name, (dims, values, units) in coordinates.items():
            kind = "f8" if name in ("latitude", "longitude") else "i4"
            v = ds.createVariable(name, kind, dims)
            v.setncatts({"standard_name": name, "units": units})
            v[...] = values
        v = ds.createVariable(
            "t2m",
            "f4",
            ("realization", "forecast_period", "latitude", "longitude"),
            zlib=True,
            complevel=4,
            shuffle=True,
            chunksizes=(1, 1, *size.chunk),
        )
        v.setncatts(
            {
                "standard_name": "air_temperature",
                "long_name": "2 metre temperature",
                "units": "K",
                "coordinates": "forecast_reference_time",
            }
        )
        for member in range(size.members):
            now = anomaly(amplitude, random, size.nx)
            for lead in range(size.leads):
                if lead:
                    now = 0.8 * now + 0.6 * anomaly(amplitude, random, size.nx)
                v[member, lead] = climate + 4 * now
    draft.replace(path)


def ensure(name: str = "archive", size: Size = ARCHIVE) -> Path:
    """The folder that holds a forecast alone, made at the first call."""
    folder = OUT / name
    path = folder / "forecast.nc"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write(path, size)
    return folder


def ensure_large() -> Path:
    """The folder of the forecast on a fine grid."""
    return ensure("large", LARGE)


if __name__ == "__main__":
    print(ensure(), ensure_large())
