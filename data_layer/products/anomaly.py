"""The ensemble mean's difference from the model's own climatology."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.offers import Asked, ProductInfo
from data_layer.products.base import Inputs, Product
from data_layer.products.choices import WINDOW, YEARS
from data_layer.products.mean import ensemble_mean

if TYPE_CHECKING:
    import xarray as xr


def compute(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Mean of the members minus the mean of the hindcast, same start of the year and lead.

    The model's drift is in both and so cancels out. Dims without ``member``, units those
    of the variable, of a difference.
    """
    climatology = inputs.climatology()
    out = ensemble_mean(inputs.members)
    anomaly = (out - climatology.mean).astype(out.dtype).rename(out.name)
    return anomaly.assign_attrs({**out.attrs, "climatology": climatology.told})


def compute_members(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Each member minus the mean of the hindcast: a plume of anomalies. Dims of the members."""
    climatology = inputs.climatology()
    members = inputs.members
    out = (members - climatology.mean).astype(members.dtype).transpose(*members.dims)
    return out.rename(members.name).assign_attrs({**members.attrs, "climatology": climatology.told})


def compute_standardised(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """The anomaly in standard deviations of the pooled hindcast, divisor n - 1.

    Missing where the hindcast does not vary.
    """
    climatology = inputs.climatology()
    anomaly = compute(inputs, asked)
    out = (anomaly / climatology.std.where(climatology.std > 0)).astype(anomaly.dtype)
    return out.rename(anomaly.name).assign_attrs({**anomaly.attrs, "units": "1"})


PRODUCT = Product(
    ProductInfo(
        name="anomaly",
        title="Anomaly",
        method="ensemble mean minus the hindcast's mean of the same start and lead",
        kind="difference",
        needs=("climatology",),
        options=(WINDOW, YEARS),
    ),
    compute,
)
MEMBERS = Product(
    ProductInfo(
        name="member_anomaly",
        title="Member's anomaly",
        method="one member minus the hindcast's mean of the same start and lead",
        per_member=True,
        kind="difference",
        range_of="anomaly",
        needs=("climatology",),
        options=(WINDOW, YEARS),
    ),
    compute_members,
)
STANDARDISED = Product(
    ProductInfo(
        name="standardised_anomaly",
        title="Standardised anomaly",
        method="anomaly divided by the standard deviation of the pooled hindcast",
        kind="difference",
        units="1",
        needs=("climatology",),
        options=(WINDOW, YEARS),
    ),
    compute_standardised,
)
