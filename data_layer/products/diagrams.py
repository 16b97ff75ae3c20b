"""Diagrams of past forecasts: reliability, ROC, ranks; and scores of whole areas.

Cells of a box (or of the whole grid, if it is small enough) are pooled, each with the cosine
of its latitude; at a place and of a region there is one series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.offers import Asked, Option, ProductInfo
from data_layer.products.base import Inputs, Product
from data_layer.products.categories import TERCILE_CHOICE
from data_layer.products.choices import WINDOW, YEARS
from data_layer.products.skill import SCORE, VALIDATION

if TYPE_CHECKING:
    import xarray as xr

    from data_layer.verification.scores import Past


def compute_area_skill(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """A score of all cells together: ratios of weighted means, not means of ratios.

    The aggregate that WMO's SVSLRF gives at its first level. Dims without ``lat`` and ``lon``.
    """
    from data_layer.verification.scores import score_of

    past = _past(inputs, asked)
    out = score_of(asked["score"], past, asked["category"], weights=_weights(past.observed))
    return out.assign_attrs(climatology=_told(past))


def compute_reliability(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Reliability of a tercile's chance, with sharpness.

    Returns
    -------
    Dims ``(statistic, bin)`` and any ``lead``; statistics ``forecast_probability``,
    ``observed_frequency``, ``share`` of all forecasts, ``samples`` and ``no_skill``, the line
    between climatology and perfect reliability. See
    :func:`data_layer.verification.reliability.reliability_curve`.
    """
    from data_layer.verification.reliability import reliability_curve

    past = _past(inputs, asked)
    chance, happened = past.tercile(asked["category"])
    found = reliability_curve(chance, happened, _weights(past.observed), bins=10)
    names = ("forecast_probability", "observed_frequency", "share", "samples", "no_skill")
    return _stacked(found, names, past)


def compute_roc(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """ROC curve of a tercile.

    Returns
    -------
    Dims ``(statistic, threshold)`` and any ``lead``; statistics ``hit_rate`` and
    ``false_alarm_rate``. The threshold 1.01 is that of never warning.
    """
    from data_layer.verification.roc import roc_curve

    past = _past(inputs, asked)
    chance, happened = past.tercile(asked["category"])
    found = roc_curve(chance, happened, _weights(past.observed))
    found = found.assign_coords(threshold=found["threshold"].clip(max=1.01))
    return _stacked(found, ("hit_rate", "false_alarm_rate"), past)


def compute_ranks(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """How often the observation had each rank among the members, after a mean correction.

    Returns
    -------
    Dims ``rank`` (1 to members + 1) and any ``lead``; counts of years, or of years and cells.
    """
    from data_layer.verification.ranks import rank_histogram

    past = _past(inputs, asked)
    found = rank_histogram(past.corrected, past.observed, _weights(past.observed))["count"]
    method = f"{found.attrs['method']}; after {past.corrected.attrs['method']}"
    return found.assign_attrs(climatology=_told(past), units="1", method=method)


def _past(inputs: Inputs, asked: Asked) -> Past:
    from data_layer.verification.folds import Scheme
    from data_layer.verification.scores import Past

    return Past(inputs.hindcast(), inputs.observed(), Scheme.parse(asked["validation"]))


def _weights(observed: xr.DataArray) -> xr.DataArray | None:
    """Cosine of latitude on the cells, where there are cells."""
    if "lat" not in observed.dims:
        return None
    import numpy as np

    cells = observed.isel({d: 0 for d in observed.dims if d not in ("lat", "lon")}, drop=True)
    cosine = np.cos(np.deg2rad(observed["lat"]))
    return (cells.fillna(0) * 0 + cosine).transpose("lat", "lon")


def _stacked(found: xr.Dataset, names: tuple[str, ...], past: Past) -> xr.DataArray:
    import xarray as xr

    from data_layer.schema import along

    out = along([found[name] for name in names], xr.Variable("statistic", list(names)))
    method = f"{found[names[0]].attrs['method']}; {past.scheme.sentence}"
    return out.assign_attrs(method=method, units="1", climatology=_told(past))


def _told(past: Past) -> str:
    years = past.hindcast["init"].dt.year.values
    return f"hindcast {years.min()}-{years.max()}, {len(years)} starts"


def _diagram(name: str, title: str, method: str, *options: Option) -> ProductInfo:
    return ProductInfo(
        name=name,
        title=title,
        method=method,
        kind="diagram",
        units="1",
        min_members=2,
        needs=("hindcast", "observations"),
        of_past=True,
        options=(*options, VALIDATION, WINDOW, YEARS),
    )


AREA_SKILL = Product(
    _diagram("area_skill", "Skill of an area", "all cells together", SCORE, TERCILE_CHOICE),
    compute_area_skill,
    whole=True,
)
RELIABILITY = Product(
    _diagram(
        "reliability",
        "Reliability",
        "frequency of a tercile for each forecast chance of it",
        TERCILE_CHOICE,
    ),
    compute_reliability,
    whole=True,
)
ROC = Product(
    _diagram("roc_curve", "ROC curve", "hits against false alarms of a tercile", TERCILE_CHOICE),
    compute_roc,
    whole=True,
)
RANKS = Product(
    _diagram("rank_histogram", "Rank histogram", "rank of the observation among the members"),
    compute_ranks,
    whole=True,
)
