"""Contingency tables of forecast and observed categories, and the scores that come from them.

The tables of cells can be added up, so the scores of a region come from its one table.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from data_layer.verification.categories import least_likely, most_likely
from data_layer.verification.pairs import described, matched, regional_weights


def contingency_table(
    forecast: xr.DataArray, observed: xr.DataArray, weights: xr.DataArray | None = None
) -> xr.DataArray:
    """How often each category was forecast together with each that was observed.

    Parameters
    ----------
    forecast: (init, category, cells…): :func:`most_likely` for one forecast a year, or counts,
        for which each member is a forecast.
    observed: (init, cells…) category numbers, NaN missing.
    weights: over the cells of a region, such as the cosine of latitude on (lat, lon); the
        tables of the cells are then added up with them.

    Returns
    -------
    (forecast_category, observed_category, cells…) float64 numbers of pairs; all 0 in a cell
    without pairs.

    Raises
    ------
    BadRequest: for other years or cells.
    """
    forecast, observed = matched(forecast, observed, "category")
    many = forecast.sizes["category"]
    forecast = forecast.drop_vars("category", errors="ignore")
    there = forecast.notnull().all("category")
    columns = [
        forecast.where(there & (observed == k), 0).sum("init", dtype=np.float64)
        for k in range(many)
    ]
    table = _along("observed_category", columns).rename(category="forecast_category")
    table = table.assign_coords(forecast_category=np.arange(many))
    table = table.transpose("forecast_category", "observed_category", ...)
    method = "pairs of forecast and observed category over the years"
    if weights is not None:
        table = (table * regional_weights(table, weights)).sum(weights.dims)
        method += "; added up over the region's cells with their weights"
    return described(table, "contingency table", method)


def percent_correct(table: xr.DataArray) -> xr.DataArray:
    """Percentage of pairs whose categories agree, from :func:`contingency_table`.

    Of the most likely of three categories this is the hit score (WMO-No. 1220), in per cent.

    Returns
    -------
    (cells…) 0 to 100, NaN without pairs.
    """
    result = 100 * _agreeing(table)
    return described(result, "percent correct", _from(table, "pairs that agree"), "%")


def hit_score(
    forecast: xr.DataArray, observed: xr.DataArray, weights: xr.DataArray | None = None
) -> xr.DataArray:
    """Share of years in which the category of the highest probability was observed.

    When t categories tie for the highest, one of them being observed counts 1/t.
    Source: S. Mason, Guidance on Verification of Operational Seasonal Climate Forecasts,
    WMO-No. 1220.

    Parameters
    ----------
    forecast: (init, category, cells…) counts or probabilities.
    observed: (init, cells…) category numbers.
    weights: as for :func:`contingency_table`.

    Returns
    -------
    (cells…) 0 to 1; NaN without pairs.
    """
    result = _agreeing(contingency_table(most_likely(forecast), observed, weights))
    return described(
        result, "hit score", "rate of the most likely category; t that tie count 1/t each"
    )


def hit_skill(
    forecast: xr.DataArray, observed: xr.DataArray, weights: xr.DataArray | None = None
) -> xr.DataArray:
    """Rate of the category of highest probability less the rate of that of the lowest.

    Parameters
    ----------
    forecast: (init, category, cells…) counts or probabilities.
    observed: (init, cells…) category numbers.
    weights: as for :func:`contingency_table`.

    Returns
    -------
    (cells…) -1 to 1, 0 without skill; NaN without pairs.
    """
    highest = _agreeing(contingency_table(most_likely(forecast), observed, weights))
    lowest = _agreeing(contingency_table(least_likely(forecast), observed, weights))
    return described(
        highest - lowest,
        "hit skill score",
        "rate of the most likely less that of the least likely category; t that tie count 1/t each",
    )


def heidke(table: xr.DataArray, *, equiprobable: bool = True) -> xr.DataArray:
    """Heidke skill score from :func:`contingency_table`: (H - E) / (1 - E).

    H is the share of pairs that agree. E, the share that agree by chance, is 1/K for K
    categories of equal chance, or else ``Σ p(forecast k) p(observed k)`` of the table itself
    (Heidke 1926, doi:10.1080/20014422.1926.11881138).

    Returns
    -------
    (cells…) at most 1; NaN without pairs.
    """
    share = _normalised(table)
    if equiprobable:
        chance: xr.DataArray | float = 1 / table.sizes["observed_category"]
    else:
        of_forecast = share.sum("observed_category").rename(forecast_category="k")
        of_observed = share.sum("forecast_category").rename(observed_category="k")
        chance = (of_forecast * of_observed).sum("k", skipna=False)
        chance = chance.where(chance < 1)
    by = "categories of equal chance" if equiprobable else "chance from the table's margins"
    return described(
        (_agreeing(table) - chance) / (1 - chance), "Heidke skill score", _from(table, by)
    )


def gerrity(table: xr.DataArray, *, equiprobable: bool = True) -> xr.DataArray:
    """Gerrity score from :func:`contingency_table`: ``Σ p(f, o) S(f, o)``.

    The matrix S of :func:`gerrity_matrix` comes from equal climatological frequencies, or
    from those observed in the table. Source: Gerrity 1992,
    doi:10.1175/1520-0493(1992)120<2709:ANOGAM>2.0.CO;2.

    Returns
    -------
    (cells…) at most 1, 0 without skill; NaN without pairs, or where a category whose
    frequency is needed never occurred.
    """
    share = _normalised(table)
    many = table.sizes["observed_category"]
    if equiprobable:
        frequency = xr.DataArray(np.full(many, 1 / many), dims="observed_category")
    else:
        frequency = share.sum("forecast_category", skipna=False)
    score = share * gerrity_matrix(frequency)
    dims = ("forecast_category", "observed_category")
    by = "of equal frequency" if equiprobable else "of the observed frequencies"
    return described(
        score.sum(dims, skipna=False), "Gerrity score", _from(table, f"scores for categories {by}")
    )


def gerrity_matrix(frequency: xr.DataArray) -> xr.DataArray:
    """What Gerrity's score gives each pair of a forecast and an observed category.

    Parameters
    ----------
    frequency: (observed_category, …), climatological, with sum 1.

    Returns
    -------
    (forecast_category, observed_category, …), symmetric; NaN where a frequency is 0.
    """
    many = frequency.sizes["observed_category"]
    frequency = frequency.drop_vars("observed_category", errors="ignore")
    frequency = frequency.where(frequency > 0)
    at_or_below = frequency.cumsum("observed_category", skipna=False)
    steps = [at_or_below.isel(observed_category=k) for k in range(many - 1)]
    odds = [(1 - p) / p for p in steps]
    zero = xr.zeros_like(frequency.isel(observed_category=0))
    rows = []
    for i in range(many):
        row = []
        for j in range(many):
            low, high = min(i, j), max(i, j)
            below = sum((1 / a for a in odds[:low]), zero)
            above = sum(odds[high:], zero)
            row.append((below - (high - low) + above) / (many - 1))
        rows.append(_along("observed_category", row))
    return _along("forecast_category", rows)


def _normalised(table: xr.DataArray) -> xr.DataArray:
    total = table.sum(("forecast_category", "observed_category"))
    return table / total.where(total > 0)


def _agreeing(table: xr.DataArray) -> xr.DataArray:
    share = _normalised(table)
    same = share["forecast_category"] == share["observed_category"]
    return share.where(same, 0).sum(("forecast_category", "observed_category"), skipna=False)


def _from(table: xr.DataArray, how: str) -> str:
    said = table.attrs.get("method", "")
    return f"{how}; {said}" if said else how


def _along(dim: str, parts: list[xr.DataArray]) -> xr.DataArray:
    """``parts`` one after the other along a new ``dim``, numbered from 0."""
    joined: xr.DataArray = xr.concat(parts, dim=dim)
    return joined.assign_coords({dim: np.arange(len(parts))})
