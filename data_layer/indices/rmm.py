"""What the two numbers of the Madden-Julian Oscillation say, and how well they are forecast."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
import xarray as xr

from data_layer.errors import BadRequest

SKILL_SOURCE = "Lin et al. (2008), doi:10.1175/2008MWR2459.1"
# The usual limit of useful skill (Rashid et al. 2011, doi:10.1007/s00382-010-0754-x).
SKILFUL = 0.5


def amplitude(rmm: xr.DataArray) -> xr.DataArray:
    """√(RMM1² + RMM2²); below 1 the oscillation is called weak.

    Parameters
    ----------
    rmm: dim ``mode`` (1, 2) and any others.

    Returns
    -------
    The other dims, float64, without a unit.
    """
    first, second = _pair(rmm)
    out = (first**2 + second**2) ** 0.5
    out.attrs = {"long_name": "amplitude of the MJO", "units": "1", "method": "√(RMM1² + RMM2²)"}
    return out.rename("amplitude")


def phase(rmm: xr.DataArray) -> xr.DataArray:
    """The octant of (RMM1, RMM2), 1 to 8, counted counter-clockwise from 180°.

    An oscillation that moves eastward goes counter-clockwise: phases 2 and 3 are of the
    Indian Ocean, 4 and 5 of the Maritime Continent, 6 and 7 of the western Pacific, 8
    and 1 of the western hemisphere and Africa (Wheeler and Hendon 2004).

    Parameters
    ----------
    rmm: dim ``mode`` (1, 2) and any others.

    Returns
    -------
    The other dims, float64 (whole numbers), NaN where either is missing or both are 0.
    """
    first, second = _pair(rmm)
    degrees: xr.DataArray = xr.apply_ufunc(np.arctan2, second, first) * (180.0 / np.pi)
    out = ((degrees + 180.0) % 360.0) // 45.0 + 1.0
    out = out.where((first != 0) | (second != 0))
    out.attrs = {
        "long_name": "phase of the MJO",
        "units": "1",
        "method": "octant of (RMM1, RMM2) from 180°, counter-clockwise",
    }
    return out.rename("phase")


def bivariate_correlation(
    forecast: xr.DataArray, observed: xr.DataArray, over: Hashable | Iterable[Hashable] = "init"
) -> xr.DataArray:
    """COR = Σ(a₁f₁ + a₂f₂) / √(Σ(a₁² + a₂²) Σ(f₁² + f₂²)); Lin et al. (2008), equation 1.

    Parameters
    ----------
    forecast, observed: dims ``mode`` (1, 2), those of ``over`` and any others, such as
        ``lead``; the observation has the time that the forecast is for. The forecast is
        of the ensemble's mean, unless ``over`` or the result shall have the members.
        Pairs that are not whole are left out.
    over: dims to sum over.

    Returns
    -------
    The other dims, float64, from -1 to 1; missing without a pair.

    Raises
    ------
    BadRequest: of a dim to sum over that there is not.
    """
    f, a, dims = _whole_pairs(forecast, observed, over)
    out = (a * f).sum(dims) / ((a**2).sum(dims) * (f**2).sum(dims)) ** 0.5
    out.attrs = {
        "long_name": "bivariate correlation of RMM1 and RMM2",
        "units": "1",
        "method": "uncentred correlation of the pairs (RMM1, RMM2)",
        "references": SKILL_SOURCE,
    }
    return out.rename("bivariate_correlation")


def bivariate_rmse(
    forecast: xr.DataArray, observed: xr.DataArray, over: Hashable | Iterable[Hashable] = "init"
) -> xr.DataArray:
    """RMSE = √(mean((a₁ − f₁)² + (a₂ − f₂)²)); Lin et al. (2008), equation 2.

    A forecast of no oscillation has √2, as RMM1 and RMM2 have a variance of 1 each.
    Parameters, dims, missing pairs and errors as in :func:`bivariate_correlation`.
    """
    f, a, dims = _whole_pairs(forecast, observed, over)
    out = ((a - f) ** 2).sum("mode", skipna=False).mean([d for d in dims if d != "mode"]) ** 0.5
    out.attrs = {
        "long_name": "bivariate root-mean-square error of RMM1 and RMM2",
        "units": "1",
        "method": "root of the mean squared distance of the pairs (RMM1, RMM2)",
        "references": SKILL_SOURCE,
    }
    return out.rename("bivariate_rmse")


def _pair(rmm: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    if "mode" not in rmm.coords or not {1, 2} <= set(np.atleast_1d(rmm["mode"].values)):
        raise BadRequest(
            "The Madden-Julian Oscillation's index is a pair of numbers.",
            asked=f"{rmm.name}({', '.join(map(str, rmm.dims))})",
            advice="Give RMM1 and RMM2 along a dim 'mode' labelled 1 and 2.",
        )
    values = rmm.astype(np.float64)
    return values.sel(mode=1, drop=True), values.sel(mode=2, drop=True)


def _whole_pairs(
    forecast: xr.DataArray, observed: xr.DataArray, over: Hashable | Iterable[Hashable]
) -> tuple[xr.DataArray, xr.DataArray, list[Hashable]]:
    """Forecast and observation with NaN in both unless all four numbers are there, and the dims."""
    dims = [over] if isinstance(over, str) or not isinstance(over, Iterable) else list(over)
    for da in (forecast, observed):
        _pair(da)
    for dim in dims:
        if dim not in forecast.dims and dim not in observed.dims:
            raise BadRequest(
                f"There is no dim {dim!r} to sum the pairs over.",
                asked=str(dim),
                exists=forecast.dims,
                advice="Choose among its dims.",
            )
    f, a = xr.broadcast(*xr.align(forecast.sel(mode=[1, 2]), observed.sel(mode=[1, 2])))
    whole = (f.notnull() & a.notnull()).all("mode")
    return f.where(whole).astype(np.float64), a.where(whole).astype(np.float64), [*dims, "mode"]
