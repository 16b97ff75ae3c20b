"""Whether a forecast's members differ from the model's own climate by more than chance."""

from __future__ import annotations

import numpy as np
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.verification import pool_kernels as kernels
from data_layer.verification.pairs import at_least, described, flat, labelled, sizes


def rank_sum(forecast: xr.DataArray, hindcast: xr.DataArray) -> xr.DataArray:
    """Wilcoxon-Mann-Whitney test of a forecast's members against the pooled hindcast.

    Normal approximation with corrections for ties and continuity, two-sided (Mann and
    Whitney 1947, doi:10.1214/aoms/1177730491; Lehmann, Nonparametrics, 1.2). ECMWF shades
    its seasonal charts where p < 0.10 and contours where p < 0.01. Members of one year are
    taken as independent.

    Parameters
    ----------
    forecast: (member, cells…), NaN missing.
    hindcast: (init, member, cells…): its years and members are the pool.

    Returns
    -------
    (cells…) float64: how often members of the same climate would differ as much; 1 where all
    values are equal, NaN where a side has none.

    Raises
    ------
    BadRequest: for other dims or cells, or a side without members.
    """
    cells = [d for d in forecast.dims if d != "member"]
    _check(forecast, hindcast)
    try:
        forecast, aligned = xr.align(
            forecast, hindcast, join="exact", exclude=("init", "member"), copy=False
        )
    except ValueError as error:
        raise BadRequest(
            f"Forecast and hindcast are not of the same cells: {error}",
            asked=sizes(forecast),
            exists=[sizes(hindcast)],
            advice="Bring both to the same grid.",
        ) from error
    members = flat(forecast.transpose("member", *cells), 1)
    pool = flat(aligned.transpose("init", "member", *cells), 2)
    pool = pool.reshape(-1, pool.shape[2])
    kind = np.result_type(members, pool)
    members, pool = members.astype(kind, copy=False), pool.astype(kind, copy=False)
    out = np.empty(members.shape[1])
    kernels.rank_sums(members, pool, *kernels.room(len(members) + len(pool), kind), out)
    return described(
        labelled(out, cells, forecast),
        "p-value of the difference from the hindcast",
        f"Wilcoxon-Mann-Whitney test of {len(members)} members against {len(pool)} hindcast "
        "values (years and members pooled), two-sided, normal approximation corrected for ties "
        "and continuity",
    )


def _check(forecast: xr.DataArray, hindcast: xr.DataArray) -> None:
    dims = set(forecast.dims) | {"init"}
    if "member" not in forecast.dims or "init" in forecast.dims or dims != set(hindcast.dims):
        raise BadRequest(
            "A forecast with dims (member, cells…) is compared with a hindcast (init, member, "
            "cells…).",
            asked=sizes(forecast),
            exists=[sizes(hindcast)],
            advice="Choose one start of the forecast, and keep all members of both.",
        )
    at_least(1, forecast.sizes["member"], "members", "A test of the forecast")
    pooled = hindcast.sizes["init"] * hindcast.sizes["member"]
    at_least(1, pooled, "hindcast values", "A test of the forecast")
