"""The view's own routes, beside those of the app and of signing in."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from tornado.web import StaticFileHandler

from poama_panel.kept import KeptFrames
from poama_panel.login.guard import Protected, ReadOnly
from poama_panel.login.next_url import APP
from poama_panel.login.realm import realm_of
from poama_panel.relay import ROUTE, FrameRelay
from poama_panel.upstream import Upstream, UpstreamError

log = logging.getLogger(__name__)

ASSETS = Path(__file__).parent / "assets"
READY_SECONDS = 2.0

Route = tuple[str, type] | tuple[str, type, dict[str, object]]


def view_routes(engine: Engine, upstream: Upstream) -> list[Route]:
    """Patterns below the prefix, with their handlers."""
    return [
        (r"/?", Root),
        (r"/healthz", Healthz),
        (r"/readyz", Readyz, {"engine": engine, "upstream": upstream}),
        (ROUTE, FrameRelay, {"upstream": upstream, "kept": KeptFrames()}),
        (r"/assets/(.*)", Assets, {"path": str(ASSETS)}),
    ]


class Root(Protected):
    """Leads to the app."""

    async def get(self) -> None:
        """Redirect."""
        self.redirect(realm_of(self).prefix + APP)


class Healthz(ReadOnly):
    """The process answers; nothing else is asked."""

    def get(self) -> None:
        """Say so."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("ok")


class Readyz(ReadOnly):
    """Whether a visitor would be served: the user database and the data layer answer."""

    def initialize(self, engine: Engine, upstream: Upstream) -> None:
        """Called by Tornado with what the route table says."""
        self._engine = engine
        self._upstream = upstream

    async def get(self) -> None:
        """200 or 503, with the parts by name."""
        database, data_layer = await asyncio.gather(self._database(), self._data_layer())
        self.set_status(200 if database and data_layer else 503)
        self.finish({"database": database, "data_layer": data_layer})

    async def _database(self) -> bool:
        try:
            asking = realm_of(self).look_up(_select_one, self._engine)
            await asyncio.wait_for(asking, READY_SECONDS)
        except (SQLAlchemyError, TimeoutError):
            log.exception("user database")
            return False
        return True

    async def _data_layer(self) -> bool:
        try:
            status = await asyncio.wait_for(self._upstream.status("/readyz"), READY_SECONDS)
        except (UpstreamError, TimeoutError):
            return False
        return status == 200


class Assets(Protected, StaticFileHandler):
    """The package's files for the browser."""

    def set_extra_headers(self, path: str) -> None:
        """Kept by the browser, checked with it each time."""
        self.set_header("Cache-Control", "private, no-cache")


def _select_one(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("select 1"))
