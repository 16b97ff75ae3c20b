"""Scores of probabilities: Brier, RPS, ignorance, discrimination.

Scores come by year, (init, cells…), so that years can be resampled; average them with
:func:`~data_layer.verification.pairs.average`. Skill scores come as maps, or of a region when
weights are given, as one less the ratio of two means.

Forecasts are counts of members in categories (whole numbers, from
:func:`~data_layer.verification.categories.category_counts`) or probabilities. "plain" scores
the forecast as it is; "fair" removes what a finite ensemble costs, and needs counts
(Ferro 2014, doi:10.1002/qj.2270).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.verification import probabilistic_kernels as kernels
from data_layer.verification.categories import ensemble_size, events, is_counts, probabilities
from data_layer.verification.pairs import (
    at_least,
    average,
    described,
    flat,
    labelled,
    matched,
    skill,
    skill_method,
)

Estimator = Literal["plain", "fair"]

# Chances of one category above another, from probabilities in single precision, that
# are nearer than this tie. Ensembles of up to 900 members differ by more.
_TIE = 1e-6


def brier(
    forecast: xr.DataArray, observed: xr.DataArray, *, estimator: Estimator = "plain"
) -> xr.DataArray:
    """Brier score of each category, or of a single event: (p - o)².

    Fair: less e (M - e) / (M² (M - 1)) = p (1 - p) / (M - 1), for e of M members. Sources:
    Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2; Ferro 2014,
    doi:10.1002/qj.2270.

    Parameters
    ----------
    forecast: (init, category, cells…) counts or probabilities; (init, cells…) probabilities of
        a single event.
    observed: (init, cells…) category numbers; of a single event 1, 0 or NaN.

    Returns
    -------
    (init, category, cells…) or (init, cells…), NaN where a side is missing.

    Raises
    ------
    BadRequest: for a fair score without counts or of one member; for other years or cells.
    """
    p, o = events(forecast, observed)
    score = _brier(p, o, _others(forecast) if estimator == "fair" else None)
    return described(score, "Brier score", f"{estimator} Brier score")


def bss(
    forecast: xr.DataArray,
    observed: xr.DataArray,
    *,
    estimator: Estimator = "plain",
    reference: float | xr.DataArray | None = None,
    weights: xr.DataArray | None = None,
) -> xr.DataArray:
    """Brier skill score: 1 - mean Brier score / mean Brier score of climatology.

    Parameters
    ----------
    forecast, observed, estimator: as for :func:`brier`.
    reference: the probability that climatology gives the event. Without it 1/K for each of K
        categories, or for a single event the frequency in the other years.
    weights: over the cells of a region.

    Returns
    -------
    (category, cells…) or (cells…), at most 1; NaN with fewer than two pairs.

    Raises
    ------
    BadRequest: as for :func:`brier`; for fewer than two years.
    """
    p, o = events(forecast, observed)
    score = _brier(p, o, _others(forecast) if estimator == "fair" else None)
    if reference is not None:
        chance: float | xr.DataArray = reference
        said = "the given climatological probability"
    elif "category" in o.dims:
        chance = 1 / o.sizes["category"]
        said = "climatological probabilities of 1/K"
    else:
        others = o.count("init") - 1
        chance = (o.sum("init") - o) / others.where(others > 0)
        said = "the frequency in the other years (leave one out)"
    result = skill(score, (chance - o) ** 2, weights)
    return described(result, "Brier skill score", skill_method(f"{estimator} Brier", said))


def rps(
    forecast: xr.DataArray,
    observed: xr.DataArray,
    *,
    estimator: Estimator = "plain",
    normalised: bool = False,
) -> xr.DataArray:
    """Ranked probability score: ``Σ (F(k) - O(k))²`` over the K - 1 inner bounds.

    F and O are cumulative over categories. Fair: each term less F (1 - F) / (M - 1). Source:
    Epstein 1969, doi:10.1175/1520-0450(1969)008<0985:ASSFPF>2.0.CO;2; Ferro 2014,
    doi:10.1002/qj.2270.

    Parameters
    ----------
    forecast: (init, category, cells…) counts or probabilities.
    observed: (init, cells…) category numbers.
    normalised: divide by K - 1, so that 1 is the worst.

    Returns
    -------
    (init, cells…), NaN where a side is missing.

    Raises
    ------
    BadRequest: for a fair score without counts or of one member; for other years or cells.
    """
    forecast, observed = matched(forecast, observed, "category")
    inner = forecast.sizes["category"] - 1
    at_least(2, inner + 1, "categories", "A ranked probability score")
    counted, fair = is_counts(forecast), estimator == "fair"
    if fair:
        _check_members(forecast)
    chances, truth = flat(forecast, 2, whole=counted), flat(observed, 1)
    out = np.empty(truth.shape, np.float32 if counted else chances.dtype)
    kernels.rps(chances, truth, counted, fair, out)
    score = labelled(out, observed.dims, observed)
    if normalised:
        score = score / inner
    size = "divided by K - 1" if normalised else "not divided by K - 1"
    return described(
        score, "ranked probability score", f"{estimator} ranked probability score, {size}"
    )


def rpss(
    forecast: xr.DataArray,
    observed: xr.DataArray,
    *,
    estimator: Literal["plain", "fair", "debiased"] = "plain",
    weights: xr.DataArray | None = None,
) -> xr.DataArray:
    """Ranked probability skill score against climatology of K equally likely categories.

    1 - mean RPS / mean RPS of climatology, which is 5/9 when an outer tercile is observed and
    2/9 when the middle one is. "debiased" (RPSS_D) scores plainly and adds
    (K² - 1) / (6 K M) to the reference, what M random members would lose (Weigel et al. 2007,
    doi:10.1175/MWR3280.1).

    Parameters
    ----------
    forecast: (init, category, cells…) counts or probabilities; fair and debiased need counts.
    observed: (init, cells…) category numbers.
    weights: over the cells of a region.

    Returns
    -------
    (cells…), at most 1; NaN with fewer than two pairs.

    Raises
    ------
    BadRequest: as for :func:`rps`; for fewer than two years.
    """
    score = rps(forecast, observed, estimator="fair" if estimator == "fair" else "plain")
    many = forecast.sizes["category"]
    # Of equal chances for all categories, when number k (from 0) is observed.
    k = observed.transpose(*score.dims)
    reference = (many - 1) * (2 * many - 1) / (6 * many) - k * (many - 1 - k) / many
    said = "equally likely categories"
    if estimator == "debiased":
        size = ensemble_size(_counts(forecast, "A debiased score"))
        reference = reference + (many**2 - 1) / (6 * many * size.where(size > 0))
        said += ", with what random members lose added"
    result = skill(score, reference, weights)
    return described(
        result, "ranked probability skill score", skill_method(f"{estimator} RPS", said)
    )


def ignorance(
    forecast: xr.DataArray,
    observed: xr.DataArray,
    *,
    zeros: Literal["kept", "shrunk"] = "kept",
) -> xr.DataArray:
    """Ignorance, -log2 of the probability of the category that was observed, in bits.

    Source: Roulston and Smith 2002, doi:10.1175/1520-0493(2002)130<1653:EPFUIT>2.0.CO;2.

    Parameters
    ----------
    forecast: (init, category, cells…) counts or probabilities.
    observed: (init, cells…) category numbers.
    zeros: "kept" leaves probabilities alone, and one of 0 that was observed costs
        infinitely much; "shrunk" makes e of M members (e + 1/K) / (M + 1), never 0, and needs
        counts.

    Returns
    -------
    (init, cells…), NaN where a side is missing.

    Raises
    ------
    BadRequest: for shrinking without counts; for other years or cells.
    """
    forecast, observed = matched(forecast, observed, "category")
    p = probabilities(forecast)
    said = "probabilities of 0 kept"
    if zeros == "shrunk":
        size = ensemble_size(_counts(forecast, "Shrinking"))
        p = ((forecast + 1 / p.sizes["category"]) / (size + 1)).where(size > 0)
        said = "members counted as (e + 1/K) / (M + 1)"
    chance = xr.full_like(p.isel(category=0, drop=True), np.nan)
    for k in range(p.sizes["category"]):
        chance = chance.where(observed != k, p.isel(category=k, drop=True))
    chance = chance.where(p.notnull().all("category")).transpose(*observed.dims)
    with np.errstate(divide="ignore"):
        score = chance.copy(data=-np.log2(chance.values))
    return described(score, "ignorance", f"-log2 of the observed category; {said}", "bit")


def effective_interest_rate(
    forecast: xr.DataArray,
    observed: xr.DataArray,
    *,
    zeros: Literal["kept", "shrunk"] = "kept",
    weights: xr.DataArray | None = None,
) -> xr.DataArray:
    """What a fair bet on the forecasts would earn: 2^(log2 K - mean ignorance) - 1.

    Against K equally likely categories. Source: Hagedorn and Smith 2009,
    doi:10.1002/met.92; S. Mason, WMO-No. 1220.

    Parameters
    ----------
    forecast, observed, zeros: as for :func:`ignorance`.
    weights: over the cells of a region, whose mean ignorance then counts.

    Returns
    -------
    (cells…), -1 to K - 1, 0 without skill; NaN without pairs.
    """
    by_year = ignorance(forecast, observed, zeros=zeros)
    mean = average(by_year, weights)
    result = 2 ** (np.log2(forecast.sizes["category"]) - mean) - 1
    said = mean.attrs["method"]
    return described(result, "effective interest rate", f"against 1/K; {said}")


def generalised_discrimination(forecast: xr.DataArray, observed: xr.DataArray) -> xr.DataArray:
    """How often, of two years in different categories, the forecasts tell which is higher.

    Of each pair of years the chances that either lies in a higher category than the other are
    compared; a tie counts one half. The two-alternative forced choice score (2AFC) of ordered
    categories (Mason and Weigel 2009, doi:10.1175/2008MWR2553.1).

    Parameters
    ----------
    forecast: (init, category, cells…) counts or probabilities.
    observed: (init, cells…) category numbers.

    Returns
    -------
    (cells…) 0 to 1, ½ without skill; NaN where no two years differ. The score of a region is
    the mean over its cells.

    Raises
    ------
    BadRequest: for fewer than two years; for other years or cells.
    """
    forecast, observed = matched(forecast, observed, "category")
    at_least(2, observed.sizes["init"], "years", "Generalised discrimination")
    p, truth = flat(probabilities(forecast), 2), flat(observed, 1)
    out = np.empty(truth.shape[1], np.float32)
    kernels.discrimination(p, truth, _TIE, out)
    return described(
        labelled(out, observed.dims[1:], observed),
        "generalised discrimination",
        "share of pairs of years in different categories that forecasts order rightly; "
        "ties one half",
    )


def _brier(p: xr.DataArray, o: xr.DataArray, others: xr.DataArray | None) -> xr.DataArray:
    score = (p - o) ** 2
    return score if others is None else score - p * (1 - p) / others


def _others(forecast: xr.DataArray) -> xr.DataArray:
    """M - 1 of each pair, NaN where M is 1 or less."""
    size = _check_members(forecast)
    return (size - 1).where(size > 1)


def _check_members(forecast: xr.DataArray) -> xr.DataArray:
    """M of each pair, which is 2 or more somewhere."""
    size = ensemble_size(_counts(forecast, "A fair score"))
    at_least(2, int(size.max()) if size.size else 0, "members", "A fair score")
    return size


def _counts(forecast: xr.DataArray, what: str) -> xr.DataArray:
    if "category" in forecast.dims and is_counts(forecast):
        return forecast
    raise BadRequest(
        f"{what} needs the number of members.",
        asked=f"probabilities of type {forecast.dtype}",
        exists=["counts of members, whole numbers with a dim 'category'"],
        advice="Give counts, as category_counts makes them, or ask for the plain score.",
    )
