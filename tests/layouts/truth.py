"""A forecast whose every number tells where it belongs, and the traps archives set."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

DIMS = ("init", "member", "lead", "lat", "lon")


@dataclass(frozen=True)
class Traps:
    """How this archive, of those that a layout must read, happens to be written.

    Attributes
    ----------
    north_first: latitudes descend.
    west_first: longitudes go from -180 to 180.
    packed: 16-bit integers with a scale and an offset.
    compressed: chunks of one map, shuffled and deflated.
    missing: part of each map is missing, and one map is missing altogether.
    absent_member: position of a member that one start lacks, or none.
    """

    north_first: bool = False
    west_first: bool = False
    packed: bool = False
    compressed: bool = True
    missing: bool = False
    absent_member: int | None = None

    @classmethod
    def random(cls, seed: int) -> Traps:
        """Any combination."""
        rng = np.random.default_rng(seed)
        flags = rng.random(5) < 0.5
        return cls(*map(bool, flags), absent_member=1 if rng.random() < 0.3 else None)


@dataclass(frozen=True)
class Truth:
    """What a layout must find in the files.

    Attributes
    ----------
    da: dims ``(init, member, lead, lat, lon)`` in canonical order: latitudes
        ascending, longitudes eastward from 0; NaN where missing. ``init``
        datetime64, ``member`` and ``lead`` int.
    unit: of the leads.
    """

    da: xr.DataArray
    unit: str = "months"
    traps: Traps = field(default_factory=Traps)

    def as_written(self, init: int, member: int) -> xr.DataArray:
        """One start and member, ``(lead, lat, lon)``, with the traps' axes."""
        da = self.da.isel(init=init, member=member)
        if self.traps.west_first:
            da = da.assign_coords(lon=(da["lon"] + 180) % 360 - 180).sortby("lon")
        if self.traps.north_first:
            da = da.isel(lat=slice(None, None, -1))
        return da

    def has(self, init: int, member: int) -> bool:
        """Whether that member of that start is in the archive."""
        return not (member == self.traps.absent_member and init == 0)

    def encoding(self, *chunks: int) -> dict[str, object]:
        """How the variable is to be written; ``chunks`` are its sizes, last two the map's."""
        how: dict[str, object] = {"_FillValue": np.float32(1e20)}
        if self.traps.packed:
            how = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32768}
        if self.traps.compressed:
            one_map = (1,) * (len(chunks) - 2) + chunks[-2:]
            how |= {"zlib": True, "shuffle": True, "complevel": 1, "chunksizes": one_map}
        return how


def make(
    *,
    seed: int = 0,
    inits: tuple[str, ...] = ("2026-09-01", "2026-10-01"),
    members: tuple[int, ...] = (1, 2, 3),
    leads: tuple[int, ...] = (0, 1, 2),
    unit: str = "months",
    lat: np.ndarray | None = None,
    lon: np.ndarray | None = None,
    traps: Traps | None = None,
) -> Truth:
    """A forecast of temperatures (K) in hundredths, so that packing is exact."""
    rng = np.random.default_rng(seed)
    lat = np.linspace(-87.5, 87.5, 8) if lat is None else np.asarray(lat, float)
    lon = np.arange(0.0, 360.0, 30.0) if lon is None else np.asarray(lon, float)
    traps = traps or Traps()
    shape = (len(inits), len(members), len(leads), lat.size, lon.size)
    values = np.round(rng.uniform(250, 310, shape), 2)
    if traps.missing:
        values[..., : lat.size // 3, :3] = np.nan
        values[0, 0, -1] = np.nan
    for m in range(len(members)):
        if m == traps.absent_member:
            values[0, m] = np.nan
    coords = {
        "init": np.array(inits, "datetime64[ns]"),
        "member": np.array(members),
        "lead": np.array(leads),
        "lat": lat,
        "lon": lon,
    }
    return Truth(xr.DataArray(values, coords, DIMS), unit, traps)
