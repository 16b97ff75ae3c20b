"""A forecast corrected by what its hindcast got wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from data_layer.offers import Asked
from data_layer.products.base import Inputs

if TYPE_CHECKING:
    import xarray as xr

    from data_layer.verification.correction import Kind


def corrected(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """The members, with the correction that was asked for.

    A correction is trained on the hindcast and the observations of all years but that of
    the forecast itself (:mod:`data_layer.verification.correction`).

    Returns
    -------
    The dims and units of the members.
    """
    method = dict(asked.chosen).get("correction", "none")
    members = inputs.members
    if method == "none":
        return members
    from data_layer.verification.correction import apply, fit

    hindcast, observed = inputs.hindcast(), inputs.observed()
    hindcast, observed = (other_years(past, members) for past in (hindcast, observed))
    trained = fit(hindcast, observed, cast("Kind", method))
    out: xr.DataArray = apply(members, trained).transpose(*members.dims)
    attrs = {**members.attrs, "method": f"members after correction: {out.attrs.get('method', '')}"}
    return out.astype(members.dtype).assign_attrs(attrs)


def other_years(past: xr.DataArray, forecast: xr.DataArray) -> xr.DataArray:
    """What of the past may be learnt from: all years (``init``) but that of the forecast."""
    others = past["init"].dt.year != forecast["init"].dt.year
    return past.isel(init=others.values)
