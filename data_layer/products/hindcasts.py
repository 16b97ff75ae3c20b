"""What the hindcast itself is like, and whether the forecast differs from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.offers import Asked, Option, ProductInfo
from data_layer.products.base import Inputs, Product
from data_layer.products.choices import WINDOW, YEARS

if TYPE_CHECKING:
    import xarray as xr

    from data_layer.climatology import Climatology


def compute_mean(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Mean of the hindcast over years and members. Units of the variable."""
    climatology = inputs.climatology()
    return _labelled(climatology.mean, climatology, inputs.members)


def compute_percentile(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """A percentile of the hindcast, years and members pooled. Units of the variable."""
    at = asked.number("percentile") / 100.0
    climatology = inputs.climatology((at,))
    return _labelled(climatology.quantile(at), climatology, inputs.members)


def _labelled(field: xr.DataArray, climatology: Climatology, members: xr.DataArray) -> xr.DataArray:
    """A field of the climatology with name, attributes and start of the forecast."""
    attrs = {**members.attrs, "climatology": climatology.told}
    out = field.astype("f4").rename(members.name).assign_attrs(attrs)
    return out.assign_coords(init=members["init"])


def compute_significance(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """p-value that the members come from the hindcast's distribution.

    Wilcoxon-Mann-Whitney test of the members against the pooled hindcast, two-sided, as
    ECMWF shades its charts by (:mod:`data_layer.verification.significance`).
    """
    from data_layer.verification.significance import rank_sum

    members = inputs.members
    return rank_sum(members, inputs.hindcast()).astype("f4").rename(members.name)


MEAN = Product(
    ProductInfo(
        name="climatology",
        title="Hindcast mean",
        method="mean of the hindcast of the same start and lead, years and members pooled",
        range_of="value",
        needs=("climatology",),
        of_past=True,
        options=(WINDOW, YEARS),
    ),
    compute_mean,
)
PERCENTILE = Product(
    ProductInfo(
        name="climatology_percentile",
        title="Hindcast percentile",
        sentence="Hindcast, percentile {percentile}",
        method="percentile of the hindcast of the same start and lead, pooled",
        range_of="value",
        needs=("climatology",),
        of_past=True,
        options=(
            Option("percentile", "Percentile", default="50", least=1, most=99, whole=True),
            WINDOW,
            YEARS,
        ),
    ),
    compute_percentile,
)
SIGNIFICANCE = Product(
    ProductInfo(
        name="significance",
        title="Significance of the shift",
        method="p-value of a Wilcoxon-Mann-Whitney test of members against the hindcast",
        kind="score",
        units="1",
        span=(0.0, 1.0),
        min_members=2,
        needs=("hindcast",),
        options=(WINDOW, YEARS),
    ),
    compute_significance,
)
