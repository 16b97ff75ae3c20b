"""Categories of forecasts and observations: members counted, values numbered, halves hit.

Categories are open left and closed right: number k holds ``bounds[k-1] < x <= bounds[k]``,
the first all below and the last all above. Forecasts are put into categories by bounds of
the hindcast, observations by bounds of the observations.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

import numpy as np
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.verification import probabilistic_kernels as kernels
from data_layer.verification.pairs import (
    at_least,
    average,
    described,
    flat,
    labelled,
    matched,
)

Ties = Literal["miss", "half", "left out"]


def category_counts(members: xr.DataArray, bounds: xr.DataArray) -> xr.DataArray:
    """How many members lie in each category.

    Parameters
    ----------
    members: (init, member, cells…), NaN missing.
    bounds: (quantile, cells…), or (init, quantile, cells…) with bounds of their own for each
        judged year; cell dims may be absent. Ascending.

    Returns
    -------
    (init, category, cells…) int16; all 0 where no member or a bound is missing.

    Raises
    ------
    BadRequest: for bounds that do not ascend, or of other years or cells.
    """
    if "member" not in members.dims:
        raise BadRequest(
            "Members are needed to count them.",
            asked="member",
            exists=members.dims,
            advice="Give the ensemble, not its mean.",
        )
    cells = [d for d in members.dims if d not in ("init", "member")]
    members = members.transpose("init", "member", *cells)
    limits = _bounds_of(members.isel(member=0, drop=True), bounds, cells)
    values, edges = flat(members, 2), flat(limits, 2)
    out = np.zeros((values.shape[0], edges.shape[1] + 1, values.shape[2]), np.int16)
    kernels.count_categories(values, edges, out)
    result = labelled(
        out, ("init", "category", *cells), members, category=np.arange(edges.shape[1] + 1)
    )
    return described(result, "members in the category", "counts of members")


def category_numbers(values: xr.DataArray, bounds: xr.DataArray) -> xr.DataArray:
    """The number of the category, from 0, that each value lies in.

    Parameters
    ----------
    values: (init, …), such as observations (init, cells…); NaN missing.
    bounds: as for :func:`category_counts`.

    Returns
    -------
    The dims of ``values``, float32; NaN where the value or a bound is missing.

    Raises
    ------
    BadRequest: for bounds that do not ascend, or of other years or cells.
    """
    cells = [d for d in values.dims if d not in ("init", "member")]
    limits = _bounds_of(values, bounds, cells)
    if "init" in limits.dims and limits.sizes["init"] == 1:
        limits = limits.isel(init=0, drop=True)
    number = xr.zeros_like(values, dtype=np.float32)
    for k in range(limits.sizes["quantile"]):
        number = number + (values > limits.isel(quantile=k, drop=True))
    there = values.notnull() & limits.notnull().all("quantile")
    result = number.where(there).astype(np.float32).transpose(*values.dims)
    return described(result, "number of the category", "open left, closed right")


def probabilities(forecast: xr.DataArray) -> xr.DataArray:
    """Probabilities of categories from counts of members; probabilities come back as they are.

    Parameters
    ----------
    forecast: (init, category, cells…), integer counts of members, or probabilities 0 to 1.

    Returns
    -------
    The same dims; float32 from counts; NaN where no member is.
    """
    if not is_counts(forecast):
        return forecast
    size = ensemble_size(forecast)
    result = forecast / size.where(size > 0)
    return described(result, "probability of the category", "share of members")


def is_counts(forecast: xr.DataArray) -> bool:
    """Whether these are counts of members rather than probabilities: whole-number types."""
    return bool(forecast.dtype.kind in "iu")


def ensemble_size(counts: xr.DataArray) -> xr.DataArray:
    """Members behind the counts of each pair, (init, cells…) float32."""
    return counts.sum("category", dtype=np.float32)


def events(forecast: xr.DataArray, observed: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Probabilities of events and whether they happened, in one order of dims.

    Parameters
    ----------
    forecast: (init, category, cells…) counts or probabilities, for one event in each
        category; or (init, cells…) probabilities of a single event.
    observed: (init, cells…) category numbers; or, of a single event, 1, 0 or NaN.

    Returns
    -------
    Both (init, category, cells…) or (init, cells…); NaN in both where either is missing.

    Raises
    ------
    BadRequest: for other years or cells; for a single event that is not 0 or 1.
    """
    if "category" in forecast.dims:
        forecast, observed = matched(forecast, observed, "category")
        many = forecast.sizes["category"]
        if is_counts(forecast):
            size = ensemble_size(forecast)
            both = (size > 0) & observed.notnull()
            chance = forecast / size.where(both)
        else:
            both = forecast.notnull().all("category") & observed.notnull()
            chance = forecast.where(both)
        coords = forecast.coords.get("category", np.arange(many))
        number = xr.DataArray(np.arange(many, dtype=np.float32), {"category": coords}, "category")
        happened = (observed == number).astype(np.float32).where(both)
        return chance, happened.transpose(*chance.dims)
    single, observed = matched(forecast.expand_dims("category", 1), observed, "category")
    chance = single.isel(category=0)
    happened = observed.astype(np.float32)
    if not bool(((happened == 0) | (happened == 1) | happened.isnull()).all()):
        raise BadRequest(
            "An event happened (1) or did not (0).",
            asked=f"values up to {float(happened.max()):g}",
            advice="Give 0, 1 or NaN; or probabilities with a dim 'category'.",
        )
    both = chance.notnull() & happened.notnull()
    return chance.where(both), happened.where(both)


