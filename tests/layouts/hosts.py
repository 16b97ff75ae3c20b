"""Machines that stores lie on: servers in this process that note what they are asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx


@dataclass
class Host:
    """A running server.

    Attributes
    ----------
    url: of what it serves, without a ``/`` at its end.
    asked: method and path of each request.
    silent: while set, requests are not answered.
    moved: paths that lead to other addresses.
    hidden: headers that are not sent.
    """

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    silent: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)
    moved: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def chunks(self) -> list[str]:
        """What was read that is not metadata, and forget it."""
        read = [path for method, path in self.asked if method == "GET" and ".zarr/" in path]
        self.asked.clear()
        return [p for p in read if not p.rsplit("/", 1)[-1].startswith((".z", "zarr.json"))]

    def wait(self) -> None:
        """As long as it is silent."""
        while self.silent.is_set() and not self.closing.wait(0.05):
            pass


class _Files(SimpleHTTPRequestHandler):
    """Serves a folder, parts of files too."""

    def __init__(self, *args: object, host: Host, **how: object) -> None:
        self._host = host
        super().__init__(*args, **how)

    def do_GET(self) -> None:
        self._answer("GET")

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def _answer(self, method: str) -> None:
        self._host.asked.append((method, self.path))
        self._host.wait()
        if self.path in self._host.moved:
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", self._host.moved[self.path])
            self.end_headers()
            return
        wanted = self.headers.get("Range", "")
        if method == "HEAD" or not wanted:
            getattr(super(), f"do_{method}")()
            return
        first, last = wanted.removeprefix("bytes=").split("-")
        whole = Path(self.translate_path(self.path)).read_bytes()
        part = whole[int(first) : int(last) + 1 if last else None] if first else whole[-int(last) :]
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def send_header(self, keyword: str, value: str) -> None:
        if keyword not in self._host.hidden:
            super().send_header(keyword, value)

    def log_message(self, *_: object) -> None:
        """Not on the tests' output."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Whoever asked may have gone."""


@contextmanager
def web(folder: Path) -> Iterator[Host]:
    """A web server on a folder."""
    host = Host()
    server = _Server(("127.0.0.1", 0), partial(_Files, directory=str(folder), host=host))
    host.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.closing.set()
        server.shutdown()
        server.server_close()


@contextmanager
def object_storage() -> Iterator[Host]:
    """An S3 server, empty; ``url`` is its endpoint."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    host = Host()
    inner = DomainDispatcherApplication(create_backend_app)

    def app(environ, start_response):
        host.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        host.wait()
        return inner(environ, start_response)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    host.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.closing.set()
        # What it holds is held by the process.
        httpx.post(f"{host.url}/moto-api/reset", trust_env=False)
        server.shutdown()
        server.server_close()
