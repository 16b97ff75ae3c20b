"""Where the numbers come from: said beside every map."""

from __future__ import annotations

from html import escape

import panel as pn

from data_layer.api import DatasetInfo, RefusedFile
from data_layer.timing import describe_day, parse_init
from poama_panel.state import ForecastState

_CSS = """
:host { font: 13px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
p { margin: 0 0 8px; }
.pp-note { border-left: 3px solid #d9a441; padding: 2px 0 2px 9px; }
.pp-synthetic { background: #8a4b00; color: #fff; border-radius: 6px; padding: 7px 10px; }
dl { margin: 10px 0 0; display: grid; grid-template-columns: 74px minmax(0, 1fr); gap: 4px 8px; }
dt { color: #5a6b7b; }
dd { margin: 0; overflow-wrap: anywhere; }
details { margin-top: 12px; border: 1px solid #e2a65a; background: #fff6e8;
  border-radius: 6px; padding: 7px 10px; }
summary { cursor: pointer; font-weight: 600; }
ul { margin: 6px 0 0; padding-left: 16px; overflow-wrap: anywhere; }
"""


class Provenance(pn.viewable.Viewer):
    """The dataset's origin, licence and caveats, and the files that were refused."""

    def __init__(self, state: ForecastState) -> None:
        super().__init__()
        self._state = state
        self._view = pn.pane.HTML(
            pn.bind(self._html, state.param.dataset, state.param.catalogue),
            sizing_mode="stretch_width",
            margin=0,
            stylesheets=[_CSS],
        )

    def _html(self, dataset: str | None, catalogue: object) -> str:
        del dataset, catalogue  # they say when to draw; the state says what
        info = self._state.info
        return describe(info, self._state.catalogue.refused)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._view


def describe(info: DatasetInfo | None, refused: tuple[RefusedFile, ...]) -> str:
    """HTML; every text from a file is escaped, for a file may hold anything."""
    parts = []
    if info is None:
        parts.append("<p>There is no forecast in the archive's folder.</p>")
    else:
        if info.synthetic:
            parts.append(
                '<p class="pp-synthetic"><b>Synthetic data</b>, made in code to show what the '
                "product does. Not a forecast.</p>"
            )
        parts += [f'<p class="pp-note">{escape(note)}</p>' for note in info.notes]
        facts = [
            ("System", info.system),
            ("Institution", info.institution),
            ("Ensemble", ensemble(info)),
            ("Starts", starts(info)),
            ("Times", f"{len(info.times):,}: {span(info)}" if info.times else ""),
            ("Grid", "none: an index" if info.gridless else f"{info.grid.ny} × {info.grid.nx}"),
            ("Licence", info.licence),
        ]
        rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts if value)
        parts.append(f'<dl class="pp-facts">{rows}</dl>')
    if refused:
        shown = "".join(
            f"<li><b>{escape(f.path)}</b>: {escape(f.reason)}</li>" for f in refused[:20]
        )
        more = f"<li>… and {len(refused) - 20} more</li>" if len(refused) > 20 else ""
        s = "" if len(refused) == 1 else "s"
        parts.append(
            f'<details class="pp-refused"><summary>{len(refused)} file{s} not shown</summary>'
            f"<ul>{shown}{more}</ul></details>"
        )
    return "".join(parts)


def ensemble(info: DatasetInfo) -> str:
    """``13 members (006 missing)``."""
    if not info.members:
        return ""
    n = len(info.members)
    gaps = sorted(set(range(info.members[0], info.members[-1] + 1)) - set(info.members))
    text = f"{n} member{'' if n == 1 else 's'}"
    return f"{text} ({', '.join(f'{g:03d}' for g in gaps)} missing)" if 0 < len(gaps) < 6 else text


def issued(info: DatasetInfo, init: str) -> str:
    """``24 Jul 2011``, and whether that start is only nominal."""
    text = describe_day(parse_init(init))
    return f"{text} (lagged, nominal)" if info.member_inits or info.pooled > 1 else text


def span(info: DatasetInfo) -> str:
    """``3 Jun 1974 – 24 Jul 2017``: from when to when was observed."""
    return " – ".join(describe_day(parse_init(t)) for t in (info.times[0], info.times[-1]))


def starts(info: DatasetInfo) -> str:
    """``18–24 Jul 2011, lagged``, or how many starts there are and from when to when."""
    if info.member_inits:
        first, last = (parse_init(m) for m in (min(info.member_inits), max(info.member_inits)))
        same = (first.year, first.month) == (last.year, last.month)
        begin = str(first.day) if same else describe_day(first)
        return f"{begin}–{describe_day(last)}, a lagged ensemble"
    if len(info.inits) > 1:
        each = f", each of {info.pooled} starts" if info.pooled > 1 else ""
        return f"{len(info.inits)} from {info.inits[0]} to {info.inits[-1]}{each}"
    return info.inits[0] if info.inits else ""
