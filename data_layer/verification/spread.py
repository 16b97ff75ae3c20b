"""How far the members lie apart, and whether as far as the ensemble mean is wrong.

Dims, missing values and errors are those of :mod:`data_layer.verification.deterministic`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.verification.folds import Scheme
from data_layer.verification.moments import Pairs, ensemble, pairs
from data_layer.verification.pairs import at_least, described, flat, labelled, matched

Floats = npt.NDArray[Any]


def spread(hindcast: xr.DataArray) -> xr.DataArray:
    """Root of the members' variance (divisor M - 1), averaged over the years.

    Variances are averaged, not standard deviations: their mean is what the squared error of
    the mean is compared with (Fortin et al. 2014, doi:10.1175/JHM-D-14-0008.1).

    Returns
    -------
    (cells…), in the hindcast's units; NaN where no year has two members.
    """
    members = _members(hindcast)
    mean, variance = ensemble(flat(members, 2), with_variance=True)
    cells = members.isel(init=0, member=0, drop=True)
    return described(
        labelled(np.sqrt(_mean_over_years(variance)), cells.dims, cells),
        "ensemble spread",
        f"root of the mean over {len(mean)} years of the variance of the members (divisor M - 1)",
        str(hindcast.attrs.get("units", "1")),
    )


def total_spread(hindcast: xr.DataArray) -> xr.DataArray:
    """Standard deviation (divisor n) of the members of all years taken together.

    It holds the variability between years as well: climpred's ``spread`` over members and
    starts.

    Returns
    -------
    (cells…), in the hindcast's units.
    """
    members = _members(hindcast)
    return described(
        members.std(("init", "member"), dtype="float64"),
        "spread of members and years",
        f"standard deviation (divisor n) of all members of {members.sizes['init']} years together",
        str(hindcast.attrs.get("units", "1")),
    )


def spread_error_ratio(
    hindcast: xr.DataArray, observed: xr.DataArray, *, anomalies: Scheme | None = None
) -> xr.DataArray:
    """Spread over the error of the ensemble mean: 1 when the members tell how wrong it may be.

    ``sqrt((M + 1) / M) spread / RMSE``. The factor is there because the mean of M members
    errs more than that of infinitely many (Fortin et al. 2014,
    doi:10.1175/JHM-D-14-0008.1). Above 1 the ensemble is overdispersive. A bias
    counts as error unless ``anomalies`` are taken.

    Returns
    -------
    (cells…); NaN without pairs with two members, or without error.

    Raises
    ------
    BadRequest: for fewer than two members.
    """
    p = pairs(hindcast, observed, 1, "A ratio of spread to error", anomalies)
    members, _ = matched(hindcast, observed, "member")
    size = members.sizes["member"]
    at_least(2, size, "members", "A spread")
    _, variance = ensemble(flat(members, 2), with_variance=True)
    return p.result(
        _ratio(p, variance, size),
        "spread / error of the ensemble mean",
        f"sqrt((M + 1) / M) times spread over RMSE, M = {size} (Fortin et al. 2014), of {p.told}",
    )


def _ratio(p: Pairs, variance: Floats, size: int) -> Floats:
    variance[np.isnan(p.forecast) | np.isnan(p.observed)] = np.nan
    mse = p.moments.mse
    return np.sqrt((size + 1) / size * _mean_over_years(variance) / np.where(mse > 0, mse, np.nan))


def _mean_over_years(values: Floats) -> Floats:
    n = np.isfinite(values).sum(0)
    return np.where(n > 0, np.nansum(values, 0) / np.maximum(n, 1), np.nan)


def _members(hindcast: xr.DataArray) -> xr.DataArray:
    for dim in ("init", "member"):
        if dim not in hindcast.dims:
            raise BadRequest(
                f"The forecasts have no dim {dim!r}.",
                asked=dim,
                exists=hindcast.dims,
                advice="Give them with it.",
            )
    at_least(1, hindcast.sizes["init"], "years", "A spread")
    at_least(2, hindcast.sizes["member"], "members", "A spread")
    return hindcast.transpose("init", "member", ...)
