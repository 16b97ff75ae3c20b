"""Frames on their way through the view, from a real upstream."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from data_layer.auth.tokens import Verifier
from poama_panel.relay import is_frame_path
from poama_panel.settings import JWKS_FILE
from poama_panel.upstream import HEADER_SECONDS, KEPT_OPEN, Upstream, UpstreamError
from tests.poama_panel.running import Browser, View, loop_in_thread, run_in, running_view

FRAME = "/frames/poama-m24/v1/sst_anom/mean/2011-07-24/1/0"
BODY = os.urandom(600_000)


class DataLayer:
    """A small server in the data layer's place; does what the address's first part says."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.requests: list[Any] = []
        self.sent = 0
        self.gone = False
        self.left = asyncio.Event()
        self.asked = asyncio.Event()
        self._loop = loop
        layer = self

        class Frames(RequestHandler):
            def compute_etag(self) -> None:
                return None

            def on_connection_close(self) -> None:
                layer.left.set()

            async def get(self, what: str) -> None:
                layer.requests.append(self.request)
                layer.asked.set()
                if what == "hang":
                    await layer.left.wait()
                elif what == "missing" or layer.gone:
                    self.set_status(404)
                    self.set_header("Content-Type", "application/problem+json")
                    self.write('{"detail": "no such frame"}')
                elif what == "unauthorised":
                    self.set_status(401)
                    self.write("who are you")
                elif what in ("broken", "broken-chunked"):
                    if what == "broken":
                        self.set_header("Content-Length", str(len(BODY)))
                    self.write(BODY[:100_000])
                    await self.flush()
                    self.request.connection.stream.close()  # type: ignore[union-attr]
                elif what == "endless":
                    try:
                        while True:
                            self.write(BODY)
                            await self.flush()
                            layer.sent += len(BODY)
                    except StreamClosedError:
                        layer.left.set()
                elif self.request.headers.get("If-None-Match") == '"tag"':
                    self.set_status(304)
                    self.set_header("ETag", '"tag"')
                else:
                    self.set_header("Content-Type", "application/vnd.poama.frame")
                    self.set_header("ETag", '"tag"')
                    self.set_header("Cache-Control", "private, max-age=31536000, immutable")
                    self.set_header("Set-Cookie", "upstream=1")
                    self.set_header("X-Internal", "1")
                    if "zstd" in self.request.headers.get("Accept-Encoding", ""):
                        self.set_header("Content-Encoding", "zstd")
                    self.write(BODY)

        class Health(RequestHandler):
            def get(self) -> None:
                self.write("ok")

        self._application = Application([(r"/v1/frames/([^/]*)/.*", Frames), ("/readyz", Health)])

    async def start(self) -> str:
        listener, port = bind_unused_port()
        self._server = HTTPServer(self._application)
        self._server.add_sockets([listener])
        return f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        self._server.stop()
        await self._server.close_all_connections()

    def wait(self, event: asyncio.Event) -> None:
        # Sooner than the view's own time limit would bring it about.
        run_in(self._loop, lambda: asyncio.wait_for(event.wait(), HEADER_SECONDS / 2))


@pytest.fixture
def layer() -> Iterator[DataLayer]:
    with loop_in_thread() as loop:
        layer = DataLayer(loop)
        layer.url = run_in(loop, layer.start)  # type: ignore[attr-defined]
        yield layer
        run_in(loop, layer.stop)


@pytest.fixture
def view(tmp_path: Path, layer: DataLayer) -> Iterator[View]:
    with running_view(tmp_path, data_url=layer.url) as running:  # type: ignore[attr-defined]
        yield running


def raw(browser: Browser, path: str, **headers: str) -> tuple[Any, bytes]:
    """The answer, and its body as it came over the wire."""
    with browser.http.stream("GET", path, headers=headers) as answer:
        return answer, b"".join(answer.iter_raw())


