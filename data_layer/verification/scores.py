"""The scores by name: each from past forecasts, observations and a cross-validation.

A score here is what is shown beside a forecast: computed from the hindcast of its own
variable, start of the year, lead and window, with everything that is learnt from the past
(climatologies, tercile bounds, corrections) learnt without the year it is used on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import xarray as xr

from data_layer.errors import BadRequest
from data_layer.verification import correction, left_out
from data_layer.verification.categories import (
    category_counts,
    category_numbers,
    most_likely,
    percent_consistent,
    probabilities,
)
from data_layer.verification.contingency import (
    contingency_table,
    gerrity,
    heidke,
    hit_score,
)
from data_layer.verification.crps import crpss
from data_layer.verification.deterministic import bias, correlation, mae, p_value, rmse
from data_layer.verification.folds import LEAVE_ONE_OUT, Scheme
from data_layer.verification.msss import area_msss, msss
from data_layer.verification.probabilistic import (
    bss,
    effective_interest_rate,
    generalised_discrimination,
    ignorance,
    rpss,
)
from data_layer.verification.roc import roc_area
from data_layer.verification.spread import spread_error_ratio

TERCILES = (1 / 3, 2 / 3)
CATEGORIES = ("below", "near", "above")

Weights = xr.DataArray | None


@dataclass(frozen=True)
class Past:
    """Past forecasts and what happened.

    Attributes
    ----------
    hindcast: dims ``(init, member, cells…)``.
    observed: dims ``(init, cells…)``.
    scheme: how the years are parted into those that teach and the one that is judged.
    """

    hindcast: xr.DataArray
    observed: xr.DataArray
    scheme: Scheme = LEAVE_ONE_OUT

    @cached_property
    def terciles(self) -> xr.DataArray:
        """Counts of members in the thirds of the hindcast's other years."""
        return category_counts(
            self.hindcast, left_out.quantiles(self.hindcast, TERCILES, self.scheme)
        )

    @cached_property
    def seen_terciles(self) -> xr.DataArray:
        """Thirds of the observations' other years that the observations lie in, from 0."""
        return category_numbers(
            self.observed, left_out.quantiles(self.observed, TERCILES, self.scheme)
        )

    @cached_property
    def halves(self) -> xr.DataArray:
        """Counts of members below and above the median of the hindcast's other years."""
        return category_counts(
            self.hindcast, left_out.quantiles(self.hindcast, (0.5,), self.scheme)
        )

    @cached_property
    def seen_halves(self) -> xr.DataArray:
        """Halves of the observations' other years that the observations lie in."""
        return category_numbers(
            self.observed, left_out.quantiles(self.observed, (0.5,), self.scheme)
        )

    @cached_property
    def corrected(self) -> xr.DataArray:
        """The hindcast, each year's mean error of the other years taken off."""
        return correction.cross_validated(self.hindcast, self.observed, self.scheme, "mean")

    def tercile(self, category: str) -> tuple[xr.DataArray, xr.DataArray]:
        """Chance of one tercile, and whether it happened (1, 0)."""
        at = CATEGORIES.index(category)
        chance = probabilities(self.terciles).isel(category=at, drop=True)
        seen = self.seen_terciles
        return chance, (seen == at).astype("f4").where(seen.notnull())


@dataclass(frozen=True)
class Score:
    """One score.

    Attributes
    ----------
    name, title: what it is called in a request, and to people.
    best, worthless: its value for a perfect forecast and for one without skill; ``None``
        where there is none, as for errors in the variable's unit.
    span: of a colour scale, when it has one by nature.
    of_variable: whether it has the variable's unit.
    by_category: whether there is one for each tercile.
    compute: the score of each cell, or with weights over ``lat`` and ``lon`` of their region.
    """

    name: str
    title: str
    compute: Callable[[Past, str, Weights], xr.DataArray]
    best: float | None = None
    worthless: float | None = None
    span: tuple[float, float] | None = None
    of_variable: bool = False
    by_category: bool = False


def _mean(field: xr.DataArray, weights: Weights) -> xr.DataArray:
    """A region's mean of a score that is no ratio of means."""
    if weights is None:
        return field
    out = field.weighted(weights.fillna(0)).mean(weights.dims)
    method = f"{field.attrs.get('method', '')}; weighted mean of the cells' scores"
    return out.assign_attrs({**field.attrs, "method": method})


def _validated(score: xr.DataArray, past: Past) -> xr.DataArray:
    """The score with its cross-validation named, where that is not in its method yet."""
    told = str(score.attrs.get("method", ""))
    if past.scheme.sentence not in told:
        score.attrs["method"] = f"{told}; {past.scheme.sentence}"
    return score


