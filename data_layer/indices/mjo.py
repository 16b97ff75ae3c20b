"""The Madden-Julian Oscillation's RMM1 and RMM2, projected on given or derived patterns.

Wheeler and Hendon (2004), doi:10.1175/1520-0493(2004)132<1917:AARMMI>2.0.CO;2, without
their removal of El Niño's part, as many forecast centres leave it out and the mean of the
last 120 days takes most of it:

1. outgoing longwave radiation (W m-2) and zonal wind at 850 and 200 hPa (m s-1), less
   their climatology, as means over 15°S-15°N: :func:`tropical_band`;
2. less the mean of the 120 days before, which are observed ones before the start and
   forecast ones after it: :func:`days_before`, :func:`without_recent_mean`;
3. each divided by its own standard deviation, projected together on two patterns, and
   divided by the standard deviations that those two numbers have in observations:
   :func:`project`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.indices.regions import area_weights, box

FIELDS = ("olr", "u850", "u200")
SOURCE = "Wheeler and Hendon (2004), doi:10.1175/1520-0493(2004)132<1917:AARMMI>2.0.CO;2"
BAND = box("mjo_band", "15°S-15°N", -15, 15, -180, 180)
DAYS = 120


@dataclass(frozen=True, eq=False)
class Patterns:
    """What the fields of a day are projected on.

    Attributes
    ----------
    eofs: dims (mode, field, lon): unit vectors over field and lon together; ``mode`` is
        1, 2 and ``field`` is :data:`FIELDS`.
    deviations: dims (field,): what each field is divided by (W m-2, m s-1, m s-1).
    pc_deviations: dims (mode,): what the projections are divided by.
    explained: share of the variance of the normalised fields that each explains, if known.

    Raises
    ------
    BadRequest: of other dims or labels.
    """

    eofs: xr.DataArray
    deviations: xr.DataArray
    pc_deviations: xr.DataArray
    explained: xr.DataArray | None = None

    def __post_init__(self) -> None:
        wanted = {"eofs": ("mode", "field", "lon"), "deviations": ("field",)}
        for name, dims in (wanted | {"pc_deviations": ("mode",)}).items():
            da: xr.DataArray = getattr(self, name)
            labels = {"mode": [1, 2], "field": list(FIELDS)}
            if da.dims != dims or any(
                dim not in da.coords or (dim in labels and da[dim].values.tolist() != labels[dim])
                for dim in dims
            ):
                raise BadRequest(
                    f"The {name} of the MJO have dims {', '.join(dims)}.",
                    asked=f"{name}({', '.join(map(str, da.dims))})",
                    advice=f"Label mode with 1 and 2, and field with {', '.join(FIELDS)}.",
                )


def tropical_band(da: xr.DataArray) -> xr.DataArray:
    """Mean over 15°S-15°N at each longitude, rows weighted by cos(latitude).

    Parameters
    ----------
    da: dims ``lat``, ``lon`` and any others. Missing cells are left out; a row half
        inside counts half.

    Returns
    -------
    The other dims and ``lon``, in their order, float64, in the units of ``da``.

    Raises
    ------
    BadRequest: of a grid that does not reach the band.
    """
    weights = area_weights(da, BAND)
    rows = np.flatnonzero(weights.any("lon").values)
    near = {"lat": slice(int(rows[0]), int(rows[-1]) + 1)}
    out = da.isel(near).weighted(weights.isel(near)).mean("lat", keep_attrs=True)
    return out.astype(np.float64).rename(da.name)


def days_before(observed: xr.DataArray, inits: npt.ArrayLike, *, days: int = DAYS) -> xr.DataArray:
    """The observed days before each start, as :func:`without_recent_mean` takes them.

    Parameters
    ----------
    observed: dim ``time`` (one value a day, labelled within it) and any others.
    inits: (n,) datetime64, the starts.

    Returns
    -------
    dims (init, lead, …others): ``lead`` is -days … -1, the day before the start being -1.
    Days that are not observed are missing.

    Raises
    ------
    BadRequest: when a day is there twice.
    """
    day = observed["time"].values.astype("datetime64[D]")
    if len(np.unique(day)) != day.size:
        raise BadRequest(
            "The observations have several values for a day.",
            asked=f"{day.size} values on {len(np.unique(day))} days",
            advice="Average them to one a day.",
        )
    starts = np.atleast_1d(np.asarray(inits, "datetime64[ns]"))
    leads = np.arange(-days, 0)
    wanted = starts.astype("datetime64[D]")[:, None] + leads
    by_day = observed.assign_coords(time=day.astype("datetime64[ns]"))
    found = by_day.reindex(time=np.unique(wanted).astype("datetime64[ns]"))
    pick = xr.DataArray(
        wanted.astype("datetime64[ns]"),
        {"init": starts, "lead": ("lead", leads, {"units": "days"})},
        ("init", "lead"),
    )
    return found.sel(time=pick).drop_vars("time").transpose("init", "lead", ...)


def without_recent_mean(
    forecast: xr.DataArray,
    before: xr.DataArray,
    *,
    days: int = DAYS,
    least: int | None = None,
) -> xr.DataArray:
    """Each forecast day less the mean of the days before it, itself not among them.

    Parameters
    ----------
    forecast: dim ``lead`` (0, 1, 2, … days) and any others.
    before: the same dims, but for those that all share (such as ``member``), with
        ``lead`` -days … -1: :func:`days_before`.
    days: over how many days the mean goes.
    least: how many of them must be there; otherwise the day is missing. All by default.

    Returns
    -------
    As ``forecast``, float64.

    Raises
    ------
    BadRequest: of leads that are not whole consecutive days.
    """
    for da, first in ((forecast, 0), (before, -days)):
        leads = da["lead"].values if "lead" in da.dims else np.array([])
        count = leads.size if first == 0 else days
        if not leads.size or not np.array_equal(leads, np.arange(first, first + count)):
            raise BadRequest(
                f"The mean of the last {days} days needs every day from lead {first} on.",
                asked=f"leads {', '.join(map(str, leads[:5]))} …" if leads.size else "no leads",
                advice="Give daily means: the forecast from lead 0, observations up to lead -1.",
            )
    values = forecast.astype(np.float64)
    _, spread = xr.broadcast(values.isel(lead=0), before.astype(np.float64))
    joined = xr.concat([spread, values], "lead", coords="minimal", compat="override", join="exact")
    there = joined.notnull()
    total = _of_last(joined.where(there, 0.0), days)
    number = _of_last(there.astype(np.int64), days)
    mean = (total / number.where(number > 0)).where(number >= (days if least is None else least))
    out = (values - mean.sel(lead=values["lead"])).transpose(*forecast.dims)
    out.attrs = dict(forecast.attrs)
    return out.rename(forecast.name)


def _of_last(da: xr.DataArray, days: int) -> xr.DataArray:
    """At each lead, the sum over the ``days`` before it."""
    total = da.cumsum("lead").assign_coords(lead=da["lead"])
    return total.shift(lead=1, fill_value=0) - total.shift(lead=days + 1, fill_value=0)


def project(fields: Mapping[str, xr.DataArray], patterns: Patterns) -> xr.DataArray:
    """RMM1 and RMM2 of fields that are without climatology and recent mean.

    Parameters
    ----------
    fields: one for each of :data:`FIELDS`: dim ``lon`` and any others, the same for all,
        in the units of ``patterns.deviations``.

    Returns
    -------
    The other dims, in their order, and ``mode`` (1, 2), float64, without a unit. Missing
    where any longitude of any field is.

    Raises
    ------
    BadRequest: of a field missing, or on other longitudes than the patterns.
    """
    combined = _combined(fields)
    grid, wanted = combined["lon"].values, patterns.eofs["lon"].values
    order = np.argsort(np.mod(grid, 360.0), kind="stable")
    target = np.argsort(np.mod(wanted, 360.0), kind="stable")
    if grid.size != wanted.size or not np.allclose(
        np.mod(grid[order], 360.0), np.mod(wanted[target], 360.0), atol=1e-4
    ):
        raise BadRequest(
            "The fields are on other longitudes than the patterns of the MJO.",
            asked=f"{grid.size} longitudes from {grid.min():g} to {grid.max():g}",
            exists=[f"{wanted.size} longitudes from {wanted.min():g} to {wanted.max():g}"],
            advice="Interpolate the fields to those of the patterns.",
        )
    vectors = patterns.eofs.isel(lon=target).astype(np.float64).values / (
        patterns.deviations.values[:, None] * patterns.pc_deviations.values[:, None, None]
    )
    weights = xr.DataArray(
        vectors, {"mode": [1, 2], "field": list(FIELDS)}, ("mode", "field", "lon")
    )
    values = combined.isel(lon=order).drop_vars("lon")
    out: xr.DataArray = xr.dot(values, weights, dim=("field", "lon"))
    out = out.transpose(..., "mode").rename("rmm")
    out.attrs = {
        "long_name": "RMM1 and RMM2",
        "units": "1",
        "method": (
            "OLR, U850 and U200 over 15°S-15°N, each divided by its standard deviation, "
            "projected together on two patterns and divided by the standard deviations of these"
        ),
        "references": SOURCE,
    }
    return out


def derive(fields: Mapping[str, xr.DataArray]) -> Patterns:
    """The two leading combined EOFs of observed fields.

    A field's deviation is the root of the mean over longitudes of its variance in time.
    The pair is ordered and signed, but not rotated, as in Wheeler and Hendon: RMM1 is the
    one with more OLR at 90-150°E, positive with less of it there (convection over the
    Maritime Continent, phases 4 and 5); RMM2 is positive with less OLR at 150-180°E than
    at 60-90°E (convection over the western Pacific, phases 6 and 7). So an oscillation
    that moves eastward goes counter-clockwise.

    Parameters
    ----------
    fields: one for each of :data:`FIELDS`: dims ``time``, ``lon``, without climatology
        and recent mean. Days that are not whole are left out.

    Raises
    ------
    BadRequest: of fewer than 3 whole days, a field that is constant, or longitudes that
        leave out the Indian Ocean or the western Pacific.
    """
    combined = _combined(fields).transpose("time", "field", "lon")
    whole = combined.isel(time=np.flatnonzero(combined.notnull().all(("field", "lon")).values))
    if whole.sizes["time"] < 3:
        raise BadRequest(
            "The patterns of the MJO are of many days.",
            asked=f"{whole.sizes['time']} days on which all fields are there",
            advice="Give daily observations of several years.",
        )
    centred = whole - whole.mean("time")
    deviations = (centred**2).mean(("time", "lon")) ** 0.5
    if not (deviations > 0).all():
        raise BadRequest(
            "A field of the MJO is constant.",
            asked=", ".join(f for f in FIELDS if not deviations.sel(field=f) > 0),
            advice="Give anomalies as they change from day to day.",
        )
    matrix = (centred / deviations).values.reshape(whole.sizes["time"], -1)
    _, singular, rows = np.linalg.svd(matrix, full_matrices=False)
    vectors = rows[:2].reshape(2, len(FIELDS), -1)
    order, signs = _as_published(vectors[:, FIELDS.index("olr")], whole["lon"].values)
    mode = {"mode": [1, 2]}
    return Patterns(
        eofs=xr.DataArray(
            vectors[order] * signs[:, None, None],
            {**mode, "field": list(FIELDS), "lon": whole["lon"]},
            ("mode", "field", "lon"),
            attrs={"references": SOURCE},
        ),
        deviations=deviations.drop_vars([c for c in deviations.coords if c != "field"]),
        pc_deviations=xr.DataArray(
            singular[order] / np.sqrt(whole.sizes["time"] - 1), mode, ("mode",)
        ),
        explained=xr.DataArray(singular[order] ** 2 / (singular**2).sum(), mode, ("mode",)),
    )


def _as_published(
    olr: npt.NDArray[np.float64], lon: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Order and signs of the two patterns, from their OLR parts (2, nx)."""
    circle = np.mod(lon, 360.0)
    means = []
    for west, east in ((90.0, 150.0), (150.0, 180.0), (60.0, 90.0)):
        there = (circle >= west) & (circle <= east)
        if not there.any():
            raise BadRequest(
                "The patterns of the MJO go around the Earth.",
                asked=f"no longitude from {west:g}°E to {east:g}°E",
                advice="Give all longitudes.",
            )
        means.append(olr[:, there].mean(axis=1))
    continent, pacific, indian = means
    order = np.argsort(-np.abs(continent), kind="stable")
    less = np.array([continent[order[0]], (pacific - indian)[order[1]]])
    return order, np.where(less > 0, -1.0, 1.0)


def _combined(fields: Mapping[str, xr.DataArray]) -> xr.DataArray:
    missing = [name for name in FIELDS if name not in fields]
    if missing:
        raise BadRequest(
            "The Madden-Julian Oscillation needs three fields.",
            asked=", ".join(fields),
            exists=FIELDS,
            advice=f"Give {', '.join(missing)} too.",
        )
    parts = [fields[name].astype(np.float64).drop_attrs() for name in FIELDS]
    if any("lon" not in part.dims or "lon" not in part.coords for part in parts):
        raise BadRequest(
            "The fields of the MJO are along longitudes.",
            asked=", ".join(f"{f}{tuple(fields[f].dims)}" for f in FIELDS),
            advice="Take them from tropical_band.",
        )
    labels = xr.DataArray(list(FIELDS), dims="field", name="field")
    try:
        joined = xr.concat(parts, labels, coords="minimal", compat="override", join="exact")
    except ValueError as error:
        raise BadRequest(
            "The three fields of the MJO differ in their dims or labels.",
            asked=", ".join(f"{f}{dict(fields[f].sizes)}" for f in FIELDS),
            advice="Give all three for the same starts, members, leads and longitudes.",
        ) from error
    return joined.transpose(*parts[0].dims, "field")
