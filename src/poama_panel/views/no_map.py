"""What stands in the map's place when there is none: the title block of an index."""

from __future__ import annotations

from html import escape

import panel as pn

from data_layer.api import DatasetInfo, VariableInfo
from data_layer.timing import describe_window, parse_init
from poama_panel.state import ForecastState
from poama_panel.style import display_of
from poama_panel.views.provenance import ensemble, issued, span

# As the map's own title block looks (raster/map.css).
_CSS = """
:host { font: 14px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  color: var(--pp-ink, #16202b); }
p { margin: 0; }
.what { font-size: 19px; font-weight: 650; }
.when { font-size: 15px; display: flex; gap: 8px 18px; flex-wrap: wrap; }
.when b { font-weight: 650; color: var(--pp-accent, #0b6e8f); }
.more { color: var(--pp-dim, #5a6b7b); font-size: 13px; }
.badge { font-size: 12px; font-weight: 600; padding: 1px 9px; border-radius: 99px;
  background: #8a4b00; color: #fff; }
.pp-no-map { margin: 10px 0 6px; border-left: 3px solid var(--pp-accent, #0b6e8f);
  padding: 2px 0 2px 10px; }
"""


class NoMap(pn.viewable.Viewer):
    """What is shown of an index, and that it has no map; there only when one is chosen."""

    def __init__(self, state: ForecastState) -> None:
        super().__init__()
        self._state = state
        names = ("dataset", "variable", "init", "catalogue")
        chosen = [state.param[name] for name in names]
        self._view = pn.pane.HTML(
            pn.bind(self._html, *chosen),
            visible=pn.bind(lambda *_: not state.mapped, *chosen),
            sizing_mode="stretch_width",
            margin=0,
            stylesheets=[_CSS],
        )

    def _html(self, *_: object) -> str:
        info, variable = self._state.info, self._state.variable_info
        if self._state.mapped or info is None or variable is None:
            return ""
        return describe(info, variable, self._state.init)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._view


def describe(info: DatasetInfo, variable: VariableInfo, init: str | None) -> str:
    """HTML; the file's own words are escaped, for a file may hold anything.

    Parameters
    ----------
    init: start of the forecast; ``None`` for observations.
    """
    if init is None:
        what, more = "observed", ""
        when = f"<b>{span(info)}</b>"
    else:
        what, more = "all members", ensemble(info)
        first, last = (
            describe_window(parse_init(init), lead, info.width, info.lead_unit)
            for lead in (info.leads[0], info.leads[-1])
        )
        when = (
            f"<span>started {issued(info, init)}</span><b>valid {first} – {last} · "
            f"leads {info.leads[0]} to {info.leads[-1]} {info.lead_unit}</b>"
        )
    facts = [more, info.system or info.title, display_of(variable).units]
    badge = ' <span class="badge">Synthetic data</span>' if info.synthetic else ""
    return (
        f'<header class="pp-index"><p class="what">{escape(variable.title)} · {what}{badge}</p>'
        f'<p class="when">{when}</p>'
        f'<p class="more">{escape(" · ".join(filter(None, facts)))}</p></header>'
        '<p class="pp-no-map" role="status">An index has no map: its course is shown here.</p>'
    )
