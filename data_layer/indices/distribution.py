"""How members and hindcast are spread at a place: curves, fans and bars for a plume.

The sample of a forecast is its members (``over="member"``), that of the climatology all
years and members of the hindcast (``over=("init", "member")``) with the same start of the
year and lead. Every function keeps the dims that are not in ``over``. Missing values are
left out of the sample.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.indices.tables import shares

Over = Hashable | Iterable[Hashable]

CLIMATOLOGY = ("init", "member")
FAN = (5, 10, 25, 33, 50, 67, 75, 90, 95)
TERCILES = ("below", "near", "above")


def empirical_cdf(sample: xr.DataArray, over: Over = "member") -> xr.DataArray:
    """The values of a sample in ascending order, and the share of it up to each.

    Returns
    -------
    The other dims and ``rank`` (1, 2, …), in the units and precision of ``sample``; NaN
    beyond the values that are there. The coordinate ``probability`` (same dims) is
    rank/n, n being the values there: the height of the step at each value.

    Raises
    ------
    BadRequest: of a dim that the sample lacks, or an empty one.
    """
    pooled = _pooled(sample, over)
    ordered = np.sort(pooled.values, axis=-1)
    rest = pooled.dims[:-1]
    n = (~np.isnan(ordered)).sum(axis=-1)[..., None]
    rank = np.arange(1, ordered.shape[-1] + 1)
    probability = np.where(rank <= n, rank / np.maximum(n, 1), np.nan)
    out = pooled.isel(_sample=0, drop=True).expand_dims(rank=rank, axis=-1).copy(data=ordered)
    out = out.assign_coords(
        rank=("rank", rank, {"long_name": "rank"}),
        probability=((*rest, "rank"), probability, {"units": "1"}),
    )
    out.attrs = dict(sample.attrs) | {"method": "empirical distribution function, rank/n"}
    return out


def cdf(sample: xr.DataArray, at: npt.ArrayLike, over: Over = "member") -> xr.DataArray:
    """Share of a sample that is not above each of some values: P(x ≤ value).

    Parameters
    ----------
    at: (k,) values, in the units of ``sample``.

    Returns
    -------
    The other dims and ``value``, float64, from 0 to 1; missing without a sample.

    Raises
    ------
    BadRequest: of a dim that the sample lacks, or an empty one.
    """
    pooled = _pooled(sample, over)
    values = _values(at)
    ordered = np.sort(pooled.values, axis=-1)
    flat = ordered.reshape(-1, ordered.shape[-1])
    n = (~np.isnan(flat)).sum(axis=1)
    # Sorting puts NaN last, so a search among the first n leaves it out.
    reached = [np.searchsorted(row[:k], values, "right") for row, k in zip(flat, n, strict=True)]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.array(reached, np.float64).reshape(-1, values.size) / n[:, None]
    method = "share of the sample, counted"
    return _curve(pooled, values, share, "cdf", "probability of no more than the value", method)


def exceedance(sample: xr.DataArray, at: npt.ArrayLike, over: Over = "member") -> xr.DataArray:
    """Share of a sample that is above each of some values: P(x > value) = 1 − cdf.

    Parameters, dims and errors as in :func:`cdf`.
    """
    below = cdf(sample, at, over)
    out = (1.0 - below).rename("exceedance")
    out.attrs = below.attrs | {"long_name": "probability of more than the value"}
    return out


def bandwidth(sample: xr.DataArray, over: Over = "member") -> xr.DataArray:
    """Silverman's rule of thumb: 0.9 min(s, IQR/1.34) n^(-1/5).

    Silverman (1986, Density Estimation for Statistics and Data Analysis, equation 3.31);
    s with n − 1. Where the quartiles are equal, s alone counts.

    Returns
    -------
    The other dims, float64, in the units of ``sample``; missing where fewer than two
    values are there or all are equal.
    """
    pooled = _pooled(sample, over).astype(np.float64)
    n = pooled.notnull().sum("_sample")
    deviation = pooled.std("_sample", ddof=1)
    quartiles = _quantiles(pooled, [0.25, 0.75], "quartile")
    between = quartiles.isel(quartile=1) - quartiles.isel(quartile=0)
    robust = (between / 1.34).where(between > 0, deviation)
    width = deviation.where(deviation < robust, robust)
    out: xr.DataArray = (0.9 * width * n.where(n > 1) ** -0.2).where(width > 0)
    out.attrs = {"units": sample.attrs.get("units", "1"), "method": "Silverman's rule of thumb"}
    return out.rename("bandwidth")


def density(
    sample: xr.DataArray,
    at: npt.ArrayLike,
    over: Over = "member",
    *,
    width: xr.DataArray | float | None = None,
) -> xr.DataArray:
    """Gaussian-kernel density of a sample at some values.

    ``f(v) = Σ φ((v − x)/h) / (n h)``. It knows no limits: of rain, some lies below 0.

    Parameters
    ----------
    at: (k,) values, in the units of ``sample``.
    width: h, in the units of ``sample``, over 0; :func:`bandwidth` by default.

    Returns
    -------
    The other dims and ``value``, float64, per unit of ``sample``; missing where the
    width is. The coordinate ``bandwidth`` holds h.

    Raises
    ------
    BadRequest: of a dim that the sample lacks or an empty one, or a width not over 0.
    """
    pooled = _pooled(sample, over).astype(np.float64)
    rest = pooled.dims[:-1]
    values = _values(at)
    if width is None:
        h, how = bandwidth(sample, over), "by Silverman's rule of thumb"
    else:
        h, how = xr.DataArray(width).astype(np.float64), "as given"
        if (h <= 0).any():
            raise BadRequest(
                "A kernel needs a width over 0.",
                asked=f"{float(h.min()):g}",
                advice="Leave it out to have one from the sample.",
            )
    h = h.broadcast_like(pooled.isel(_sample=0, drop=True)).transpose(*rest)
    n = pooled.notnull().sum("_sample").where(lambda k: k > 0)
    # A value at a time, for a hindcast times all values is large.
    total = [np.exp(-0.5 * ((v - pooled) / h) ** 2).sum("_sample").values for v in values]
    scale = (n * h * np.sqrt(2.0 * np.pi)).values
    heights = np.stack(total, axis=-1) / scale[..., None]
    method = f"Gaussian kernels, bandwidth {how}"
    out = _curve(pooled, values, heights, "density", "probability density", method)
    units = sample.attrs.get("units", "1")
    out.attrs["units"] = "1" if units == "1" else f"({units})-1"
    return out.assign_coords(bandwidth=h)


def fan(
    sample: xr.DataArray, percentiles: Sequence[float] = FAN, over: Over = CLIMATOLOGY
) -> xr.DataArray:
    """Percentiles of a sample: the fan behind a plume.

    Returns
    -------
    The other dims and ``percentile``, float64, in the units of ``sample``; linear between the
    ordered values (Hyndman and Fan 1996, type 7). Missing without a sample.

    Raises
    ------
    BadRequest: of a dim that the sample lacks or an empty one, or a percentile that is none.
    """
    if not percentiles or not all(0 <= p <= 100 for p in percentiles):
        raise BadRequest(
            "Percentiles are numbers from 0 to 100.",
            asked=", ".join(f"{p:g}" for p in percentiles),
            advice="Write for instance 5, 50, 95.",
        )
    pooled = _pooled(sample, over)
    out = _quantiles(pooled, [p / 100.0 for p in percentiles], "percentile")
    out = out.assign_coords(percentile=("percentile", list(percentiles), {"units": "percent"}))
    out.attrs = dict(sample.attrs) | {"method": "percentiles, linear between the ordered values"}
    return out


def tercile_bars(
    forecast: xr.DataArray, hindcast: xr.DataArray, over: Over = CLIMATOLOGY
) -> xr.DataArray:
    """Share of the members in each tercile of the hindcast.

    Parameters
    ----------
    forecast: dim ``member`` and any others.
    hindcast: the dims of ``over`` and any of those others.

    Returns
    -------
    As :func:`data_layer.indices.tables.shares`, with the categories :data:`TERCILES`:
    below or at the lower bound, up to and at the upper one, above it.

    Raises
    ------
    BadRequest: of dims that are not there, or of which one is empty.
    """
    thirds = _quantiles(_pooled(hindcast, over), [1 / 3, 2 / 3], "bound")
    out = shares(forecast, thirds, TERCILES)
    out.attrs["method"] = "members counted in the terciles of the pooled hindcast, " + (
        "linear between its ordered values, each bound belonging to the tercile below it"
    )
    return out


def _pooled(sample: xr.DataArray, over: Over) -> xr.DataArray:
    """The sample along one last dim ``_sample``, without coordinates along it."""
    dims = [over] if isinstance(over, str) or not isinstance(over, Iterable) else list(over)
    for dim in dims:
        if sample.sizes.get(dim, 0) == 0:
            raise BadRequest(
                f"The sample has no {dim}.",
                asked=f"{sample.name}({', '.join(map(str, sample.dims))})",
                exists=[f"{d}: {n}" for d, n in sample.sizes.items()],
                advice="Choose among the dims that are not empty.",
            )
    pooled = sample.stack(_sample=dims, create_index=False)
    return pooled.drop_vars([c for c, v in pooled.coords.items() if "_sample" in v.dims])


def _quantiles(pooled: xr.DataArray, at: Sequence[float], dim: str) -> xr.DataArray:
    """Quantiles, linear between the ordered values, along a new last dim without labels.

    numpy's own take a cell at a time, and warn of cells without values.
    """
    ordered = np.sort(pooled.values.astype(np.float64), axis=-1)
    last = np.maximum((~np.isnan(ordered)).sum(axis=-1) - 1, 0)[..., None]
    place = last * np.asarray(at)
    low = np.floor(place).astype(np.intp)
    lower = np.take_along_axis(ordered, low, -1)
    upper = np.take_along_axis(ordered, np.minimum(low + 1, last), -1)
    rest = pooled.dims[:-1]
    return xr.DataArray(
        lower + (place - low) * (upper - lower), dict(pooled.coords), (*rest, dim), pooled.name
    )


def _values(at: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.atleast_1d(np.asarray(at, np.float64))
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise BadRequest(
            "A curve needs the values it is wanted at.",
            asked=np.array2string(values, threshold=6),
            advice="Give a list of finite numbers.",
        )
    return values


def _curve(
    pooled: xr.DataArray,
    values: npt.NDArray[np.float64],
    heights: npt.NDArray[np.float64],
    name: str,
    title: str,
    method: str,
) -> xr.DataArray:
    rest = pooled.dims[:-1]
    shape = (*(pooled.sizes[d] for d in rest), values.size)
    units = pooled.attrs.get("units", "1")
    return xr.DataArray(
        heights.reshape(shape),
        {**pooled.coords, "value": values},
        (*rest, "value"),
        name,
        {"long_name": title, "units": "1", "method": method, "value_units": units},
    )
