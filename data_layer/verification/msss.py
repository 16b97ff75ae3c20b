"""The mean squared error skill score of the WMO's verification system, and its three terms.

Dims, missing values and errors are those of :mod:`data_layer.verification.deterministic`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.verification.moments import Moments, Pairs, pairs
from data_layer.verification.pairs import average, described, regional_weights


def msss(hindcast: xr.DataArray, observed: xr.DataArray) -> xr.DataArray:
    """Mean squared error skill score against the leave-one-out climatology of observations.

    ``1 - MSE / MSE_c`` with ``MSE_c = (n / (n - 1))² s²``, s² the variance (divisor n) of
    the observations: each year's reference is the mean of the other years. WMO, Manual on
    the GDPFS (WMO-No. 485), Attachment II.8, SVSLRF.

    Returns
    -------
    (cells…), 1 for a perfect ensemble mean, 0 for one no better than climatology; NaN for
    fewer than two pairs or constant observations.

    Raises
    ------
    BadRequest: for fewer than two years.
    """
    p = pairs(hindcast, observed, 2, "A skill score")
    score = 1 - p.moments.mse / _reference(p.moments)
    return p.result(score, "mean squared error skill score", _method(p))


def msss_terms(hindcast: xr.DataArray, observed: xr.DataArray) -> xr.Dataset:
    """What :func:`msss` is made of: phase, amplitude and bias, as the WMO writes them.

    ``MSSS = (phase - amplitude - bias + c) / (1 + c)`` with

    * ``phase = 2 r s_f / s_x``, r the correlation of ensemble mean and observations;
    * ``amplitude = (s_f / s_x)²``, the ratio of their variances;
    * ``bias = ((mean f - mean x) / s_x)²``;
    * ``c = (2 n - 1) / (n - 1)²``, from the reference being leave-one-out: ``size``.

    Murphy 1988, doi:10.1175/1520-0493(1988)116<2417:SSBOTM>2.0.CO;2; WMO-No. 485,
    Attachment II.8.

    Returns
    -------
    ``phase``, ``amplitude``, ``bias``, ``size``, each (cells…); NaN as :func:`msss`.

    Raises
    ------
    BadRequest: for fewer than two years.
    """
    p = pairs(hindcast, observed, 2, "A skill score")
    m = p.moments
    s2 = m.varying_o
    terms = {
        "phase": (2 * m.cov / s2, "2 r s_f / s_x"),
        "amplitude": (m.var_f / s2, "(s_f / s_x)²"),
        "bias": ((m.mean_f - m.mean_o) ** 2 / s2, "((mean f - mean x) / s_x)²"),
        "size": ((_stretch(m) - 1) * s2 / s2, "(2 n - 1) / (n - 1)²"),
    }
    return xr.Dataset(
        {
            name: p.result(
                np.where(m.n > 1, term, np.nan),
                f"{name} term of the skill score",
                f"{formula}; {_method(p)}",
            )
            for name, (term, formula) in terms.items()
        }
    )


def area_msss(
    hindcast: xr.DataArray, observed: xr.DataArray, weights: xr.DataArray | None = None
) -> xr.DataArray:
    """:func:`msss` of a region: ``1 - Σ w MSE / Σ w MSE_c`` over its cells (WMO-No. 485).

    Parameters
    ----------
    weights: over (some of) the cells' dims; default the cosine of ``lat``, over ``lat`` and,
        where there is one, ``lon``.

    Returns
    -------
    The cells' dims that are not summed over; NaN where no cell has skill scores.

    Raises
    ------
    BadRequest: for fewer than two years, weights over other cells or below 0, or neither
    weights nor ``lat``.
    """
    p = pairs(hindcast, observed, 2, "A skill score")
    w = regional_weights(p.cells, _cosines(p.cells) if weights is None else weights)
    reference = _reference(p.moments)
    error = np.where(np.isfinite(reference), p.moments.mse, np.nan)
    # An average over years of one year: what is averaged here has seen the years already.
    mean, against = (
        average(p.result(by_cell, "", "").expand_dims("init"), w) for by_cell in (error, reference)
    )
    return described(
        1 - mean / against.where(against > 0),
        "mean squared error skill score of the region",
        f"{_method(p)}; both errors averaged over the region's cells, weighted, first",
    )


def _reference(m: Moments) -> npt.NDArray[Any]:
    """Squared error of the leave-one-out mean of the observations; NaN where they are constant."""
    return _stretch(m) * m.varying_o


def _stretch(m: Moments) -> npt.NDArray[Any]:
    """(n / (n - 1))², by which leaving out the year judged makes climatology worse."""
    return np.where(m.n > 1, (m.n / np.maximum(m.n - 1, 1)) ** 2, np.nan)


def _method(p: Pairs) -> str:
    return (
        "1 - MSE / MSE of the leave-one-out climatology of the observations, of the ensemble "
        f"mean over {p.told} (WMO SVSLRF, Murphy 1988)"
    )


def _cosines(cells: xr.DataArray) -> xr.DataArray:
    """Cosine of the latitude of each cell of a map."""
    if "lat" not in cells.coords:
        raise BadRequest(
            "A region's score needs weights.",
            asked="weights by latitude",
            exists=cells.coords,
            advice="Give weights, or cells with a coordinate 'lat' in degrees.",
        )
    lat = cells["lat"]
    weights = lat.copy(data=np.cos(np.deg2rad(lat.values)).clip(0))
    if "lon" in cells.dims and "lon" not in weights.dims:
        weights = weights * xr.ones_like(cells["lon"], float)
    return weights
