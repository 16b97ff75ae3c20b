"""The composition root for notebooks: the same views on files in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import panel as pn

from data_layer.api import ForecastSource
from data_layer.local import LocalSource
from poama_panel.views.explorer import Explorer


def explore(data: str | Path | ForecastSource, **choices: Any) -> Explorer:
    """A map and plumes of a folder of forecasts (or of any source), live in a notebook.

    Parameters
    ----------
    data: a folder, or a :class:`~data_layer.api.ForecastSource`.
    choices: what to begin with: ``dataset``, ``variable``, ``product``,
        ``init`` (``"2011-07-24"``), ``lead`` (position in the leads),
        ``place`` (``(lat, lon)``), ``region`` (``"australia"``).

    Raises
    ------
    BadRequest: when there is no such folder.

    Examples
    --------
    >>> import poama_panel as pp
    >>> pp.explore("archive", region="australia")  # doctest: +SKIP
    """
    # What the page needs comes with the cell: no other host is asked for it.
    pn.extension(inline=True)
    source = LocalSource.open(data) if isinstance(data, str | Path) else data
    return _Explorer(source, **choices)


class _Explorer(Explorer):
    def __panel__(self) -> pn.viewable.Viewable:
        return _OneByOne(*super().__panel__(), sizing_mode="stretch_width")


class _OneByOne(pn.Row):
    """A root that takes the changes of a message from the browser one at a time.

    Panel 1.10.0 goes on holding the document's events when it has followed a
    message's first change, so that the second one, say of the product after the
    lead, would wait until something else happens.
    """

    def _on_msg(self, ref: str, manager: Any, msg: dict[str, Any]) -> None:
        content = msg["content"]
        for event in content["events"]:
            # Taken apart, each needs a header and buffers of its own.
            one = msg | {"header": dict(msg["header"]), "content": content | {"events": [event]}}
            super()._on_msg(ref, manager, one)
