"""Products: one file each, found through the entry point group ``poama_panel.products``.

Importing this package loads no array library, so the HTTP front can list the
products without being able to compute one.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.metadata import entry_points

from data_layer.offers import Asked, ProductInfo, parse
from data_layer.products.base import Product

GROUP = "poama_panel.products"

# As people look for them: the forecast, its difference from normal, chances, what happened.
ORDER = (
    "value",
    "mean",
    "spread",
    "anomaly",
    "member_anomaly",
    "standardised_anomaly",
    "above_median",
    "tercile_probability",
    "likely_tercile",
    "extreme_probability",
    "percentile_probability",
    "threshold_probability",
    "anomaly_probability",
    "exceeded_value",
    "significance",
    "skill",
    "significant_skill",
    "skill_interval",
    "past_forecasts",
    "area_skill",
    "reliability",
    "roc_curve",
    "rank_histogram",
    "climatology",
    "climatology_percentile",
    "observed",
    "observed_anomaly",
    "error",
    "hit",
    "fan",
    "tercile_bars",
    "distribution",
)


@cache
def registry() -> dict[str, Product]:
    """All installed products by name: our own in their order, then those of others."""
    points = sorted(entry_points(group=GROUP), key=lambda p: (_place(p.name), p.name))
    found: list[Product] = [point.load() for point in points]
    return {p.info.name: p for p in found}


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def infos() -> tuple[ProductInfo, ...]:
    """What each product is."""
    return tuple(p.info for p in registry().values())


@lru_cache(256)  # each map asks twice
def asked_for(text: str) -> tuple[Product, Asked]:
    """The product of a text such as ``mean`` or ``anomaly:window=3``, and what was chosen.

    Raises
    ------
    UnknownProduct, BadRequest: see :func:`data_layer.offers.parse`.
    """
    asked = parse(text, {name: p.info for name, p in registry().items()})
    return registry()[asked.info.name], asked


def as_ranged(asked: Asked) -> Asked:
    """The product whose range of values a product shares, with the same options."""
    if not asked.info.range_of:
        return asked
    return Asked.of(registry()[asked.info.range_of].info, dict(asked.chosen))
