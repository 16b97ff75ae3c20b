"""Products: one file each, found through the entry point group ``poama_panel.products``.

Importing this package loads no array library, so the HTTP front can list the
products without being able to compute one.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from data_layer.api import ProductInfo
from data_layer.errors import UnknownProduct
from data_layer.products.base import Product

GROUP = "poama_panel.products"


@cache
def registry() -> dict[str, Product]:
    """All installed products by name; those of single members first."""
    found: list[Product] = [point.load() for point in entry_points(group=GROUP)]
    found.sort(key=lambda p: (not p.info.per_member, p.info.name))
    return {p.info.name: p for p in found}


def infos() -> tuple[ProductInfo, ...]:
    """What each product is."""
    return tuple(p.info for p in registry().values())


def product(name: str) -> Product:
    """The product of that name, or :class:`~data_layer.errors.UnknownProduct`."""
    try:
        return registry()[name]
    except KeyError:
        raise UnknownProduct(
            f"There is no product {name!r}.",
            asked=name,
            exists=registry(),
            advice="Choose one of these.",
        ) from None
