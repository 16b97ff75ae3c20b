"""The climatology of a hindcast: years and members of one start and lead in one pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.moments import moments
from data_layer.quantiles import quantiles

POOLED = ("init", "member")


@dataclass(frozen=True)
class Climatology:
    """What the hindcast of one start of the year and lead is like in each cell.

    Attributes
    ----------
    mean, std: over years and members, in the variable's units; ``std`` with divisor n - 1.
    quantiles: dim ``quantile`` first.
    years: first and last year of the starts. Years may be missing in between.
    size: starts and members, of which the pool is the product.
    """

    mean: xr.DataArray
    std: xr.DataArray
    quantiles: xr.DataArray
    years: tuple[int, int]
    size: tuple[int, int]

    def quantile(self, probability: float) -> xr.DataArray:
        """One of the quantiles that were asked for."""
        at = int(np.abs(self.quantiles["quantile"].values - probability).argmin())
        return self.quantiles.isel(quantile=at, drop=True)

    @property
    def told(self) -> str:
        """Which years and how many values it is of."""
        starts, members = self.size
        return (
            f"hindcast {self.years[0]}-{self.years[1]}, {starts} starts of {members} members, "
            f"{starts * members} values"
        )


def climatology_of(hindcast: xr.DataArray, probabilities: Sequence[float] = ()) -> Climatology:
    """Mean, standard deviation and quantiles over ``init`` and ``member`` together.

    Parameters
    ----------
    hindcast: dims ``init``, ``member`` and any others, all starts on one day of the year.
        What is missing is left out.
    probabilities: of the quantiles, R's type 7 (:mod:`data_layer.quantiles`).

    Raises
    ------
    BadRequest: with fewer than two starts: one year is no climatology.
    """
    starts, members = hindcast.sizes["init"], hindcast.sizes["member"]
    years = hindcast["init"].dt.year.values
    if starts < 2:
        raise BadRequest(
            f"A climatology needs the forecasts of at least 2 years; there are {starts}.",
            exists=[str(y) for y in years],
            advice="Choose more years, or a start with a hindcast.",
        )
    cells = [d for d in hindcast.dims if d not in POOLED]
    pooled = hindcast.transpose(*POOLED, *cells)
    shape = tuple(pooled.sizes[d] for d in cells)
    values = np.asarray(pooled.values, np.float32).reshape(starts * members, -1)
    mean, std = moments(values)
    labelled = {d: hindcast[d] for d in cells if d in hindcast.coords}
    quantile = ("quantile", np.asarray(probabilities, np.float64))
    return Climatology(
        mean=xr.DataArray(mean.reshape(shape), labelled, cells),
        std=xr.DataArray(std.reshape(shape), labelled, cells),
        quantiles=xr.DataArray(
            quantiles(values, probabilities).reshape(len(probabilities), *shape),
            {**labelled, "quantile": quantile},
            ["quantile", *cells],
        ),
        years=(int(years.min()), int(years.max())),
        size=(starts, members),
    )