def test_a_frame_comes_through_untouched(view: View, layer: DataLayer) -> None:
    browser = view.browser().sign_in()
    answer, body = raw(browser, FRAME, **{"Accept-Encoding": "zstd"})
    assert (answer.status_code, body) == (200, BODY)
    assert answer.headers["Content-Encoding"] == "zstd"
    assert answer.headers["Content-Type"] == "application/vnd.poama.frame"
    assert answer.headers["Content-Length"] == str(len(BODY))
    assert answer.headers["ETag"] == '"tag"'
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert {part.strip() for part in answer.headers["Vary"].split(",")} == {
        "Cookie",
        "Accept-Encoding",
    }
    assert layer.requests[0].path == f"/v1{FRAME}"


def test_what_belongs_to_the_data_layer_alone_stays_there(view: View) -> None:
    answer, _ = raw(view.browser().sign_in(), FRAME)
    assert "X-Internal" not in answer.headers
    assert "upstream" not in answer.headers.get("Set-Cookie", "")
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_data_layer_gets_a_token_and_nothing_else_of_the_user(
    view: View, layer: DataLayer
) -> None:
    browser = view.browser().sign_in()
    browser.get("/app")
    raw(browser, FRAME, Referer="http://x/", Authorization="Bearer mine")
    request = layer.requests[0]
    scheme, _, token = request.headers["Authorization"].partition(" ")
    claims = Verifier.from_file(view.settings.state_dir / JWKS_FILE).verify(token)
    who = view.visits[0].who
    assert who is not None
    assert (scheme, claims.sub, claims.sid) == ("Bearer", who.sub, who.session_key)
    assert set(request.headers) <= {"Host", "Authorization", "Accept-Encoding", "If-None-Match"}


def test_a_known_frame_is_not_sent_again(view: View) -> None:
    answer, body = raw(view.browser().sign_in(), FRAME, **{"If-None-Match": '"tag"'})
    assert (answer.status_code, body) == (304, b"")
    assert answer.headers["ETag"] == '"tag"'


def test_a_frame_asked_for_again_at_once_comes_from_here(view: View, layer: DataLayer) -> None:
    ada, bob = view.browser().sign_in(), view.browser().sign_in()
    zstd = {"Accept-Encoding": "zstd"}
    first, body = raw(ada, FRAME, **zstd)
    for browser in (ada, bob):
        again, same = raw(browser, FRAME, **zstd)
        assert (again.status_code, same) == (200, body)
        told = ("ETag", "Content-Type", "Content-Encoding", "Content-Length", "Cache-Control")
        assert [again.headers[n] for n in told] == [first.headers[n] for n in told]
        assert again.headers["Vary"] == first.headers["Vary"]
    assert len(layer.requests) == 1
    known, nothing = raw(ada, FRAME, **zstd, **{"If-None-Match": '"tag"'})
    assert (known.status_code, nothing) == (304, b"")
    # Who takes another coding, or another part, is asked for anew.
    raw(ada, FRAME, **{"Accept-Encoding": "identity"})
    raw(ada, f"{FRAME}?level=1", **zstd)
    assert len(layer.requests) == 3
    # Who has no session is shown nothing.
    assert raw(view.browser(), FRAME, **zstd)[0].status_code == 401


