"""Forecasts and observations side by side, and what all scores do with such pairs.

Every year (dim ``init``) and cell is one pair. A score is worked out of each pair first,
then averaged over the years of a cell, then, where weights are given, over a region. A skill
score is one less the ratio of two such averages, never an average of ratios.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import BadRequest

Floats = npt.NDArray[Any]


def matched(
    forecast: xr.DataArray, observed: xr.DataArray, inner: str
) -> tuple[xr.DataArray, xr.DataArray]:
    """Both in one order of dims: (init, ``inner``, cells…) and (init, cells…).

    Raises
    ------
    BadRequest: when a dim is missing, or years or cells are not the same on both sides.
    """
    for name, array, dims in (
        ("forecasts", forecast, ("init", inner)),
        ("observations", observed, ("init",)),
    ):
        for dim in dims:
            if dim not in array.dims:
                raise BadRequest(
                    f"The {name} have no dim {dim!r}.",
                    asked=dim,
                    exists=array.dims,
                    advice="Give them with it, even if it is of length one.",
                )
    cells = [d for d in forecast.dims if d not in ("init", inner)]
    if set(cells) != set(observed.dims) - {"init"}:
        raise BadRequest(
            "Forecasts and observations have different dims.",
            asked=", ".join(map(str, observed.dims)),
            exists=forecast.dims,
            advice="Bring both to the same grid first.",
        )
    try:
        forecast, observed = xr.align(forecast, observed, join="exact", copy=False)
    except ValueError as error:
        raise BadRequest(
            f"Forecasts and observations are not of the same years and cells: {error}",
            asked=sizes(observed),
            exists=[sizes(forecast)],
            advice="Label observations with the start of the forecast that they verify, "
            "and bring both to the same grid.",
        ) from error
    return forecast.transpose("init", inner, *cells), observed.transpose("init", *cells)


def at_least(many: int, found: int, what: str, why: str) -> None:
    """Return when ``found`` reaches ``many``, else :class:`BadRequest`."""
    if found < many:
        raise BadRequest(
            f"{why} needs at least {many} {what}.",
            asked=f"{found} {what}",
            exists=[f"{found} {what}"],
            advice=f"Give more {what}, or ask for another score.",
        )


def flat(array: xr.DataArray, kept: int, *, whole: bool = False) -> Floats:
    """Values with all dims after the first ``kept`` as one, contiguous.

    Single or double precision, or with ``whole`` the whole numbers that they are.
    """
    values = array.values
    if not whole and values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64 if values.dtype.itemsize > 2 else np.float32)
    count = int(np.prod(values.shape[kept:], dtype=int))
    return np.ascontiguousarray(values.reshape(*values.shape[:kept], count))


def labelled(
    values: Floats, dims: Sequence[Hashable], like: xr.DataArray, **extra: Any
) -> xr.DataArray:
    """``values`` under ``dims``, with the coordinates of ``like`` that fit, and ``extra``."""
    shape = [like.sizes.get(d, -1) for d in dims]
    coords = {k: c for k, c in like.coords.items() if set(c.dims) <= set(dims)}
    return xr.DataArray(values.reshape(shape), dims=dims, coords={**coords, **extra})


def described(result: xr.DataArray, long_name: str, method: str, units: str = "1") -> xr.DataArray:
    """``result`` with these attributes and no others."""
    result.attrs = {"long_name": long_name, "units": units, "method": method}
    return result


def average(
    by_year: xr.DataArray, weights: xr.DataArray | None = None, *, at_least_years: int = 1
) -> xr.DataArray:
    """Mean over the years, and with ``weights`` over their dims too.

    Parameters
    ----------
    by_year: (init, cells…), NaN where there is no pair.
    weights: over the cells of a region, such as the cosine of latitude on (lat, lon).
    at_least_years: a cell with fewer pairs is NaN, and left out of the region.

    Returns
    -------
    (cells…) without the dims of ``weights``, attributes kept; NaN without pairs.

    Raises
    ------
    BadRequest: for weights over other cells, or below 0.
    """
    enough = by_year.count("init") >= at_least_years
    by_cell = by_year.mean("init").where(enough)
    out = by_cell if weights is None else _regional(by_cell, weights)
    out.attrs = dict(by_year.attrs)
    if weights is not None and "method" in out.attrs:
        out.attrs["method"] += "; weighted mean over the region's cells"
    return out


def skill(
    score: xr.DataArray, reference: xr.DataArray, weights: xr.DataArray | None = None
) -> xr.DataArray:
    """1 - mean score / mean reference score: the ratio of means, of years and of cells.

    Parameters
    ----------
    score, reference: (init, cells…), the smaller the better; only pairs that both have count.
    weights: as for :func:`average`.

    Returns
    -------
    (cells…) without the dims of ``weights``; NaN with fewer than two pairs, or where the
    reference is perfect.

    Raises
    ------
    BadRequest: for fewer than two years.
    """
    at_least(2, score.sizes["init"], "years", "A skill score")
    both = score.notnull() & reference.notnull()
    years = both.sum("init")
    years = years.where(years >= 2)
    # Zeros in the place of what is missing add up faster than a sum that looks for it.
    mean, against = (a.where(both, 0).sum("init", skipna=False) / years for a in (score, reference))
    if weights is not None:
        mean, against = _regional(mean, weights), _regional(against, weights)
    return (1 - mean / against.where(against > 0)).astype(score.dtype)


def skill_method(score: str, reference: str) -> str:
    """How :func:`skill` came about, for the attribute ``method``."""
    return f"1 - mean {score} / mean of {reference}; ratio of means"


def regional_weights(array: xr.DataArray, weights: xr.DataArray | None) -> xr.DataArray:
    """Weights checked against the cells of ``array``; a 1 without dims when there are none.

    Raises
    ------
    BadRequest: for weights over other cells, missing or below 0.
    """
    if weights is None:
        return xr.DataArray(1.0)
    fits = "init" not in weights.dims and set(weights.dims) <= set(array.dims)
    if fits:
        try:
            xr.align(array, weights, join="exact", copy=False)
        except ValueError:
            fits = False
    if not fits:
        raise BadRequest(
            "The weights are not over the cells.",
            asked=sizes(weights),
            exists=[sizes(array)],
            advice="Give one weight for each cell of the region, on the same grid.",
        )
    if not bool((weights >= 0).all()):
        raise BadRequest(
            "Weights must be 0 or more.",
            asked=f"a least weight of {float(weights.min()):g}, or a missing one",
            advice="Give 0 to cells outside the region.",
        )
    return weights


def _regional(by_cell: xr.DataArray, weights: xr.DataArray) -> xr.DataArray:
    weights = regional_weights(by_cell, weights)
    return by_cell.weighted(weights).mean(weights.dims)


def sizes(array: xr.DataArray | xr.Dataset) -> str:
    """Dims and their lengths, for a message."""
    return ", ".join(f"{d}: {n}" for d, n in array.sizes.items())


def pooled(
    p: xr.DataArray, o: xr.DataArray, weights: xr.DataArray | None
) -> tuple[Floats, Floats, Floats, xr.DataArray]:
    """Pairs of one kept cell a row: years, and the cells that ``weights`` span, put together.

    Parameters
    ----------
    p, o: (init, …) in the same order of dims.
    weights: over the cells of a region, or ``None`` to keep all cells.

    Returns
    -------
    p and o as (kept, pairs), the weights (pairs), and the kept dims as an array of zeros.
    """
    weights = regional_weights(p, weights)
    together = ("init", *weights.dims)
    kept = [d for d in p.dims if d not in together]
    frame = xr.zeros_like(p.isel(dict.fromkeys(together, 0), drop=True), dtype=np.float64)
    rows = int(np.prod(frame.shape, dtype=int))
    pairs = int(np.prod([p.sizes[d] for d in together], dtype=int))
    values = [a.transpose(*kept, *together).values.reshape(rows, pairs) for a in (p, o)]
    one_year = np.asarray(weights.values, np.float64).reshape(1, -1)
    return values[0], values[1], one_year.repeat(p.sizes["init"], axis=0).ravel(), frame
