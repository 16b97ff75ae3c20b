"""Puts the app behind the login on one hardened Bokeh server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from bokeh.application.handlers.handler import Handler
from panel.io.application import build_applications
from panel.io.resources import DIST_DIR
from panel.io.server import Server
from sqlalchemy import Engine
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.web import RequestHandler

from data_layer.auth.tokens import Signer
from poama_panel.login.accounts import Accounts
from poama_panel.login.database import open_database
from poama_panel.login.guard import BindToSession, Gone, strict_routes
from poama_panel.login.next_url import APP
from poama_panel.login.provider import SessionAuthProvider
from poama_panel.login.realm import SETTING, Realm
from poama_panel.login.sessions import ABSOLUTE_SECONDS, Sessions
from poama_panel.login.tokens import TokenDesk
from poama_panel.routes import view_routes
from poama_panel.settings import ViewSettings
from poama_panel.upstream import Upstream

access_log = logging.getLogger("poama_panel.access")

SWEEP_MS = 15_000
PURGE_MS = 600_000

_LIMITS = {
    "max_body_size": 65_536,
    "max_header_size": 16_384,
    "idle_connection_timeout": 75,
    "body_timeout": 10,
}


def build_server(
    app: Callable[[], Any], settings: ViewSettings, *, title: str = "POAMA Panel"
) -> Server:
    """A server for ``app``, bound to its port and not yet started.

    Parameters
    ----------
    app: makes the page, once for each visit.
    settings: where to listen, what to believe.
    title: shown in the browser's tab.

    Returns
    -------
    A Bokeh server on the current event loop; call ``start()`` and run the loop.

    Raises
    ------
    OSError: the port is taken.
    ValueError: the signing key is not usable.
    sqlalchemy.exc.SQLAlchemyError: the user database cannot be opened.
    """
    signer = Signer(settings.signing_key_pem(), settings.signing_kid)
    engine = open_database(settings.database)
    upstream = Upstream(settings.data_url)
    # Panel treats plain functions alone as something to call for each visit.
    applications = build_applications({APP: lambda: app()}, title=title, location=False)
    with strict_routes():
        # Not Panel's get_server, which opens routes of its own (any module's files, session
        # lists) and writes our secrets into the configuration of the whole process.
        server = Server(
            applications,
            port=settings.port,
            address=settings.host,
            io_loop=IOLoop.current(),
            prefix=settings.prefix,
            auth_provider=SessionAuthProvider(),
            extra_patterns=view_routes(engine, upstream),
            default_handler_class=Gone,
            use_index=False,
            ico_path=str(DIST_DIR / "images" / "favicon.ico"),
            cookie_secret=settings.cookie_secret.get_secret_value(),
            secret_key=settings.session_secret.get_secret_value().encode(),
            sign_sessions=True,
            # As long as a login can last: a token is good under its own login only.
            session_token_expiration=ABSOLUTE_SECONDS,
            unused_session_lifetime_milliseconds=60_000,
            include_cookies=[],
            include_headers=["User-Agent"],
            websocket_max_message_size=2 << 20,
            xsrf_cookies=True,
            use_xheaders=settings.behind_proxy,
            http_server_kwargs=dict(_LIMITS),
            log_function=_log_access,
        )
    sessions = Sessions(engine)
    realm = Realm(
        accounts=Accounts(engine),
        sessions=sessions,
        tokens=TokenDesk(signer, sessions, settings.data_scope),
        origins=settings.origins(server.port),
        secure=settings.secure,
        prefix=settings.prefix,
    )
    for application in applications.values():
        application.add(BindToSession())
        application.add(_Upkeep(realm, engine, upstream))
    server._tornado.settings.update(_tornado_settings(realm))
    return server


def _tornado_settings(realm: Realm) -> dict[str, Any]:
    return {
        SETTING: realm,
        "xsrf_cookie_name": realm.xsrf_cookie,
        "xsrf_cookie_kwargs": {
            "httponly": True,
            "samesite": "Lax",
            "secure": realm.secure,
            "expires_days": None,
        },
    }


def _log_access(handler: RequestHandler) -> None:
    """One line a request; never the query, which may hold what somebody should not have sent."""
    request = handler.request
    level = logging.INFO if handler.get_status() < 500 else logging.ERROR
    access_log.log(
        level,
        "%d %s %s (%s) %.1f ms",
        handler.get_status(),
        request.method,
        request.path,
        request.remote_ip,
        1000 * request.request_time(),
    )


class _Upkeep(Handler):  # type: ignore[misc]
    """What goes on beside the requests, from the server's start to its stop."""

    def __init__(self, realm: Realm, engine: Engine, upstream: Upstream) -> None:
        super().__init__()
        self._realm = realm
        self._engine = engine
        self._upstream = upstream
        self._jobs = [
            PeriodicCallback(self._sweep, SWEEP_MS),
            PeriodicCallback(self._purge, PURGE_MS),
        ]

    def modify_document(self, doc: object) -> None:
        """Nothing to draw."""

    def on_server_loaded(self, server_context: object) -> None:
        """Begin."""
        for job in self._jobs:
            job.start()

    def on_server_unloaded(self, server_context: object) -> None:
        """End, and let go of threads and connections."""
        for job in self._jobs:
            job.stop()
        self._upstream.close()
        self._realm.shut()
        self._engine.dispose()

    async def _sweep(self) -> None:
        sessions = self._realm.sessions
        await self._realm.sockets.sweep(lambda key: self._realm.look_up(sessions.is_live, key))

    async def _purge(self) -> None:
        await self._realm.look_up(self._realm.sessions.purge)
