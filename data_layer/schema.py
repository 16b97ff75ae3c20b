"""The canonical dataset: what every layout delivers, whoever made the files.

Forecasts and hindcasts
    dims ``(init, member, lead, lat, lon)``; ``init`` datetime64, ``member``
    int, ``lead`` int with attribute ``units`` one of months, days, hours
    (:mod:`data_layer.timing`). A lagged ensemble has one nominal ``init`` and
    the coordinate ``member_init(member)``.
Observations
    dims ``(time, lat, lon)``.

Series without a grid (indices) have one cell there that is no place (:func:`nowhere`), so
that all that reads and computes need not know of them; answers are given without it.

``lat`` and ``lon`` are one-dimensional cell centres in degrees. While the data
are lazy they stay in the order of the file, because backends read reordered
indices cell by cell; :func:`arrange` puts them in order (south to north, and
eastward in 0…360) once values are in memory. So it does with members and leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar, cast, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import UnreadableFile
from data_layer.timing import LeadUnit, Moment, format_init, lead_of, valid_period

FORECAST_DIMS = ("init", "member", "lead", "lat", "lon")
OBSERVATION_DIMS = ("time", "lat", "lon")

_Number = TypeVar("_Number", bound=np.generic)
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


# What marks the axes of an index.
_NOWHERE = "no_place"


def nowhere() -> dict[str, tuple[str, Floats, dict[str, str]]]:
    """The coordinates ``lat`` and ``lon`` of a dataset of indices: one cell that is no place."""
    said = "the series of an index, which is of no place"
    return {dim: (dim, np.zeros(1), {_NOWHERE: said}) for dim in ("lat", "lon")}


def is_index(ds: xr.Dataset) -> bool:
    """Whether the canonical dataset is of series that have no grid."""
    return _NOWHERE in ds["lat"].attrs


def without_cell(da: xr.DataArray) -> xr.DataArray:
    """What was read or computed of an index, without the cell that is no place."""
    cell = da.isel({d: 0 for d in ("lat", "lon") if d in da.dims})
    return cell.drop_vars(["lat", "lon"], errors="ignore")  # pooled, it has them no more


def is_forecast(ds: xr.Dataset) -> bool:
    """Whether the canonical dataset has a start, rather than only a valid time."""
    return "init" in ds.dims


def data_variables(ds: xr.Dataset) -> list[str]:
    """Names of the variables that can be shown, in the file's order."""
    dims = FORECAST_DIMS if is_forecast(ds) else OBSERVATION_DIMS
    return [str(name) for name, v in ds.data_vars.items() if v.dims == dims]


def validate(ds: xr.Dataset) -> xr.Dataset:
    """``ds`` itself if it is canonical.

    Raises
    ------
    UnreadableFile: naming the first thing that is wrong.
    """
    forecast = is_forecast(ds)
    for dim in FORECAST_DIMS if forecast else OBSERVATION_DIMS:
        if dim not in ds.coords:
            raise UnreadableFile(f"it has no coordinate {dim!r}")
        if ds.sizes[dim] == 0:
            raise UnreadableFile(f"its coordinate {dim!r} is empty")
    for dim in ("lat", "lon"):
        values = ds[dim].values
        if values.ndim != 1 or not np.issubdtype(values.dtype, np.number):
            raise UnreadableFile(f"its coordinate {dim!r} is not a one-dimensional axis of numbers")
        if not np.isfinite(values).all():
            raise UnreadableFile(f"its coordinate {dim!r} holds missing or infinite values")
        around = np.round(np.mod(values, 360.0), 9) % 360.0 if dim == "lon" else values
        if len(np.unique(around)) != values.size:
            raise UnreadableFile(f"its coordinate {dim!r} repeats a value")
    if np.abs(ds["lat"].values).max() > 90.001:
        raise UnreadableFile("its latitudes lie beyond the poles")
    times = ds["init" if forecast else "time"].values
    if not np.issubdtype(times.dtype, np.datetime64):
        raise UnreadableFile("its times are not dates of the standard calendar")
    if np.isnat(times).any():
        raise UnreadableFile("some of its times are missing")
    if len(np.unique(times)) != times.size:
        raise UnreadableFile(f"its coordinate {'init' if forecast else 'time'!r} repeats a value")
    if forecast:
        for dim in ("member", "lead"):
            if not np.issubdtype(ds[dim].dtype, np.integer):
                raise UnreadableFile(f"its coordinate {dim!r} is not whole numbers")
        if ds["lead"].attrs.get("units") not in get_args(LeadUnit):
            raise UnreadableFile("its leads are not counted in months, days or hours")
        for dim in ("member", "lead"):
            if len(np.unique(ds[dim].values)) != ds.sizes[dim]:
                raise UnreadableFile(f"its coordinate {dim!r} repeats a value")
        try:
            valid_period(max(moments(times)), int(ds["lead"].max()), lead_unit(ds))
            valid_period(min(moments(times)), int(ds["lead"].min()), lead_unit(ds))
        except (ValueError, OverflowError) as error:
            raise UnreadableFile("its leads reach beyond the calendar") from error
    if not data_variables(ds):
        raise UnreadableFile("it holds no variable on the latitude-longitude grid")
    return ds


