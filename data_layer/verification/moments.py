"""The ensemble mean beside the observations, and the moments that its scores are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.verification import deterministic_kernels as kernels
from data_layer.verification import pool_kernels
from data_layer.verification.folds import Scheme, training, years_of
from data_layer.verification.pairs import at_least, described, flat, labelled, matched

Floats = npt.NDArray[Any]

# Rounding alone may part equal numbers by a few units in the last place.
_ROUNDING = 8 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class Moments:
    """Of the pairs of each cell, all (cells,); variances and covariance with divisor n.

    NaN, apart from ``n``, without pairs.
    """

    n: Floats
    mean_f: Floats
    mean_o: Floats
    var_f: Floats
    var_o: Floats
    cov: Floats
    mae: Floats

    @property
    def mse(self) -> Floats:
        """Mean squared error."""
        centred = self.var_f + self.var_o - 2 * self.cov
        out: Floats = np.maximum(centred, 0.0) + (self.mean_f - self.mean_o) ** 2
        return out

    @property
    def varying_o(self) -> Floats:
        """The variance of the observations; NaN where they are constant."""
        return _varying(self.var_o, self.mean_o)

    @property
    def correlation(self) -> Floats:
        """Pearson's; NaN for fewer than three pairs or where a side is constant."""
        product = np.sqrt(_varying(self.var_f, self.mean_f)) * np.sqrt(self.varying_o)
        return np.where(self.n > 2, np.clip(self.cov / product, -1, 1), np.nan)


def _varying(variance: Floats, mean: Floats) -> Floats:
    return np.where(variance > (_ROUNDING * mean) ** 2, variance, np.nan)


@dataclass(frozen=True)
class Pairs:
    """Ensemble means and observations, (years, cells), NaN missing.

    Attributes
    ----------
    cells: any array over the cells alone, to label results.
    told: which years these are and what was done to them, for ``method``.
    """

    forecast: Floats
    observed: Floats
    cells: xr.DataArray
    units: str
    told: str

    @cached_property
    def moments(self) -> Moments:
        """The moments of each cell's pairs."""
        out = np.empty((7, self.forecast.shape[1]))
        kernels.moments(self.forecast, self.observed, out)
        return Moments(*out)

    @property
    def masked(self) -> tuple[Floats, Floats]:
        """Both sides, each missing where the other is."""
        missing = np.isnan(self.forecast) | np.isnan(self.observed)
        if not missing.any():
            return self.forecast, self.observed
        return np.where(missing, np.nan, self.forecast), np.where(missing, np.nan, self.observed)

    def with_values(self, forecast: Floats, observed: Floats) -> Pairs:
        """The same with other values."""
        return replace(self, forecast=forecast, observed=observed)

    def result(self, values: Floats, title: str, method: str, units: str = "1") -> xr.DataArray:
        """Values (cells,) as an array over the cells' own dims, described."""
        return described(labelled(values, self.cells.dims, self.cells), title, method, units)


def pairs(
    hindcast: xr.DataArray,
    observed: xr.DataArray,
    fewest: int,
    why: str,
    anomalies: Scheme | None = None,
) -> Pairs:
    """The ensemble mean of each year, and the observation.

    Parameters
    ----------
    hindcast: (init, member, cells…). observed: (init, cells…).
    fewest: years that must be there for ``why``.
    anomalies: subtract from either side its climatology, cross-validated so, of the years
        in which neither is missing.

    Raises
    ------
    BadRequest: for other dims, years or cells, no members, or too few years.
    """
    h, o = matched(hindcast, observed, "member")
    at_least(fewest, h.sizes["init"], "years", why)
    at_least(1, h.sizes["member"], "members", why)
    mean, _ = ensemble(flat(h, 2), with_variance=False)
    told = f"{h.sizes['init']} years"
    out = Pairs(mean, flat(o, 1), o.isel(init=0, drop=True), _units(h), told)
    if anomalies is None:
        return out
    rows = training(years_of(h), anomalies)
    return replace(
        out.with_values(*(_anomalies(side, rows) for side in out.masked)),
        told=f"{told}, both as anomalies against their own climatologies, {anomalies.sentence}",
    )


def ensemble(members: Floats, with_variance: bool) -> tuple[Floats, Floats]:
    """Mean and variance (divisor M - 1; empty unless asked for) of (years, members, cells)."""
    years, _, cells = members.shape
    mean = np.empty((years, cells))
    variance = np.empty((years, cells) if with_variance else (0, 0))
    kernels.ensemble(members, mean, variance, with_variance)
    return mean, variance


def _anomalies(values: Floats, rows: npt.NDArray[np.bool_]) -> Floats:
    climate, spread = np.empty(values.shape), np.empty(values.shape)
    pool_kernels.moments(values[:, np.newaxis], rows, climate, spread)
    out = values - climate
    out[np.abs(out) <= _ROUNDING * np.abs(climate)] = 0.0
    return out


def _units(array: xr.DataArray) -> str:
    return str(array.attrs.get("units", "1"))
