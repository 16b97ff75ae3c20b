"""What stands before every route: stricter kin of Panel's own handlers.

Panel asks for a login on the page alone in some respects, lets the visitor
choose the session, and does not tie a page's token to who loaded the page. Here
a page's token works only together with the login it was made under.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from bokeh.application.handlers.handler import Handler
from bokeh.server.urls import per_app_patterns
from bokeh.util.token import check_token_signature, get_token_payload
from panel.io.server import DocHandler, WSHandler
from sqlalchemy.exc import SQLAlchemyError
from tornado.httputil import HTTPServerRequest, url_concat
from tornado.web import HTTPError, RequestHandler

from poama_panel.login.headers import SecureHeaders
from poama_panel.login.realm import realm_of
from poama_panel.login.sessions import Principal
from poama_panel.login.sockets import SESSION_ENDED

log = logging.getLogger(__name__)

LONGEST_TOKEN = 8192
BOUND_TO = "login_session"


def principal_of(request: HTTPServerRequest) -> Principal | None:
    """Who a request comes from, after the provider looked."""
    return getattr(request, "principal", None)


def _key(handler: RequestHandler) -> str:
    principal = principal_of(handler.request)
    return principal.session_key if principal else ""


def relative_login(handler: RequestHandler) -> str:
    """The login page as seen from the request's path, whatever a proxy put before it."""
    below = handler.request.path.removeprefix(realm_of(handler).prefix).count("/") - 1
    return "../" * below + "login" if below > 0 else "./login"


class ReadOnly(SecureHeaders):
    """Mixin: nothing but GET and HEAD."""

    def check_xsrf_cookie(self) -> NoReturn:
        """Called by Tornado for every other method, before it knows whether we have it."""
        raise HTTPError(405)


class Gone(ReadOnly):
    """There is nothing here."""

    def initialize(self, **_unused: object) -> None:
        """Take whatever the route table has to say."""

    def prepare(self) -> NoReturn:
        """Refuse before anything else happens."""
        raise HTTPError(404)

    def check_xsrf_cookie(self) -> NoReturn:
        """The same for every method."""
        raise HTTPError(404)


class Protected(ReadOnly):
    """Base of our own routes: known visitors only; others are sent to the login page."""

    principal: Principal

    async def prepare(self) -> None:
        """Look who is there."""
        await self.application.auth_provider.get_user_async(self)  # type: ignore[attr-defined]
        principal = principal_of(self.request)
        if principal is None:
            self.refuse()
        else:
            self.principal = principal

    def refuse(self) -> None:
        """Answer a stranger."""
        self.redirect(url_concat(relative_login(self), {"next": self.request.uri or ""}))


def _refuse_chosen_session(request: HTTPServerRequest) -> None:
    """Bokeh would open the session, or load scripts from the place, that an address names."""
    chosen = any(name.lower().startswith("bokeh-") for name in request.query_arguments)
    if chosen or "Bokeh-Session-Id" in request.headers:
        raise HTTPError(400, reason="Sessions cannot be chosen")


class StrictDoc(ReadOnly, DocHandler):  # type: ignore[misc]
    """The page."""

    async def prepare(self) -> None:
        """Refuse chosen sessions; leave the form token where the page's template finds it."""
        _refuse_chosen_session(self.request)
        await DocHandler.prepare(self)
        if self.current_user:
            self.request.xsrf_token = self.xsrf_token.decode()  # type: ignore[attr-defined]

    def get_login_url(self) -> str:
        """Right also for ``/app/`` and behind a prefix."""
        return relative_login(self)


class StrictWS(SecureHeaders, WSHandler):  # type: ignore[misc]
    """The page's websocket: only with the page's token, from our page, under the same login."""

    async def prepare(self) -> None:
        """Refuse with 403 before the handshake."""
        _refuse_chosen_session(self.request)
        await WSHandler.prepare(self)
        # Tornado calls check_origin only if Host and Sec-Fetch-Site do not satisfy it already.
        origin = self.request.headers.get("Origin", "")
        if not self._finished and not (self.check_origin(origin) and self._token_fits()):
            self.set_status(403)
            self.finish()

    def check_origin(self, origin: str) -> bool:
        """Exactly our origins, scheme included; Bokeh's own list can be changed from outside."""
        return origin.lower() in realm_of(self).origins

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Remember the socket, to close it with its session."""
        realm_of(self).sockets.add(_key(self), self)
        super().open(*args, **kwargs)

    def on_close(self) -> None:
        """Forget the socket."""
        realm_of(self).sockets.discard(_key(self), self)
        super().on_close()

    async def on_message(self, fragment: str | bytes) -> None:
        """Listen only as long as the session lives."""
        realm = realm_of(self)
        try:
            live = await realm.look_up(realm.sessions.use, _key(self))
        except SQLAlchemyError:
            # As in Sockets.sweep: without the database there is no data, but no eviction either.
            log.exception("could not look up a session")
            live = True
        if live:
            await super().on_message(fragment)
        else:
            self.close(SESSION_ENDED, "session ended")

    def _token_fits(self) -> bool:
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "")
        protocols = [protocol.strip() for protocol in offered.split(",")]
        if len(protocols) != 2 or protocols[0] != "bokeh":
            return False
        token = protocols[1]
        if len(token) > LONGEST_TOKEN:
            return False
        try:
            # The payload is compressed: unpack nothing that we did not sign.
            secret_key = self.application.secret_key  # type: ignore[attr-defined]
            if not check_token_signature(token, secret_key, signed=True):
                return False
            payload: dict[str, Any] = get_token_payload(token)
        except Exception:
            return False
        bound = hmac.compare_digest(str(payload.get(BOUND_TO)).encode(), _key(self).encode())
        return bound and time.time() < int(payload.get("session_expiry", 0))


class BindToSession(Handler):  # type: ignore[misc]
    """Writes the login session into the signed token of each page."""

    def process_request(self, request: HTTPServerRequest) -> dict[str, str]:
        """What Bokeh adds to the token. The key is a hash, so the page may show it."""
        principal = principal_of(request)
        return {BOUND_TO: principal.session_key} if principal else {}

    def modify_document(self, doc: object) -> None:
        """Nothing to draw."""


@contextmanager
def strict_routes() -> Iterator[None]:
    """While a server is built in here, its app gets our handlers.

    Bokeh reads them from a list of the module, which is put back afterwards.
    """
    before = per_app_patterns[:]
    per_app_patterns[:] = [
        (r"/ws", StrictWS),
        (r"/metadata", Gone),
        (r"/autoload.js", Gone),
        (r"/?", StrictDoc),
    ]
    try:
        yield
    finally:
        per_app_patterns[:] = before
