"""The climatology each year is judged with, made of its training years alone.

A hindcast's years and members are one pool; observations are the same without members.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.verification import pool_kernels as kernels
from data_layer.verification.folds import Scheme, training, years_of
from data_layer.verification.pairs import described, flat, labelled

Floats = npt.NDArray[Any]


def mean(data: xr.DataArray, scheme: Scheme | None) -> xr.DataArray:
    """Mean of the training years of each year.

    Parameters
    ----------
    data: (init, member, cells…) or, as observations, (init, cells…). NaN is missing.
    scheme: cross-validation; ``None``: one climatology, of all years, without ``init``.

    Returns
    -------
    (init, cells…) float64, units of ``data``; NaN where nothing is left.

    Raises
    ------
    BadRequest: without ``init``, or for fewer years than the scheme needs.
    """
    return _moments(data, scheme, "mean")


def std(data: xr.DataArray, scheme: Scheme | None) -> xr.DataArray:
    """Standard deviation, divisor n - 1, of the training years of each year, members pooled.

    As :func:`mean`; NaN where fewer than two values are left.
    """
    return _moments(data, scheme, "std")


def quantiles(
    data: xr.DataArray, probabilities: Sequence[float], scheme: Scheme | None
) -> xr.DataArray:
    """Quantiles of the training years of each year, members pooled.

    The definition is R's type 7, numpy's and xarray's "linear" (Hyndman and Fan 1996,
    doi:10.1080/00031305.1996.10473566).

    Parameters
    ----------
    data: (init, member, cells…) or (init, cells…). NaN is missing; the other values of the
        cell are its pool.
    probabilities: within 0 and 1.
    scheme: cross-validation; ``None``: of all years, without ``init``.

    Returns
    -------
    (init, quantile, cells…) in the precision of ``data``, units of ``data``; NaN where
    nothing is left.

    Raises
    ------
    BadRequest: without ``init``, for a probability beyond 0 and 1, or for fewer years than
    the scheme needs.
    """
    wanted = np.asarray(probabilities, np.float64)
    if wanted.ndim != 1 or not ((wanted >= 0) & (wanted <= 1)).all():
        raise BadRequest(
            "A quantile's probability lies within 0 and 1.",
            asked=", ".join(f"{p:g}" for p in wanted.ravel()),
            advice="Write the lower tercile as 1/3.",
        )
    values, rows, which = _arranged(data, scheme)
    out = np.empty((len(rows), wanted.size, values.shape[2]), values.dtype)
    kernels.quantiles(
        values, rows, wanted, *kernels.room(values.shape[0] * values.shape[1], values.dtype), out
    )
    return _answer(
        data, scheme, out, which, "quantile (R-7, linear between values)", quantile=wanted
    )


def _moments(data: xr.DataArray, scheme: Scheme | None, what: str) -> xr.DataArray:
    values, rows, which = _arranged(data, scheme)
    both = {k: np.empty((len(rows), values.shape[2])) for k in ("mean", "std")}
    kernels.moments(values, rows, both["mean"], both["std"])
    return _answer(data, scheme, both[what], which, _STATISTICS[what])


_STATISTICS = {"mean": "mean", "std": "standard deviation (divisor n - 1)"}


def _arranged(
    data: xr.DataArray, scheme: Scheme | None
) -> tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[np.intp] | None]:
    """Values (years, members, cells), the different training sets, and which a year has.

    ``None`` for the last: each its own.
    """
    if "init" not in data.dims or data.sizes["init"] == 0:
        raise BadRequest(
            "A climatology needs years.",
            asked="init",
            exists=[f"{d}: {n}" for d, n in data.sizes.items()],
            advice="Give the starts of several years along 'init'.",
        )
    if "member" not in data.dims:
        data = data.expand_dims("member")
    values = flat(data.transpose("init", "member", ...), 2)
    years = values.shape[0]
    if scheme is None:
        return values, np.ones((1, years), np.bool_), None
    judged = training(years_of(data), scheme)
    rows, which = np.unique(judged, axis=0, return_inverse=True)
    if len(rows) == years:
        return values, judged, None
    return values, rows, which.reshape(-1)


def _answer(
    data: xr.DataArray,
    scheme: Scheme | None,
    by_row: Floats,
    which: npt.NDArray[np.intp] | None,
    statistic: str,
    **inner: Floats,
) -> xr.DataArray:
    """Rows (rows, inner…, cells) given to the years that they are of, labelled and named."""
    cells = [d for d in data.dims if d not in ("init", "member")]
    if scheme is None:
        dims, by_row, how = [*inner, *cells], by_row[0], "all years"
    else:
        dims, how = ["init", *inner, *cells], scheme.sentence
        by_row = by_row if which is None else by_row[which]
    pool = "years and members pooled" if "member" in data.dims else "years pooled"
    return described(
        labelled(by_row, dims, data, **{name: (name, c) for name, c in inner.items()}),
        f"climatological {statistic.partition(' (')[0]}",
        f"{statistic}, {pool}; {how}",
        str(data.attrs.get("units", "1")),
    )
