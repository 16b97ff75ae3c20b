"""The spread of the ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.offers import Asked, ProductInfo
from data_layer.products.base import Inputs, Product
from data_layer.products.choices import WINDOW

if TYPE_CHECKING:
    import xarray as xr


def compute(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Standard deviation over ``member``, ``sqrt(sum((x - mean)²) / (M - 1))``.

    The unbiased variance, as climpred's and the WMO's spread-error comparison
    take it. Cells with fewer than two members present are missing.

    Returns
    -------
    The other dims. A spread of temperatures is a difference of temperatures:
    its unit keeps the name, and ``cell_methods`` says what it is.
    """
    members = inputs.members
    if members.dtype == "f4":
        from data_layer.moments import moments

        ordered = members.transpose("member", ...)
        out = ordered.isel(member=0, drop=True).copy(data=moments(ordered.values)[1])
    else:
        out = members.std("member", ddof=1, dtype="float64", keep_attrs=True)
    out.attrs["cell_methods"] = (
        f"{out.attrs.get('cell_methods', '')} realization: standard_deviation".strip()
    )
    return out


PRODUCT = Product(
    ProductInfo(
        name="spread",
        title="Ensemble spread",
        method="standard deviation of the members, divisor M - 1",
        min_members=2,
        kind="spread",
        options=(WINDOW,),
    ),
    compute,
)
