"""What the view's handlers share: who may come in, and the rules of the house."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from tornado.web import RequestHandler

from poama_panel.login.accounts import Accounts
from poama_panel.login.sessions import Sessions
from poama_panel.login.sockets import Sockets
from poama_panel.login.throttle import Throttle
from poama_panel.login.tokens import TokenDesk

T = TypeVar("T")

SETTING = "poama_realm"


def _lookups() -> Executor:
    # Apart from the loop's own pool, which slow data requests may fill.
    return ThreadPoolExecutor(4, "lookup")


def _hashing() -> Executor:
    # A password costs 20 MB and a core for a moment: two at once, the others wait.
    return ThreadPoolExecutor(2, "password")


@dataclass(frozen=True)
class Realm:
    """Everything around signing in that belongs to one server.

    Attributes
    ----------
    origins: where our pages come from, as browsers write it.
    secure: whether cookies are for https only.
    prefix: path before all routes.
    """

    accounts: Accounts
    sessions: Sessions
    tokens: TokenDesk
    origins: tuple[str, ...]
    secure: bool
    prefix: str = ""
    throttle: Throttle = field(default_factory=Throttle)
    sockets: Sockets = field(default_factory=Sockets)
    lookups: Executor = field(default_factory=_lookups)
    hashing: Executor = field(default_factory=_hashing)

    @property
    def cookie(self) -> str:
        """Name of the login cookie; ``__Host-`` holds browsers to https and to this host."""
        return "__Host-poama-login" if self.secure else "poama-login"

    @property
    def xsrf_cookie(self) -> str:
        """Name of the cookie against forged forms."""
        return "__Host-poama-form" if self.secure else "poama-form"

    async def look_up(self, ask: Callable[..., T], *args: object) -> T:
        """Ask the user database without holding up the loop."""
        return await asyncio.get_running_loop().run_in_executor(self.lookups, ask, *args)

    async def check_password(self, ask: Callable[..., T], *args: object) -> T:
        """Run something that hashes a password."""
        return await asyncio.get_running_loop().run_in_executor(self.hashing, ask, *args)

    async def end_session(self, key: str) -> None:
        """End a session and close its websockets."""
        await self.look_up(self.sessions.close, key)
        self.sockets.close(key)

    def shut(self) -> None:
        """Let the threads go."""
        self.lookups.shutdown(wait=False, cancel_futures=True)
        self.hashing.shutdown(wait=False, cancel_futures=True)


def realm_of(handler: RequestHandler) -> Realm:
    """The realm of the server that ``handler`` belongs to."""
    realm: Realm = handler.settings[SETTING]
    return realm
