"""A past forecast beside what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.offers import Asked, ProductInfo
from data_layer.products.base import Inputs, Product
from data_layer.products.categories import TERCILES, comparable, tercile_chances
from data_layer.products.choices import COUNT_OR_GAUSSIAN, WINDOW, YEARS
from data_layer.products.corrected import other_years
from data_layer.products.mean import ensemble_mean

if TYPE_CHECKING:
    import xarray as xr


def compute_observed(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """What was observed when the forecast was for, on the forecast's grid."""
    return inputs.outcome()


def compute_observed_anomaly(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """What was observed, minus the observations' own mean over the hindcast's years."""
    outcome = inputs.outcome()
    normal = inputs.observed().mean("init", dtype="f8")
    return (outcome - normal).astype(outcome.dtype).assign_attrs(outcome.attrs)


def compute_error(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Ensemble mean minus what was observed. Nothing is corrected: a drift is part of it."""
    mean = ensemble_mean(inputs.members)
    return (mean - inputs.outcome()).astype(mean.dtype).assign_attrs(mean.attrs)


def compute_hit(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Whether the most likely tercile of the forecast was the one observed.

    1: it was; 2: one beside it was; 3: the opposite one was. The observed tercile is of the
    observations' own climatology, over the years of the hindcast without that of the forecast
    itself. Of two equally likely terciles the outer one is taken; of two outer ones, none: the
    cell is missing.
    """
    import numpy as np

    from data_layer.quantiles import quantiles

    below, near, above = tercile_chances(inputs, asked["method"])
    low, mid, high = comparable(below, near, above)
    forecast = np.where((high >= mid) & (high > low), 3.0, np.where(low >= mid, 1.0, 2.0))
    forecast[(low == high) & (low >= mid)] = np.nan
    outcome = inputs.outcome()
    past = other_years(inputs.observed(), inputs.members)
    lower, upper = quantiles(past.transpose("init", *outcome.dims).values, TERCILES)
    seen = np.where(outcome.values > upper, 3.0, np.where(outcome.values > lower, 2.0, 1.0))
    missing = np.isnan(low) | np.isnan(outcome.values) | np.isnan(lower)
    out = np.where(missing, np.nan, 1.0 + np.abs(forecast - seen)).astype(np.float32)
    how = f"most likely tercile of the forecast ({below.attrs['method']}) against the observed one"
    attrs = {**below.attrs, "units": "1", "method": how}
    return below.copy(data=out).assign_attrs(attrs)


OBSERVED = Product(
    ProductInfo(
        name="observed",
        title="Observed",
        method="observations of the time that the forecast is for, on its grid",
        range_of="value",
        needs=("observations",),
        options=(WINDOW,),
    ),
    compute_observed,
)
OBSERVED_ANOMALY = Product(
    ProductInfo(
        name="observed_anomaly",
        title="Observed anomaly",
        method="observations minus their own mean over the hindcast's years",
        kind="difference",
        range_of="anomaly",
        needs=("observations",),
        options=(WINDOW, YEARS),
    ),
    compute_observed_anomaly,
)
ERROR = Product(
    ProductInfo(
        name="error",
        title="Forecast minus observed",
        method="ensemble mean minus observations, not corrected",
        kind="difference",
        needs=("observations",),
        options=(WINDOW,),
    ),
    compute_error,
)
HIT = Product(
    ProductInfo(
        name="hit",
        title="Hit or miss",
        method="most likely tercile of the forecast against the observed one",
        kind="category",
        units="1",
        span=(1.0, 3.0),
        classes=("hit", "one tercile off", "opposite tercile"),
        min_members=2,
        needs=("climatology", "observations"),
        options=(WINDOW, YEARS, COUNT_OR_GAUSSIAN),
    ),
    compute_hit,
)
