"""Simple bias corrections of a model, learnt from a hindcast and its observations.

``mean``
    Adds the difference of the means of observations and hindcast.
``mean_std``
    Brings the hindcast's mean and its standard deviation (years and members pooled) to
    those of the observations; where the hindcast is constant only the mean.
``quantile``
    Empirical quantile mapping: a value at a quantile of the pooled hindcast becomes the
    same quantile of the observations, in between in proportion (Gudmundsson et al. 2012,
    doi:10.5194/hess-16-3383-2012). There are as many quantiles as training years. Beyond
    the ends a value is moved as far as the end itself (Boé et al. 2007,
    doi:10.1002/joc.1602). A value that the hindcast takes at several quantiles, such as a
    dry month, becomes the mean of the observations' quantiles there.

The hindcast has dims (init, member, cells…), observations (init, cells…); years of a cell
in which the observation is missing do not count. Corrected rain can be below 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.verification import left_out
from data_layer.verification.folds import LEAVE_ONE_OUT, Scheme, folds, years_of
from data_layer.verification.moments import ensemble
from data_layer.verification.pairs import at_least, flat, matched, sizes

Floats = npt.NDArray[Any]
Kind = Literal["mean", "mean_std", "quantile"]

_TITLES = {
    "mean": "additive correction of the mean",
    "mean_std": "correction of mean and standard deviation",
    "quantile": "empirical quantile mapping, beyond the ends moved as far as the end",
}


@dataclass(frozen=True)
class Parameters:
    """What a correction learnt.

    Attributes
    ----------
    kind: which correction.
    values: ``model`` and ``observed``: what becomes what, (quantile, cells…) for
        ``quantile``, otherwise (cells…) and beside them ``ratio``, by which what differs is
        stretched. With ``init`` when each year has its own.
    trained: on which years, in words.
    """

    kind: Kind
    values: xr.Dataset
    trained: str


def fit(hindcast: xr.DataArray, observed: xr.DataArray, kind: Kind = "mean") -> Parameters:
    """Learn from all years: to correct a forecast that is none of them.

    Raises
    ------
    BadRequest: for an unknown kind, other dims, years or cells, or fewer than two years.
    """
    return _fit(hindcast, observed, None, kind)


def apply(members: xr.DataArray, parameters: Parameters) -> xr.DataArray:
    """Members corrected.

    Parameters
    ----------
    members: (member, cells…), or with other dims such as ``init``; with ``init`` as of the
        hindcast when the parameters are of each year.

    Returns
    -------
    The same dims and precision; NaN where a value or its parameters are missing. ``method``
    names the correction.
    """
    values = parameters.values
    missing = [d for d in values["model"].dims if d != "quantile" and d not in members.dims]
    if missing:
        raise BadRequest(
            f"What was learnt is for each {missing[0]!r}, which these members have not.",
            asked=", ".join(map(str, members.dims)),
            exists=values["model"].dims,
            advice="Give members of the hindcast's cells.",
        )
    try:
        xr.align(members, values, join="exact", copy=False)
    except ValueError as error:
        raise BadRequest(
            f"Members and what was learnt are not of the same years and cells: {error}",
            asked=sizes(members),
            exists=[sizes(values)],
            advice="Bring them to the hindcast's grid, and correct its own years alone.",
        ) from error
    out = _corrected(members, parameters)
    out.attrs["method"] = f"{_TITLES[parameters.kind]}, trained on {parameters.trained}"
    return out


def cross_validated(
    hindcast: xr.DataArray,
    observed: xr.DataArray,
    scheme: Scheme = LEAVE_ONE_OUT,
    kind: Kind = "mean",
) -> xr.DataArray:
    """The hindcast corrected, each year with what was learnt from its training years alone.

    Returns
    -------
    As the hindcast; ``method`` names correction and cross-validation.

    Raises
    ------
    BadRequest: as :func:`fit`, or for fewer years than the scheme needs.
    """
    return apply(hindcast, _fit(hindcast, observed, scheme, kind))


def _fit(
    hindcast: xr.DataArray, observed: xr.DataArray, scheme: Scheme | None, kind: Kind
) -> Parameters:
    if kind not in get_args(Kind):
        raise BadRequest(
            f"There is no correction {kind!r}.",
            asked=kind,
            exists=get_args(Kind),
            advice="Choose one of these.",
        )
    h, o = matched(hindcast, observed, "member")
    years = h.sizes["init"]
    at_least(2, years, "years", "A correction")
    unseen = o.isnull()
    if bool(unseen.any()):
        h = h.where(~unseen)
    mean, _ = ensemble(flat(h, 2), with_variance=False)
    empty = o.copy(data=np.isnan(mean).reshape(o.shape))
    if bool(empty.any()):
        o = o.where(~empty)
    told = f"{years} years" if scheme is None else f"the hindcast, {scheme.sentence}"
    if kind == "quantile":
        fewest = years if scheme is None else min(len(t) for t, _ in folds(years_of(h), scheme))
        levels = np.linspace(0, 1, fewest).tolist()
        sides = {"model": h, "observed": o}
        nodes = {name: left_out.quantiles(x, levels, scheme) for name, x in sides.items()}
        return Parameters(kind, xr.Dataset(nodes), told)
    values = {"model": left_out.mean(h, scheme), "observed": left_out.mean(o, scheme)}
    values["ratio"] = xr.ones_like(values["model"])
    if kind == "mean_std":
        std = left_out.std(h, scheme)
        values["ratio"] = (left_out.std(o, scheme) / std).where(std != 0, 1.0)
    return Parameters(kind, xr.Dataset(values), told)


def _corrected(members: xr.DataArray, parameters: Parameters) -> xr.DataArray:
    """Dims brought into the kernels' order, (rows, samples, cells), and back."""
    model = parameters.values["model"]
    rows = [d for d in model.dims if d == "init"]
    cells = [d for d in model.dims if d not in ("init", "quantile")]
    samples = [d for d in members.dims if d not in (*rows, *cells)]
    ordered = members.transpose(*rows, *samples, *cells)
    size = members.sizes["init"] if rows else 1
    many = int(np.prod([members.sizes[d] for d in samples], dtype=int))
    values = flat(ordered, 0).reshape(size, many, -1)
    nodes = [
        flat(x.transpose(*rows, ..., *cells), 0).reshape(size, -1, values.shape[2])
        for x in parameters.values.data_vars.values()
    ]
    out = np.empty_like(values)
    if parameters.kind == "quantile":
        _map_quantiles(values, *nodes, out)
    else:
        _rescale(values, *nodes, out)
    return ordered.copy(data=out.reshape(ordered.shape)).transpose(*members.dims)