def test_after_a_second_the_data_layer_is_asked_whether_it_is_still_so(
    view: View, layer: DataLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poama_panel.kept.FRESH_SECONDS", 0.0)
    browser = view.browser().sign_in()
    for _ in range(2):
        answer, body = raw(browser, FRAME)
        assert (answer.status_code, body) == (200, BODY)
    assert [r.headers.get("If-None-Match") for r in layer.requests] == [None, '"tag"']
    layer.gone = True
    assert [raw(browser, FRAME)[0].status_code for _ in range(2)] == [404, 404]
    assert [r.headers.get("If-None-Match") for r in layer.requests[2:]] == ['"tag"', None]


def test_the_data_layers_refusals_come_through(view: View) -> None:
    answer, body = raw(view.browser().sign_in(), FRAME.replace("poama-m24", "missing"))
    assert (answer.status_code, body) == (404, b'{"detail": "no such frame"}')
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_stranger_gets_401_and_the_data_layer_hears_nothing(view: View, layer: DataLayer) -> None:
    answer = view.browser().get(FRAME)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["advice"] == "Sign in again."
    assert layer.requests == []


def test_after_signing_out_there_are_no_more_frames(view: View) -> None:
    browser = view.browser().sign_in()
    replay = {"Cookie": browser.cookie_header()}
    assert browser.get(FRAME).status_code == 200
    browser.post("/logout", _xsrf=browser.form_token_of_the_app())
    assert view.browser().get(FRAME, headers=replay).status_code == 401


def test_a_token_of_ours_that_is_not_believed_is_not_the_users_fault(view: View) -> None:
    answer = view.browser().sign_in().get(FRAME.replace("poama-m24", "unauthorised"))
    assert answer.status_code == 503
    assert answer.json()["advice"]


def test_without_a_data_layer_the_answer_is_503_with_advice(tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with running_view(tmp_path, data_url=url) as view:
            answer = view.browser().sign_in().get(FRAME)
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["advice"]


@pytest.mark.parametrize("what", ["broken", "broken-chunked"])
def test_a_frame_that_breaks_off_does_not_look_like_a_whole_one(view: View, what: str) -> None:
    browser = view.browser().sign_in()
    # Half a body cannot be taken back; when none of it has been passed on, it can be said.
    with contextlib.suppress(httpx.RemoteProtocolError):
        answer, _ = raw(browser, FRAME.replace("poama-m24", what))
        assert answer.status_code == 503
    assert browser.get(FRAME).status_code == 200


@pytest.mark.parametrize("what", ["hang", "endless"])
def test_when_the_browser_leaves_the_data_layer_learns_of_it(
    view: View, layer: DataLayer, what: str
) -> None:
    browser = view.browser().sign_in()
    with closing(socket.create_connection(("127.0.0.1", view.server.port))) as connection:
        path = FRAME.replace("poama-m24", what)
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {browser.cookie_header()}\r\n\r\n"
        connection.sendall(head.encode())
        layer.wait(layer.asked)
    layer.wait(layer.left)
    assert browser.get(FRAME).status_code == 200


def test_a_slow_browser_does_not_fill_our_memory(view: View, layer: DataLayer) -> None:
    browser = view.browser().sign_in()
    with closing(socket.create_connection(("127.0.0.1", view.server.port))) as connection:
        path = FRAME.replace("poama-m24", "endless")
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {browser.cookie_header()}\r\n\r\n"
        connection.sendall(head.encode())
        layer.wait(layer.asked)
        for _ in range(100):
            assert browser.get(FRAME).status_code == 200
        # What the kernel's buffers hold on both ways, while the view went on serving others.
        assert layer.sent < 40_000_000
        assert not layer.left.is_set()
    layer.wait(layer.left)


@pytest.mark.parametrize(
    "path",
    [
        "/frames/",
        "/frames/a/b/c/d/e/f",
        "/frames/a/b/c/d/e/f/0/0",
        "/frames/a//c/d/e/f/0",
        "/frames/%2e%2e/b/c/d/e/f/0",
        "/frames/..%2f..%2fcatalogue/b/c/d/e/f/0",
        "/frames/a/b/c/d/e/f/..",
        "/frames/a/b/c/d/e/f/.hidden",
        "/frames/a/b/c/d/e/f/a..b",
        "/frames/a/b/c/d/e/f/0%00",
        "/frames/a/b/c/d/e/f/0%0d%0aX:y",
        "/frames/a/b/c/d/e/f/ü",
        "/frames/a/b/c/d/e/f/" + "x" * 129,
        "/frames/http:%2f%2f169.254.169.254/b/c/d/e/f/0",
    ],
)
def test_what_is_no_frames_address_never_reaches_the_data_layer(
    view: View, layer: DataLayer, path: str
) -> None:
    browser = view.browser().sign_in()
    with closing(socket.create_connection(("127.0.0.1", view.server.port))) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        connection.sendall(f"{head}Cookie: {browser.cookie_header()}\r\n\r\n".encode())
        status = connection.makefile("rb").readline().split()[1]
    assert status == b"404"
    assert layer.requests == []


@pytest.mark.parametrize(
    ("sent", "passed"),
    [
        ("level=2", "level=2"),
        ("columns=0-256&rows=256-512&level=1", "level=1&rows=256-512&columns=0-256"),
        ("precision=exact", "precision=exact"),
        ("level=0&precision=fine", ""),
    ],
)
def test_a_part_of_a_map_is_asked_for_in_one_way(
    view: View, layer: DataLayer, sent: str, passed: str
) -> None:
    answer, _ = raw(view.browser().sign_in(), f"{FRAME}?{sent}")
    assert answer.status_code == 200
    assert [request.query for request in layer.requests] == [passed]


@pytest.mark.parametrize(
    "query", ["level=9", "rows=0", "lat=1", "level=1&level=2", "rows=%D9%A3-9", "precision=x", "a"]
)
def test_any_other_query_never_reaches_the_data_layer(
    view: View, layer: DataLayer, query: str
) -> None:
    answer, _ = raw(view.browser().sign_in(), f"{FRAME}?{query}")
    assert answer.status_code == 404
    assert layer.requests == []


@given(st.lists(st.text(alphabet="ab01._-/%\\: \r\n\0é", max_size=6), min_size=7, max_size=7))
def test_an_address_that_passes_can_only_be_seven_plain_names(parts: list[str]) -> None:
    path = "/".join(parts)
    if is_frame_path(path):
        assert not set(path) - set("ab01._-/")
        assert all(part and not part.startswith(".") and ".." not in part for part in parts)
        assert path.count("/") == 6


def test_only_get_is_relayed(view: View, layer: DataLayer) -> None:
    browser = view.browser().sign_in()
    for method in ("POST", "PUT", "DELETE", "PATCH", "HEAD"):
        assert browser.http.request(method, FRAME).status_code == 405
    assert layer.requests == []


def test_the_view_is_ready_when_the_data_layer_is(view: View) -> None:
    answer = view.browser().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"database": True, "data_layer": True})


