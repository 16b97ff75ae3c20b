"""What may be laid over a map where past forecasts of the same kind were no good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from data_layer.api import Catalogue, ProductRequest
from data_layer.offers import Asked, ProductInfo, write
from poama_panel.state import can_give, years_of
from poama_panel.views.addresses import frames_at

# Of fewer past years nothing can be said.
_FEWEST = 3
# Below these a score is usually not acted on; whoever looks can choose another.
_CORRELATION, _ROC, _RPSS = ("acc", 0.3), ("roc", 0.6), ("rpss", 0.0)


def veils_of(
    catalogue: Catalogue,
    request: ProductRequest,
    asked: Asked,
    products: Mapping[str, ProductInfo],
) -> list[dict[str, Any]]:
    """The scores of past forecasts that a map of a forecast can be judged by.

    Each is of the very selection shown: its window, its years, its category. Empty where there
    are none, or where the map is not of a forecast. The browser's side is ``veil.js``.
    """
    info = catalogue.dataset(request.dataset)
    if not _judged(asked) or len(years_of(catalogue, info, request.init or "")) < _FEWEST:
        return []
    found = []
    skill, significant = products.get("skill"), products.get("significant_skill")
    shared: dict[str, str] = {
        name: text for name, text in asked.chosen if name in ("window", "years")
    }
    if skill is not None and can_give(info, skill):
        score, threshold = _score(asked)
        chosen = {**shared, "score": score}
        if score == "roc":
            chosen["category"] = asked["category"]
        option = next(o for o in skill.options if o.name == "score")
        span = dict(option.scales)[score].span or (-1.0, 1.0)
        found.append(
            {
                "key": "skill",
                "title": dict(option.choices)[score],
                "path": _path(request, write(skill, chosen)),
                "threshold": threshold,
                "low": span[0],
                "high": span[1],
                "step": 0.1,
                "adjustable": True,
            }
        )
    if significant is not None and can_give(info, significant):
        found.append(
            {
                "key": "significant",
                "title": "skill significant",
                "path": _path(request, write(significant, shared)),
                # The second of two classes.
                "threshold": 2.0,
                "low": 1.0,
                "high": 2.0,
                "step": 1.0,
                "adjustable": False,
            }
        )
    return found


def _judged(asked: Asked) -> bool:
    info = asked.info
    forecast = not info.of_past and "observations" not in info.needs
    return forecast and info.kind in ("value", "difference", "probability", "category")


def _score(asked: Asked) -> tuple[str, float]:
    """The score that says most of a product, and what it should at least be."""
    if asked.info.name == "tercile_probability":
        return _ROC
    return _RPSS if asked.info.kind in ("probability", "category") else _CORRELATION


def _path(request: ProductRequest, product: str) -> str:
    return frames_at(replace(request, product=product)).replace("{member}", "all")
