"""All there is to say about one place: its members, its chances, its past forecasts."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import escape

import holoviews as hv
import panel as pn
import xarray as xr

from data_layer.api import Catalogue, DatasetInfo, ForecastSource, Point, ProductRequest
from data_layer.errors import DataLayerError
from data_layer.offers import ProductInfo, write
from data_layer.timing import describe_season, describe_window, parse_init
from poama_panel import diagrams
from poama_panel.state import ForecastState, can_give
from poama_panel.style import display_of, tercile_colours
from poama_panel.views.latest import Latest
from poama_panel.views.numbers import csv_of
from poama_panel.views.plume import Plume
from poama_panel.views.titles import mark_of, thinned

log = logging.getLogger(__name__)

# What each tab shows: product → what is chosen of it beside window and years.
CHANCES: dict[str, dict[str, str]] = {"distribution": {}, "tercile_bars": {}}
PAST: dict[str, dict[str, str]] = {
    "past_forecasts": {},
    "reliability": {"category": "above"},
}
# What is told of past forecasts in numbers: score → words.
SCORES = {"acc": "correlation", "rpss": "RPSS", "hits": "hit rate of the likeliest tercile"}
_OF_A_LEAD = ("distribution", "past_forecasts", "reliability")
_AT_ONCE = 3
_LABELS = 14
_NARROWEST = 330

Found = Mapping[str, "xr.DataArray | DataLayerError"]


class Dossier(pn.viewable.Viewer):
    """Tabs below the map; what a tab shows is asked for when it is looked at.

    Of a dataset without a hindcast there is the plume alone.
    """

    def __init__(self, state: ForecastState, source: ForecastSource) -> None:
        super().__init__()
        self._state, self._source = state, source
        self._latest = Latest[tuple[str, ProductRequest, int | None]]()
        self.plume = Plume(state, source)
        self._bodies = {name: _Body() for name in ("Chances", "Past forecasts")}
        self._tabs = pn.Tabs(
            ("Members", self.plume),
            *((name, body.view) for name, body in self._bodies.items()),
            sizing_mode="stretch_width",
            margin=0,
        )
        self._view = pn.Column(self._tabs, sizing_mode="stretch_width", margin=0)
        chosen = ["place", "dataset", "variable", "init", "options", "catalogue", "lead"]
        # watch: what a tab shows is read for each choice, once, and takes its time.
        state.param.watch(self._draw, chosen)
        self._tabs.param.watch(self._draw, "active")

    async def _draw(self, *_: object) -> None:
        name = self._name()
        body = self._bodies.get(name)
        if body is None:
            return
        request = self._request()
        if request is None:
            self._latest.begin(None)
            body.say("Click the map: the chances and past forecasts at that place")
            return
        lead = self._lead()
        choice = (name, request, lead)
        turn = self._latest.begin(choice)
        if turn is None:
            return
        body.busy()
        catalogue = self._state.catalogue
        work = self._chances if name == "Chances" else self._past
        drawn, numbers = await asyncio.to_thread(work, request, lead, catalogue)
        if self._latest.finish(turn, choice):
            body.show(drawn, numbers, f"{request.dataset}_{name.lower().replace(' ', '_')}")

    def _name(self) -> str:
        names = ["Members", *self._bodies]
        active: int = self._tabs.active
        return names[active]

    def _request(self) -> ProductRequest | None:
        state = self._state
        if state.info is None or state.variable is None or not state.info.inits:
            return None
        if state.mapped and not state.place:
            return None
        return ProductRequest(
            dataset=state.info.id,
            variable=state.variable,
            init=state.init,
            point=Point(*state.place) if state.mapped else None,
            version=state.info.version,
        )

    def _lead(self) -> int | None:
        leads, at = self._state.leads, self._state.lead
        return leads[at] if at < len(leads) else None

    def _texts(self, wanted: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """The product's texts, with the window and the years of the map."""
        asked, info = self._state.asked, self._state.info
        shared = {n: t for n, t in (asked.chosen if asked else ()) if n in ("window", "years")}
        known = {p.name: p for p in self._state.products}
        return {
            name: write(known[name], {**shared, **more})
            for name, more in wanted.items()
            if name in known and info is not None and _gives(info, known[name])
        }

    def _fetched(
        self, request: ProductRequest, lead: int | None, texts: Mapping[str, str]
    ) -> dict[str, xr.DataArray | DataLayerError]:
        def one(name: str) -> xr.DataArray | DataLayerError:
            of_lead = name.split(" ")[0] in (*_OF_A_LEAD, "skill")
            try:
                return self._source.fetch(
                    replace(request, product=texts[name], lead=lead if of_lead else None)
                )
            except DataLayerError as error:
                log.info("no %s in the dossier: %s", name, error)
                return error

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(texts, pool.map(one, texts), strict=True))

    def _chances(
        self, request: ProductRequest, lead: int | None, catalogue: Catalogue
    ) -> tuple[list[pn.viewable.Viewable], str]:
        info = catalogue.dataset(request.dataset)
        found = self._fetched(request, lead, self._texts(CHANCES))
        display = display_of(info.variable(request.variable))
        figures: list[hv.Overlay] = []
        curves, bars = found.get("distribution"), found.get("tercile_bars")
        if isinstance(bars, xr.DataArray):
            colours = tercile_colours(info.variable(request.variable))
            title = f"{mark_of(info)}Chances of the terciles"
            figures.append(
                diagrams.tercile_bars(bars, self._labels(info, bars), colours, title=title)
            )
        if isinstance(curves, xr.DataArray):
            when = self._valid(info, lead)
            title = f"{mark_of(info)}{when}: forecast before the hindcast (grey)"
            figures.append(diagrams.exceedance(curves, display, title=title))
        return _side_by_side(figures, found), self._csv(info, request, found)

    def _past(
        self, request: ProductRequest, lead: int | None, catalogue: Catalogue
    ) -> tuple[list[pn.viewable.Viewable], str]:
        info = catalogue.dataset(request.dataset)
        texts = self._texts(PAST)
        texts |= {
            f"skill {score}": text
            for score in SCORES
            for text in self._texts({"skill": {"score": score}}).values()
        }
        found = self._fetched(request, lead, texts)
        display = display_of(info.variable(request.variable))
        figures: list[hv.Overlay] = []
        past, curve = found.get("past_forecasts"), found.get("reliability")
        if isinstance(past, xr.DataArray):
            title = f"{mark_of(info)}Past forecasts (bars) and what happened (red)"
            figures.append(diagrams.past_forecasts(past, display, title=title))
        if isinstance(curve, xr.DataArray):
            title = "Reliability of the chance above normal"
            figures.append(diagrams.reliability(curve, title=title))
        drawn = _side_by_side(figures, found)
        told = _told(found)
        if told:
            drawn.append(pn.pane.HTML(f"<p>{escape(told)}</p>", margin=(0, 0, 0, 6)))
        return drawn, self._csv(info, request, found)

    def _csv(self, info: DatasetInfo, request: ProductRequest, found: Found) -> str:
        arrays = [da for da in found.values() if isinstance(da, xr.DataArray)]
        return csv_of(info, request, arrays) if arrays else ""

    def _labels(self, info: DatasetInfo, bars: xr.DataArray) -> list[str]:
        init = parse_init(self._state.init)
        window = self._window() * info.width
        leads = [int(x) for x in bars["lead"].values]
        return thinned(
            [describe_season(init, lead, window, info.lead_unit) for lead in leads], _LABELS
        )

    def _window(self) -> int:
        return self._state.asked.window if self._state.asked else 1

    def _valid(self, info: DatasetInfo, lead: int | None) -> str:
        if lead is None:
            return ""
        window = self._window() * info.width
        return describe_window(parse_init(self._state.init), lead, window, info.lead_unit)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._view


