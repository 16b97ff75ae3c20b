"""Probabilities of categories of the climatology: halves, thirds, fifths, tenths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from data_layer.offers import Asked, Option, ProductInfo
from data_layer.products.base import Inputs, Product
from data_layer.products.chances import (
    PERCENT,
    chance_above,
    chance_above_gaussian,
    chance_beyond,
)
from data_layer.products.choices import COUNT_OR_GAUSSIAN, SIDE, WINDOW, YEARS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr

TERCILES = (1 / 3, 2 / 3)
TERCILE_NAMES = ("below", "near", "above")
# The normal distribution's tercile, as WMO's and APCC's multi-model ensembles take it.
GAUSSIAN_TERCILE = 0.4307273
EXTREMES = {"lowest_tenth": 0.1, "lowest_fifth": 0.2, "highest_fifth": 0.8, "highest_tenth": 0.9}

# Of the most likely tercile: what is above these is called out (C3S: 40 %, then in tens).
LIKELY = (40.0, 50.0, 60.0, 70.0)
CLASSES = (
    "below normal, over 70 %",
    "below normal, 60 to 70 %",
    "below normal, 50 to 60 %",
    "below normal, 40 to 50 %",
    "near normal, over 40 %",
    "no tercile over 40 %",
    "above normal, 40 to 50 %",
    "above normal, 50 to 60 %",
    "above normal, 60 to 70 %",
    "above normal, over 70 %",
)


def compute_above_median(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Share of members above the median of the pooled hindcast, in %."""
    climatology = inputs.climatology((0.5,))
    out = chance_above(inputs.members, climatology.quantile(0.5))
    return out.assign_attrs(climatology=climatology.told)


def tercile_chances(inputs: Inputs, method: str) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Chances of the lower, middle and upper third of the hindcast, in %; their sum is 100.

    A category is ``q[k-1] < x <= q[k]``. ``count``: tercile bounds are quantiles of the pool
    and members are counted (C3S, ECMWF). ``gaussian``: bounds are the mean ± 0.4307 standard
    deviations of the pool, and the chances those of a normal distribution fitted to the
    members (WMO Lead Centre, APCC).
    """
    if method == "gaussian":
        climatology = inputs.climatology()
        aside = GAUSSIAN_TERCILE * climatology.std
        bounds = (climatology.mean - aside, climatology.mean + aside)
        chance = chance_above_gaussian
    else:
        climatology = inputs.climatology(TERCILES)
        bounds = (climatology.quantile(TERCILES[0]), climatology.quantile(TERCILES[1]))
        chance = chance_above
    over_lower, over_upper = (chance(inputs.members, bound) for bound in bounds)
    attrs = {
        **over_lower.attrs,
        "climatology": climatology.told,
        "method": "Gaussian fit to the members; terciles at the hindcast's mean ± 0.43 deviations"
        if method == "gaussian"
        else "share of members; terciles are quantiles of the hindcast",
    }
    return (
        (100.0 - over_lower).assign_attrs(attrs),
        (over_lower - over_upper).assign_attrs(attrs),
        over_upper.assign_attrs(attrs),
    )


def comparable(*chances: xr.DataArray) -> Iterator[npt.NDArray[np.float32]]:
    """Chances without the last digits of single precision, so that equal ones are equal.

    Six of 15 members are 40 %, and 40.000004 % as the difference of eleven and five.
    """
    import numpy as np

    return (np.round(c.values, 3) for c in chances)


def compute_tercile(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Chance of one tercile, in %."""
    return tercile_chances(inputs, asked["method"])[TERCILE_NAMES.index(asked["category"])]


