"""The forecast itself, member by member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.api import ProductInfo
from data_layer.products.base import Product

if TYPE_CHECKING:
    import xarray as xr


def compute(members: xr.DataArray) -> xr.DataArray:
    """``members`` as they are. Dims and units unchanged."""
    return members


PRODUCT = Product(
    ProductInfo(
        name="value",
        title="Member",
        method="value of one member, as the model gave it",
        per_member=True,
    ),
    compute,
)