class _Body:
    """What one tab shows."""

    def __init__(self) -> None:
        self.view = pn.Column(sizing_mode="stretch_width", margin=0)
        self._csv = ""

    def say(self, text: str) -> None:
        """Words, and no diagrams."""
        self.view[:] = [_words(text)]

    def busy(self) -> None:
        """What is shown stays, and fades, until the new is there."""
        if len(self.view):
            self.view.styles = {"opacity": "0.45"}
        else:
            self.say("Looking at the past forecasts…")

    def show(self, drawn: list[pn.viewable.Viewable], csv: str, name: str) -> None:
        """Diagrams, and their numbers to take along."""
        self._csv = csv
        self.view.styles = {}
        save = pn.widgets.FileDownload(
            callback=lambda: io.StringIO(csv),
            filename=f"{name}.csv",
            label="Numbers (CSV)",
            margin=(0, 0, 8, 6),
            width=160,
        )
        self.view[:] = [*drawn, save] if csv else drawn


def _gives(info: DatasetInfo, product: ProductInfo) -> bool:
    # It is asked about maps, which a diagram is none of.
    return can_give(info, replace(product, kind="value"))


def _side_by_side(figures: list[hv.Overlay], found: Found) -> list[pn.viewable.Viewable]:
    if not figures:
        reasons = [str(e) for e in found.values() if isinstance(e, DataLayerError)]
        reason = reasons[0] if reasons else "There is no hindcast to compare this forecast with."
        return [_words(reason)]
    panes = [
        pn.pane.HoloViews(
            f, sizing_mode="stretch_width", min_width=_NARROWEST, margin=0, linked_axes=False
        )
        for f in figures
    ]
    # One below the other where there is no room for two.
    wrap = {"flex-wrap": "wrap"}
    return [pn.Row(*panes, sizing_mode="stretch_width", margin=0, styles=wrap)]


def _told(found: Found) -> str:
    """The scores at the place, in words."""
    told = []
    for score, words in SCORES.items():
        value = found.get(f"skill {score}")
        if isinstance(value, xr.DataArray) and value.notnull().all():
            number = float(value.squeeze())
            percent = value.attrs.get("units") == "%"
            told.append(f"{words} {number:.0f} %" if percent else f"{words} {number:.2f}")
    past = found.get("past_forecasts")
    of = f" ({past.attrs['climatology']})" if isinstance(past, xr.DataArray) else ""
    return f"Here, cross-validated: {', '.join(told)}{of}." if told else ""


def _words(text: str) -> pn.pane.HTML:
    style = {
        "color": "#5a6b7b",
        "font-size": "15px",
        "padding": "48px 24px",
        "text-align": "center",
    }
    return pn.pane.HTML(escape(text), sizing_mode="stretch_width", styles=style)
