"""A real view server in a thread of its own, and a browser's manners for talking to it."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import panel as pn
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from poama_panel import session
from poama_panel.login.accounts import Accounts
from poama_panel.login.database import open_database
from poama_panel.login.realm import SETTING, Realm
from poama_panel.serving import build_server
from poama_panel.settings import ViewSettings

T = TypeVar("T")

PASSWORDS = {"alice": "correct horse", "bob": "battery staple"}


@contextmanager
def loop_in_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in another thread."""
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def run_in(loop: asyncio.AbstractEventLoop, make: Callable[[], Awaitable[T]]) -> T:
    """The result of ``await make()`` on that loop."""

    async def wait() -> T:
        return await make()

    return asyncio.run_coroutine_threadsafe(wait(), loop).result(30)


@dataclass
class Visit:
    """What the app saw when it made a page."""

    who: session.Principal | None
    token: Callable[[], str]
    form: session.SignOutForm | None
    headers: dict[str, str]
    cookies: dict[str, str]


@dataclass
class View:
    """A running view."""

    settings: ViewSettings
    server: Any
    loop: asyncio.AbstractEventLoop
    visits: list[Visit] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def realm(self) -> Realm:
        return self.server._tornado.settings[SETTING]

    def run(self, make: Callable[[], Awaitable[T]]) -> T:
        return run_in(self.loop, make)

    def browser(self) -> Browser:
        return Browser(self)


class Browser:
    """Keeps cookies, follows nothing by itself."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.http = httpx.Client(
            base_url=view.url,
            timeout=20,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        )

    @property
    def prefix(self) -> str:
        return self.view.settings.prefix

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.http.get(path, **kwargs)

    def form_token(self) -> str:
        page = self.get(f"{self.prefix}/login").text
        found = re.search(r'name="_xsrf" value="([^"]+)"', page)
        assert found, page
        return found[1]

    def form_token_of_the_app(self) -> str:
        """The token a page of the app would put into its forms, now that we are signed in."""
        assert self.get(f"{self.prefix}/app").status_code == 200
        form = self.view.visits[-1].form
        assert form is not None
        return form.value

    def post(self, path: str, **fields: str) -> httpx.Response:
        return self.http.post(self.prefix + path, data=fields)

    def try_sign_in(self, username: str, password: str, **fields: str) -> httpx.Response:
        token = self.form_token()
        return self.post("/login", _xsrf=token, username=username, password=password, **fields)

    def sign_in(self, username: str = "alice") -> Browser:
        answer = self.try_sign_in(username, PASSWORDS[username])
        assert answer.status_code == 303, answer.text
        return self

    def cookie_header(self) -> str:
        return "; ".join(f"{c.name}={c.value}" for c in self.http.cookies.jar)

    def page_token(self) -> str:
        page = self.get(f"{self.prefix}/app")
        assert page.status_code == 200
        found = re.search(r'"token":"([^"]+)"', page.text)
        assert found, page.text
        return found[1]

    async def socket(
        self, token: str, *, origin: str | None = "", protocol: str | None = None
    ) -> WebSocketClientConnection:
        """Connect to the page's websocket as this browser."""
        url = self.view.url.replace("http", "ws", 1) + f"{self.prefix}/app/ws"
        headers = {"Cookie": self.cookie_header()}
        if origin is not None:
            headers["Origin"] = origin or self.view.url
        protocol = f"bokeh, {token}" if protocol is None else protocol
        if protocol:
            headers["Sec-WebSocket-Protocol"] = protocol
        return await websocket_connect(HTTPRequest(url, headers=headers))

    def socket_status(self, token: str, **kwargs: Any) -> int:
        """101, or the status with which the websocket is refused."""

        async def connect() -> int:
            try:
                socket = await self.socket(token, **kwargs)
            except HTTPClientError as error:
                return error.code
            socket.close()
            return 101

        return asyncio.run(connect())


@contextmanager
def running_view(directory: Path, **given: Any) -> Iterator[View]:
    """A view with the accounts of PASSWORDS, on a free port."""
    settings = ViewSettings.for_this_machine(state_dir=directory, port=0, **given)
    engine = open_database(settings.database)
    for name, password in PASSWORDS.items():
        Accounts(engine).add(name, password)
    engine.dispose()
    with loop_in_thread() as loop:
        view = View(settings, None, loop)

        def app() -> Any:
            request = pn.state.curdoc.session_context.request
            view.visits.append(
                Visit(
                    session.current(),
                    session.token_source(),
                    session.sign_out_form(),
                    dict(request.headers),
                    dict(request.cookies),
                )
            )
            return pn.Column(pn.widgets.IntSlider(value=3))

        async def start() -> Any:
            server = build_server(app, settings)
            server.start()
            return server

        async def stop() -> None:
            view.server.stop(wait=False)

        view.server = run_in(loop, start)
        yield view
        run_in(loop, stop)
