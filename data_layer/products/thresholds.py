"""Chances of physical amounts, and amounts of given chances: no climatology is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.offers import Asked, Option, ProductInfo
from data_layer.products.base import Inputs, Product
from data_layer.products.chances import PERCENT, chance_beyond
from data_layer.products.choices import CORRECTION, SIDE, WINDOW
from data_layer.products.corrected import corrected

if TYPE_CHECKING:
    import xarray as xr


def compute_chance(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Share of members above (or not above) an amount in the variable's units, in %."""
    return chance_beyond(corrected(inputs, asked), asked.number("threshold"), asked["side"])


def compute_exceeded(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """The amount that is exceeded with a given chance: a quantile of the members.

    Quantile ``1 - chance`` of the members present, R's type 7. Units of the variable.
    """
    import numpy as np

    from data_layer.quantiles import quantiles

    members = corrected(inputs, asked)
    cells = [d for d in members.dims if d != "member"]
    first = members.transpose("member", *cells)
    at = 1.0 - asked.number("chance") / 100.0
    out = first.isel(member=0, drop=True).copy(data=quantiles(np.asarray(first), (at,))[0])
    return out.assign_attrs(members.attrs)


THRESHOLD = Product(
    ProductInfo(
        name="threshold_probability",
        title="Chance beyond an amount",
        sentence="Chance {side} {threshold}",
        method="share of members beyond an amount",
        kind="probability",
        units=PERCENT,
        span=(0.0, 100.0),
        min_members=2,
        options=(
            Option("threshold", "Amount", units="variable"),
            SIDE,
            WINDOW,
            CORRECTION,
        ),
    ),
    compute_chance,
)
EXCEEDED = Product(
    ProductInfo(
        name="exceeded_value",
        title="Amount exceeded with a chance",
        sentence="Exceeded with a chance of {chance} %",
        method="quantile of the members",
        range_of="value",
        min_members=2,
        options=(
            Option("chance", "Chance (%)", default="50", least=1, most=99),
            WINDOW,
            CORRECTION,
        ),
    ),
    compute_exceeded,
)
