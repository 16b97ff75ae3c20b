"""What is chosen, as the query of an address, and back.

A link holds every value, those included that are as by default: it goes on to mean the same
when a default changes. What a link names and is not there any more is told, and the rest holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from data_layer.errors import DataLayerError
from data_layer.offers import parse, split

if TYPE_CHECKING:
    from poama_panel.state import ForecastState

# Of the state; one after the other, as each depends on those before.
NAMES = ("dataset", "variable", "product", "init", "lead", "member", "place")
# Called so in an address; all else has the state's own name.
_CALLED = {"init": "start"}
# A link's value is told back to whoever opened it: no more of it than this.
_SHOWN = 60


def query_of(state: ForecastState) -> dict[str, str]:
    """The query that brings back what is chosen; without what there is none of."""
    asked, leads = state.asked, state.leads
    values = {
        "dataset": state.dataset,
        "variable": state.variable,
        "product": asked.full_text if asked is not None else None,
        "start": state.init,
        "lead": str(leads[state.lead]) if state.lead < len(leads) else None,
        "member": state.member,
        "place": "{:.3f},{:.3f}".format(*state.place) if state.place else None,
    }
    return {name: value for name, value in values.items() if value}


def search_of(state: ForecastState) -> str:
    """The query as an address ends with it: ``?dataset=…&variable=…``."""
    return "?" + urlencode(query_of(state), safe=":,=")


def apply(state: ForecastState, query: Mapping[str, str]) -> list[str]:
    """Choose what a query says, as far as it can be had.

    Returns
    -------
    What could not, a sentence each.
    """
    problems = []
    for name in NAMES:
        called = _CALLED.get(name, name)
        text = query.get(called)
        if text is None:
            continue
        try:
            _choose(state, name, text)
        except (ValueError, DataLayerError):
            problems.append(f"The link's {called} {text[:_SHOWN]!r} is not there.")
            if name == "dataset":
                break  # the rest is of that one
    return problems


def _choose(state: ForecastState, name: str, text: str) -> None:
    """Set one of the state's choices.

    Raises
    ------
    ValueError, DataLayerError: when it cannot be chosen.
    """
    if name == "product":
        chosen, options = split(text)
        offered = state.param.product.objects
        parse(text, {p.name: p for p in state.products if p.name in offered})
        state.product = chosen
        for option, value in options.items():
            state.choose(option, value)
    elif name == "lead":
        state.lead = state.leads.index(int(text))
    elif name == "place":
        lat, lon = (float(part) for part in text.split(","))
        if not (-90 <= lat <= 90 and -360 <= lon <= 720):
            raise ValueError("no place on Earth")
        state.place = (lat, lon)
    elif name == "member":
        if state.info is None or text not in map(str, state.info.members):
            raise ValueError("no such member")
        state.member = text
    elif text in state.param[name].objects:
        setattr(state, name, text)
    else:
        raise ValueError("no such choice")
