"""Labelled arrays of one place → diagrams of its chances and of past forecasts there.

Pure: nothing is fetched, nothing kept. Arrays are as the products of the same names give them
(:mod:`data_layer.products`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import numpy as np
import xarray as xr
from bokeh.models import FixedTicker

from poama_panel.elements import diagram
from poama_panel.style import Display

HEIGHT = 270

_INK = "#22303c"
_FORECAST = "#0b4f6c"
_PAST = "#8a96a3"
_LIGHT = "#c9d3db"
_SEEN = "#d1004b"
_TERCILE = 100 / 3


def exceedance(curves: xr.DataArray, display: Display, *, title: str) -> hv.Overlay:
    """Chance of more than an amount: of the forecast, and of the hindcast behind it.

    Parameters
    ----------
    curves: dims ``(curve, amount)``, shares from 0 to 1 (product ``distribution``).
    """
    amounts = curves["amount"].values * display.scale + display.offset

    def line(curve: str, colour: str, width: float) -> hv.Curve:
        percent = 100 * curves.sel(curve=curve).values
        return hv.Curve((amounts, percent), "amount", "chance", label=curve).opts(
            color=colour, line_width=width, tools=["hover"]
        )

    return diagram(
        [line("hindcast", _PAST, 2.0), line("forecast", _FORECAST, 3.0)],
        title=title,
        height=HEIGHT,
        xlabel=f"more than … {display.units}".rstrip(),
        ylabel="chance, %",
        ylim=(0, 100),
    )


def tercile_bars(
    chances: xr.DataArray, labels: Sequence[str], colours: Sequence[str], *, title: str
) -> hv.Overlay:
    """Chances of the three terciles for each lead, side by side, over the line of no forecast.

    Parameters
    ----------
    chances: dims ``(category, lead)``, in %.
    labels: of the leads.
    colours: of below, near and above normal.
    """
    values = chances.transpose("category", "lead").values
    width = 0.27
    bars = []
    for i, (name, colour) in enumerate(zip(chances["category"].values, colours, strict=True)):
        left = np.arange(len(labels)) + (i - 1.5) * width
        there = np.isfinite(values[i])
        boxes = [
            (x, 0.0, x + width * 0.92, y, f"{label}, {name} normal", round(float(y), 1))
            for x, y, label in zip(
                left[there], values[i][there], np.array(labels)[there], strict=True
            )
        ]
        bars.append(
            hv.Rectangles(boxes, vdims=["what", "chance"], label=f"{name} normal").opts(
                color=colour, line_width=0, tools=["hover"]
            )
        )
    usual = hv.HLine(_TERCILE).opts(color=_INK, line_width=1, line_dash="dashed")

    def ticks(plot: Any, element: Any) -> None:
        axis = plot.state.xaxis
        axis.ticker = FixedTicker(ticks=list(range(len(labels))))
        axis.major_label_overrides = dict(enumerate(labels))

    return diagram(
        [*bars, usual],
        title=title,
        height=HEIGHT,
        xlabel="",
        ylabel="chance, %",
        ylim=(0, max(70.0, float(np.nanmax(values)) + 5 if np.isfinite(values).any() else 70.0)),
        xlim=(-0.6, len(labels) - 0.4),
        hooks=[ticks],
    )


def past_forecasts(past: xr.DataArray, display: Display, *, title: str) -> hv.Overlay:
    """The members of each year's forecast as bars, and what happened as a point.

    Thin bars are the middle 80 % of the members, thick ones the middle third; dashed lines
    are the terciles of what was observed.

    Parameters
    ----------
    past: dims ``(statistic, init)``, in the units of the variable.
    """
    at = {str(n): past.sel(statistic=n).values * display.scale + display.offset
          for n in past["statistic"].values}  # fmt: skip
    years = past["init"].dt.year.values + (past["init"].dt.dayofyear.values - 1) / 366
    known = np.isfinite(at["p50"])

    def bars(low: str, high: str, width: float, colour: str) -> hv.Segments:
        rows = (years[known], at[low][known], years[known], at[high][known])
        return hv.Segments(rows).opts(color=colour, line_width=width)

    columns = ("mean", "p10", "p90", "observed")
    rows = [
        (when, seen, int(year), *(round(float(at[c][i]), 2) for c in columns))
        for i, (when, seen, year) in enumerate(
            zip(years, at["observed"], past["init"].dt.year.values, strict=True)
        )
        if np.isfinite(seen)
    ]
    seen = hv.Points(rows, ["when", "value"], ["year", *columns], label="observed").opts(
        color=_SEEN, marker="diamond", size=10, line_color="#ffffff", tools=["hover"]
    )
    bounds = [
        hv.HLine(float(at[n][0])).opts(color=_INK, line_width=1, line_dash="dashed", alpha=0.6)
        for n in ("lower", "upper")
        if at[n].size and np.isfinite(at[n][0])
    ]
    mean = hv.Points((years[known], at["mean"][known])).opts(color="#ffffff", size=4)
    return diagram(
        [*bounds, bars("p10", "p90", 3, _LIGHT), bars("p33", "p67", 9, "#6c8ea3"), mean, seen],
        title=title,
        height=HEIGHT,
        xlabel="year of the start",
        ylabel=display.units,
    )


def reliability(curve: xr.DataArray, *, title: str) -> hv.Overlay:
    """How often it happened for each chance forecast; the larger the point, the more often.

    Parameters
    ----------
    curve: dims ``(statistic, bin)``; frequencies from 0 to 1 (product ``reliability``).
    """
    x, y, share, samples = (
        curve.sel(statistic=n).values
        for n in ("forecast_probability", "observed_frequency", "share", "samples")
    )
    known = np.isfinite(x) & np.isfinite(y)
    rows = np.stack([100 * x, 100 * y, 6 + 24 * np.sqrt(share), samples], axis=1)[known]
    points = hv.Points(rows, ["forecast", "happened"], ["size", "forecasts"]).opts(
        size="size", color=_FORECAST, alpha=0.85, tools=["hover"]
    )
    line = hv.Curve((100 * x[known], 100 * y[known])).opts(color=_FORECAST, line_width=1.5)
    perfect = hv.Curve(([0, 100], [0, 100])).opts(color=_INK, line_width=1, line_dash="dashed")
    usual = hv.HLine(_TERCILE).opts(color=_PAST, line_width=1, line_dash="dotted")
    return diagram(
        [perfect, usual, line, points],
        title=title,
        height=HEIGHT,
        xlabel="chance forecast, %",
        ylabel="happened, %",
        xlim=(0, 100),
        ylim=(0, 100),
    )
