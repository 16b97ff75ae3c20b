"""The members at the place that was clicked."""

from __future__ import annotations

import holoviews as hv
import panel as pn
import xarray as xr

from data_layer.api import ForecastSource, Point, ProductRequest
from data_layer.errors import DataLayerError
from poama_panel.elements import MARK, ask_for_a_place, plume
from poama_panel.state import ForecastState
from poama_panel.style import display_of


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
        state.param.watch(
            lambda *_: self._draw(), ["place", "dataset", "variable", "init", "catalogue"]
        )
        self._kept: tuple[ProductRequest, xr.DataArray] | None = None

    def _draw(self) -> None:
        self._pane.object = self.element()

    def element(self) -> hv.Overlay:
        """The plume of the state, or the reason why there is none."""
        state = self._state
        info, variable = state.info, state.variable_info
        if state.place is None or info is None or variable is None:
            return ask_for_a_place()
        request = ProductRequest(
            dataset=info.id,
            variable=variable.name,
            product="value",
            init=state.init,
            point=Point(*state.place),
            version=info.version,
        )
        try:
            if self._kept is None or self._kept[0] != request:
                self._kept = (request, self._source.fetch(request))
        except DataLayerError as error:
            return hv.Overlay([hv.Text(0.5, 0.5, str(error))]).opts(
                hv.opts.Overlay(responsive=True, height=230, xaxis=None, yaxis=None)
            )
        series = self._kept[1]
        label = _place(float(series["lat"]), float(series["lon"]))
        mark = "SYNTHETIC · " if info.synthetic else ""
        lead = info.leads[state.lead] if state.lead < len(info.leads) else None
        return plume(
            series,
            display_of(variable, "value"),
            title=f"{mark}{variable.title} at {label} · {len(info.members)} members and their mean",
            lead=lead,
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._pane


def _place(lat: float, lon: float) -> str:
    east = (lon + 180) % 360 - 180
    return f"{abs(lat):.2f}°{'S' if lat < 0 else 'N'} {abs(east):.2f}°{'W' if east < 0 else 'E'}"


__all__ = ["MARK", "Plume"]
