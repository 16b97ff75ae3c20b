"""The whole page's content, the same in the dashboard and in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import panel as pn

from data_layer.api import ForecastSource
from poama_panel import links
from poama_panel.state import ForecastState
from poama_panel.views.dossier import Dossier
from poama_panel.views.field_map import FieldMap
from poama_panel.views.no_map import NoMap
from poama_panel.views.plume import MARK
from poama_panel.views.provenance import Provenance
from poama_panel.views.selectors import Selectors


class Explorer(pn.viewable.Viewer):
    """Choosers, map and plume on one state.

    Parameters
    ----------
    source: where forecasts come from.
    base: address under which the browser fetches frames; empty for frames over
        the widget's connection.
    query: of a link (:mod:`poama_panel.links`), whose choices the page begins with; what of it
        cannot be had is told in ``problems``.
    choices: what to begin with: ``dataset``, ``variable``, ``product``,
        ``init``, ``lead`` (position), ``place`` (lat, lon).
    """

    def __init__(
        self,
        source: ForecastSource,
        *,
        base: str = "",
        query: Mapping[str, str] = MappingProxyType({}),
        **choices: Any,
    ) -> None:
        super().__init__()
        region = choices.pop("region", "world")
        self.state = ForecastState(source.catalogue(), source.products(), **choices)
        self.problems = links.apply(self.state, query)
        self.selectors = Selectors(self.state)
        self.provenance = Provenance(self.state)
        self.map = FieldMap(self.state, source, base=base, region=region, followers=[MARK])
        self.no_map = NoMap(self.state)
        self.dossier = Dossier(self.state, source)

    def side(self) -> pn.viewable.Viewable:
        """Choosers and provenance, for a narrow column."""
        return pn.Column(self.selectors, self.provenance, sizing_mode="stretch_width", margin=0)

    def main(self) -> pn.viewable.Viewable:
        """Map and what there is to say of a place; of an index that, and why there is no map."""
        parts = (self.map, self.no_map, self.dossier)
        return pn.Column(*parts, sizing_mode="stretch_width", margin=0)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Row(
            pn.Column(self.side(), width=250, margin=(0, 16, 0, 0)),
            self.main(),
            sizing_mode="stretch_width",
        )
