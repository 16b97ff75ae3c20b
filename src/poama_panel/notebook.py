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
    pn.extension()
    source = LocalSource.open(data) if isinstance(data, str | Path) else data
    return Explorer(source, **choices)
