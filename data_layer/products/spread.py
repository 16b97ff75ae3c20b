"""The spread of the ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.api import ProductInfo
from data_layer.products.base import Product

if TYPE_CHECKING:
    import xarray as xr


def compute(members: xr.DataArray) -> xr.DataArray:
    """Standard deviation over ``member``, ``sqrt(sum((x - mean)²) / (M - 1))``.

    The unbiased variance, as climpred's and the WMO's spread-error comparison
    take it.

    Parameters
    ----------
    members: dims ``member`` and any others. Cells with fewer than two members
        present are missing.

    Returns
    -------
    The other dims. A spread of temperatures is a difference of temperatures:
    its unit keeps the name, and ``cell_methods`` says what it is.
    """
    out = members.std("member", ddof=1, dtype="float64", keep_attrs=True)
    if members.dtype.kind == "f":
        out = out.astype(members.dtype)
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
    ),
    compute,
)
