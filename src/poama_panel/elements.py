"""Labelled arrays and lines → HoloViews elements. Pure: nothing is fetched, nothing kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import holoviews as hv
import numpy as np
import xarray as xr
from bokeh.models import (
    AdaptiveTicker,
    ColorBar,
    CustomJSTickFormatter,
    FixedTicker,
    LinearColorMapper,
    Range1d,
    SaveTool,
)

from poama_panel.style import Display

_LON_TICKS = """
const t = ((tick + 180) % 360 + 360) % 360 - 180
const r = Math.round(Math.abs(t) * 100) / 100
return r === 0 || r === 180 ? `${r}°` : `${r}°${t < 0 ? "W" : "E"}`"""
_LAT_TICKS = """
const r = Math.round(Math.abs(tick) * 100) / 100
return r > 90 ? "" : r === 0 ? "0°" : `${r}°${tick < 0 ? "S" : "N"}`"""
# The plume's mark of the valid time on the map; the browser moves it by this name.
MARK = "plume-now"
PLUME_HEIGHT = 250
# Bokeh's WebGL layer draws no images, and reads its canvas back for each frame.
_CANVAS = {"plot.output_backend": "canvas"}
# The unit stands at the top of the bar, where it is read first.
_BAR_TICKS = """
if (classes.length) return (classes[tick - 1] ?? "").replace(", ", ",\\n")
const number = Number(tick.toPrecision(6))
const text = `${plus && number > 0 ? "+" : ""}${number}`.replace("-", "−")
return index === ticks.length - 1 && units ? `${text} ${units}` : text"""


def base_map(*, wheel: bool = True) -> hv.Overlay:
    """Coastlines and Australian state borders over nothing: the browser puts frames beneath.

    ``wheel``: whether the wheel zooms from the start. In a notebook it would catch whoever
    scrolls past.

    The Bokeh models that the browser side works on carry names: the renderers
    ``coastline``, ``australian_states`` and ``place``, the models ``colour-mapper``
    and ``colour-bar``. The lines are empty here: the browser
    fills them with what its view needs.
    """
    lines = [
        hv.Curve(([np.nan], [np.nan]), "lon", "lat").opts(
            color="#22303c", line_width=width, alpha=alpha, hooks=[_named(name)], apply_ranges=False
        )
        for name, width, alpha in (("coastline", 0.9, 1.0), ("australian_states", 0.7, 0.75))
    ]
    place = hv.Points([], ["lon", "lat"]).opts(
        marker="o",
        size=9,
        fill_color="#ffffff",
        line_color="#d1004b",
        line_width=2.5,
        hooks=[_named("place")],
        apply_ranges=False,
    )
    return hv.Overlay([*lines, place]).opts(
        responsive=True,
        min_height=240,
        height=460,
        xlim=(0, 360),
        ylim=(-90, 90),
        xlabel="",
        ylabel="",
        toolbar="above",
        default_tools=["pan", "wheel_zoom", "box_zoom", "reset"],
        active_tools=["pan", "wheel_zoom"] if wheel else ["pan"],
        hooks=[_finish_map],
        show_legend=False,
        backend_opts=_CANVAS,
    )


def _named(name: str) -> Callable[[Any, Any], None]:
    """A hook that gives an element's renderer a name."""

    def hook(plot: Any, element: Any) -> None:
        plot.handles["glyph_renderer"].name = name

    return hook


def _finish_map(plot: Any, element: Any) -> None:
    figure = plot.state
    if figure.select_one({"name": "colour-bar"}) is not None:
        return
    for axis, code in ((figure.xaxis, _LON_TICKS), (figure.yaxis, _LAT_TICKS)):
        axis.formatter = CustomJSTickFormatter(code=code)
        # Degrees are read by thirds of a right angle, not by tens.
        axis.ticker = AdaptiveTicker(mantissas=[1, 1.5, 3, 4.5, 6, 9], num_minor_ticks=3)
    mapper = LinearColorMapper(palette=["#ffffff"], low=0, high=1, name="colour-mapper")
    bar = ColorBar(
        color_mapper=mapper,
        name="colour-bar",
        formatter=CustomJSTickFormatter(
            args={"units": "", "classes": [], "plus": False}, code=_BAR_TICKS, name="bar-ticks"
        ),
        ticker=AdaptiveTicker(mantissas=[1, 2, 5], name="bar-places"),
        width=14,
        label_standoff=6,
        bar_line_color="#22303c",
        margin=6,
    )
    figure.add_layout(bar, "right")
    # Ranges that nothing computes: the browser side owns them from now on.
    figure.x_range = Range1d(0, 360)
    figure.y_range = Range1d(-90, 90)
    # Frames lie beneath, and show through. Without any fill Bokeh would draw the outline of
    # its axes around the figure as well.
    figure.background_fill_color = "#ffffff00"
    figure.grid.visible = False
    figure.toolbar.logo = None
    # Bokeh's coarse drawing while a map moves delays the sharp one by half a second.
    figure.lod_threshold = None
    # The map's own button saves a picture with its title block; this one's has none.
    figure.toolbar.tools = [t for t in figure.toolbar.tools if not isinstance(t, SaveTool)]


