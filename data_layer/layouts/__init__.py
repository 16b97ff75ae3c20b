"""Archive layouts: one file each, found through the entry point group ``poama_panel.layouts``."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from data_layer.layouts.base import Layout

GROUP = "poama_panel.layouts"


@cache
def layouts() -> tuple[Layout, ...]:
    """All installed layouts; the generic CF one last, since it takes nearly anything."""
    found = [point.load() for point in entry_points(group=GROUP)]
    return tuple(sorted(found, key=lambda layout: (layout.name == "cf", layout.name)))