def most_likely(forecast: xr.DataArray) -> xr.DataArray:
    """1 in the category with the highest probability; t that tie get 1/t each.

    Parameters
    ----------
    forecast: (init, category, cells…) counts or probabilities.

    Returns
    -------
    The same dims; NaN where the forecast is missing.
    """
    return _shares(forecast, forecast.max("category"))


def least_likely(forecast: xr.DataArray) -> xr.DataArray:
    """As :func:`most_likely`, of the category with the lowest probability."""
    return _shares(forecast, forecast.min("category"))


def percent_consistent(
    forecast: xr.DataArray,
    observed: xr.DataArray,
    *,
    ties: Ties = "miss",
    weights: xr.DataArray | None = None,
) -> xr.DataArray:
    """Percentage of years in which the likelier half was observed (the Bureau's past accuracy).

    100 × the share of years with a chance above ½ and an observation above the median, or a
    chance below ½ and an observation not above it. 50 is what tossing a coin earns.

    Parameters
    ----------
    forecast: (init, category of 2, cells…) counts or probabilities by the median.
    observed: (init, cells…) category numbers by the observations' median: 1 is above.
    ties: what a chance of exactly ½ counts as: no hit, half a hit, or no forecast.
    weights: over the cells of a region.

    Returns
    -------
    (cells…) 0 to 100; NaN without pairs.

    Raises
    ------
    BadRequest: for another number of categories.
    """
    forecast, observed = matched(forecast, observed, "category")
    if forecast.sizes["category"] != 2:
        raise BadRequest(
            "Percent consistent is about the halves below and above the median.",
            asked=f"{forecast.sizes['category']} categories",
            exists=["2 categories"],
            advice="Count the members by one bound, the median.",
        )
    at_least(1, observed.sizes["init"], "years", "Percent consistent")
    above, below = forecast.isel(category=1, drop=True), forecast.isel(category=0, drop=True)
    hit = ((above > below) & (observed == 1)) | ((above < below) & (observed == 0))
    there = forecast.notnull().all("category") & observed.notnull()
    if is_counts(forecast):
        there = there & (ensemble_size(forecast) > 0)
    score = hit.astype(np.float32).where(there)
    if ties == "half":
        score = score.where(~there | (above != below), np.float32(0.5))
    elif ties == "left out":
        score = score.where(above != below)
    said = {"miss": "is no hit", "half": "counts one half", "left out": "is left out"}[ties]
    by_year = described(
        100 * score,
        "percent consistent",
        f"share of years in which the likelier half was observed; a chance of ½ {said}",
        "%",
    )
    return average(by_year, weights)


def _bounds_of(values: xr.DataArray, bounds: xr.DataArray, cells: list[Hashable]) -> xr.DataArray:
    """Bounds as (init of 1 or all, quantile, cells…), checked."""
    if "quantile" not in bounds.dims:
        raise BadRequest(
            "Bounds need a dim 'quantile'.",
            asked="quantile",
            exists=bounds.dims,
            advice="Give them with it, even if there is one bound.",
        )
    if bounds.sizes["quantile"] > 1 and bool((bounds.diff("quantile") < 0).any()):
        raise BadRequest(
            "Bounds of categories must ascend.", advice="Sort them along the dim 'quantile'."
        )
    years = (
        bounds
        if "init" in bounds.dims
        else bounds.expand_dims("init").drop_vars("init", errors="ignore")
    )
    grid = values.isel({d: 0 for d in values.dims if d not in cells}, drop=True)
    own = values if "init" in bounds.dims else grid
    try:
        limits, _ = xr.align(years, own, join="exact", copy=False)
        limits, _ = xr.broadcast(limits, grid)
    except ValueError as error:
        raise BadRequest(
            f"Bounds are not of the same years and cells as the values: {error}",
            asked=str(dict(bounds.sizes)),
            exists=[str(dict(values.sizes))],
            advice="Work out the bounds on the values' own grid.",
        ) from error
    return limits.transpose("init", "quantile", *cells)


def _shares(forecast: xr.DataArray, wanted: xr.DataArray) -> xr.DataArray:
    chosen = (forecast == wanted).astype(np.float32)
    there = forecast.notnull().all("category")
    if is_counts(forecast):
        there = ensemble_size(forecast) > 0
    return (chosen / chosen.sum("category")).where(there)
