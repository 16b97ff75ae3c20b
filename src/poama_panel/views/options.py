"""Choosing what a product leaves open: a control for each of its options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import panel as pn

from data_layer.offers import Option
from data_layer.timing import LeadUnit
from poama_panel.state import ForecastState, can_correct
from poama_panel.style import display_of

# How a product is made, which seldom needs to be chosen.
_METHOD = ("method", "correction", "validation", "years")
_KW = {"sizing_mode": "stretch_width", "margin": (0, 0, 10, 0)}
_WORDS: dict[tuple[str, int], str] = {
    ("months", 1): "one month",
    ("months", 2): "2 months",
    ("months", 3): "3-month season",
    ("days", 1): "one day",
    ("days", 7): "week",
    ("days", 14): "fortnight",
}
_FOLD = """
:host(.card) {
  box-shadow: none; outline: none; border: 1px solid var(--pp-line, #d5dde4); border-radius: 6px;
}
.card-header { background: none; border: none; padding: 5px 8px; }
.card-header:focus-visible { outline: 2px solid var(--pp-accent, #0b6e8f); }
"""


@dataclass(frozen=True)
class Control:
    """What is shown for an option, and how it takes a choice that was made elsewhere."""

    option: Option
    shown: pn.viewable.Viewable
    take: Callable[[str], None]


class Options(pn.viewable.Viewer):
    """The options of the state's product; those of method in a fold."""

    def __init__(self, state: ForecastState) -> None:
        super().__init__()
        self._state = state
        self._made: tuple[object, ...] = ()
        self._following = False
        self._controls: list[Control] = []
        self._usual = pn.Column(sizing_mode="stretch_width", margin=0)
        self._method = pn.Column(sizing_mode="stretch_width", margin=(8, 8, 0, 8))
        self._fold = pn.Card(
            self._method,
            header=pn.pane.HTML("<b>Method</b>", margin=(0, 4)),
            collapsed=True,
            sizing_mode="stretch_width",
            margin=(0, 0, 12, 0),
            stylesheets=[_FOLD],
        )
        self._view = pn.Column(self._usual, self._fold, sizing_mode="stretch_width", margin=0)
        self._follow()
        # watch: each product has controls of its own, which are made when it is chosen.
        state.param.watch(
            self._follow, ["dataset", "variable", "product", "init", "options", "catalogue"]
        )

    def _follow(self, *_: object) -> None:
        state = self._state
        asked = state.asked
        there = (state.mapped, state.variable, state.product, state.windows, state.hindcast_years)
        corrected = state.info is not None and can_correct(state.info)
        if (*there, corrected) != self._made:
            self._made = (*there, corrected)
            options = asked.info.options if asked and state.mapped else ()
            self._controls = [c for o in options if (c := self._control(o)) is not None]
            shown = {c.option.name: c.shown for c in self._controls}
            self._usual[:] = [v for name, v in shown.items() if name not in _METHOD]
            self._method[:] = [shown[name] for name in _METHOD if name in shown]
            self._fold.visible = bool(self._method.objects)
        if asked is None:
            return
        self._following = True
        for control in self._controls:
            control.shown.visible = asked.matters(control.option)
            control.take(asked[control.option.name])
        self._following = False

    def _control(self, option: Option) -> Control | None:
        """The control of an option; ``None`` where there is nothing to choose."""
        state = self._state
        if option.name == "window":
            found = state.windows
            if len(found) < 2:
                return None
            words = {str(w): _window(w, state.info.lead_unit) for w in found}  # type: ignore[union-attr]
            return self._select(option, "Averaged over", words)
        if option.name == "correction" and not (state.info and can_correct(state.info)):
            return None
        if option.choices:
            words = {value: title or value for value, title in option.choices}
            return self._select(option, option.title, words)
        if option.years:
            return self._years(option) if len(state.hindcast_years) > 1 else None
        return self._number(option)

    def _select(self, option: Option, title: str, words: dict[str, str]) -> Control:
        widget = pn.widgets.Select(name=title, **_KW)

        def take(text: str) -> None:
            # A window that is not among the usual ones can come with an address.
            known = words if text in words else {**words, text: f"{text} leads"}
            options = {title: value for value, title in known.items()}
            widget.param.update(options=options, value=text)

        take(self._now(option))
        # watch: an option is one entry of the state's, which no widget can be made from.
        widget.param.watch(lambda event: self._choose(option, event.new), "value")
        return Control(option, widget, take)

    def _number(self, option: Option) -> Control:
        variable = self._state.variable_info
        display = display_of(variable) if variable and option.units == "variable" else None
        scale, offset = (display.scale, display.offset) if display else (1.0, 0.0)
        units = f" ({display.units})" if display and display.units else ""
        limits = {
            name: limit
            for name, limit in (("start", option.least), ("end", option.most))
            if limit is not None
        }

        def shown(text: str) -> float:
            return round(float(text) * scale + offset, 6)

        widget = pn.widgets.FloatInput(
            name=option.title + units,
            value=shown(self._now(option)),
            step=1.0 if scale == 1.0 else 0.1,
            **limits,
            **_KW,
        )

        def chosen(event: Any) -> None:
            if event.new is not None:
                self._choose(option, f"{(event.new - offset) / scale:.10g}")

        # watch: as above, and the number is in other units.
        widget.param.watch(chosen, "value")
        return Control(option, widget, lambda text: widget.param.update(value=shown(text)))

    def _years(self, option: Option) -> Control:
        there = self._state.hindcast_years
        bounds = {"start": min(there), "end": max(there), "step": 1, "sizing_mode": "stretch_width"}
        first = pn.widgets.IntInput(name="Hindcast from", margin=(0, 8, 10, 0), **bounds)
        last = pn.widgets.IntInput(name="to", margin=(0, 0, 10, 0), **bounds)

        def take(text: str) -> None:
            first.value = int(text[:4]) if text else min(there)
            last.value = int(text[5:]) if text else max(there)

        def chosen(_: object) -> None:
            if first.value is None or last.value is None or first.value > last.value:
                return
            whole = (first.value, last.value) == (min(there), max(there))
            self._choose(option, "" if whole else f"{first.value}-{last.value}")

        take(self._now(option))
        # watch: two numbers make the one option.
        for widget in (first, last):
            widget.param.watch(chosen, "value")
        both = pn.Row(first, last, sizing_mode="stretch_width", margin=0)
        return Control(option, both, take)

    def _now(self, option: Option) -> str:
        asked = self._state.asked
        return asked[option.name] if asked else option.default

    def _choose(self, option: Option, text: str) -> None:
        # A control that takes what was chosen elsewhere has nothing to say.
        if not self._following and self._now(option) != text:
            self._state.choose(option.name, text)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._view


def _window(window: int, unit: LeadUnit) -> str:
    return _WORDS.get((unit, window), f"{window} {unit}")
