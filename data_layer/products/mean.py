"""The mean over the ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.api import ProductInfo
from data_layer.products.base import Product

if TYPE_CHECKING:
    import xarray as xr


def compute(members: xr.DataArray) -> xr.DataArray:
    """Arithmetic mean over ``member``, every member with the same weight.

    Parameters
    ----------
    members: dims ``member`` and any others. Missing members are left out of a
        cell's mean; a cell that every member misses is missing.

    Returns
    -------
    The other dims, in the units of ``members``; summed in double precision,
    given in that of ``members``.
    """
    out = members.mean("member", dtype="float64", keep_attrs=True)
    if members.dtype.kind == "f":  # a mean of counts has decimals
        out = out.astype(members.dtype)
    out.attrs["cell_methods"] = f"{out.attrs.get('cell_methods', '')} realization: mean".strip()
    return out


PRODUCT = Product(
    ProductInfo(
        name="mean",
        title="Ensemble mean",
        method="mean of all members, equally weighted",
        range_of="value",
    ),
    compute,
)
