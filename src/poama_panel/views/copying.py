"""A figure is drawn once and copied for each page, which takes a third of the time."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from typing import Any

import holoviews as hv
from bokeh.core.serialization import Deserializer, Serializer
from bokeh.model import Model
from bokeh.util.serialization import make_id

from poama_panel.elements import base_map


class Mould:
    """What a Bokeh model is like, as text: no copy shares anything with another.

    Parameters
    ----------
    model: to copy, with all that it refers to.
    """

    def __init__(self, model: Model) -> None:
        # Not deferred: arrays are in the text, too.
        self._text = json.dumps(Serializer(deferred=False).encode(model))

    def cast(self) -> Any:
        """A new model like the one given, under ids of its own."""
        ids: defaultdict[str, str] = defaultdict(make_id)

        def renamed(rep: dict[str, Any]) -> dict[str, Any]:
            return {**rep, "id": ids[rep["id"]]} if "id" in rep else rep

        return Deserializer().decode(json.loads(self._text, object_hook=renamed))


@cache
def base_figure(*, wheel: bool) -> Mould:
    """The figure of :func:`poama_panel.elements.base_map`."""
    figure = hv.renderer("bokeh").get_plot(base_map(wheel=wheel)).state
    for renderer in figure.renderers:
        # Nothing on the map can be selected or muted: three glyphs more for each renderer.
        renderer.update(selection_glyph=None, nonselection_glyph=None, muted_glyph=None)
    return Mould(figure)
