"""The mean over the ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.offers import Asked, ProductInfo
from data_layer.products.base import Inputs, Product
from data_layer.products.choices import CORRECTION, WINDOW
from data_layer.products.corrected import corrected

if TYPE_CHECKING:
    import xarray as xr


def compute(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Mean of the members, corrected for the model's bias if that is asked for."""
    return ensemble_mean(corrected(inputs, asked))


def ensemble_mean(members: xr.DataArray) -> xr.DataArray:
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
    if members.dtype == "f4":
        from data_layer.moments import mean

        ordered = members.transpose("member", ...)
        out = ordered.isel(member=0, drop=True).copy(data=mean(ordered.values))
    else:  # a mean of counts has decimals
        out = members.mean("member", dtype="float64", keep_attrs=True)
    out.attrs["cell_methods"] = f"{out.attrs.get('cell_methods', '')} realization: mean".strip()
    return out


PRODUCT = Product(
    ProductInfo(
        name="mean",
        title="Ensemble mean",
        method="mean of all members, equally weighted",
        range_of="value",
        options=(WINDOW, CORRECTION),
    ),
    compute,
)
