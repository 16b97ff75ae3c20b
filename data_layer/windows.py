"""Means over several leads, and which time they are for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import UnknownLead
from data_layer.schema import along
from data_layer.timing import LeadUnit, Moment, valid_period


def window_leads(lead: int, window: int) -> tuple[int, ...]:
    """The leads that the mean over ``window`` of them from ``lead`` on is of."""
    return tuple(range(lead, lead + window))


def period(init: Moment, lead: int, window: int, unit: LeadUnit) -> tuple[Moment, Moment]:
    """First and last instant (the last excluded) that such a mean is for."""
    return valid_period(init, lead, unit)[0], valid_period(init, lead + window - 1, unit)[1]


def seconds(
    init: Moment, leads: Sequence[int], width: int, unit: LeadUnit
) -> npt.NDArray[np.float64]:
    """Length of the period that each lead is for: 0 for instants."""
    periods = (period(init, lead, width, unit) for lead in leads)
    return np.array([(end - begin).total_seconds() for begin, end in periods])


def averaged(members: xr.DataArray, window: int, lead: int | None) -> xr.DataArray:
    """Means over ``window`` leads, each lead with the same weight.

    Parameters
    ----------
    members: dims ``lead`` and any others.
    lead: the one wanted, or ``None`` for every lead from which all of the window is there.

    Returns
    -------
    The same dims; ``lead`` is the first of each window. A mean of which a lead is missing is
    missing.

    Raises
    ------
    UnknownLead: when no whole window is there.
    """
    if window == 1:
        return members
    leads = [int(x) for x in members["lead"].values]
    firsts = leads if lead is None else [lead]
    at = {x: i for i, x in enumerate(leads)}
    whole = [x for x in firsts if all(y in at for y in window_leads(x, window))]
    if not whole:
        unit = str(members["lead"].attrs.get("units", "leads"))
        raise UnknownLead(
            f"A mean over {window} {unit} needs as many leads one after the other.",
            asked=f"window={window}" + ("" if lead is None else f" from lead {lead}"),
            exists=leads,
            advice="Choose an earlier lead or a shorter window.",
        )
    means = [
        members.isel(lead=[at[y] for y in window_leads(x, window)]).mean(
            "lead", dtype="float64", skipna=False, keep_attrs=True
        )
        for x in whole
    ]
    out = along(means, "lead")
    out = out.assign_coords(lead=("lead", np.array(whole), members["lead"].attrs))
    return out.transpose(*members.dims).astype(
        members.dtype if members.dtype.kind == "f" else np.float64
    )
