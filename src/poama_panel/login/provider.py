"""Signing in and out, and finding out who is signed in."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from bokeh.server.auth_provider import AuthProvider
from sqlalchemy.exc import SQLAlchemyError
from tornado.web import HTTPError, RequestHandler

from poama_panel.login.accounts import LONGEST_NAME, normal_name
from poama_panel.login.headers import LOGIN_POLICY, SecureHeaders
from poama_panel.login.next_url import safe_next
from poama_panel.login.passwords import LONGEST
from poama_panel.login.realm import realm_of
from poama_panel.login.sessions import Principal, key_of

log = logging.getLogger("poama_panel.login")

LONGEST_FORM = 4096

WRONG = "That user name and password do not belong together. Check both and try again."
INCOMPLETE = "Enter a user name and a password."
WAIT = "Too many tries. Wait {seconds} seconds, then try again."
AWAY = "Signing in is not possible at the moment. Try again in a minute."


async def identify(handler: RequestHandler) -> Principal | None:
    """Who sent the request, looked up by the login cookie; also left on the request itself.

    Raises
    ------
    HTTPError: 503 when the user database does not answer; never a guess.
    """
    realm = realm_of(handler)
    cookie = handler.get_signed_cookie(realm.cookie, max_age_days=1)
    principal = None
    if cookie:
        try:
            principal = await realm.look_up(realm.sessions.find, cookie.decode())
        except SQLAlchemyError as error:
            log.exception("could not look up a session")
            raise HTTPError(503) from error
    # Bokeh hands the request on to the app's session, and nothing of this to the browser.
    handler.request.principal = principal  # type: ignore[attr-defined]
    handler.request.tokens = realm.tokens  # type: ignore[attr-defined]
    return principal


class SessionAuthProvider(AuthProvider):  # type: ignore[misc]
    """Tells Bokeh who is there.

    Not made from Panel's own provider, which counts users by a cookie that we
    never set and keeps that count for the whole process.
    """

    @property
    def get_user_async(self) -> Callable[[RequestHandler], Awaitable[str | None]]:
        """The account's id, or None."""

        async def get_user(handler: RequestHandler) -> str | None:
            principal = await identify(handler)
            return principal.sub if principal else None

        return get_user

    @property
    def login_url(self) -> str:
        """Below the prefix."""
        return "/login"

    @property
    def login_handler(self) -> type[RequestHandler]:
        """The login page."""
        return LoginHandler

    @property
    def logout_url(self) -> str:
        """Below the prefix."""
        return "/logout"

    @property
    def logout_handler(self) -> type[RequestHandler]:
        """Where the sign-out form is sent."""
        return LogoutHandler


class LoginHandler(SecureHeaders):
    """``GET /login`` shows the form, ``POST /login`` signs in."""

    def set_default_headers(self) -> None:
        """A page without scripts can have a stricter policy than the app."""
        super().set_default_headers()
        self.set_header("Content-Security-Policy", LOGIN_POLICY)

    def get_template_path(self) -> str:
        """Beside this file."""
        return str(Path(__file__).parent / "templates")

    async def get(self) -> None:
        """Show the form, or go on if there is no need of it."""
        if await identify(self) is not None:
            self._go_on()
        else:
            self._show()

    async def post(self) -> None:
        """Sign in."""
        if len(self.request.body) > LONGEST_FORM:
            raise HTTPError(413)
        username, password = self._field("username", LONGEST_NAME), self._field("password", LONGEST)
        if not username or not password:
            self._show(400, INCOMPLETE)
            return
        name = normal_name(username)
        realm, address = realm_of(self), self.request.remote_ip or ""
        if seconds := realm.throttle.attempt(name, address):
            log.warning("sign-in throttled, from %s", address)
            self.set_header("Retry-After", str(seconds))
            self._show(429, WAIT.format(seconds=seconds), username)
            return
        try:
            account = await realm.check_password(realm.accounts.verify, name, password)
            if account is None:
                # The name is not logged: people type their password into the wrong field.
                log.warning("sign-in failed, from %s", address)
                self._show(401, WRONG, username)
                return
            realm.throttle.succeeded(name, address)
            if old := self.get_signed_cookie(realm.cookie, max_age_days=1):
                await realm.end_session(key_of(old.decode()))
            session_id = await realm.look_up(realm.sessions.open, account)
        except SQLAlchemyError:
            log.exception("user database")
            self._show(503, AWAY, username)
            return
        log.info("account %s signed in, from %s", account.id, address)
        self.set_signed_cookie(
            realm.cookie,
            session_id,
            expires_days=None,
            path="/",
            httponly=True,
            secure=realm.secure,
            samesite="Lax",
        )
        self.clear_cookie(realm.xsrf_cookie, secure=realm.secure)
        self._go_on()

    def _field(self, name: str, longest: int) -> str:
        """One field of the form as it was sent; empty if it is not what a form of ours sends."""
        values = self.request.body_arguments.get(name, [])
        try:
            text = values[0].decode() if len(values) == 1 else ""
        except UnicodeDecodeError:
            return ""
        return text if len(text) <= longest and text.isprintable() else ""

    def _next(self) -> str:
        return safe_next(self.get_argument("next", ""), realm_of(self).prefix)

    def _go_on(self) -> None:
        self.redirect(self._next(), status=303)

    def _show(self, status: int = 200, error: str = "", username: str = "") -> None:
        self.set_status(status)
        self.render("login.html", error=error, username=username, next_url=self._next())


class LogoutHandler(SecureHeaders):
    """``POST /logout`` ends the session and closes its websockets. There is no GET."""

    async def post(self) -> None:
        """Sign out."""
        realm = realm_of(self)
        if cookie := self.get_signed_cookie(realm.cookie, max_age_days=1):
            key = key_of(cookie.decode())
            try:
                await realm.end_session(key)
            except SQLAlchemyError as error:
                log.exception("could not end a session")
                raise HTTPError(503) from error
            log.info("session %s signed out", key[:8])
        self.clear_cookie(realm.cookie, path="/", secure=realm.secure)
        self.clear_cookie(realm.xsrf_cookie, path="/", secure=realm.secure)
        self.redirect("login", status=303)
