"""The map: drawn, coloured, stepped and probed in the browser.

The server builds one HoloViews figure and describes what can be asked for; the
browser fetches frames, and tells Python what was chosen only after it is shown.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import Child, JSComponent

from data_layer.errors import DataLayerError

_HERE = Path(__file__).parent
_MODULES = (
    "address.js",
    "decode.js",
    "colour.js",
    "loader.js",
    "connection.js",
    "coast.js",
    "outline.js",
    "sample.js",
    "veil.js",
    "image.js",
    "palette.js",
    "scale.js",
    "region.js",
    "words.js",
    "legend.js",
    "tip.js",
    "pointing.js",
    "cut.js",
    "windowing.js",
    "veils.js",
    "help.js",
    "copy.js",
    "actions.js",
    "keys.js",
    "follow.js",
    "tell.js",
    "picture.js",
    "template.js",
    "play.js",
    "map.js",
)


def _joined() -> str:
    """The modules as one, since a component's code travels as one text.

    Each is a plain ES module that a test runner can import by itself; here the
    imports among them and all exports but ``render`` are taken away.
    """
    parts = []
    for name in _MODULES:
        text = (_HERE / name).read_text(encoding="utf-8")
        text = re.sub(r"^import .*$\n?", "", text, flags=re.MULTILINE)
        parts.append(re.sub(r"^export (?!function render\b)", "", text, flags=re.MULTILINE))
    return "\n".join(parts)


class FrameMap(JSComponent):
    """A zoomable map of frames.

    ``base`` is the address under which the browser fetches ``frames/…`` and
    ``assets/…``; when it is empty, they travel over the widget's own connection
    and ``supply`` makes them. ``place`` is the ``[lon, lat]`` clicked last.
    ``renew`` is called when the person asks to try again after a failure, ``start`` with a
    number of starts to go (back, when below 0) and whether the valid time is held.
    """

    plot = Child(doc="the HoloViews pane that holds the figure")
    base = param.String(default="", doc="address of the server; empty: ask over this connection")
    spec = param.Dict(default={}, doc="what can be asked for; see views.field_map.describe")
    lead = param.Integer(default=0, bounds=(0, None), doc="position in the leads of spec")
    member = param.String(default="", doc="member shown, for products of single members")
    palette = param.String(default="")
    palettes = param.Dict(default={}, doc="name → colours from low to high")
    locked = param.Boolean(default=True, doc="one colour range for every lead")
    region = param.String(default="world", doc="the view at the start")
    veil = param.String(default="fade", doc="how low skill is shown: off, fade, dots or hide")
    place = param.List(default=None, allow_None=True, doc="[lon, lat] clicked last, degrees")

    query = param.String(default="", doc="what the page's address ends with; empty: as it is")
    followers = param.List(
        default=[], item_type=str, doc="names of Bokeh spans that follow the valid time"
    )

    _esm = _joined()
    _stylesheets: ClassVar[list[str]] = [(_HERE / "map.css").read_text(encoding="utf-8")]

    def __init__(
        self,
        *,
        supply: Callable[[str], bytes] | None = None,
        renew: Callable[[], Awaitable[None]] | None = None,
        start: Callable[[int, bool], None] | None = None,
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self._supply, self._renew, self._start = supply, renew, start
        self.on_msg(self._answer)

    async def _answer(self, event: Any) -> None:
        """Bytes over the widget's connection, or the reason why there are none."""
        message = event.data if isinstance(event.data, dict) else {}
        if message.get("renew") and self._renew is not None:
            await self._renew()
        by = message.get("start")
        if self._start is not None and isinstance(by, int) and abs(by) == 1:
            self._start(by, message.get("hold") is True)
        path = message.get("path")
        if self._supply is None or not isinstance(path, str):
            return
        try:
            found = await asyncio.to_thread(self._supply, path)
            self._send_msg({"path": path, "bytes": found})
        except DataLayerError as error:
            self._send_msg({"path": path, "problem": str(error)})
