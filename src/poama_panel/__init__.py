"""A dashboard for seasonal and sub-seasonal ensemble forecasts, and its parts for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data_layer import __version__

if TYPE_CHECKING:
    from poama_panel.notebook import explore

__all__ = ["__version__", "explore"]


def __getattr__(name: str) -> Any:
    # Panel and HoloViews take seconds to import; the command line and the
    # settings must not wait for them.
    if name == "explore":
        from poama_panel.notebook import explore

        return explore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