def compute_likely_tercile(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Which tercile is likely and how much: the number of a class, from 1 (:data:`CLASSES`).

    An outer tercile is told when its chance is over 40 % and it is the greatest of the three;
    the middle one when its chance is over 40 % and the greatest; else none is.
    """
    import numpy as np

    below, near, above = tercile_chances(inputs, asked["method"])
    low, mid, high = comparable(below, near, above)
    out = np.full(low.shape, 6.0, np.float32)
    out[(mid > LIKELY[0]) & (mid >= low) & (mid >= high)] = 5.0
    for step, least in enumerate(LIKELY):
        out[(low > least) & (low > mid) & (low > high)] = 4.0 - step
        out[(high > least) & (high > mid) & (high > low)] = 7.0 + step
    out[np.isnan(low)] = np.nan
    attrs = {
        **below.attrs,
        "units": "1",
        "flag_values": list(range(1, len(CLASSES) + 1)),
        "flag_meanings": " ".join(c.replace(" ", "_").replace("%", "percent") for c in CLASSES),
    }
    return below.copy(data=out).assign_attrs(attrs)


def compute_extreme(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Chance of an outer tenth or fifth of the hindcast, in %; by chance it is 10 or 20."""
    at = EXTREMES[asked["category"]]
    climatology = inputs.climatology((at,))
    side = "below" if at < 0.5 else "above"
    out = chance_beyond(inputs.members, climatology.quantile(at), side)
    return out.assign_attrs(climatology=climatology.told)


def compute_percentile(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Chance of values above (or not above) a percentile of the hindcast, in %."""
    at = asked.number("percentile") / 100.0
    climatology = inputs.climatology((at,))
    out = chance_beyond(inputs.members, climatology.quantile(at), asked["side"])
    return out.assign_attrs(climatology=climatology.told)


def _chance(
    name: str, title: str, method: str, *options: Option, sentence: str = ""
) -> ProductInfo:
    """A chance in % that is told by the hindcast's climatology."""
    return ProductInfo(
        name=name,
        title=title,
        method=method,
        kind="probability",
        units=PERCENT,
        span=(0.0, 100.0),
        min_members=2,
        needs=("climatology",),
        options=options,
        sentence=sentence,
    )


TERCILE_CHOICE = Option(
    "category",
    "Category",
    default="above",
    choices=(("below", "below normal"), ("near", "near normal"), ("above", "above normal")),
)
EXTREME_CHOICE = Option(
    "category",
    "Category",
    default="highest_fifth",
    choices=(
        ("lowest_tenth", "lowest tenth"),
        ("lowest_fifth", "lowest fifth"),
        ("highest_fifth", "highest fifth"),
        ("highest_tenth", "highest tenth"),
    ),
)

ABOVE_MEDIAN = Product(
    _chance(
        "above_median",
        "Chance of above median",
        "share of members above the median of the hindcast",
        WINDOW,
        YEARS,
    ),
    compute_above_median,
)
TERCILE = Product(
    _chance(
        "tercile_probability",
        "Tercile chance",
        "share of members in a third of the hindcast, or from a Gaussian fit",
        TERCILE_CHOICE,
        WINDOW,
        YEARS,
        COUNT_OR_GAUSSIAN,
    ),
    compute_tercile,
)
LIKELY_TERCILE = Product(
    ProductInfo(
        name="likely_tercile",
        title="Most likely tercile",
        method="the tercile of the hindcast that most members are in, where over 40 % are",
        kind="category",
        units="1",
        span=(1.0, float(len(CLASSES))),
        classes=CLASSES,
        min_members=2,
        needs=("climatology",),
        options=(WINDOW, YEARS, COUNT_OR_GAUSSIAN),
    ),
    compute_likely_tercile,
)
EXTREME = Product(
    _chance(
        "extreme_probability",
        "Chance of an extreme",
        "share of members in an outer tenth or fifth of the hindcast",
        EXTREME_CHOICE,
        WINDOW,
        YEARS,
    ),
    compute_extreme,
)
PERCENTILE = Product(
    _chance(
        "percentile_probability",
        "Chance beyond a percentile",
        "share of members beyond a percentile of the hindcast",
        Option("percentile", "Percentile", default="80", least=1, most=99, whole=True),
        SIDE,
        WINDOW,
        YEARS,
        sentence="Chance {side} percentile {percentile}",
    ),
    compute_percentile,
)
