"""Generic CF forecasts and observations, and one-file-per-member sets of them."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from data_layer.layouts.base import Repaired
from data_layer.layouts.recognise import are_of_no_place, coordinates
from data_layer.layouts.rotated import is_rotated


class CfLayout(Repaired):
    """What :mod:`data_layer.layouts.canonical` reads as it is."""

    name = "cf"

    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        """Whether latitudes and longitudes can be made out, or none are needed."""
        placed = coordinates(raw).keys() >= {"lat", "lon"} or is_rotated(raw)
        return placed or are_of_no_place(raw)

    def repair(self, raw: xr.Dataset, path: Path) -> xr.Dataset:
        """Nothing to repair."""
        return raw


LAYOUT = CfLayout()
