"""Probabilities from members: the share of them above or below a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

PERCENT = "%"


def chance_above(members: xr.DataArray, bound: xr.DataArray | float) -> xr.DataArray:
    """Percentage of the members present that are greater than ``bound``.

    Parameters
    ----------
    members: dims ``member`` and any others.
    bound: those others, or a number, in the units of ``members``. Where it is missing, so is
        the chance.

    Returns
    -------
    float32 in %, dims without ``member``. What is not above is below or equal, so a category
    between two bounds is open to the left and closed to the right.
    """
    import numpy as np
    import xarray as xr

    from data_layer.counting import counts_above

    cells = [d for d in members.dims if d != "member"]
    first = members.transpose("member", *cells)
    blank = first.isel(member=0, drop=True)
    bounds = xr.zeros_like(blank, dtype=np.float64) + bound
    limits = np.asarray(bounds, np.float32)[np.newaxis]
    present, above = counts_above(first.values, limits)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where((present > 0) & ~np.isnan(limits[0]), 100.0 * above[0] / present, np.nan)
    return _percent(blank, share)


def chance_beyond(members: xr.DataArray, bound: xr.DataArray | float, side: str) -> xr.DataArray:
    """:func:`chance_above`, or on the side ``below`` what that leaves of 100 %."""
    over = chance_above(members, bound)
    return over if side == "above" else (100.0 - over).assign_attrs(over.attrs)


def chance_above_gaussian(members: xr.DataArray, bound: xr.DataArray | float) -> xr.DataArray:
    """As :func:`chance_above`, from a normal distribution fitted to the members.

    Its mean and standard deviation (divisor M - 1) are the members'. Where they do not differ
    from each other, members are counted.
    """
    import numpy as np
    from scipy.special import ndtr

    mean, std = members.mean("member", dtype="f8"), members.std("member", ddof=1, dtype="f8")
    spread = std.where(std > 0)
    share = 100.0 * ndtr(((mean - bound) / spread).values)
    counted = chance_above(members, bound)
    return _percent(counted, np.where(np.isnan(share), counted.values, share))


def _percent(like: xr.DataArray, share: np.ndarray) -> xr.DataArray:
    import numpy as np

    out = like.copy(data=share.astype(np.float32))
    out.attrs = {k: v for k, v in like.attrs.items() if k not in ("standard_name", "valid_range")}
    return out.assign_attrs(units=PERCENT)
