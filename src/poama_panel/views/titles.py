"""The words of a map's title block: what it is of, and how it was made."""

from __future__ import annotations

from collections.abc import Sequence

from data_layer.api import Catalogue, DatasetInfo, VariableInfo
from data_layer.offers import Asked, Option
from poama_panel.state import group_of, years_of
from poama_panel.style import display_of
from poama_panel.views.provenance import ensemble

# Choices that tell how a product is made, not what it is.
_HOW = ("method", "validation")


def mark_of(info: DatasetInfo) -> str:
    """What a title begins with when its numbers are made up."""
    return "SYNTHETIC · " if info.synthetic else ""


def thinned(labels: Sequence[str], most: int) -> list[str]:
    """Labels of which at most so many are not blank, the first among them."""
    every = -(-len(labels) // most)
    return [text if i % every == 0 else "" for i, text in enumerate(labels)]


def title_of(variable: VariableInfo, asked: Asked) -> str:
    """``Temperature · tercile chance, above normal``; amounts in the units shown."""
    display = display_of(variable)

    def amount(option: Option, text: str) -> str:
        shown = float(text) * display.scale + display.offset
        return f"{round(shown, 6):g} {display.units}".strip()

    title = asked.titled(amount)
    return f"{variable.title} · {title[:1].lower()}{title[1:]}"


def facts_of(catalogue: Catalogue, info: DatasetInfo, init: str, asked: Asked) -> dict[str, str]:
    """How a product was made: ``method``, ``ensemble`` and ``climatology``, empty where none."""
    return {
        "method": _method(info, asked),
        "ensemble": ensemble(info) if _of_members(asked) else "",
        "climatology": _climatology(catalogue, info, init, asked),
    }


def _method(info: DatasetInfo, asked: Asked) -> str:
    told = [] if asked.info.per_member else [asked.info.method]
    for option in filter(asked.matters, asked.info.options):
        if option.name in _HOW:
            label = dict(option.choices)[asked[option.name]]
            told.append(label if option.name == "method" else f"{option.title.lower()}: {label}")
    over = asked.window * info.width
    if over > 1:
        told.append(f"means over {over} {info.lead_unit}")
    return "; ".join(told)


def _of_members(asked: Asked) -> bool:
    """Whether the forecast's ensemble is in the numbers, which those of past ones are not."""
    observed = "observations" in asked.info.needs
    if asked.info.kind == "score" and observed:
        return False
    # What was observed shares its colours with a forecast.
    return group_of(asked.info) != "Hindcast" and not (observed and asked.info.range_of)


def _climatology(catalogue: Catalogue, info: DatasetInfo, init: str, asked: Asked) -> str:
    """``hindcast 1981–2018, 38 years × 11 members``: what a start is compared with."""
    if not {"climatology", "hindcast"} & set(asked.needs):
        return ""
    years = years_of(catalogue, info, init)
    if asked.years is not None:
        years = tuple(y for y in years if asked.years[0] <= y <= asked.years[1])
    if not years:
        return ""
    members = len(catalogue.dataset(info.hindcast).members)
    span = f"{min(years)}–{max(years)}" if len(years) > 1 else f"{years[0]}"
    return (
        f"hindcast {span}, {len(years)} year{'s' if len(years) > 1 else ''} × "
        f"{members} member{'s' if members > 1 else ''}"
    )
