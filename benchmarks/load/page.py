"""The browser's side of one page of the dashboard: a Bokeh session over its own websocket.

Speaks Bokeh's protocol without making its models: a message is three texts (head, metadata,
content) and two more pieces for each buffer.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

OPEN_SECONDS = 120
APP = "app"

# What Panel waits for before it loads what the page is about.
_READY = {
    "kind": "MessageSent",
    "msg_type": "bokeh_event",
    "msg_data": {"type": "event", "name": "document_ready", "values": {"type": "map"}},
}


class Lost(Exception):
    """The websocket was closed, or the page failed behind it."""


@dataclass(frozen=True)
class Map:
    """What a page says of its map.

    Attributes
    ----------
    model: id of the model that is told the lead.
    path: address of a frame, with ``{lead}`` and ``{member}`` to be filled in.
    leads: to choose from.
    """

    model: str
    path: str
    leads: list[int]


class Page:
    """An open page. Use :meth:`open`."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self._socket = socket
        self._sent = 0
        self._writing = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self.map = Map("", "", [])
        self.lost: str | None = None

    @classmethod
    async def open(cls, url: str, html: str, cookie: str) -> Page:
        """Load the page's document as a browser does, up to the description of its map.

        Parameters
        ----------
        url: the dashboard's address.
        html: what it answered at ``/app``.

        Raises
        ------
        Lost: the page does not get that far.
        TimeoutError: or not in time.
        """
        token = re.search(r'"token":"([^"]+)"', html)
        if token is None:
            raise Lost("the page has no token")
        origin = url.rstrip("/")
        request = HTTPRequest(
            f"{origin.replace('http', 'ws', 1)}/{APP}/ws",
            headers={"Cookie": cookie, "Origin": origin},
        )
        async with asyncio.timeout(OPEN_SECONDS):
            page = cls(await websocket_connect(request, subprotocols=["bokeh", token[1]]))
            await page._until("ACK")
            await page._send("PULL-DOC-REQ", {})
            content = await page._until("PULL-DOC-REPLY")
            await page._send("PATCH-DOC", {"events": [_READY]})
            while (found := described(json.loads(content))) is None:
                content = await page._until("PATCH-DOC")
        page.map = found
        page._listening = asyncio.create_task(page._listen())
        return page

    async def tell(self, lead: int) -> None:
        """Say which lead is shown, as the browser does once the choice has settled."""
        news = {"kind": "ModelChanged", "model": {"id": self.map.model}, "attr": "lead"}
        await self._send("PATCH-DOC", {"events": [{**news, "new": lead}]})

    async def close(self) -> None:
        """Leave."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self._socket.close()

    async def _listen(self) -> None:
        try:
            while True:
                await self._message()
        except Lost as error:
            self.lost = str(error)

    async def _until(self, kind: str) -> str:
        while True:
            seen, content = await self._message()
            if seen == kind:
                return content

    async def _message(self) -> tuple[str, str]:
        head = json.loads(await self._piece())
        await self._piece()
        content = str(await self._piece())
        for _ in range(2 * int(head.get("num_buffers", 0))):
            await self._piece()
        if head["msgtype"] == "ERROR":
            raise Lost(f"the page failed: {content[:200]}")
        return head["msgtype"], content

    async def _piece(self) -> str | bytes:
        piece = await self._socket.read_message()
        if piece is None:
            raise Lost(f"closed with code {self._socket.close_code}")
        return piece

    async def _send(self, kind: str, content: dict[str, Any]) -> None:
        self._sent += 1
        head = {"msgid": str(self._sent), "msgtype": kind}
        async with self._writing:
            for piece in (head, {}, content):
                await self._socket.write_message(json.dumps(piece))


def described(content: Any) -> Map | None:
    """The map that a document or a change of it describes, if it does.

    Bokeh writes a dictionary as ``{"type": "map", "entries": [[key, value], …]}``.
    """
    for item in _objects(content):
        if "spec" in item.get("attributes", {}):
            model, spec = item["id"], item["attributes"]["spec"]
        elif item.get("attr") == "spec":
            model, spec = item["model"]["id"], item["new"]
        else:
            continue
        told = dict(spec.get("entries", []))
        if told.get("leads"):
            return Map(model, told["path"], told["leads"])
    return None


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _objects(child)
