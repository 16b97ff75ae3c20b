"""The composition root of the served dashboard: a page a visit, on the data layer's service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path

import holoviews as hv
import panel as pn

from data_layer.client import HttpSource
from data_layer.errors import DataLayerError
from poama_panel import links, session
from poama_panel.settings import ViewSettings
from poama_panel.state import ForecastState
from poama_panel.views.explorer import Explorer

log = logging.getLogger(__name__)

_TEMPLATE = (Path(__file__).parent / "templates" / "page.html").read_text(encoding="utf-8")

# How often a page looks for new starts; almost always the answer is that there are none.
RENEW_SECONDS = 10.0

# Under the page's own address, whatever a proxy puts before it.
_BASE = "./"


def make_app(settings: ViewSettings) -> Callable[[], pn.Template]:
    """What makes the page, once for each visit.

    The page is sent at once; the data layer is asked from threads after that, so
    that one slow answer holds up nobody else. All else of a page happens on the
    event loop: param loses events that two threads bring at once.
    """
    hv.extension("bokeh")
    pn.extension()

    def page() -> pn.Template:
        source = HttpSource(settings.data_url, session.token_source())
        side = pn.Column(pn.Spacer(height=1), sizing_mode="stretch_width", margin=0)
        main = pn.Column(_message("Loading the forecast…"), sizing_mode="stretch_width", margin=0)
        query = session.address()

        async def load(*_: object) -> None:
            try:
                explorer = await asyncio.to_thread(Explorer, source, base=_BASE, query=query)
            except DataLayerError as error:
                log.warning("page without a forecast: %s", error)
                again = pn.widgets.Button(name="Try again", button_type="primary")
                again.on_click(load)
                main[:] = [_message(str(error)), again]
                return
            state = explorer.state
            side[:] = [explorer.side()]
            main[:] = [*_notice(explorer.problems), explorer.main()]

            def follow(*_: object) -> None:
                explorer.map.map.query = links.search_of(state)

            follow()
            # watch: the address is the browser's, and is told; nothing is drawn from it.
            state.param.watch(follow, ["options", *links.NAMES])
            session.every(RENEW_SECONDS, partial(_renew, state, source))

        session.when_ready(load)
        session.when_over(source.close)
        template = pn.Template(_TEMPLATE)
        template.add_panel("side", side)
        template.add_panel("main", main)
        template.add_variable("user", _user())
        template.add_variable("sign_out", session.sign_out_form())
        return template

    return page


async def _renew(state: ForecastState, source: HttpSource) -> None:
    """Offer what has arrived in the archive."""
    try:
        catalogue = await asyncio.to_thread(source.catalogue)
    except DataLayerError as error:
        # The page goes on with what it has; asking for a map will say what is wrong.
        log.debug("catalogue not renewed: %s", error)
        return
    if catalogue is not state.catalogue:
        state.renew(catalogue)


def _user() -> str:
    principal = session.current()
    return principal.username if principal else ""


def _notice(problems: list[str]) -> list[pn.pane.HTML]:
    """What the visitor should know before looking at the rest; every text may be a stranger's."""
    told = escape(" ".join(problems))
    style = {"border-left": "3px solid #d9a441", "padding": "2px 0 2px 9px"}
    return [pn.pane.HTML(f'<p class="pp-notice">{told}</p>', styles=style)] if told else []


def _message(text: str) -> pn.pane.Str:
    return pn.pane.Str(text, styles={"font-size": "16px", "padding": "24px"})
