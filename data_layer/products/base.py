"""What a product is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_layer.api import ProductInfo

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Product:
    """A description and a pure function.

    Attributes
    ----------
    info: what is computed and how.
    compute: array with a dim ``member`` and any others → the product, with
        ``member`` kept when ``info.per_member`` and gone otherwise; units and
        CF attributes kept or corrected.
    """

    info: ProductInfo
    compute: Callable[[xr.DataArray], xr.DataArray]
