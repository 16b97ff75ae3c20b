"""The forecast itself, member by member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.offers import Asked, ProductInfo
from data_layer.products.base import Inputs, Product
from data_layer.products.choices import WINDOW

if TYPE_CHECKING:
    import xarray as xr


def compute(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """The members as they are. Dims and units unchanged."""
    return inputs.members


PRODUCT = Product(
    ProductInfo(
        name="value",
        title="Member",
        method="value of one member, as the model gave it",
        per_member=True,
        options=(WINDOW,),
    ),
    compute,
)
