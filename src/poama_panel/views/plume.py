"""The members at the place that was clicked."""

from __future__ import annotations

import asyncio

import holoviews as hv
import panel as pn

from data_layer.api import Catalogue, ForecastSource, Point, ProductRequest
from data_layer.errors import DataLayerError
from poama_panel.elements import MARK, ask_for_a_place, plume
from poama_panel.state import ForecastState
from poama_panel.style import display_of
from poama_panel.views.latest import Latest


class Plume(pn.viewable.Viewer):
    """Every member over all leads at the state's place.

    The mark of the lead on the map is moved by the browser (:data:`MARK`).
    """

    def __init__(self, state: ForecastState, source: ForecastSource) -> None:
        super().__init__()
        self._state, self._source = state, source
        self._pane = pn.pane.HoloViews(
            ask_for_a_place(), sizing_mode="stretch_width", margin=0, linked_axes=False
        )
        # watch: reading a series takes time and may fail; it is done once per
        # choice, not once per drawing.
        state.param.watch(self._draw, ["place", "dataset", "variable", "init", "catalogue"])
        self._latest = Latest[ProductRequest]()

    async def _draw(self, *_: object) -> None:
        request = self._request()
        turn = self._latest.begin(request)
        if turn is None:
            return
        drawn, done = await asyncio.to_thread(self._element, request, self._state.catalogue)
        if self._latest.finish(turn, done):
            self._pane.object = drawn

    def _request(self) -> ProductRequest | None:
        state = self._state
        if state.place is None or state.info is None or state.variable is None:
            return None
        return ProductRequest(
            dataset=state.info.id,
            variable=state.variable,
            product="value",
            init=state.init,
            point=Point(*state.place),
            version=state.info.version,
        )

    def _element(
        self, request: ProductRequest | None, catalogue: Catalogue
    ) -> tuple[hv.Overlay, ProductRequest | None]:
        """The plume, or the reason why there is none; and the request, when it was answered."""
        if request is None:
            return ask_for_a_place(), None
        info = catalogue.dataset(request.dataset)
        variable, lead = info.variable(request.variable), self._state.lead
        try:
            series = self._source.fetch(request)
        except DataLayerError as error:
            reason = hv.Overlay([hv.Text(0.5, 0.5, str(error))]).opts(
                hv.opts.Overlay(responsive=True, height=230, xaxis=None, yaxis=None)
            )
            return reason, None
        label = _place(float(series["lat"]), float(series["lon"]))
        mark = "SYNTHETIC · " if info.synthetic else ""
        drawn = plume(
            series,
            display_of(variable, "value"),
            title=f"{mark}{variable.title} at {label} · {len(info.members)} members and their mean",
            lead=info.leads[lead] if lead < len(info.leads) else None,
        )
        return drawn, request

    def __panel__(self) -> pn.viewable.Viewable:
        return self._pane


def _place(lat: float, lon: float) -> str:
    east = (lon + 180) % 360 - 180
    return f"{abs(lat):.2f}°{'S' if lat < 0 else 'N'} {abs(east):.2f}°{'W' if east < 0 else 'E'}"


__all__ = ["MARK", "Plume"]
