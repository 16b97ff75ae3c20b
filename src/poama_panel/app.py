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
from jinja2 import Template

from data_layer.api import Catalogue
from data_layer.client import HttpSource
from data_layer.errors import DataLayerError, NotAuthenticated
from poama_panel import links, session
from poama_panel.settings import ViewSettings
from poama_panel.state import ForecastState
from poama_panel.views.copying import base_figure
from poama_panel.views.explorer import Explorer

log = logging.getLogger(__name__)

# Parsed here: given as text, it would be parsed again for each visit.
_TEMPLATE = Template(
    (Path(__file__).parent / "templates" / "page.html").read_text(encoding="utf-8")
)

# How often new starts are looked for; almost always the answer is that there are none.
RENEW_SECONDS = 10.0
# Between pages that hear of one, which all ask then.
_APART_SECONDS = 0.02

# Under the page's own address, whatever a proxy puts before it.
_BASE = "./"


def make_app(settings: ViewSettings) -> Callable[[], None]:
    """What makes the page, once for each visit.

    The page is sent at once; the data layer is asked from threads after that, so
    that one slow answer holds up nobody else. All else of a page happens on the
    event loop: param loses events that two threads bring at once.
    """
    hv.extension("bokeh")
    pn.extension(browser_info=False)
    base_figure(wheel=True)  # now, and not while the first visitor waits
    lookout = Lookout()

    def page() -> None:
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

            def follow(*_: object) -> None:
                explorer.map.map.query = links.search_of(state)

            follow()
            side[:] = [explorer.side()]
            main[:] = [*_notice(explorer.problems), explorer.main()]
            # watch: the address is the browser's, and is told; nothing is drawn from it.
            state.param.watch(follow, ["options", *links.NAMES])
            lookout.add(source, state, session.on_this_page(partial(_renew, state, source)))

        session.when_ready(load)
        session.when_over(partial(lookout.remove, source))
        session.when_over(source.close)
        parts = {"side": side, "main": main}
        session.show(_TEMPLATE, parts, user=_user(), sign_out=session.sign_out_form())

    return page


class Lookout:
    """Looks for new starts on behalf of all open pages. Belongs to one event loop.

    One page's source is asked. When that has something new, every page that does not show it
    asks with its own: pages share that there is news, never an answer.
    """

    def __init__(self) -> None:
        self._pages: dict[HttpSource, tuple[ForecastState, Callable[[], None]]] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, source: HttpSource, state: ForecastState, renew: Callable[[], None]) -> None:
        """A page that is told by ``renew``."""
        self._pages[source] = (state, renew)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._look())

    def remove(self, source: HttpSource) -> None:
        """A page that is gone, or never came to be."""
        self._pages.pop(source, None)

    async def _look(self) -> None:
        while self._pages:
            await asyncio.sleep(RENEW_SECONDS)
            newest = await self._ask()
            for source, (state, renew) in tuple(self._pages.items()):
                behind = newest is not None and state.catalogue != newest
                if behind and source in self._pages:
                    renew()
                    await asyncio.sleep(_APART_SECONDS)

    async def _ask(self) -> Catalogue | None:
        for source in tuple(self._pages):
            try:
                return await asyncio.to_thread(source.catalogue)
            except NotAuthenticated:
                continue  # whoever that was has signed out; another page can ask
            except Exception as error:
                # Pages go on with what they have; asking for a map will say what is wrong.
                log.debug("catalogue not asked for: %s", error)
                return None
        return None


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
