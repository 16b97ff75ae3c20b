"""Hands frames on to the browser: checks the login, adds the token, copies the bytes.

Frames that were handed on lately are kept; the data layer is asked whether they still are
the answer, and not again for a second.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import fields
from urllib.parse import urlencode

from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError

from data_layer.cuts import Cut
from data_layer.errors import BadRequest
from poama_panel.kept import KeptFrame, KeptFrames
from poama_panel.login.guard import Protected
from poama_panel.login.realm import realm_of
from poama_panel.upstream import Upstream, UpstreamError

log = logging.getLogger(__name__)

ROUTE = r"/frames/.*"
PARTS = 7

_PART = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9._-]{1,128}", re.ASCII)
# A product with its options, name:option=value,option=value, percent-encoded.
_PRODUCT = re.compile(
    r"[A-Za-z0-9_]{1,64}(?:%3A[a-z_]{1,32}%3D(?:[A-Za-z0-9._-]|%2B){1,32}"
    r"(?:%2C[a-z_]{1,32}%3D(?:[A-Za-z0-9._-]|%2B){1,32}){0,15})?",
    re.ASCII,
)
_PRODUCT_AT = 3
_CUT = {field.name for field in fields(Cut)}
_ASKED = ("Accept-Encoding", "If-None-Match")
_ANSWERED = ("Content-Type", "Content-Encoding", "Content-Length", "ETag", "Cache-Control")
_VARY = "Cookie, Accept-Encoding"


def is_frame_path(path: str) -> bool:
    """Whether this is ``<dataset>/<version>/<variable>/<product>/<init>/<lead>/<member>``.

    ``path`` is taken as it was sent: but for the signs between a product's options, whatever
    is percent-encoded is no name of ours.
    """
    parts = path.split("/")
    return len(parts) == PARTS and all(
        (_PRODUCT if at == _PRODUCT_AT else _PART).fullmatch(part) for at, part in enumerate(parts)
    )


def cut_query(arguments: Mapping[str, list[bytes]]) -> str | None:
    """The query for a part of a map as the data layer takes it, ``None`` for any other query."""
    if not all(name in _CUT and len(values) == 1 for name, values in arguments.items()):
        return None
    try:
        given = {name: values[0].decode("ascii") for name, values in arguments.items()}
        return urlencode(Cut.of(given).query)
    except (UnicodeDecodeError, BadRequest):
        return None


class FrameRelay(Protected):
    """``GET /frames/…``: one frame of the data layer, byte for byte as it sent it.

    Answers 401 to strangers, 404 to what is no frame's address, 503 when the
    data layer does not answer; its other answers pass through.
    """

    def initialize(self, upstream: Upstream, kept: KeptFrames) -> None:
        """Called by Tornado with what the route table says."""
        self._upstream = upstream
        self._kept = kept
        self._known: KeptFrame | None = None
        self._copy: list[bytes] | None = None
        self._work: asyncio.Task[None] | None = None
        self._refused = False

    def refuse(self) -> None:
        """Frames are fetched by scripts, which have no use for a login page."""
        self._problem(401, "Your session has ended.", "Sign in again.")

    def compute_etag(self) -> None:
        """The data layer's own tag is passed on instead."""

    async def get(self) -> None:
        """Relay."""
        path = self.request.path.removeprefix(f"{realm_of(self).prefix}/frames/")
        query = cut_query(self.request.query_arguments) if is_frame_path(path) else None
        if query is None:
            self._problem(404, "This is not the address of a frame.", "Reload the page.")
            return
        path += f"?{query}" if query else ""
        self._work = asyncio.ensure_future(self._relay(path))
        try:
            await self._work
        except asyncio.CancelledError:
            log.debug("the browser left before its frame came")

    def on_connection_close(self) -> None:
        """The browser left: let the data layer know."""
        if self._work is not None:
            self._work.cancel()

    def begin(self, status: int, headers: HTTPHeaders) -> None:
        """The data layer's answer: take over what the browser should know of it."""
        # The token is ours: to the browser, 401 would say that the user must sign in again.
        self._refused = status == 401
        if self._refused or (status == 304 and self._known is not None):
            return
        self._known = None
        if status == 200 and int(headers.get("Content-Length", "0")) < self._kept.largest:
            self._copy = []
        self.set_status(status)
        self.clear_header("Content-Type")
        for name in _ANSWERED:
            if name in headers:
                self.set_header(name, headers[name])
        self.set_header("Vary", _VARY)

    async def more(self, chunk: bytes) -> None:
        """A piece of the frame; comes back when the browser can take the next."""
        if self._refused:
            return
        if self._copy is not None:
            self._copy.append(chunk)
        self.write(chunk)
        try:
            await self.flush()
        except StreamClosedError:
            self.on_connection_close()

    async def _relay(self, path: str) -> None:
        asked, tokens = self.request.headers, realm_of(self).tokens
        key = (tokens.scope_of(self.principal), path, asked.get("Accept-Encoding", ""))
        self._known, fresh = self._kept.get(key)
        if self._known is not None and fresh:
            self._show(self._known)
            return
        headers = {name: asked[name] for name in _ASKED if name in asked}
        headers["Authorization"] = f"Bearer {tokens.for_known(self.principal)}"
        if self._known is not None:
            headers["If-None-Match"] = self._known.headers["ETag"]
        try:
            await self._upstream.get(f"/v1/frames/{path}", headers, self)
            if self._refused:
                raise UpstreamError("the data layer does not accept this view's tokens")
            if self._known is not None:
                self._kept.confirm(key, self._known)
                self._show(self._known)
            elif self._copy is not None and "ETag" in self._headers:
                told = {n: self._headers[n] for n in _ANSWERED if n in self._headers}
                self._kept.put(key, told, b"".join(self._copy))
            else:
                self._kept.forget(key)
        except UpstreamError as error:
            log.warning("frame not relayed: %s", error)
            if self._headers_written:
                # Half a frame must not look like a whole one.
                self.request.connection.stream.close()  # type: ignore[union-attr]
            else:
                self._problem(503, "The data layer does not answer.", "Try again in a moment.")

    def _show(self, frame: KeptFrame) -> None:
        """Answer with a kept frame, or say that the browser has it."""
        for name, value in frame.headers.items():
            self.set_header(name, value)
        self.set_header("Vary", _VARY)
        if self.check_etag_header():
            self.set_status(304)
        else:
            self.write(frame.body)

    def _problem(self, status: int, detail: str, advice: str) -> None:
        self.clear()
        self.set_status(status)
        self.set_header("Vary", _VARY)
        self.write(
            {
                "type": "about:blank",
                "title": self._reason,
                "status": status,
                "detail": detail,
                "advice": advice,
            }
        )
        self.set_header("Content-Type", "application/problem+json")
        self.finish()
