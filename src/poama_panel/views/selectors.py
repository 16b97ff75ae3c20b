"""Choosing the forecast, the variable, the product and the start."""

from __future__ import annotations

import panel as pn

from poama_panel.state import ForecastState


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
            sizing_mode="stretch_width",
            margin=0,
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._view
