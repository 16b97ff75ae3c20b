"""Correlation and errors of the ensemble mean, over the years of each cell.

A hindcast has dims (init, member, cells…), observations (init, cells…), labelled with the
start of the forecast that they verify; NaN is missing. The ensemble mean is that of the
members present, and a year in which either side is missing is left out of that cell. All
results have the cells' dims, float64, and are NaN where pairs are too few; every function
raises :class:`~data_layer.errors.BadRequest` for dims, years or cells that do not match,
and for too few years altogether.

``anomalies`` of a function is a cross-validation: both sides are then anomalies against
their own climatologies, of the training years of each year. ``None``: values as they are.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.verification import deterministic_kernels as kernels
from data_layer.verification.folds import Scheme
from data_layer.verification.moments import Pairs, pairs

Floats = npt.NDArray[Any]
Kind = Literal["pearson", "spearman"]

_TITLES = {"pearson": "Pearson correlation", "spearman": "Spearman rank correlation"}


def correlation(
    hindcast: xr.DataArray,
    observed: xr.DataArray,
    *,
    kind: Kind = "pearson",
    anomalies: Scheme | None = None,
) -> xr.DataArray:
    """Correlation over the years of the ensemble mean and observations.

    ``pearson`` is the anomaly correlation (ACC) of a cell; ``spearman`` the same of the
    ranks of the years, ties shared. Leaving out one year changes neither: it stretches all
    anomalies by n / (n - 1). Where there is a trend, the anomalies of a split record jump
    together on both sides and correlate the more.

    Returns
    -------
    (cells…), within -1 and 1; NaN for fewer than three pairs or where a side is constant.
    """
    p = _ranked(pairs(hindcast, observed, 3, "A correlation", anomalies), kind)
    return p.result(
        p.moments.correlation,
        f"{_TITLES[kind]} of the ensemble mean",
        f"{_TITLES[kind]} of the ensemble mean with observations over {p.told}",
    )


def p_value(
    hindcast: xr.DataArray,
    observed: xr.DataArray,
    *,
    kind: Kind = "pearson",
    anomalies: Scheme | None = None,
    effective: bool = False,
) -> xr.DataArray:
    """How often :func:`correlation` would be as far from 0 by chance; two-sided.

    ``t = r sqrt((n - 2) / (1 - r²))`` has Student's distribution with n - 2 degrees of
    freedom if pairs are independent; with ``effective``, n is :func:`effective_years`.

    Returns
    -------
    (cells…), within 0 and 1; NaN where the correlation is, or for two years or fewer.
    """
    from scipy.special import betainc

    plain = pairs(hindcast, observed, 3, "The test of a correlation", anomalies)
    r = _ranked(plain, kind).moments.correlation
    freedom = (_effective(plain) if effective else plain.moments.n) - 2
    out = np.full_like(r, np.nan)
    ok = (freedom > 0) & np.isfinite(r)
    # The two tails of Student's distribution at t, as the incomplete beta function.
    out[ok] = betainc(freedom[ok] / 2, 0.5, np.clip((1 - r[ok]) * (1 + r[ok]), 0, 1))
    n = "the effective number of years (Bretherton 1999)" if effective else "the years"
    return plain.result(
        out,
        f"p-value of the {_TITLES[kind]}",
        f"two-sided t test of the {_TITLES[kind]} with n - 2 degrees of freedom, n being {n}, "
        f"over {plain.told}",
    )


def effective_years(
    hindcast: xr.DataArray, observed: xr.DataArray, *, anomalies: Scheme | None = None
) -> xr.DataArray:
    """Independent years that the pairs of a cell are worth: n (1 - r₁r₂) / (1 + r₁r₂).

    r₁ and r₂ are the lag-one autocorrelations of the ensemble mean and the observations, in
    the order of ``init``; never more than the pairs there are. Bretherton et al. 1999,
    doi:10.1175/1520-0442(1999)012<1990:TENOSD>2.0.CO;2.

    Returns
    -------
    (cells…), a whole number of years; NaN for fewer than four pairs.
    """
    p = pairs(hindcast, observed, 4, "An effective sample size", anomalies)
    return p.result(
        np.where(p.moments.n > 3, _effective(p), np.nan),
        "effective number of years",
        "n (1 - r₁r₂) / (1 + r₁r₂), r the lag-one autocorrelations (Bretherton 1999), rounded "
        f"down and at most n, over {p.told}",
    )


def sample_size(hindcast: xr.DataArray, observed: xr.DataArray) -> xr.DataArray:
    """Pairs in each cell: years in which neither the ensemble nor the observation is missing."""
    p = pairs(hindcast, observed, 1, "A sample")
    return p.result(p.moments.n, "number of years", "years with a forecast and an observation")


def bias(hindcast: xr.DataArray, observed: xr.DataArray) -> xr.DataArray:
    """Mean over the years of ensemble mean minus observation, in the hindcast's units."""
    p = pairs(hindcast, observed, 1, "A bias")
    return p.result(
        p.moments.mean_f - p.moments.mean_o,
        "bias of the ensemble mean",
        f"ensemble mean minus observation, mean over {p.told}",
        p.units,
    )


def rmse(
    hindcast: xr.DataArray, observed: xr.DataArray, *, anomalies: Scheme | None = None
) -> xr.DataArray:
    """Root of the mean squared error of the ensemble mean, in the hindcast's units."""
    p = pairs(hindcast, observed, 1, "An error", anomalies)
    return p.result(
        np.sqrt(p.moments.mse),
        "root-mean-square error of the ensemble mean",
        f"root of the mean squared error of the ensemble mean over {p.told}",
        p.units,
    )


def mae(
    hindcast: xr.DataArray, observed: xr.DataArray, *, anomalies: Scheme | None = None
) -> xr.DataArray:
    """Mean absolute error of the ensemble mean, in the hindcast's units."""
    p = pairs(hindcast, observed, 1, "An error", anomalies)
    return p.result(
        p.moments.mae,
        "mean absolute error of the ensemble mean",
        f"mean absolute error of the ensemble mean over {p.told}",
        p.units,
    )


def _ranked(p: Pairs, kind: Kind) -> Pairs:
    """The pairs, or for ``spearman`` the ranks of either side among the years that pair."""
    if kind == "pearson":
        return p
    ranks = [np.empty(p.forecast.shape) for _ in range(2)]
    for values, out in zip(p.masked, ranks, strict=True):
        kernels.ranks(values, out)
    return p.with_values(*ranks)


def _effective(p: Pairs) -> Floats:
    """n (1 - r₁r₂) / (1 + r₁r₂), rounded down; NaN where an autocorrelation is."""
    f, o = p.masked
    r = [p.with_values(x[:-1], x[1:]).moments.correlation for x in (f, o)]
    n = p.moments.n
    with np.errstate(divide="ignore"):
        out: Floats = np.clip(np.floor(n * (1 - r[0] * r[1]) / (1 + r[0] * r[1])), 0, n)
    return out
