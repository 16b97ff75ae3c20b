"""Continuous ranked probability score of ensembles, plain and fair, and its skill.

Scores come by year, (init, cells…), so that years can be resampled; average them with
:func:`~data_layer.verification.pairs.average`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from data_layer.verification import probabilistic_kernels as kernels
from data_layer.verification.pairs import (
    at_least,
    described,
    flat,
    labelled,
    matched,
    skill,
    skill_method,
)

Estimator = Literal["plain", "fair"]


def crps(
    members: xr.DataArray, observed: xr.DataArray, *, estimator: Estimator = "plain"
) -> xr.DataArray:
    """Continuous ranked probability score of an ensemble.

    ``mean |x - o| - Σ Σ |xi - xj| / (2 M²)``; fair: over 2 M (M - 1). Sources: Gneiting and
    Raftery 2007, doi:10.1198/016214506000001437; Ferro 2014, doi:10.1002/qj.2270.

    Parameters
    ----------
    members: (init, member, cells…), NaN missing; the others of the year are its ensemble.
    observed: (init, cells…), NaN missing, in the same units.

    Returns
    -------
    (init, cells…) in the units of the members; NaN where a side is missing.

    Raises
    ------
    BadRequest: for a fair score of one member; for other years or cells.
    """
    members, observed = matched(members, observed, "member")
    fair = estimator == "fair"
    size = members.sizes["member"]
    at_least(2 if fair else 1, size, "members", f"A {estimator} CRPS")
    values, truth = flat(members, 2), flat(observed, 1)
    out = np.empty(truth.shape, values.dtype)
    kernels.crps(values, truth, kernels.sorting_network(size), fair, out)
    return described(
        labelled(out, observed.dims, observed),
        "continuous ranked probability score",
        f"{estimator} CRPS",
        str(members.attrs.get("units", "")),
    )


def crps_of_climatology(observed: xr.DataArray, *, estimator: Estimator = "plain") -> xr.DataArray:
    """CRPS of each year's observation for the ensemble of all other years' observations.

    Parameters
    ----------
    observed: (init, cells…), NaN missing.

    Returns
    -------
    (init, cells…) in the units of the observations; NaN with fewer than one other year, or
    for the fair score two.

    Raises
    ------
    BadRequest: for fewer years altogether.
    """
    fair = estimator == "fair"
    at_least(
        3 if fair else 2, observed.sizes["init"], "years", f"The {estimator} CRPS of climatology"
    )
    observed = observed.transpose("init", ...)
    truth = flat(observed, 1)
    out = np.empty(truth.shape, truth.dtype)
    kernels.crps_of_other_years(truth, fair, out)
    return described(
        labelled(out, observed.dims, observed),
        "continuous ranked probability score of climatology",
        f"{estimator} CRPS of the other years' observations (leave one out)",
        str(observed.attrs.get("units", "")),
    )


def crpss(
    members: xr.DataArray,
    observed: xr.DataArray,
    *,
    estimator: Estimator = "plain",
    weights: xr.DataArray | None = None,
) -> xr.DataArray:
    """1 - mean CRPS / mean CRPS of climatology, both by the same estimator.

    Climatology is leave-one-out: the observations of the other years that are paired.

    Parameters
    ----------
    members, observed, estimator: as for :func:`crps`.
    weights: over the cells of a region.

    Returns
    -------
    (cells…), at most 1; NaN with fewer than two pairs.

    Raises
    ------
    BadRequest: as for :func:`crps`; for fewer than two years, or three for the fair score.
    """
    score = crps(members, observed, estimator=estimator)
    paired = observed.transpose(*score.dims).where(score.notnull())
    result = skill(score, crps_of_climatology(paired, estimator=estimator), weights)
    return described(
        result,
        "continuous ranked probability skill score",
        skill_method(f"{estimator} CRPS", "the other years' observations (leave one out)"),
    )
