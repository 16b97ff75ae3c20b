"""Files to damage, and ways of doing so: all follows from a number, so it can be repeated."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import xarray as xr

MAP = (24, 36)


@dataclass(frozen=True)
class Seed:
    """A whole file.

    Attributes
    ----------
    guarded: byte ranges that a checksum in the file protects: stored values, each chunk
        with deflate's Adler-32 or a Fletcher-32.
    """

    name: str
    data: bytes
    guarded: tuple[tuple[int, int], ...] = ()


_CHUNKS = (1, 1, 1, *MAP)
_STORED: dict[str, tuple[str, dict[str, object]]] = {
    "classic": ("NETCDF3_CLASSIC", {}),
    "64-bit offset": ("NETCDF3_64BIT", {}),
    "cdf5": ("NETCDF3_64BIT_DATA", {}),
    "contiguous": ("NETCDF4", {}),
    "deflate": ("NETCDF4", {"zlib": True, "shuffle": True, "chunksizes": _CHUNKS}),
    "deflate alone": ("NETCDF4", {"zlib": True, "shuffle": False, "chunksizes": _CHUNKS}),
    "fletcher32": ("NETCDF4", {"fletcher32": True, "chunksizes": _CHUNKS}),
    "packed": (
        "NETCDF4",
        {
            "dtype": "i2",
            "scale_factor": 0.01,
            "_FillValue": -32768,
            "zlib": True,
            "chunksizes": _CHUNKS,
        },
    ),
}


def make_seeds(folder: Path) -> list[Seed]:
    """A forecast of two variables, four members and three leads, stored in each way."""
    return [_seed(folder / "seed.nc", name) for name in _STORED]


def _seed(path: Path, name: str) -> Seed:
    kind, encoding = _STORED[name]
    rng = np.random.default_rng(len(name))
    dims = ("init", "member", "lead", "lat", "lon")
    shape = (1, 4, 3, *MAP)
    ds = xr.Dataset(
        {
            v: (dims, rng.normal(280, 9, shape).astype("f4"), {"units": "K", "long_name": v})
            for v in ("tas", "tos")
        },
        {
            "init": (
                "init",
                np.array(["2026-10-01"], "datetime64[ns]"),
                {"standard_name": "forecast_reference_time"},
            ),
            "member": ("member", np.arange(4, dtype="i4"), {"standard_name": "realization"}),
            "lead": ("lead", np.arange(3, dtype="i4"), {"units": "months"}),
            "lat": ("lat", np.linspace(-69, 69, MAP[0]), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(0.0, 360.0, 10.0), {"units": "degrees_east"}),
        },
        {"title": "Fuzzed"},
    )
    ds.to_netcdf(
        path,
        engine="netcdf4",
        format=kind,  # type: ignore[arg-type]
        encoding=dict.fromkeys(("tas", "tos"), encoding),
    )
    guarded: list[tuple[int, int]] = []
    if encoding:
        with h5py.File(path) as f:
            for v in ("tas", "tos"):
                stored = f[v].id
                for n in range(stored.get_num_chunks()):
                    chunk = stored.get_chunk_info(n)
                    guarded.append((chunk.byte_offset, chunk.byte_offset + chunk.size))
    return Seed(name, path.read_bytes(), tuple(guarded))


Damage = Callable[[bytearray, random.Random, Seed, Seed], None]


def flip(data: bytearray, rng: random.Random, seed: Seed, other: Seed) -> None:
    """Bits anywhere."""
    for _ in range(rng.choice((1, 1, 2, 8))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def flip_header(data: bytearray, rng: random.Random, seed: Seed, other: Seed) -> None:
    """Bits among the first bytes, where most of what describes the file stands."""
    for _ in range(rng.choice((1, 1, 2, 8))):
        data[rng.randrange(min(len(data), 2048))] ^= 1 << rng.randrange(8)


def flip_guarded(data: bytearray, rng: random.Random, seed: Seed, other: Seed) -> None:
    """Bits of stored values that a checksum protects."""
    for _ in range(rng.choice((1, 1, 2, 8))):
        begin, end = rng.choice(seed.guarded)
        data[rng.randrange(begin, end)] ^= 1 << rng.randrange(8)


def zero(data: bytearray, rng: random.Random, seed: Seed, other: Seed) -> None:
    """A piece that was never written to the disk."""
    begin = rng.randrange(len(data))
    end = min(len(data), begin + rng.choice((16, 512, 4096)))
    data[begin:end] = bytes(end - begin)


def cut(data: bytearray, rng: random.Random, seed: Seed, other: Seed) -> None:
    """The end is missing."""
    del data[rng.randrange(len(data)) :]


def splice(data: bytearray, rng: random.Random, seed: Seed, other: Seed) -> None:
    """The beginning of one file and the rest of another."""
    at = rng.randrange(8, 4096)
    data[at:] = other.data[at:]


def lie(data: bytearray, rng: random.Random, seed: Seed, other: Seed) -> None:
    """A number of the header made one that something breaks at."""
    size = rng.choice((1, 2, 4, 8))
    at = rng.randrange(4, min(len(data), 4096) - 8)
    number = rng.choice((0, 1, 2 ** (8 * size) - 1, 2 ** (8 * size - 1), 2 ** (8 * size - 1) - 1))
    data[at : at + size] = number.to_bytes(size, rng.choice(("big", "little")))


ANYWHERE: tuple[Damage, ...] = (flip, flip_header, zero, cut, splice, lie)


@dataclass(frozen=True)
class Case:
    """A damaged file."""

    number: int
    seed: Seed
    damage: Damage
    data: bytes

    @property
    def guarded(self) -> bool:
        """Whether a checksum in the file covers what was damaged."""
        return self.damage is flip_guarded

    @property
    def name(self) -> str:
        """What it is, in a word or two."""
        return f"{self.number} {self.seed.name} {self.damage.__name__}"


def case(number: int, seeds: list[Seed]) -> Case:
    """The damaged file of that number."""
    rng = random.Random(number)
    seed, other = seeds[number % len(seeds)], rng.choice(seeds)
    kinds = ANYWHERE + ((flip_guarded,) * 2 if seed.guarded else ())
    damage = kinds[(number // len(seeds)) % len(kinds)]
    data = bytearray(seed.data)
    damage(data, rng, seed, other)
    return Case(number, seed, damage, bytes(data))
