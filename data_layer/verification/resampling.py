"""How far a score might have come out otherwise, and how many places of a map are chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.verification.pairs import at_least, described

Score = Callable[[xr.DataArray, xr.DataArray], xr.DataArray]

_BATCH = 64 * 2**20  # bytes of resampled hindcast at a time


def bootstrap(
    score: Score,
    hindcast: xr.DataArray,
    observed: xr.DataArray,
    *,
    resamples: int = 1000,
    level: float = 0.9,
    block: int = 1,
    seed: int = 0,
) -> xr.Dataset:
    """Interval of a score when the years had been others of the same kind.

    Years, with their members and observation, are drawn with replacement, and the interval
    lies between the percentiles of the scores of such resamples (Efron and Tibshirani 1993,
    ch. 13). With ``block`` > 1 runs of so many consecutive years are drawn, in a circle, so
    that dependence from year to year is kept (Politis and Romano 1992).

    Percentile intervals of short records are somewhat too narrow. A score that is itself
    cross-validated would, in a resample, be judged with copies of the year judged: correct
    or classify with cross-validation first and resample what comes out. Scores of the
    ensemble mean come sooner when it is given as the one member of the hindcast.

    Parameters
    ----------
    score: of (hindcast, observed), for instance a function of
        :mod:`~data_layer.verification.deterministic`; it must take any dims as cells, for
        resamples are handed to it many at a time along a dim ``resample``.
    hindcast: (init, member, cells…). observed: (init, cells…).
    resamples: how many; the same ``seed`` gives the same.
    level: share of resamples within the interval.
    block: consecutive years drawn together.

    Returns
    -------
    ``low`` and ``high``, dims of the score; NaN where no resample has a score.

    Raises
    ------
    BadRequest: for fewer than three years, a level beyond 0 and 1, fewer than 20 resamples
    or a block longer than the record; and what ``score`` raises.
    """
    years = hindcast.sizes["init"]
    at_least(3, years, "years", "A bootstrap interval")
    at_least(20, resamples, "resamples", "A bootstrap interval")
    if not 0 < level < 1 or not 1 <= block <= years:
        raise BadRequest(
            "A bootstrap interval needs 0 < level < 1 and blocks within the record.",
            asked=f"level={level:g}, block={block}",
            exists=[f"{years} years"],
            advice="Ask for instance for level=0.9 and block=1.",
        )
    picks = _picks(years, resamples, block, seed)
    size = max(1, int(_BATCH // max(hindcast.nbytes, 1)))
    batches = [
        score(_taken(hindcast, some), _taken(observed, some))
        for some in np.split(picks, range(size, resamples, size))
    ]
    scores = xr.concat(batches, "resample")
    tail = (1 - level) / 2
    there = scores.notnull().any("resample")
    scores = scores.where(there, 0.0)
    # Looking out for missing scores makes quantiles of a map many times slower.
    gaps = bool(scores.isnull().any())
    bounds = scores.quantile([tail, 1 - tail], "resample", skipna=gaps).where(there)
    bounds = bounds.drop_vars("quantile")
    drawn = "years" if block == 1 else f"circular blocks of {block} years"
    method = (
        f"{level:.0%} percentile bootstrap interval, {resamples} resamples of {drawn} with "
        f"replacement (seed {seed}), of: {batches[0].attrs.get('method', 'the score')}"
    )
    title = str(batches[0].attrs.get("long_name", "score"))
    units = str(batches[0].attrs.get("units", "1"))
    return xr.Dataset(
        {
            name: described(bounds.isel(quantile=i), f"{name} bound of the {title}", method, units)
            for i, name in enumerate(("low", "high"))
        }
    )


def _picks(years: int, resamples: int, block: int, seed: int) -> npt.NDArray[np.int64]:
    """(resample, year) indices into the record."""
    rng = np.random.default_rng(seed)
    runs = -(-years // block)
    starts = rng.integers(0, years, (resamples, runs, 1))
    return ((starts + np.arange(block)) % years).reshape(resamples, -1)[:, :years]


def _taken(data: xr.DataArray, picks: npt.NDArray[np.int64]) -> xr.DataArray:
    """The years picked, along ``init``, of each of several resamples."""
    bare = data.drop_vars([n for n, c in data.coords.items() if "init" in c.dims])
    return bare.isel(init=xr.DataArray(picks, dims=("resample", "init")))


Control = Literal["wilks", "benjamini-hochberg"]


def discoveries(
    p_values: xr.DataArray, *, alpha: float = 0.1, control: Control = "wilks"
) -> xr.DataArray:
    """Which places of a map are significant when all of it is looked at.

    The m places with the smallest p-values are, with m the greatest for which the m-th
    smallest is at most ``(m / N) alpha_FDR`` (Benjamini and Hochberg 1995). Of those named,
    on average no more than a share ``alpha_FDR`` is then named by chance. Maps being
    correlated from place to place, ``wilks`` takes ``alpha_FDR = 2 alpha``, which keeps
    the chance of naming any place of a map of pure chance near ``alpha`` (Wilks 2016,
    doi:10.1175/BAMS-D-15-00267.1); ``benjamini-hochberg`` takes ``alpha`` itself.

    Parameters
    ----------
    p_values: any dims, all tested together; NaN is no place.

    Returns
    -------
    bool, the same dims; False where missing. ``attrs["threshold"]`` is the greatest p-value
    named, 0 when none is.

    Raises
    ------
    BadRequest: for a level beyond 0 and 1 or an unknown control.
    """
    factor = {"wilks": 2.0, "benjamini-hochberg": 1.0}.get(control)
    if factor is None or not 0 < alpha < 1:
        raise BadRequest(
            "False discoveries are held to a level between 0 and 1 in a known way.",
            asked=f"alpha={alpha:g}, control={control}",
            exists=["wilks", "benjamini-hochberg"],
            advice="Ask for instance for alpha=0.1 and control='wilks'.",
        )
    rate = min(factor * alpha, 1.0)
    ascending = np.sort(p_values.values[np.isfinite(p_values.values)])
    passing = ascending <= rate * np.arange(1, ascending.size + 1) / max(ascending.size, 1)
    threshold = float(ascending[passing.nonzero()[0][-1]]) if passing.any() else 0.0
    named = (p_values <= threshold) & passing.any()
    how = f"Benjamini-Hochberg with alpha_FDR = {rate:g}"
    if control == "wilks":
        how += f" = 2 × {alpha:g} (Wilks 2016)"
    result = described(
        named, "significant places", f"{how}, over {ascending.size} places; p ≤ {threshold:.3g}"
    )
    result.attrs["threshold"] = threshold
    return result


def independent_places(field: xr.DataArray, weights: xr.DataArray | None = None) -> xr.DataArray:
    """How many independent series a map holds: ``(Σλ)² / Σλ²``, λ the eigenvalues of its EOFs.

    Bretherton et al. 1999, doi:10.1175/1520-0442(1999)012<1990:TENOSD>2.0.CO;2. Few
    years can tell of few only: the number stays below that of the years.

    Parameters
    ----------
    field: (init, cells…), a cell with a missing year being left out.
    weights: over cells' dims, such as the cosine of latitude.

    Returns
    -------
    A number; NaN without variance.

    Raises
    ------
    BadRequest: for fewer than three years.
    """
    at_least(3, field.sizes.get("init", 0), "years", "A number of independent places")
    cells = [d for d in field.dims if d != "init"]
    centred = (field - field.mean("init", skipna=False)).transpose("init", *cells)
    if weights is not None:
        centred = (centred * np.sqrt(weights)).transpose("init", *cells)
    values: npt.NDArray[Any] = centred.values.reshape(field.sizes["init"], -1).astype("f8")
    values = values[:, np.isfinite(values).all(0)]
    # The eigenvalues of the covariance between cells are those of this small matrix.
    gram = values @ values.T
    squares = float((gram**2).sum())
    number = float(np.trace(gram)) ** 2 / squares if squares > 0 else np.nan
    return described(
        xr.DataArray(number),
        "number of independent places",
        f"(Σλ)² / Σλ² of the covariance of {values.shape[1]} cells over {len(values)} years "
        "(Bretherton 1999)",
    )
