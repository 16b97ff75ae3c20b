"""How the ensemble lies in its climatology at a place, a region or an index: for diagrams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_layer.errors import BadRequest
from data_layer.offers import Asked, Option, ProductInfo
from data_layer.products.base import USUAL, Inputs, Product, without_single_cell
from data_layer.products.categories import TERCILE_NAMES, tercile_chances
from data_layer.products.chances import PERCENT, chance_beyond
from data_layer.products.choices import COUNT_OR_GAUSSIAN, SIDE, WINDOW, YEARS

if TYPE_CHECKING:
    import xarray as xr

POINTS = 101


def compute_fan(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Percentiles of the hindcast for each lead: the fan behind a plume of members.

    Returns
    -------
    Dims ``percentile`` (10, 20, 33.3, 50, 66.7, 80, 90) and those of the members without
    ``member``, in the units of the variable.
    """
    climatology = inputs.climatology(USUAL)
    fan = climatology.quantiles.rename(quantile="percentile")
    percents = ("percentile", [100 * p for p in USUAL], {"units": PERCENT})
    fan = fan.assign_coords(percentile=percents)
    like = inputs.members
    scalars = {n: c for n, c in like.coords.items() if c.ndim == 0 and n not in fan.coords}
    fan = fan.assign_coords(scalars).rename(like.name)
    return fan.assign_attrs({**like.attrs, "climatology": climatology.told})


def compute_bars(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Chances of all three terciles.

    Returns
    -------
    Dims ``category`` (``below``, ``near``, ``above``) and those of the members without
    ``member``; in %, 100 together.
    """
    import xarray as xr

    from data_layer.schema import along

    chances = tercile_chances(inputs, asked["method"])
    out = along(chances, xr.Variable("category", list(TERCILE_NAMES)))
    return out.assign_attrs(chances[0].attrs)


def compute_distribution(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Distribution of the members and of the hindcast over amounts.

    Returns
    -------
    Dims ``curve`` and ``amount`` (101 from a little below to a little above all values, in the
    units of the variable); curves ``forecast`` and ``hindcast``: the chance of more than the
    amount, and ``forecast_density`` and ``hindcast_density``: Gaussian kernels with Silverman's
    width (:mod:`data_layer.indices.distribution`), per unit of the variable.

    Raises
    ------
    BadRequest: for a map, or for several leads, which have no amounts in common.
    """
    import numpy as np
    import xarray as xr

    from data_layer.indices.distribution import density, exceedance

    members = without_single_cell(inputs.members)
    if members.dims != ("member",):
        raise BadRequest(
            "A distribution is of one lead, at a place or of a region.",
            asked=", ".join(str(d) for d in members.dims),
            advice="Name the lead, and lat and lon or a region.",
        )
    hindcast = without_single_cell(inputs.hindcast())
    values = np.concatenate([members.values.ravel(), hindcast.values.ravel()])
    low, high = np.nanmin(values), np.nanmax(values)
    amounts = np.linspace(low - 0.05 * (high - low), high + 0.05 * (high - low), POINTS)
    pool = ("init", "member")
    curves = {
        "forecast": exceedance(members, amounts),
        "hindcast": exceedance(hindcast, amounts, pool),
        "forecast_density": density(members, amounts),
        "hindcast_density": density(hindcast, amounts, pool),
    }
    stacked = np.stack([curve.values.reshape(POINTS) for curve in curves.values()])
    units = {"units": members.attrs.get("units", "1")}
    coords = {n: c for n, c in members.coords.items() if c.ndim == 0}
    coords |= {"curve": list(curves), "amount": ("amount", amounts, units)}
    out = xr.DataArray(stacked, coords, ("curve", "amount"), members.name, {"units": "1"})
    years = hindcast["init"].dt.year.values
    told = f"hindcast {years.min()}-{years.max()}, {hindcast.size} values"
    return out.assign_attrs(climatology=told)


def compute_anomaly_chance(inputs: Inputs, asked: Asked) -> xr.DataArray:
    """Share of members whose anomaly is above (or not above) an amount, in %.

    Of an index of the ocean, the table of its events: the Bureau of Meteorology speaks of
    El Niño beyond 0.8 K in Niño 3.4, NOAA beyond 0.5 K.
    """
    climatology = inputs.climatology()
    members = inputs.members
    anomalies = (members - climatology.mean).rename(members.name).assign_attrs(members.attrs)
    out = chance_beyond(anomalies, asked.number("threshold"), asked["side"])
    return out.assign_attrs(climatology=climatology.told)


PLUME_FAN = Product(
    ProductInfo(
        name="fan",
        title="Hindcast fan",
        method="percentiles of the hindcast of the same start and lead, pooled",
        kind="diagram",
        needs=("climatology",),
        of_past=True,
        options=(WINDOW, YEARS),
    ),
    compute_fan,
)
BARS = Product(
    ProductInfo(
        name="tercile_bars",
        title="Tercile bars",
        method="chances of the three terciles of the hindcast",
        kind="diagram",
        units=PERCENT,
        min_members=2,
        needs=("climatology",),
        options=(WINDOW, YEARS, COUNT_OR_GAUSSIAN),
    ),
    compute_bars,
)
DISTRIBUTION = Product(
    ProductInfo(
        name="distribution",
        title="Distribution",
        method="members and hindcast over amounts: chances of more, and densities",
        kind="diagram",
        units="1",
        min_members=2,
        needs=("hindcast",),
        options=(WINDOW, YEARS),
    ),
    compute_distribution,
)
ANOMALY_CHANCE = Product(
    ProductInfo(
        name="anomaly_probability",
        title="Chance beyond an anomaly",
        sentence="Chance of an anomaly {side} {threshold}",
        method="share of members whose anomaly is beyond an amount",
        kind="probability",
        units=PERCENT,
        span=(0.0, 100.0),
        min_members=2,
        needs=("climatology",),
        options=(
            Option("threshold", "Anomaly (unit of the file)", default="0"),
            SIDE,
            WINDOW,
            YEARS,
        ),
    ),
    compute_anomaly_chance,
)
