"""The view's tokens for the data layer: one per session, never sent to the browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from cachetools import TTLCache
from sqlalchemy.exc import SQLAlchemyError

from data_layer.errors import NotAuthenticated, Unavailable
from poama_panel.login.sessions import Principal, Sessions

LIFETIME = 300
RENEW_BEFORE = 60
REMEMBER = 10_000


class Minter(Protocol):
    """Signs tokens; :class:`data_layer.auth.tokens.Signer` is one."""

    def mint(self, sub: str, *, scope: str, sid: str, lifetime: int) -> str:
        """A new token."""
        ...


class TokenDesk:
    """Gives out tokens, each for five minutes and again until a minute before its end. Thread-safe.

    Parameters
    ----------
    minter: signs the tokens.
    sessions: says whether a session lives.
    scope: what the tokens allow.
    clock: seconds that only grow.
    """

    def __init__(
        self,
        minter: Minter,
        sessions: Sessions,
        scope: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._minter = minter
        self._sessions = sessions
        self._scope = scope
        self._lock = threading.Lock()
        self._made: TTLCache[str, str] = TTLCache(REMEMBER, LIFETIME - RENEW_BEFORE, timer=clock)

    def for_known(self, principal: Principal) -> str:
        """A token for someone whose session was looked up for this very request."""
        with self._lock:
            token = self._made.get(principal.session_key)
            if token is None:
                token = self._minter.mint(
                    principal.sub,
                    scope=self.scope_of(principal),
                    sid=principal.session_key,
                    lifetime=LIFETIME,
                )
                self._made[principal.session_key] = token
            return token

    def scope_of(self, principal: Principal) -> str:
        """What the tokens of someone allow."""
        return self._scope

    def for_session(self, principal: Principal) -> str:
        """A token for someone whose session was looked up a while ago.

        Raises
        ------
        NotAuthenticated: the session has ended.
        Unavailable: the user database does not answer.
        """
        try:
            live = self._sessions.is_live(principal.session_key)
        except SQLAlchemyError as error:
            raise Unavailable(
                "The user database does not answer.", advice="Try again in a moment."
            ) from error
        if not live:
            raise NotAuthenticated("Your session has ended.", advice="Sign in again.")
        return self.for_known(principal)