class Collected:
    """Takes an answer whole."""

    def __init__(self) -> None:
        self.status = 0
        self.body = b""

    def begin(self, status: int, _headers: object) -> None:
        self.status = status

    async def more(self, chunk: bytes) -> None:
        self.body += chunk


def test_connections_are_kept_and_a_closed_one_is_replaced(tmp_path: Path) -> None:
    async def story() -> None:
        layer = DataLayer(asyncio.get_running_loop())
        upstream = Upstream(await layer.start())

        async def fetch() -> bytes:
            answer = Collected()
            await upstream.get(f"/v1{FRAME}", {}, answer)
            return answer.body

        for _ in range(3):
            assert await fetch() == BODY
        peers = {request.connection.context.address for request in layer.requests}
        assert len(peers) == 1
        await layer._server.close_all_connections()
        assert await fetch() == BODY
        many = await asyncio.gather(*(fetch() for _ in range(2 * KEPT_OPEN)))
        assert many == [BODY] * (2 * KEPT_OPEN)
        assert len(upstream._idle) <= KEPT_OPEN
        await layer.stop()
        with pytest.raises(UpstreamError):
            await fetch()
        upstream.close()

    asyncio.run(asyncio.wait_for(story(), 60))


def test_a_kept_connection_that_closes_as_we_write_is_tried_anew() -> None:
    async def story() -> None:
        served = 0

        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # Answers one request, takes the next and hangs up: what a restart looks like.
            nonlocal served
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            served += 1
            await reader.read(1)
            writer.close()

        server = await asyncio.start_server(once, "127.0.0.1", 0)
        upstream = Upstream(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        for _ in range(3):
            answer = Collected()
            await upstream.get("/", {}, answer)
            assert (answer.status, answer.body) == (200, b"ok")
        assert served == 3
        upstream.close()
        server.close()

    asyncio.run(asyncio.wait_for(story(), 20))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        gzip.compress(b"x"),
    ],
)
def test_an_answer_that_is_none_is_an_error(answer: bytes) -> None:
    async def story() -> None:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(speak, "127.0.0.1", 0)
        upstream = Upstream(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(UpstreamError):
            await upstream.get("/", {}, Collected())
        upstream.close()
        server.close()

    asyncio.run(asyncio.wait_for(story(), 20))
