"""Regions of a request: areas and indices, by name or by their corners.

An index such as Niño 3.4 or the Indian Ocean Dipole is a sum of area means with factors. So is
a plain region, with one part. Both are linear in the field: a product of the mean over a
region is the product of the index.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import xarray as xr

from data_layer.api import Box, GridInfo
from data_layer.errors import BadRequest
from data_layer.indices.nino import INDICES
from data_layer.indices.regions import Region, area_mean, box, polygon, regions


@dataclass(frozen=True)
class Place:
    """What a field is reduced to.

    Attributes
    ----------
    title: as a person reads it.
    parts: area means that are summed, each with its factor.
    """

    title: str
    parts: tuple[tuple[float, Region], ...]

    def reduced(self, field: xr.DataArray) -> xr.DataArray:
        """The sum of the means over the parts.

        Parameters
        ----------
        field: dims ``lat`` and ``lon`` and any others; a part less than half of which is
            there makes the sum missing.

        Returns
        -------
        The other dims, in the units of ``field``; ``region`` is among the attributes.
        """
        means = [factor * area_mean(field, region) for factor, region in self.parts]
        whole = sum(means[1:], means[0])
        kept = {k: c for k, c in field.coords.items() if not {"lat", "lon"} & {k, *c.dims}}
        out = xr.DataArray(whole.values, kept, whole.dims, field.name, field.attrs)
        return out.assign_attrs(region=self.title)

    def around(self, grid: GridInfo) -> Box:
        """The zone of latitudes that holds all cells of a grid that reach into a part."""
        south = min(b.south for b in self._bounds())
        north = max(b.north for b in self._bounds())
        # The spacing may be uneven, and an area mean needs two rows at the least.
        more = 2.0 * (grid.lat[1] - grid.lat[0]) / max(grid.ny - 1, 1) + 0.1
        return Box(max(-90.0, south - more), min(90.0, north + more), 0.0, 360.0)

    def _bounds(self) -> list[Box]:
        found = []
        for _, region in self.parts:
            found += [Box(b.south, b.north, 0.0, 360.0) for b in region.boxes]
            for _, lat in region.rings:
                found.append(Box(float(lat.min()), float(lat.max()), 0.0, 360.0))
        return found


@lru_cache(256)
def place(text: str) -> Place:
    """The region of a request.

    Parameters
    ----------
    text: a name (``nino34``, ``dmi``, ``victoria``), a box ``south,north,west,east``, or the
        corners of a polygon ``lon lat;lon lat;…``, each side of which goes the shorter way
        around the Earth. Degrees.

    Raises
    ------
    BadRequest: for a name that there is not, listing those there are, or for corners that are
        none.
    """
    if text in INDICES:
        return Place(INDICES[text].title, INDICES[text].parts)
    named = regions()
    if text in named:
        return Place(named[text].title, ((1.0, named[text]),))
    if ";" in text:
        corners = [_numbers(corner, " ", 2) for corner in text.split(";")]
        if len(corners) < 3:
            raise _not_understood(text)
        return Place("polygon", ((1.0, polygon("polygon", text, [(x, y) for x, y in corners])),))
    if "," in text:
        south, north, west, east = _numbers(text, ",", 4)
        Box(south, north, west, east)
        title = f"{south:g} to {north:g}° N, {west:g} to {east:g}° E"
        return Place(title, ((1.0, box("box", title, south, north, west, east)),))
    raise BadRequest(
        f"There is no region {text[:60]!r}.",
        asked=text[:60],
        exists=[*INDICES, *named],
        advice="Choose one of these, or write a box south,north,west,east.",
    )


def _numbers(text: str, between: str, many: int) -> list[float]:
    try:
        numbers = [float(n) for n in text.strip().split(between)]
    except ValueError:
        raise _not_understood(text) from None
    if len(numbers) != many or not all(math.isfinite(n) and abs(n) <= 720 for n in numbers):
        raise _not_understood(text)
    return numbers


def _not_understood(text: str) -> BadRequest:
    return BadRequest(
        f"The region {text[:60]!r} is not understood.",
        asked=text[:60],
        advice="Write a name, a box south,north,west,east, or corners lon lat;lon lat;lon lat.",
    )
