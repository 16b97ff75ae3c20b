"""A forecast of the size the benchmark is about, made from random numbers.

33 members × 7 monthly leads × 721 × 1440 cells of float32 in one NetCDF-4 file,
deflated (level 4, shuffled) in chunks of one map: 0.96 GB of values.
Each map is a zonal climatology with an anomaly whose amplitudes fall with the square of
the wave number, as those of temperature do; anomalies decay from lead to lead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import numpy.typing as npt

OUT = Path(__file__).parent / "out"
MEMBERS, LEADS, NY, NX = 33, 7, 721, 1440

Field = npt.NDArray[np.float32]


def amplitudes() -> Field:
    """Amplitude of each wave, shape ``(NY, NX // 2 + 1)``, of a field with variance near 1."""
    ky = np.fft.fftfreq(NY)[:, None] * NY * 2
    kx = np.fft.rfftfreq(NX)[None, :] * NX
    shape = (1 + np.hypot(ky, kx) / 4) ** -2
    shape[0, 0] = 0
    scaled: Field = (shape / np.sqrt((shape**2).sum() * 2)).astype(np.float32)
    return scaled


def anomaly(amplitude: Field, random: np.random.Generator) -> Field:
    """One random field ``(NY, NX)``, dimensionless, variance near 1."""
    waves = random.standard_normal((2, *amplitude.shape), np.float32)
    spectrum = (waves[0] + 1j * waves[1]) * amplitude
    return np.fft.irfft2(spectrum, (NY, NX), norm="forward").astype(np.float32)


def write(path: Path) -> None:
    """Write the forecast to ``path``, whole or not at all."""
    random, amplitude = np.random.default_rng(7), amplitudes()
    lat = np.linspace(-90, 90, NY)
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
        for name, size in {
            "realization": MEMBERS,
            "forecast_period": LEADS,
            "latitude": NY,
            "longitude": NX,
        }.items():
            ds.createDimension(name, size)
        coordinates: dict[str, tuple[tuple[str, ...], Any, str]] = {
            "forecast_reference_time": ((), 0, "hours since 2026-11-01 00:00:00"),
            "realization": (("realization",), np.arange(MEMBERS), "1"),
            "forecast_period": (("forecast_period",), np.arange(LEADS), "months"),
            "latitude": (("latitude",), lat, "degrees_north"),
            "longitude": (("longitude",), np.arange(NX) * 360 / NX, "degrees_east"),
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
            chunksizes=(1, 1, NY, NX),
        )
        v.setncatts(
            {
                "standard_name": "air_temperature",
                "long_name": "2 metre temperature",
                "units": "K",
                "coordinates": "forecast_reference_time",
            }
        )
        for member in range(MEMBERS):
            now = anomaly(amplitude, random)
            for lead in range(LEADS):
                if lead:
                    now = 0.8 * now + 0.6 * anomaly(amplitude, random)
                v[member, lead] = climate + 4 * now
    draft.replace(path)


def ensure() -> Path:
    """The folder that holds the forecast alone, made at the first call."""
    folder = OUT / "archive"
    path = folder / "forecast.nc"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write(path)
    return folder


if __name__ == "__main__":
    print(ensure())
