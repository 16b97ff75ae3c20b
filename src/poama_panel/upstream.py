"""Asks the data layer and passes on its bytes as they come.

Made of Tornado's own HTTP/1.1 connection with connections kept open, because
every frame of every user goes through here: 1.1 ms of CPU for a relayed body of
600 kB, against 2.5 ms through httpx and 1.8 ms through Tornado's simple client,
which opens a connection for each request. Sending such a body from memory
takes 0.5 ms.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient

CONNECT_SECONDS = 5.0
HEADER_SECONDS = 15.0
BODY_SECONDS = 120.0
LARGEST_BODY = 256 << 20
KEPT_OPEN = 20
# A frame in one piece: each costs a turn of the event loop at both ends.
PIECE = 1 << 20

_PARAMETERS = HTTP1ConnectionParameters(
    chunk_size=PIECE,
    header_timeout=HEADER_SECONDS,
    body_timeout=BODY_SECONDS,
    max_body_size=LARGEST_BODY,
)


class UpstreamError(Exception):
    """No whole answer came."""


class Answer(Protocol):
    """Takes an answer while it arrives."""

    def begin(self, status: int, headers: HTTPHeaders) -> None:
        """The head is there."""
        ...

    async def more(self, chunk: bytes) -> None:
        """A piece of the body, as sent: compressed if the headers say so."""
        ...


class Upstream:
    """A server at ``url`` (http or https), for one event loop."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._path = parts.path.rstrip("/")
        self._netloc = parts.netloc.rpartition("@")[2]
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._client = TCPClient()
        self._idle: list[IOStream] = []

    async def get(self, path: str, headers: Mapping[str, str], answer: Answer) -> None:
        """Send ``GET path``; hand the answer to ``answer``, whatever its status.

        Cancelling this closes the connection.

        Raises
        ------
        UpstreamError: no answer, or it broke off after ``answer.begin``.
        """
        reader = _Reader(answer)
        kept = self._take()
        if kept is not None:
            await self._exchange(kept, path, headers, reader)
        if not reader.begun:
            # A kept connection may have been closed as we wrote; one more try on a new one.
            await self._exchange(await self._connect(), path, headers, reader)
        if not reader.complete:
            raise UpstreamError("the answer broke off" if reader.begun else "no answer")

    async def status(self, path: str) -> int:
        """The status of ``GET path``; its body is dropped.

        Raises
        ------
        UpstreamError: no answer.
        """
        head = _Head()
        await self.get(path, {}, head)
        return head.status

    def close(self) -> None:
        """Close the connections that are kept open."""
        while self._idle:
            self._idle.pop().close()
        self._client.close()

    def _take(self) -> IOStream | None:
        while self._idle:
            stream = self._idle.pop()
            if not stream.closed():
                return stream
        return None

    async def _connect(self) -> IOStream:
        try:
            stream = await self._client.connect(
                self._host,
                self._port,
                ssl_options=self._tls,
                max_buffer_size=4 * PIECE,
                timeout=CONNECT_SECONDS,
            )
            stream.read_chunk_size = PIECE
            return stream
        except (OSError, StreamClosedError, TimeoutError) as error:
            raise UpstreamError(f"no connection: {type(error).__name__}") from error

    async def _exchange(
        self, stream: IOStream, path: str, headers: Mapping[str, str], reader: _Reader
    ) -> None:
        connection = HTTP1Connection(stream, is_client=True, params=_PARAMETERS)
        request = RequestStartLine("GET", self._path + path, "HTTP/1.1")
        try:
            connection.write_headers(request, HTTPHeaders({"Host": self._netloc, **headers}))
            connection.finish()
            await connection.read_response(reader)
        except StreamClosedError:
            pass
        except BaseException:
            stream.close()
            raise
        if reader.complete and reader.reusable and len(self._idle) < KEPT_OPEN:
            # With a callback set, the stream notices while idle that the other side closed it.
            stream.set_close_callback(_nothing)
            self._idle.append(stream)
        else:
            stream.close()


class _Reader(HTTPMessageDelegate):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.begun = self.complete = self.reusable = False

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        assert isinstance(start_line, ResponseStartLine)
        if start_line.code >= 200:
            self.begun = True
            self.reusable = headers.get("Connection", "").lower() != "close"
            self._answer.begin(start_line.code, headers)

    async def data_received(self, chunk: bytes) -> None:
        await self._answer.more(chunk)

    def finish(self) -> None:
        self.complete = True


class _Head:
    def __init__(self) -> None:
        self.status = 0

    def begin(self, status: int, _headers: HTTPHeaders) -> None:
        self.status = status

    async def more(self, _chunk: bytes) -> None:
        return None


def _nothing() -> None:
    return None
