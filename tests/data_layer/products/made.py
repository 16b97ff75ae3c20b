"""Forecasts made by hand, and what they are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from data_layer.climatology import Climatology, climatology_of
from data_layer.products import asked_for

ATTRS = {"units": "K", "standard_name": "air_temperature", "cell_methods": "time: mean"}


@dataclass
class Made:
    """Satisfies :class:`data_layer.products.base.Inputs`; what is ``None`` must not be asked."""

    members: xr.DataArray
    past: xr.DataArray | None = None
    seen: xr.DataArray | None = None
    happened: xr.DataArray | None = None

    def climatology(self, probabilities: Sequence[float] = ()) -> Climatology:
        return climatology_of(self.hindcast(), probabilities)

    def hindcast(self) -> xr.DataArray:
        assert self.past is not None
        return self.past

    def observed(self) -> xr.DataArray:
        assert self.seen is not None
        return self.seen

    def outcome(self) -> xr.DataArray:
        assert self.happened is not None
        return self.happened


def _cells(values: np.ndarray, leading: tuple[str, ...]) -> tuple[tuple[str, ...], dict]:
    """Dims and labels; what is missing of (lead, lat, lon) from the left is not there."""
    names = ("lead", "lat", "lon")[3 - (values.ndim - len(leading)) :]
    sizes = dict(zip(names, values.shape[len(leading) :], strict=True))
    labels = {
        "lead": lambda n: ("lead", np.arange(n), {"units": "months"}),
        "lat": lambda n: ("lat", np.linspace(-30, 30, n)),
        "lon": lambda n: ("lon", np.arange(n) * 10.0),
    }
    return (*leading, *names), {d: labels[d](n) for d, n in sizes.items()}


def starts(years: Sequence[int]) -> np.ndarray:
    return np.array([f"{y}-10-01" for y in years], "datetime64[ns]")


def forecast(values: np.ndarray, year: int = 2026) -> xr.DataArray:
    """Members (member, [lead, lat,] lon) of a start in October."""
    values = np.asarray(values, "f4")
    dims, labels = _cells(values, ("member",))
    coords = {"member": np.arange(len(values)), "init": starts([year])[0], **labels}
    return xr.DataArray(values, coords, dims, "tas", ATTRS)


def hindcast(values: np.ndarray, first: int = 1990) -> xr.DataArray:
    """The same starts of years from ``first`` on: (init, member, [lead, lat,] lon)."""
    values = np.asarray(values, "f4")
    dims, labels = _cells(values, ("init", "member"))
    years = range(first, first + len(values))
    coords = {"init": starts(years), "member": np.arange(values.shape[1]), **labels}
    return xr.DataArray(values, coords, dims, "tas", ATTRS)


def observed(values: np.ndarray, first: int = 1990) -> xr.DataArray:
    """What was observed in those years: (init, [lead, lat,] lon)."""
    values = np.asarray(values, "f4")
    dims, labels = _cells(values, ("init",))
    coords = {"init": starts(range(first, first + len(values))), **labels}
    return xr.DataArray(values, coords, dims, "tas", ATTRS)


def outcome(values: np.ndarray, year: int = 2026) -> xr.DataArray:
    """What was observed after one start: ([lead, lat,] lon)."""
    return observed(np.asarray(values)[None], year).isel(init=0)


def random_inputs(seed: int = 0, years: int = 12, members: int = 7, size: int = 9) -> Made:
    """A whole comparison, (lat, lon) of (2, 3) and all numbers normal."""
    rng = np.random.default_rng(seed)
    shape = (2, 3)
    truth = rng.normal(290, 2, (years, *shape))
    return Made(
        forecast(rng.normal(291, 2, (size, *shape))),
        hindcast(288 + 0.5 * (truth[:, None] - 290) + rng.normal(0, 1, (years, members, *shape))),
        observed(truth),
        outcome(rng.normal(290, 2, shape)),
    )


def computed(text: str, inputs: Made) -> xr.DataArray:
    """A product by its text, as a source computes it."""
    product, asked = asked_for(text)
    out = product.compute(inputs, asked)
    return out if product.finish is None else product.finish(out, asked)
