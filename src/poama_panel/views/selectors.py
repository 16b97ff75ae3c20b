"""Choosing the forecast, the variable, the product with its options, and the start."""

from __future__ import annotations

from typing import Any

import panel as pn

from data_layer.timing import describe_day, parse_init
from poama_panel.state import ForecastState
from poama_panel.views.options import Options


def _day(start: str) -> str:
    return describe_day(parse_init(start)) if start else ""


class Selectors(pn.viewable.Viewer):
    """Widgets on the state, and what is known of the chosen dataset."""

    def __init__(self, state: ForecastState) -> None:
        super().__init__()
        self._state = state
        kw = {"sizing_mode": "stretch_width", "margin": (0, 0, 10, 0)}
        # Products are maps; of an index all members are shown.
        mapped = pn.bind(lambda *_: state.mapped, state.param.dataset, state.param.catalogue)
        self._product = pn.widgets.Select(name="Product", visible=mapped, **kw)
        self._offer_products()
        # watch: the products are in groups, which a widget made from a parameter has not.
        state.param.watch(self._offer_products, ["dataset", "product", "catalogue"])
        self._product.param.watch(self._take_product, "value")
        self._view = pn.Column(
            pn.widgets.Select.from_param(state.param.dataset, **kw),
            pn.widgets.Select.from_param(state.param.variable, **kw),
            self._product,
            Options(state),
            pn.widgets.Select.from_param(
                state.param.init, visible=pn.bind(bool, state.param.init), **kw
            ),
            self._offer(**kw),
            sizing_mode="stretch_width",
            margin=0,
        )

    def _offer_products(self, *_: object) -> None:
        state = self._state
        self._product.param.update(groups=state.groups, value=state.product)

    def _take_product(self, event: Any) -> None:
        if event.new in self._state.param.product.objects:
            self._state.product = event.new

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