_LINE = 64


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _rescale(values: Floats, model: Floats, observed: Floats, ratio: Floats, out: Floats) -> None:
    """``(x - model) ratio + observed`` of (rows, samples, cells); the others (rows, 1, cells)."""
    for row in range(values.shape[0]):
        for s in range(values.shape[1]):
            for c in range(values.shape[2]):
                centred = np.float64(values[row, s, c]) - model[row, 0, c]
                out[row, s, c] = centred * ratio[row, 0, c] + observed[row, 0, c]


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _map_quantiles(values: Floats, model: Floats, observed: Floats, out: Floats) -> None:
    """Quantile mapping of (rows, samples, cells) by nodes (rows, quantiles, cells)."""
    rows, samples, cells = values.shape
    many = model.shape[1]
    x = np.empty((_LINE, many))
    y = np.empty((_LINE, many))
    size = np.empty(_LINE, np.int64)
    for row in range(rows):
        for first in range(0, cells, _LINE):
            width = min(_LINE, cells - first)
            for c in range(width):
                # Quantiles that the model has in common become one knot.
                n, ties = 0, 1
                for q in range(many):
                    a = np.float64(model[row, q, first + c])
                    b = np.float64(observed[row, q, first + c])
                    if n > 0 and a == x[c, n - 1]:
                        ties += 1
                        y[c, n - 1] += (b - y[c, n - 1]) / ties
                    else:
                        x[c, n], y[c, n] = a, b
                        n, ties = n + 1, 1
                size[c] = n
            for s in range(samples):
                for c in range(width):
                    v = float(values[row, s, first + c])
                    n = size[c]
                    if v != v or x[c, 0] != x[c, 0]:
                        v = np.nan
                    elif v <= x[c, 0]:
                        v += y[c, 0] - x[c, 0]
                    elif v >= x[c, n - 1]:
                        v += y[c, n - 1] - x[c, n - 1]
                    else:
                        low, high = 0, n - 1
                        while high - low > 1:
                            middle = (low + high) // 2
                            if x[c, middle] <= v:
                                low = middle
                            else:
                                high = middle
                        part = (v - x[c, low]) / (x[c, high] - x[c, low])
                        v = y[c, low] + (y[c, high] - y[c, low]) * part
                    out[row, s, first + c] = v
