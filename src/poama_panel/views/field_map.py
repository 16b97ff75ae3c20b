"""The map of the chosen product."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC
from pathlib import Path
from typing import Any

import panel as pn
import param

from data_layer.api import (
    Catalogue,
    ForecastSource,
    GridInfo,
    Limits,
    ProductRequest,
)
from data_layer.errors import DataLayerError, NotFound
from data_layer.offers import Asked, parse, write
from data_layer.timing import (
    describe_lead,
    describe_season,
    describe_window,
    parse_init,
    valid_period,
    whole_windows,
)
from poama_panel.raster import FrameMap
from poama_panel.state import ForecastState
from poama_panel.style import colours_of, display_of, palettes
from poama_panel.views.addresses import frames_at, request_of
from poama_panel.views.code import python_of
from poama_panel.views.copying import base_figure
from poama_panel.views.latest import Latest
from poama_panel.views.provenance import issued
from poama_panel.views.titles import facts_of, thinned, title_of
from poama_panel.views.veils import veils_of

log = logging.getLogger(__name__)

# Labels of the leads that fit below the slider.
_TICKS = 12
_ASSETS = Path(__file__).parents[1] / "assets"


class FieldMap(pn.viewable.Viewer):
    """The frame map of a state's selection.

    Parameters
    ----------
    state: the selection; its lead, member and place follow the map.
    source: asked for colour limits (and for frames when there is no ``base``).
    base: address under which the browser fetches frames; empty in a notebook,
        where frames come over the widget's connection.
    followers: names of Bokeh spans that mark the valid time shown.
    """

    def __init__(
        self,
        state: ForecastState,
        source: ForecastSource,
        *,
        base: str,
        region: str = "world",
        followers: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._state, self._source = state, source
        self._latest = Latest[ProductRequest]()
        self._moved = False
        self._range: tuple[str, Limits] | None = None
        self.map = FrameMap(
            plot=pn.pane.Bokeh(
                base_figure(wheel=bool(base)).cast(),
                autodispatch=False,
                sizing_mode="stretch_width",
                margin=0,
            ),
            base=base,
            palettes=palettes(),
            # From here on the browser owns the lead: what it says may be newer
            # than what the state knows.
            lead=state.lead,
            member=state.member,
            place=[state.place[1], state.place[0]] if state.place else None,
            region=region,
            sizing_mode="stretch_width",
            margin=0,
            followers=list(followers),
            supply=None if base else self._supply,
            renew=self._renew,
            start=self._step_start,
        )
        self._view = pn.Column(
            self.map, visible=state.mapped, sizing_mode="stretch_width", margin=0
        )
        spec, done = self._spec(state.request(), state.catalogue)
        self._latest.finish(0, done)
        self._use(spec)
        # watch: the browser is told of a new selection, and the state of what
        # was chosen in the browser; neither can be derived by drawing anew.
        chosen = ["dataset", "variable", "product", "options", "init", "catalogue"]
        state.param.watch(self._describe, chosen)
        self.map.param.watch(self._follow, ["lead", "member", "place"])

    async def _describe(self, *_: object) -> None:
        """Tell the browser of the state's selection, unless a newer one overtakes it.

        While an index is chosen the map is hidden and stays as it is.
        """
        self._view.visible = mapped = self._state.mapped
        request = self._state.request() if mapped else None
        turn = self._latest.begin(request)
        if turn is None or not mapped:
            return
        spec, done = await asyncio.to_thread(self._spec, request, self._state.catalogue)
        if self._latest.finish(turn, done):
            self._use(spec)

    def _use(self, spec: dict[str, Any]) -> None:
        with param.parameterized.batch_call_watchers(self.map):
            if spec and self.map.spec.get("quantity") != spec["quantity"]:
                self.map.palette = spec["palette"]
            self.map.spec = spec
            if self._moved:
                # Once the start's maps can be asked for, not before: until then the lead is
                # one of the map that is still shown.
                self.map.lead, self._moved = self._state.lead, False

    def _spec(
        self, request: ProductRequest | None, catalogue: Catalogue
    ) -> tuple[dict[str, Any], ProductRequest | None]:
        """The description of a request, and the request itself when it is complete."""
        if request is None:
            return {}, None
        info = catalogue.dataset(request.dataset)
        if info.gridless:
            return {}, None
        products = {p.name: p for p in self._state.products}
        asked = parse(request.product, products)
        ranged = products.get(asked.info.range_of, asked.info)
        scale = write(ranged, dict(asked.chosen))
        quantity = f"{info.system or info.id}/{request.variable}/{scale}"
        span = asked.scale.span
        done: ProductRequest | None = request
        if span:
            limits = Limits(*span, *span)
        elif self._range is not None and self._range[0] == quantity:
            # Starts are compared by one scale; and to find another takes all of their leads.
            limits = self._range[1]
        else:
            try:
                limits = self._source.limits(request)
                self._range = quantity, limits
            except DataLayerError as error:
                # The map asks for its frame in vain, too, and says why.
                log.warning("no limits for %s: %s", request, error)
                limits, done = Limits(0.0, 1.0, 0.0, 1.0), None
        spec = describe(catalogue, request, limits, asked, quantity)
        more = {
            "veils": veils_of(catalogue, request, asked, products),
            "python": python_of(request, asked),
        }
        return spec | more, done

    def _follow(self, *events: param.parameterized.Event) -> None:
        changes: dict[str, Any] = {}
        for event in events:
            if event.name == "place":
                changes["place"] = (event.new[1], event.new[0]) if event.new else None
            else:
                changes[event.name] = event.new
        self._state.param.update(**changes)

    def _step_start(self, by: int, hold_valid: bool) -> None:
        self._moved = self._state.step_start(by, hold_valid=hold_valid) or self._moved

    async def _renew(self) -> None:
        try:
            self._state.renew(await asyncio.to_thread(self._source.catalogue))
        except DataLayerError as error:
            log.warning("catalogue not renewed: %s", error)

    def _supply(self, path: str) -> bytes:
        """What a server would answer at ``path``."""
        kind, _, rest = path.partition("/")
        if kind == "frames":
            return self._source.frame(*request_of(rest))
        return asset(rest)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._view


def describe(
    catalogue: Catalogue, request: ProductRequest, limits: Limits, asked: Asked, quantity: str
) -> dict[str, Any]:
    """All that the browser needs to know to show any lead and member of a selection.

    Parameters
    ----------
    limits: of the values, in the file's units.
    quantity: what a colour scale belongs to: maps of the same quantity can share one.
    """
    info = catalogue.dataset(request.dataset)
    variable, product = info.variable(request.variable), asked.info
    display, colours = display_of(variable, asked), colours_of(variable, asked)
    low, high = (v * display.scale + display.offset for v in (limits.low, limits.high))
    start = request.init or info.inits[-1]
    init, unit, window = parse_init(start), info.lead_unit, asked.window
    leads, window = whole_windows(info.leads, window), window * info.width
    begins = [valid_period(init, lead, unit)[0] for lead in leads]
    half = (info.grid.lon[1] - info.grid.lon[0]) / max(info.grid.nx - 1, 1) / 2
    return {
        "path": frames_at(replace(request, product=asked.text, version=info.version)),
        "grid": _grid(info.grid),
        "leads": list(leads),
        "leadNames": [describe_lead(lead, unit) for lead in leads],
        "valid": [describe_window(init, lead, window, unit) for lead in leads],
        "times": [b.replace(tzinfo=UTC).timestamp() * 1000 for b in begins],
        "ticks": thinned([describe_season(init, lead, window, unit) for lead in leads], _TICKS),
        "members": [str(m) for m in info.members] if product.per_member else [],
        "title": title_of(variable, asked),
        "issued": f"started {issued(info, start)}",
        **facts_of(catalogue, info, start, asked),
        "system": info.system or info.institution or info.id,
        "units": display.units,
        "synthetic": info.synthetic,
        "display": asdict(display),
        "low": low,
        "high": high,
        "colours": asdict(colours),
        "palette": colours.palette,
        "quantity": quantity,
        "extent": [
            info.grid.lon[0] - half,
            info.grid.lon[1] + half,
            info.grid.lat[0],
            info.grid.lat[1],
        ],
        "wraps": info.grid.wraps,
    }


def _grid(grid: GridInfo) -> dict[str, Any]:
    """The grid as evenly spaced cells; what is not is told by its frames."""
    return {
        "shape": [grid.ny, grid.nx],
        "x0": grid.lon[0],
        "dx": (grid.lon[1] - grid.lon[0]) / max(grid.nx - 1, 1),
        "y0": grid.lat[0],
        "dy": (grid.lat[1] - grid.lat[0]) / max(grid.ny - 1, 1),
        "wraps": grid.wraps,
    }


def asset(name: str) -> bytes:
    """A file that ships with the package for the browser.

    Raises
    ------
    NotFound: when there is no such file.
    """
    path = _ASSETS / name
    if path.parent != _ASSETS or not path.is_file():
        raise NotFound(f"There is no file {name!r}.", asked=name)
    return path.read_bytes()