def _acc(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _mean(correlation(p.hindcast, p.observed, anomalies=p.scheme), w)


def _spearman(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _mean(correlation(p.hindcast, p.observed, kind="spearman", anomalies=p.scheme), w)


def _p(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _mean(p_value(p.hindcast, p.observed, anomalies=p.scheme, effective=True), w)


def _bias(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _mean(bias(p.hindcast, p.observed), w)


def _rmse(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _mean(rmse(p.hindcast, p.observed, anomalies=p.scheme), w)


def _mae(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _mean(mae(p.hindcast, p.observed, anomalies=p.scheme), w)


def _msss(p: Past, category: str, w: Weights) -> xr.DataArray:
    score = msss(p.corrected, p.observed) if w is None else area_msss(p.corrected, p.observed, w)
    return score.assign_attrs(
        method=f"{score.attrs.get('method', '')}; after {p.corrected.attrs.get('method', '')}"
    )


def _spread(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _mean(spread_error_ratio(p.hindcast, p.observed, anomalies=p.scheme), w)


def _consistent(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _validated(percent_consistent(p.halves, p.seen_halves, ties="half", weights=w), p)


def _roc(p: Past, category: str, w: Weights) -> xr.DataArray:
    chance, happened = p.tercile(category)
    return _validated(roc_area(chance, happened, w), p)


def _rpss(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _validated(rpss(p.terciles, p.seen_terciles, estimator="fair", weights=w), p)


def _rpss_plain(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _validated(rpss(p.terciles, p.seen_terciles, estimator="plain", weights=w), p)


def _crpss(p: Past, category: str, w: Weights) -> xr.DataArray:
    score = crpss(p.corrected, p.observed, estimator="fair", weights=w)
    return score.assign_attrs(
        method=f"{score.attrs.get('method', '')}; after {p.corrected.attrs.get('method', '')}"
    )


def _bss(p: Past, category: str, w: Weights) -> xr.DataArray:
    chance, happened = p.tercile(category)
    return _validated(bss(chance, happened, reference=1 / 3, weights=w), p)


def _hits(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _validated(hit_score(p.terciles, p.seen_terciles, w), p)


def _heidke(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _validated(heidke(contingency_table(most_likely(p.terciles), p.seen_terciles, w)), p)


def _gerrity(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _validated(gerrity(contingency_table(most_likely(p.terciles), p.seen_terciles, w)), p)


def _discrimination(p: Past, category: str, w: Weights) -> xr.DataArray:
    return _validated(_mean(generalised_discrimination(p.terciles, p.seen_terciles), w), p)


def _ignorance(p: Past, category: str, w: Weights) -> xr.DataArray:
    by_year = ignorance(p.terciles, p.seen_terciles, zeros="shrunk")
    return _validated(_mean(by_year.mean("init", keep_attrs=True), w), p)


def _interest(p: Past, category: str, w: Weights) -> xr.DataArray:
    score = effective_interest_rate(p.terciles, p.seen_terciles, zeros="shrunk", weights=w)
    return _validated(score, p)


_ALL = (
    Score("acc", "Anomaly correlation", _acc, 1, 0, (-1, 1)),
    Score("spearman", "Rank correlation", _spearman, 1, 0, (-1, 1)),
    Score("p_value", "p-value of the correlation", _p, 0, None, (0, 1)),
    Score("msss", "Mean squared skill score", _msss, 1, 0, (-1, 1)),
    Score("rmse", "Root mean squared error of anomalies", _rmse, 0, of_variable=True),
    Score("mae", "Mean absolute error of anomalies", _mae, 0, of_variable=True),
    Score("bias", "Bias", _bias, 0, of_variable=True),
    Score("spread_error", "Spread over error", _spread, 1, None, (0, 2)),
    Score("consistent", "Past accuracy, percent consistent", _consistent, 100, 50, (0, 100)),
    Score("roc", "ROC area", _roc, 1, 0.5, (0, 1), by_category=True),
    Score("rpss", "RPSS of terciles, fair", _rpss, 1, 0, (-1, 1)),
    Score("rpss_plain", "RPSS of terciles, plain", _rpss_plain, 1, 0, (-1, 1)),
    Score("crpss", "CRPSS, fair", _crpss, 1, 0, (-1, 1)),
    Score("bss", "Brier skill score", _bss, 1, 0, (-1, 1), by_category=True),
    Score("hits", "Hit score of terciles", _hits, 1, 1 / 3, (0, 1)),
    Score("heidke", "Heidke skill score", _heidke, 1, 0, (-1, 1)),
    Score("gerrity", "Gerrity skill score", _gerrity, 1, 0, (-1, 1)),
    Score("discrimination", "Generalised discrimination", _discrimination, 1, 0.5, (0, 1)),
    Score("ignorance", "Ignorance (bits)", _ignorance, 0, 1.5849625, (0, 3.2)),
    Score("interest", "Effective interest rate", _interest, 2, 0, (-1, 1)),
)
SCORES: Mapping[str, Score] = {score.name: score for score in _ALL}


def score_of(
    name: str, past: Past, category: str = "above", weights: Weights = None
) -> xr.DataArray:
    """A score by its name.

    Parameters
    ----------
    category: ``below``, ``near`` or ``above``, for scores of one tercile.
    weights: over ``lat`` and ``lon``: the score of their region instead of each cell's.

    Returns
    -------
    The cells of ``past``, or none with weights; ``method`` names estimator and
    cross-validation, ``sample_size`` is the number of years that were
    observed, in the cell that has most.

    Raises
    ------
    BadRequest: for a name that there is not, or too few years.
    """
    if name not in SCORES:
        raise BadRequest(
            f"There is no score {name!r}.",
            asked=name,
            exists=SCORES,
            advice="Choose one of these.",
        )
    score = SCORES[name]
    out = score.compute(past, category, weights)
    units = str(past.hindcast.attrs.get("units", "1")) if score.of_variable else "1"
    if name == "consistent":
        units = "%"
    years = int(past.observed.notnull().sum("init").max())
    return out.assign_attrs(long_name=score.title, units=units, sample_size=years)