def plume(
    series: xr.DataArray,
    display: Display,
    *,
    title: str,
    lead: int | None = None,
    height: int = PLUME_HEIGHT,
    fan: xr.DataArray | None = None,
    seen: xr.DataArray | None = None,
) -> hv.Overlay:
    """Every member's course over the leads at one place, their mean, and the lead on the map.

    Parameters
    ----------
    series: dims ``(member, lead)`` with coordinate ``valid_time(lead)``.
    display: how values are shown.
    lead: the lead to mark, ``None`` for none.
    fan: percentiles of the hindcast, dims ``(lead, percentile)``, drawn behind the members:
        the middle 80 % and the middle third of what the model did in the past.
    seen: what was observed, dims ``(lead,)``.
    """
    values = series.values * display.scale + display.offset
    when = series["valid_time"].values
    members = [int(m) for m in series["member"].values]
    paths = [
        {"valid": when, "value": row, "member": m} for m, row in zip(members, values, strict=True)
    ]
    # Contours, not Path: a value that is one for the whole line keeps it in one piece.
    lines = hv.Contours(paths, ["valid", "value"], ["member"], label="members").opts(
        color="#6c8ea3",
        line_width=1.2,
        alpha=0.75,
        tools=["hover"],
        hooks=[_named("members")],
    )
    with np.errstate(all="ignore"):
        middle = np.nanmean(values, axis=0) if np.isfinite(values).any() else values[0]
    mean = hv.Curve((when, middle), "valid", "value", label="ensemble mean").opts(
        color="#0b4f6c", line_width=3
    )
    parts = [*_fan(fan, display), lines, mean]
    if seen is not None:
        parts.append(_seen(seen, display))
    leads = [int(x) for x in series["lead"].values]
    if lead in leads:
        parts.append(
            hv.VLine(when[leads.index(lead)]).opts(
                color="#d1004b", line_width=1.5, hooks=[_mark_now]
            )
        )
    return _over_time(parts, display, title, height, when)


def _fan(fan: xr.DataArray | None, display: Display) -> list[hv.Element]:
    """Bands from the lower to the upper of two percentiles, and the median between them."""
    if fan is None:
        return []
    when, percents = fan["valid_time"].values, fan["percentile"].values
    values = fan.transpose("percentile", "lead").values * display.scale + display.offset

    def at(percent: float) -> Any:
        return values[int(np.abs(percents - percent).argmin())]

    bands = [
        hv.Area((when, at(low), at(high)), "valid", ["value", "upper"], label=label).opts(
            color=colour, line_width=0, alpha=1.0, hooks=[_named(label)]
        )
        for low, high, colour, label in (
            (10, 90, "#eef1f4", "hindcast, middle 80 %"),
            (33.3, 66.7, "#dde3e9", "hindcast, middle third"),
        )
    ]
    median = hv.Curve((when, at(50)), "valid", "value", label="hindcast, median").opts(
        color="#8a96a3", line_width=1.2, line_dash="dashed", hooks=[_named("hindcast median")]
    )
    return [*bands, median]


def _seen(seen: xr.DataArray, display: Display) -> hv.Element:
    """What was observed at each lead."""
    values = seen.values * display.scale + display.offset
    points = (seen["valid_time"].values, values)
    return hv.Curve(points, "valid", "value", label="observed").opts(
        color="#111111", line_width=2, tools=["hover"], hooks=[_named("observed")]
    )


def observed(
    series: xr.DataArray, display: Display, *, title: str, height: int = PLUME_HEIGHT
) -> hv.Overlay:
    """What was observed, over time; the line is broken where nothing was.

    Parameters
    ----------
    series: dims ``(time,)``, ascending.
    display: how values are shown.
    """
    when, values = series["time"].values, series.values * display.scale + display.offset
    gaps = np.diff(when)
    if gaps.size:
        holes = np.flatnonzero(gaps > 1.5 * np.median(gaps)) + 1
        when, values = np.insert(when, holes, when[holes]), np.insert(values, holes, np.nan)
    line = hv.Curve((when, values), "valid", "value", label="observed").opts(
        color="#22303c", line_width=1.2, tools=["hover"], hooks=[_named("observed")]
    )
    return _over_time([line], display, title, height, when)


def _over_time(
    parts: list[hv.Element], display: Display, title: str, height: int, when: Any
) -> hv.Overlay:
    hooks = [_tick_periods(when)]
    return diagram(parts, title=title, height=height, xlabel="", ylabel=display.units, hooks=hooks)


def diagram(
    parts: list[hv.Element],
    *,
    title: str,
    height: int,
    hooks: Sequence[Callable[[Any, Any], None]] = (),
    **opts: Any,
) -> hv.Overlay:
    """Elements in one frame, as all diagrams of the product look; ``opts``: of the overlay."""
    return hv.Overlay(parts).opts(
        hv.opts.Overlay(
            responsive=True,
            min_height=height,
            height=height,
            title=title,
            show_legend=False,
            show_grid=True,
            toolbar="above",
            default_tools=["pan", "wheel_zoom", "reset", "save"],
            active_tools=[],
            fontsize={"title": "10pt"},
            hooks=[_without_logo, *hooks],
            backend_opts=_CANVAS,
            **opts,
        )
    )


def _without_logo(plot: Any, element: Any) -> None:
    plot.state.toolbar.logo = None


def _mark_now(plot: Any, element: Any) -> None:
    # On the canvas over the plume, which stays as it is while the browser moves the mark.
    plot.handles["glyph"].update(name=MARK, level="overlay")


def _tick_periods(when: Any) -> Callable[[Any, Any], None]:
    """One tick per valid period, as many as fit."""

    def hook(plot: Any, element: Any) -> None:
        if len(when) <= 13:
            ticks = [int(t) for t in when.astype("datetime64[ms]").astype("int64")]
            plot.state.xaxis.ticker = FixedTicker(ticks=ticks)

    return hook
