"""Start, member and leads given to a file that does not hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import UnreadableFile
from data_layer.layouts.files import decoded
from data_layer.layouts.lazy import with_all_attributes
from data_layer.layouts.recognise import coordinates
from data_layer.schema import moments
from data_layer.timing import LeadUnit, Moment


def labelled(
    raw: xr.Dataset, time: str, init: Moment, member: int, leads: Sequence[int], unit: LeadUnit
) -> xr.Dataset:
    """``raw`` with the leads along its time axis, a start and a member.

    Parameters
    ----------
    raw: undecoded, lazy. What it says itself of start, member and leads goes.
    time: the name of its time axis, which goes.
    leads: one for each time, counted in ``unit`` as :mod:`data_layer.timing` says.
    """
    said = [name for role, name in coordinates(raw).items() if role in ("init", "member", "lead")]
    return (
        raw.drop_vars({time, *said})
        .rename_dims({time: "forecast_period"})
        .assign_coords(
            forecast_period=(
                "forecast_period",
                np.asarray(leads, np.int64),
                {"standard_name": "forecast_period", "units": unit},
            ),
            forecast_reference_time=(
                (),
                np.datetime64(init, "ns"),
                {"standard_name": "forecast_reference_time"},
            ),
            realization=((), member, {"standard_name": "realization"}),
        )
    )


def axis_of_time(raw: xr.Dataset) -> str:
    """The name of the time axis.

    Raises
    ------
    UnreadableFile: when there is none.
    """
    name = coordinates(raw).get("valid", "")
    if not name or raw[name].dims != (name,) or raw.sizes[name] == 0:
        raise UnreadableFile(
            f"its time is not an axis of its own, among {', '.join(map(str, raw.dims)) or 'none'}"
        )
    return name


def dates_of(numbers: npt.NDArray[Any], attrs: Mapping[Any, Any]) -> list[Moment]:
    """Numbers as the dates that the attributes ``units`` and ``calendar`` make of them.

    Raises
    ------
    UnreadableFile: when they make none, or some of another calendar than ours.
    """
    said = {k: attrs[k] for k in ("units", "calendar") if k in attrs}
    axis = xr.Variable("time", numbers, said)
    dates = decoded(xr.Dataset(coords={"time": axis}))["time"].values
    if not np.issubdtype(dates.dtype, np.datetime64):
        raise UnreadableFile(f"its times are not dates of the standard calendar, but {said}")
    return moments(dates)


def with_attributes(raw: xr.Dataset, changes: dict[str, dict[str, str]]) -> xr.Dataset:
    """``raw``, still lazy, with attributes of some variables added or replaced."""
    return with_all_attributes(
        raw, {name: raw.variables[name].attrs | attrs for name, attrs in changes.items()}
    )


def fields(raw: xr.Dataset, time: str) -> list[str]:
    """Names of the variables of numbers that have a value for each time and place."""
    found = coordinates(raw)
    needed = {time, *(d for axis in ("lat", "lon") for d in raw[found[axis]].dims)}
    return [
        str(name)
        for name, v in raw.data_vars.items()
        if needed <= set(v.dims) and np.issubdtype(v.dtype, np.number)
    ]
