"""Choosing the forecast, the variable, the product and the start."""

from __future__ import annotations

import panel as pn

from data_layer.timing import describe_day, parse_init
from poama_panel.state import ForecastState


def _day(start: str) -> str:
    return describe_day(parse_init(start)) if start else ""


class Selectors(pn.viewable.Viewer):
    """Widgets on the state, and what is known of the chosen dataset."""

    def __init__(self, state: ForecastState) -> None:
        super().__init__()
        self._state = state
        kw = {"sizing_mode": "stretch_width", "margin": (0, 0, 10, 0)}
        self._view = pn.Column(
            pn.widgets.Select.from_param(state.param.dataset, **kw),
            pn.widgets.Select.from_param(state.param.variable, **kw),
            pn.widgets.Select.from_param(state.param.product, **kw),
            pn.widgets.Select.from_param(state.param.init, **kw),
            self._offer(**kw),
            sizing_mode="stretch_width",
            margin=0,
        )

    def _offer(self, **kw: object) -> pn.widgets.Button:
        """A button that shows the start that arrived last; there only when one did."""
        arrived = self._state.param.arrived
        button = pn.widgets.Button(
            name=pn.bind(lambda start: f"Show the new start {_day(start)}", arrived),
            visible=pn.bind(bool, arrived),
            button_type="primary",
            **kw,
        )
        button.on_click(lambda _: self._state.param.update(init=self._state.arrived))
        return button

    def __panel__(self) -> pn.viewable.Viewable:
        return self._view
