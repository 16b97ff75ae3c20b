"""Each past forecast of the same start and lead at a place, and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.errors import BadRequest
from data_layer.offers import Asked, ProductInfo
from data_layer.products.base import Inputs, Product, without_single_cell
from data_layer.products.choices import WINDOW, YEARS

if TYPE_CHECKING:
    import xarray as xr

PERCENTILES = (10, 33, 50, 67, 90)


def compute(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Members of each past forecast, told by their percentiles, and what was observed.

    Returns
    -------
    Dims ``(statistic, init)``, in the units of the variable; statistics ``mean``, ``p10``,
    ``p33``, ``p50``, ``p67``, ``p90`` of the members, ``observed``, and ``lower`` and
    ``upper``, the terciles of what was observed in all these years. What is not known is
    missing. Percentiles are linear between members (numpy's default).

    Raises
    ------
    BadRequest: for a map, or for several leads.
    """
    import numpy as np
    import xarray as xr

    hindcast = without_single_cell(inputs.hindcast())
    observed = without_single_cell(inputs.observed())
    if set(hindcast.dims) != {"init", "member"}:
        raise BadRequest(
            "Past forecasts are shown of one lead, at a place or of a region.",
            asked=", ".join(str(d) for d in hindcast.dims),
            advice="Name the lead, and lat and lon or a region.",
        )
    observed = observed.reindex(init=hindcast["init"])
    members = hindcast.transpose("init", "member").values.astype(np.float64)
    empty = np.isnan(members).all(axis=1)
    members[empty] = 0.0
    told = {"mean": np.nanmean(members, axis=1)}
    for percent in PERCENTILES:
        told[f"p{percent}"] = np.nanpercentile(members, percent, axis=1)
    told = {name: np.where(empty, np.nan, values) for name, values in told.items()}
    seen = observed.values.astype(np.float64)
    told["observed"] = seen
    known = seen[np.isfinite(seen)]
    for name, share in (("lower", 1 / 3), ("upper", 2 / 3)):
        bound = np.quantile(known, share) if known.size else np.nan
        told[name] = np.full(seen.shape, bound)
    scalars = {n: c for n, c in hindcast.coords.items() if c.ndim == 0}
    out = xr.DataArray(
        np.stack(list(told.values())).astype(np.float32),
        {"statistic": list(told), "init": hindcast["init"], **scalars},
        ("statistic", "init"),
        inputs.members.name,
        {"units": inputs.members.attrs.get("units", "1")},
    )
    years = hindcast["init"].dt.year.values
    return out.assign_attrs(
        climatology=f"hindcast {years.min()}-{years.max()}, {years.size} starts"
    )


PRODUCT = Product(
    ProductInfo(
        name="past_forecasts",
        title="Past forecasts and what happened",
        method="percentiles of the members of each past forecast of the same start and lead, "
        "and what was observed",
        kind="diagram",
        min_members=2,
        needs=("hindcast", "observations"),
        of_past=True,
        options=(WINDOW, YEARS),
    ),
    compute,
    whole=True,
)
