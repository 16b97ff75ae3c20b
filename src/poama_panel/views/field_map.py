"""The map of the chosen product."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import panel as pn
import param

from data_layer.api import (
    Catalogue,
    DatasetInfo,
    ForecastSource,
    Limits,
    ProductInfo,
    ProductRequest,
    VariableInfo,
)
from data_layer.errors import BadRequest, DataLayerError, NotFound
from data_layer.timing import describe_day, describe_lead, describe_valid, parse_init, valid_period
from poama_panel.elements import base_map
from poama_panel.raster import FrameMap
from poama_panel.state import ForecastState
from poama_panel.style import display_of, palettes, style_of
from poama_panel.views.latest import Latest
from poama_panel.views.provenance import ensemble

log = logging.getLogger(__name__)

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
        self.map = FrameMap(
            plot=pn.pane.HoloViews(
                base_map(wheel=bool(base)), sizing_mode="stretch_width", margin=0
            ),
            base=base,
            palettes=palettes(),
            # From here on the browser owns the lead: what it says may be newer
            # than what the state knows.
            lead=state.lead,
            member=state.member,
            region=region,
            sizing_mode="stretch_width",
            margin=0,
            followers=list(followers),
            supply=None if base else self._supply,
            renew=self._renew,
        )
        spec, done = self._spec(state.request(), state.catalogue)
        self._latest.finish(0, done)
        self._use(spec)
        # watch: the browser is told of a new selection, and the state of what
        # was chosen in the browser; neither can be derived by drawing anew.
        state.param.watch(self._describe, ["dataset", "variable", "product", "init", "catalogue"])
        self.map.param.watch(self._follow, ["lead", "member", "place"])

    async def _describe(self, *_: object) -> None:
        """Tell the browser of the state's selection, unless a newer one overtakes it."""
        request = self._state.request()
        turn = self._latest.begin(request)
        if turn is None:
            return
        spec, done = await asyncio.to_thread(self._spec, request, self._state.catalogue)
        if self._latest.finish(turn, done):
            self._use(spec)

    def _use(self, spec: dict[str, Any]) -> None:
        with param.parameterized.batch_call_watchers(self.map):
            if spec and self.map.spec.get("quantity") != spec["quantity"]:
                self.map.palette = spec["palette"]
            self.map.spec = spec

    def _spec(
        self, request: ProductRequest | None, catalogue: Catalogue
    ) -> tuple[dict[str, Any], ProductRequest | None]:
        """The description of a request, and the request itself when it is complete."""
        products = self._state.products
        product = next((p for p in products if request and p.name == request.product), None)
        if request is None or product is None:
            return {}, None
        info = catalogue.dataset(request.dataset)
        variable = info.variable(request.variable)
        try:
            limits = self._source.limits(request)
        except DataLayerError as error:
            log.warning("no limits for %s: %s", request, error)
            return describe(info, request, Limits(0.0, 1.0, 0.0, 1.0), variable, product), None
        return describe(info, request, limits, variable, product), request

    def _follow(self, *events: param.parameterized.Event) -> None:
        changes: dict[str, Any] = {}
        for event in events:
            if event.name == "place":
                changes["place"] = (event.new[1], event.new[0]) if event.new else None
            else:
                changes[event.name] = event.new
        self._state.param.update(**changes)

    async def _renew(self) -> None:
        try:
            self._state.renew(await asyncio.to_thread(self._source.catalogue))
        except DataLayerError as error:
            log.warning("catalogue not renewed: %s", error)

    def _supply(self, path: str) -> bytes:
        """What a server would answer at ``path``."""
        kind, _, rest = path.partition("/")
        if kind == "frames":
            return self._source.frame(request_of(rest))
        return asset(rest)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.map


def _quantity(info: DatasetInfo, variable: str, product: str) -> str:
    """What a colour scale belongs to: maps of the same quantity can share one."""
    return f"{info.system or info.id}/{variable}/{product}"


def describe(
    info: DatasetInfo,
    request: ProductRequest,
    limits: Limits,
    variable: VariableInfo,
    product: ProductInfo,
) -> dict[str, Any]:
    """All that the browser needs to know to show any lead and member of a selection."""
    display = display_of(variable, product.name)
    style = style_of(variable, product.name)
    low, high = (v * display.scale + display.offset for v in (limits.low, limits.high))
    init = parse_init(request.init or info.inits[-1])
    valid = [describe_valid(init, lead, info.lead_unit) for lead in info.leads]
    begins = [valid_period(init, lead, info.lead_unit)[0] for lead in info.leads]
    quantity = _quantity(info, variable.name, product.range_of or product.name)
    half = (info.grid.lon[1] - info.grid.lon[0]) / max(info.grid.nx - 1, 1) / 2
    return {
        "path": f"{info.id}/{info.version}/{variable.name}/{product.name}/{request.init}"
        "/{lead}/{member}",
        "leads": list(info.leads),
        "leadNames": [describe_lead(lead, info.lead_unit) for lead in info.leads],
        "valid": valid,
        "times": [b.replace(tzinfo=UTC).timestamp() * 1000 for b in begins],
        "ticks": _ticks(valid),
        "members": [str(m) for m in info.members] if product.per_member else [],
        "title": f"{variable.title} · {product.title.lower()}",
        "issued": f"started {_issued(info, request.init or info.inits[-1])}",
        "method": "" if product.per_member else product.method,
        "ensemble": ensemble(info),
        "system": info.system or info.institution or info.id,
        "units": display.units,
        "synthetic": info.synthetic,
        "display": {"units": display.units, "scale": display.scale, "offset": display.offset},
        "low": low,
        "high": high,
        "floor": style.floor,
        "palette": style.palette,
        "quantity": quantity,
        "extent": [
            info.grid.lon[0] - half,
            info.grid.lon[1] + half,
            info.grid.lat[0],
            info.grid.lat[1],
        ],
        "wraps": info.grid.wraps,
    }


def _issued(info: DatasetInfo, init: str) -> str:
    text = describe_day(parse_init(init))
    return f"{text} (lagged, nominal)" if info.member_inits or info.pooled > 1 else text


def _ticks(labels: list[str]) -> list[str]:
    """A label per lead, blank where there are more than fit."""
    every = -(-len(labels) // 12)
    return [text if i % every == 0 else "" for i, text in enumerate(labels)]


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


def request_of(key: str) -> ProductRequest:
    """The request behind a frame's address ``dataset/version/variable/product/init/lead/member``.

    Raises
    ------
    BadRequest: when the address is malformed.
    """
    try:
        dataset, version, variable, product, init, lead, member = key.split("/")
        return ProductRequest(
            dataset=dataset,
            version=version,
            variable=variable,
            product=product,
            init=init,
            lead=int(lead),
            member=None if member == "all" else int(member),
        )
    except ValueError as error:
        raise BadRequest(f"{key!r} is not the address of a frame.", asked=key) from error