def lead_unit(ds: xr.Dataset) -> LeadUnit:
    """The unit in which the canonical forecast's leads are counted."""
    return cast(LeadUnit, ds["lead"].attrs["units"])


def moments(values: npt.NDArray[np.datetime64]) -> list[Moment]:
    """datetime64 → datetimes (naive, UTC), to the second."""
    return cast("list[Moment]", np.ravel(values).astype("datetime64[s]").tolist())


def inits(ds: xr.Dataset) -> tuple[str, ...]:
    """The starts, ascending, as text."""
    return tuple(sorted(format_init(m) for m in moments(ds["init"].values)))


def lon_order(lon: Floats) -> tuple[Ints, Floats]:
    """Index that puts longitudes eastward, and their values from 0 to below 720.

    The circle is cut at its widest gap, so that a region across Greenwich stays
    in one piece (348…400) and a global grid begins at its first cell from 0°.
    The arrays are shared with later callers and cannot be written to.
    """
    return _lon_order(lon.astype(np.float64).tobytes())


@lru_cache(64)  # it is asked for each map that is read, of few grids
def _lon_order(lon: bytes) -> tuple[Ints, Floats]:
    circle = np.asarray(np.round(np.mod(np.frombuffer(lon), 360.0), 9) % 360.0, np.float64)
    order = np.argsort(circle, kind="stable")
    east = circle[order]
    if east.size < 2:
        return _fixed(order), _fixed(east)
    gaps = np.diff(east, append=east[0] + 360.0)
    cut = int(np.argmax(gaps))
    if gaps[cut] > 1.5 * float(np.median(gaps)) and cut != east.size - 1:
        order = np.roll(order, -(cut + 1))
        east = np.roll(east, -(cut + 1))
        east[east.size - (cut + 1) :] += 360.0
    return _fixed(order), _fixed(east)


def _fixed(a: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    a.flags.writeable = False
    return a


def wraps(lon: Floats) -> bool:
    """Whether arranged longitudes close the circle."""
    if lon.size < 2:
        return False
    step = float(np.median(np.diff(lon)))
    return abs(lon.size * step - 360.0) < 0.5 * step


def arrange(da: xr.DataArray) -> xr.DataArray:
    """A loaded array with its axes in order: latitudes south to north, longitudes eastward.

    Parameters
    ----------
    da: any array in memory; ``lat`` and ``lon`` may be dims or scalar coordinates.
    """
    for dim in ("time", "member", "lead", "lat"):
        if dim in da.dims:
            da = _taken(da, dim, np.argsort(da[dim].values, kind="stable"))
    order, east = lon_order(np.atleast_1d(da["lon"].values))
    if "lon" not in da.dims:
        return da.assign_coords(lon=((), east[0], da["lon"].attrs))
    da = _taken(da, "lon", order)
    if not np.array_equal(east, da["lon"].values):
        da = da.assign_coords(lon=("lon", east, da["lon"].attrs))
    return da


def _taken(da: xr.DataArray, dim: str, order: Ints) -> xr.DataArray:
    in_order = np.array_equal(order, np.arange(order.size))
    return da if in_order else da.isel({dim: order})


def along(parts: Sequence[xr.DataArray], dim: str | xr.Variable) -> xr.DataArray:
    """Parts put one behind the other along ``dim``; other coordinates are those of the first."""
    return xr.concat(parts, dim, coords="minimal", compat="override")


def as_lagged(ds: xr.Dataset, nominal: Moment) -> xr.Dataset:
    """A forecast of one start, seen as part of the ensemble of ``nominal``.

    The start becomes ``nominal``, the leads are counted from it so that valid
    times stay what they are, and each member keeps its own start in
    ``member_init``. Dims as before.
    """
    unit = lead_unit(ds)
    (own,) = moments(ds["init"].values)
    begins = [valid_period(own, int(lead), unit)[0] for lead in ds["lead"].values]
    leads = [lead_of(nominal, begin, unit) for begin in begins]
    start = np.datetime64(own, "ns")
    member_init = np.full(ds.sizes["member"], start)
    return ds.assign_coords(
        init=("init", [np.datetime64(nominal, "ns")], ds["init"].attrs),
        lead=("lead", np.asarray(leads, np.int64), ds["lead"].attrs),
        member_init=("member", member_init),
    )
