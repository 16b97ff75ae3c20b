"""Relative operating characteristic: do forecasts tell years with an event from those without?

The area under the curve is the chance that a year with the event had a higher forecast
probability than one without it, a tie counting one half. Every number of members is a
threshold, so the trapezoidal area of the curve is exactly that (Mason and Graham 2002,
doi:10.1256/003590002320603584).
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from data_layer.verification import probabilistic_kernels as kernels
from data_layer.verification.categories import ensemble_size, events, is_counts
from data_layer.verification.pairs import Floats, at_least, described, flat, labelled, pooled


def roc_area(
    forecast: xr.DataArray, observed: xr.DataArray, weights: xr.DataArray | None = None
) -> xr.DataArray:
    """Area under the ROC curve of each category, or of a single event.

    Parameters
    ----------
    forecast: (init, category, cells…) counts or probabilities; (init, cells…) probabilities of
        a single event.
    observed: (init, cells…) category numbers; of a single event 1, 0 or NaN.
    weights: over the cells of a region, whose pairs are then pooled into one curve.

    Returns
    -------
    (category, cells…) or (cells…), 0 to 1, ½ without skill; NaN where the event always or
    never happened.

    Raises
    ------
    BadRequest: for fewer than two years; for other years or cells.
    """
    if weights is not None:
        return roc_curve(forecast, observed, weights)["area"]
    at_least(2, forecast.sizes["init"], "years", "A ROC area")
    p, o = events(forecast, observed)
    chance, happened = flat(p, 1), flat(o, 1)
    out = np.empty(chance.shape[1], np.float32)
    kernels.concordance(chance, happened, out)
    return described(
        labelled(out, p.dims[1:], p), "ROC area", "P(p1 > p0) + P(p1 = p0) / 2 by ranks"
    )


def roc_skill_score(
    forecast: xr.DataArray, observed: xr.DataArray, weights: xr.DataArray | None = None
) -> xr.DataArray:
    """Twice the ROC area less one: 1 perfect, 0 without skill. See :func:`roc_area`."""
    area = roc_area(forecast, observed, weights)
    return described(2 * area - 1, "ROC skill score", f"2 A - 1; A: {area.attrs['method']}")


def roc_curve(
    forecast: xr.DataArray, observed: xr.DataArray, weights: xr.DataArray | None = None
) -> xr.Dataset:
    """Hit rate against false alarm rate, one point for each threshold.

    Parameters
    ----------
    forecast, observed: as for :func:`roc_area`.
    weights: over the cells of a region, whose pairs are pooled; without them each cell has a
        curve.

    Returns
    -------
    ``hit_rate`` and ``false_alarm_rate`` (threshold, …) of warnings given at a probability of
    ``threshold`` or more, from infinity (0, 0) down to the least that was forecast (1, 1);
    ``area`` (…) by the trapezoidal rule, and ``events`` and ``non_events`` (…), numbers of
    pairs with a weight. NaN where the event always or never happened.

    Raises
    ------
    BadRequest: as for :func:`roc_area`; for weights over other cells.
    """
    at_least(2, forecast.sizes["init"], "years", "A ROC curve")
    p, o = events(forecast, observed)
    thresholds = _thresholds(forecast, p)
    chance, happened, weight, frame = pooled(p, o, weights)
    rates = np.full((2, thresholds.size + 1, chance.shape[0]), np.nan)
    number = np.zeros((2, chance.shape[0]))
    for row in range(chance.shape[0]):
        there = ~np.isnan(chance[row]) & (weight > 0)
        place = np.searchsorted(thresholds, chance[row][there])
        for of, outcome in enumerate((1, 0)):
            of_these = happened[row][there] == outcome
            number[of, row] = of_these.sum()
            height = np.bincount(
                place[of_these], weight[there][of_these], minlength=thresholds.size
            )
            if height.sum() > 0:
                rates[of, :, row] = np.append(0.0, np.cumsum(height[::-1])) / height.sum()
    rates[:, :, np.isnan(rates).any((0, 1))] = np.nan
    area = np.trapezoid(rates[0], rates[1], axis=0)
    pairs = "pairs pooled over years" + ("" if weights is None else " and cells, weighted")
    method = f"one threshold for each probability that was forecast; {pairs}"
    dims = ("threshold", *frame.dims)
    descending = np.append(np.inf, thresholds[::-1])
    hit, false = (
        labelled(r.reshape(-1, *frame.shape), dims, frame, threshold=descending) for r in rates
    )
    return xr.Dataset(
        {
            "hit_rate": described(hit, "hit rate", method),
            "false_alarm_rate": described(false, "false alarm rate", method),
            "area": described(
                labelled(area, frame.dims, frame), "ROC area", f"trapezoidal rule; {method}"
            ),
            "events": described(labelled(number[0], frame.dims, frame), "events", pairs),
            "non_events": described(labelled(number[1], frame.dims, frame), "non-events", pairs),
        }
    )


def _thresholds(forecast: xr.DataArray, p: xr.DataArray) -> Floats:
    """Probabilities that may have been forecast, ascending."""
    if "category" not in forecast.dims or not is_counts(forecast):
        return np.unique(p.values[~np.isnan(p.values)])
    sizes = np.unique(ensemble_size(forecast).values)
    shares = [np.arange(m + 1, dtype=np.float32) / m for m in sizes if m > 0]
    return np.unique(np.concatenate(shares)) if shares else np.zeros(1, np.float32)
