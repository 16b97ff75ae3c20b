"""The members at the place that was clicked, or of an index."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from functools import cached_property
from html import escape

import holoviews as hv
import panel as pn
import xarray as xr

from data_layer.api import (
    Catalogue,
    DatasetInfo,
    ForecastSource,
    Point,
    ProductRequest,
    VariableInfo,
)
from data_layer.errors import DataLayerError
from poama_panel.elements import MARK, PLUME_HEIGHT, observed, plume
from poama_panel.state import ForecastState
from poama_panel.style import display_of
from poama_panel.views.latest import Latest
from poama_panel.views.provenance import issued, span
from poama_panel.views.titles import mark_of

log = logging.getLogger(__name__)

# An index has the room of the map, which it lacks.
_INDEX_HEIGHT = 440
_ASK = "Click the map: the members at that place"
_MIDDLE = f"display: grid; place-items: center; height: {PLUME_HEIGHT - 2}px"
# What stands in the plume's stead, where a figure would.
_STEAD = {
    "border": "1px solid #e5e5e5",
    "box-sizing": "border-box",
    "color": "#5a6b7b",
    "font-size": "16px",
    "text-align": "center",
}


class Plume(pn.viewable.Viewer):
    """Every member over all leads at the state's place; or an index, which has none.

    The mark of the lead on the map is moved by the browser (:data:`MARK`).
    """

    def __init__(self, state: ForecastState, source: ForecastSource) -> None:
        super().__init__()
        self._state, self._source = state, source
        self._latest = Latest[ProductRequest]()
        request = self._request()
        drawn, found = self._shown(request, state.catalogue)
        self._latest.finish(0, request if found is not None else None)
        self._words = pn.pane.HTML(
            height=PLUME_HEIGHT, sizing_mode="stretch_width", margin=0, styles=_STEAD
        )
        self._view = pn.Column(sizing_mode="stretch_width", margin=0)
        self._show(drawn)
        # watch: reading a series takes time and may fail; it is done once per
        # choice, not once per drawing.
        state.param.watch(self._draw, ["place", "dataset", "variable", "init", "catalogue"])

    async def _draw(self, *_: object) -> None:
        request = self._request()
        turn = self._latest.begin(request)
        if turn is None:
            return
        catalogue = self._state.catalogue
        drawn, found = await asyncio.to_thread(self._shown, request, catalogue)
        done = request if found is not None else None
        if not self._latest.finish(turn, done):
            return
        self._show(drawn)
        if found is None or done is None or done.point is None:
            return
        if not catalogue.dataset(done.dataset).hindcast:
            return
        # The members are there at once; past forecasts take longer and come behind them.
        drawn = await asyncio.to_thread(self._before_the_past, done, catalogue, found)
        if self._latest.finish(turn, done):
            self._show(drawn)

    @cached_property
    def _pane(self) -> pn.pane.HoloViews:
        return pn.pane.HoloViews(sizing_mode="stretch_width", margin=0, linked_axes=False)

    def _show(self, drawn: hv.Overlay | str) -> None:
        """Show a plume, or say why there is none: a figure for a few words is not worth making."""
        if isinstance(drawn, str):
            shown = self._words
            self._words.object = f'<div style="{_MIDDLE}">{escape(drawn)}</div>'
        else:
            shown, self._pane.object = self._pane, drawn
        if self._view.objects != [shown]:
            self._view[:] = [shown]

    def _request(self) -> ProductRequest | None:
        state = self._state
        if state.info is None or state.variable is None or (state.mapped and not state.place):
            return None
        return ProductRequest(
            dataset=state.info.id,
            variable=state.variable,
            product="value",
            init=state.init,
            point=Point(*state.place) if state.mapped else None,
            version=state.info.version,
        )

    def _shown(
        self, request: ProductRequest | None, catalogue: Catalogue
    ) -> tuple[hv.Overlay | str, xr.DataArray | None]:
        """The plume and the members in it; or the reason why there is none, and ``None``."""
        if request is None:
            return _ASK, None
        try:
            series = self._source.fetch(request)
        except DataLayerError as error:
            return str(error), None
        info = catalogue.dataset(request.dataset)
        variable = info.variable(request.variable)
        if not info.gridless:
            return self._plume(info, variable, series), series
        title = mark_of(info) + title_of_index(info, variable, request.init)
        show = plume if info.inits else observed
        return show(series, display_of(variable), title=title, height=_INDEX_HEIGHT), series

    def _before_the_past(
        self, request: ProductRequest, catalogue: Catalogue, series: xr.DataArray
    ) -> hv.Overlay:
        """The plume of members with what the hindcast was like there, and what was observed."""
        info = catalogue.dataset(request.dataset)
        fan = self._beside(request, "fan")
        seen = self._beside(request, "observed") if info.role == "hindcast" else None
        return self._plume(info, info.variable(request.variable), series, fan, seen)

    def _plume(
        self,
        info: DatasetInfo,
        variable: VariableInfo,
        series: xr.DataArray,
        fan: xr.DataArray | None = None,
        seen: xr.DataArray | None = None,
    ) -> hv.Overlay:
        told = []
        if fan is not None:
            years = fan.attrs["climatology"].partition(",")[0].replace("-", "–")
            told.append(f"grey: {years}, the middle 80 %, the middle third and the median")
        if seen is not None:
            told.append("black: observed")
        # Room for the line is there from the start, so that nothing moves when it comes.
        below = " · ".join(told) or " "
        label = _place(float(series["lat"]), float(series["lon"]))
        leads, lead = self._state.leads, self._state.lead
        return plume(
            series,
            display_of(variable),
            title=f"{mark_of(info)}{variable.title} at {label} · {_members(info)}\n{below}",
            lead=leads[lead] if lead < len(leads) else None,
            fan=fan,
            seen=seen,
        )

    def _beside(self, request: ProductRequest, product: str) -> xr.DataArray | None:
        """Another product at the same place; ``None`` when it cannot be had."""
        try:
            return self._source.fetch(replace(request, product=product))
        except DataLayerError as error:
            log.info("no %s beside the plume: %s", product, error)
            return None

    def __panel__(self) -> pn.viewable.Viewable:
        return self._view


def title_of_index(info: DatasetInfo, variable: VariableInfo, init: str | None) -> str:
    """What it is, when and whose, which is saved with the picture."""
    shown = f"{_members(info)} · started {issued(info, init)}" if init else f"observed {span(info)}"
    return f"{variable.title} · {shown} · {info.system or info.title}"


def _members(info: DatasetInfo) -> str:
    n = len(info.members)
    return f"{n} members and their mean" if n > 1 else "1 member"


def _place(lat: float, lon: float) -> str:
    east = (lon + 180) % 360 - 180
    return f"{abs(lat):.2f}°{'S' if lat < 0 else 'N'} {abs(east):.2f}°{'W' if east < 0 else 'E'}"


__all__ = ["MARK", "Plume"]
