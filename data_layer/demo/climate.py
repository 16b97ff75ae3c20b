"""A made-up world: its climate, its truth, and an imperfect model of known skill.

Every anomaly is a *unit field*: Gaussian, smooth, of mean 0 and variance exactly
1 at every place. It is a vector of independent standard normal coefficients
times a fixed basis,

    u(x) = c(x) z₀ + √(1 - c(x)²) √(1/J) Σⱼ [zⱼ cos(kⱼ·x) + zⱼ₊ⱼ sin(kⱼ·x)]

with x the place as a unit vector, kⱼ fixed random wave vectors (the spectral
representation of a random field: Shinozuka 1971, doi:10.1121/1.1912338), z₀ an
index like El Niño's, which all quantities share, and c(x) the correlation of the
quantity with it. From month to month each coefficient keeps a part of itself.

The truth is such a field uₒ. With e an error that all members share, wₘ the
weather of member m and ρ the :func:`predictability`, the model's field is

    uₘ = ρ uₒ + √(ρ(1 - ρ)) e + √(1 - ρ) wₘ

so the correlation of a member with the truth is ρ, and so is that of two
members: the ensemble is reliable, and its skill is known. The model's climate
is not the world's: see :func:`cold_drift` and :func:`wet_drift`.

Shapes: ``lat`` is (nlat, 1) and ``lon`` (nlon,), in degrees, so that a map is
(nlat, nlon). Months are 1 to 12.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from data_layer.timing import Moment, lead_of

Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating[Any]]

EPOCH = dt.datetime(1950, 1, 1)
MONTHS = 111 * 12

_WAVES = 96
_COEFFICIENTS = 1 + 2 * _WAVES
# Streams of random numbers. Any others would do; with these and the default seed a
# warm event peaks late in 2026 and the demo's forecasts see it coming.
_TRUTH, _FORECASTS = 40, 23
# Degrees over which the correlation of the wavy part falls to exp(-1/2).
_LENGTH = 24.0
_MEMORY = np.r_[0.93, np.full(2 * _WAVES, 0.6)].astype(np.float32)


def predictability(lead: npt.ArrayLike, lat: npt.ArrayLike) -> Floats:
    """Correlation ρ of one member's unit field with the truth's.

        ρ = 0.85 exp(-lead / 5) (0.3 + 0.7 exp(-(lat / 25)²))

    Parameters
    ----------
    lead: months, 0 for the start's own month.
    lat: degrees; broadcasts with ``lead``.

    Notes
    -----
    For temperature, linear in the unit field, ρ is the expected Pearson
    correlation of a member with the observation. For rain, whose logarithm is
    linear in it with standard deviation σ = :data:`RAIN_SPREAD`, it is
    (exp(ρσ²) - 1) / (exp(σ²) - 1), and Spearman's is (6/π) arcsin(ρ/2).
    Packing lowers both by less than a hundredth where the values vary by more
    than four packing steps.
    """
    lead, lat = np.asarray(lead, float), np.asarray(lat, float)
    rho: Floats = 0.85 * np.exp(-lead / 5) * (0.3 + 0.7 * np.exp(-((lat / 25) ** 2)))
    return rho


def _bump(lat: Floats, lon: Floats, at: tuple[float, float], width: tuple[float, float]) -> Floats:
    """1 at a place (lat, lon), falling off as a Gaussian of those widths (degrees)."""
    east = (lon - at[1] + 180) % 360 - 180
    bump: Floats = np.exp(-(((lat - at[0]) / width[0]) ** 2) - (east / width[1]) ** 2)
    return bump


def _season(month: int, peak: float) -> float:
    """1 in the peak month, -1 half a year away."""
    return float(np.cos(2 * np.pi * (month - peak) / 12))


# Height, (lat, lon), widths in latitude and longitude; degrees.
Bumps = tuple[tuple[float, tuple[float, float], tuple[float, float]], ...]

# c(x), the correlation with the index: the warm tongue and its horseshoe; rain moves
# with it into mid-Pacific, away from Indonesia and Australia.
TEMPERATURE_PATTERN: Bumps = (
    (0.92, (0, 225), (11, 52)),
    (-0.55, (24, 165), (13, 35)),
    (-0.55, (-26, 195), (12, 35)),
    (-0.35, (0, 130), (12, 20)),
    (0.40, (-5, 65), (18, 25)),
    (0.40, (-26, 135), (10, 18)),
    (0.40, (55, 245), (14, 30)),
)
RAIN_PATTERN: Bumps = (
    (0.88, (0, 195), (10, 35)),
    (-0.75, (2, 122), (14, 24)),
    (-0.60, (-27, 143), (12, 16)),
    (-0.50, (4, 310), (12, 22)),
    (0.40, (0, 50), (10, 16)),
    (0.40, (-30, 300), (9, 14)),
    (0.35, (30, 262), (9, 25)),
)

# Where the rain belt is stronger or weaker, and other wet and dry places (mm/day).
MONSOONS: Bumps = (
    (0.6, (0, 130), (40, 35)),
    (0.4, (-8, 300), (30, 22)),
    (0.3, (0, 25), (30, 15)),
    (-0.6, (-8, 250), (30, 30)),
)
WET_AND_DRY: Bumps = (
    (1.4, (-30, 152), (12, 12)),
    (1.8, (-18, 190), (10, 30)),
    (1.6, (30, 120), (12, 20)),
    (1.2, (32, 275), (12, 18)),
    (-0.7, (23, 15), (10, 40)),
    (-0.6, (-26, 128), (8, 10)),
    (-0.6, (-22, 280), (10, 12)),
)


def _sum_of(bumps: Bumps, lat: Floats, lon: Floats) -> Floats:
    """The map (nlat, nlon) of all bumps together."""
    total: Floats = np.zeros(np.broadcast_shapes(lat.shape, lon.shape))
    for height, at, width in bumps:
        total += height * _bump(lat, lon, at, width)
    return total


def temperature(u: Floats, month: int, lat: Floats, lon: Floats) -> Floats:
    """Unit fields (…, nlat, nlon) → near-surface air temperature in K."""
    s = np.sin(np.deg2rad(lat))
    mean = 300.5 - 46 * s**2 + (10 + 4 * s) * s * _season(month, 7.5)
    mean = (
        mean + 1.5 * _bump(lat, lon, (0, 145), (22, 50)) - 3 * _bump(lat, lon, (-4, 262), (12, 32))
    )
    spread = 0.5 + 1.4 * s**2 + 0.8 * _bump(lat, lon, (0, 225), (11, 55))
    return (mean + spread * u).astype(np.float32)


RAIN_SPREAD = 0.45


def rain(u: Floats, month: int, lat: Floats, lon: Floats) -> Floats:
    """Unit fields (…, nlat, nlon) → rain in mm/day, log-normal and so never negative."""
    belt = 3 + 8 * _season(month, 8)
    convection = np.exp(-(((lat - belt) / 10) ** 2)) * (1 + _sum_of(MONSOONS, lat, lon))
    storms = np.exp(-(((np.abs(lat) - 46) / 13) ** 2))
    mean = 0.9 + 5.5 * convection + 2.2 * storms + _sum_of(WET_AND_DRY, lat, lon)
    mean = mean * np.cos(np.deg2rad(lat) / 1.2)
    amount: Floats = mean * np.exp(RAIN_SPREAD * u - RAIN_SPREAD**2 / 2)
    return amount.astype(np.float32)


def cold_drift(values: Floats, lead: int, lat: Floats) -> Floats:
    """The model's tropics cool: by 0.3 K at lead 0 on the equator, 0.25 K a month from there."""
    cooling = (0.3 + 0.25 * lead) * np.exp(-((lat / 15) ** 2))
    return (values - cooling).astype(np.float32)


def wet_drift(values: Floats, lead: int, lat: Floats) -> Floats:
    """The model's tropics get wetter: by 6 % on the equator for every month since the start."""
    return (values * (1 + 0.06 * (lead + 1) * np.exp(-((lat / 15) ** 2)))).astype(np.float32)


@dataclass(frozen=True)
class Quantity:
    """One variable of the world: how CF describes it, and how it comes of unit fields.

    ``step`` and ``offset`` are those it is packed with.
    """

    name: str
    standard_name: str
    title: str
    units: str
    step: float
    offset: float
    drift_text: str
    pattern: Bumps
    values: Callable[[Floats, int, Floats, Floats], Floats]
    drift: Callable[[Floats, int, Floats], Floats]


QUANTITIES = (
    Quantity(
        name="tas",
        standard_name="air_temperature",
        title="Near-surface air temperature",
        units="K",
        step=0.2,
        offset=270.0,
        drift_text="the model is colder by (0.3 + 0.25 lead) exp(-(lat/15)^2) K",
        pattern=TEMPERATURE_PATTERN,
        values=temperature,
        drift=cold_drift,
    ),
    Quantity(
        name="pr",
        standard_name="lwe_precipitation_rate",
        title="Precipitation",
        units="mm day-1",
        step=0.2,
        offset=0.0,
        drift_text="the model is wetter by the factor 1 + 0.06 (lead + 1) exp(-(lat/15)^2)",
        pattern=RAIN_PATTERN,
        values=rain,
        drift=wet_drift,
    ),
)


@dataclass(frozen=True)
class World:
    """One draw of the world on a grid: the same seed on another grid is the same world.

    Parameters
    ----------
    lat, lon: cell centres in degrees, (nlat,) and (nlon,).
    seed: of the truth and of the forecasts. Each month, start and member has its
        own stream of random numbers, so any of them can be made alone.
    """

    lat: Floats
    lon: Floats
    seed: int

    @property
    def _column(self) -> Floats:
        return self.lat[:, None]

    @cached_property
    def _truth(self) -> Singles:
        return _persist(_shocks(MONTHS, self.seed, _TRUTH))

    @cached_property
    def _bases(self) -> tuple[Singles, ...]:
        waves = np.random.default_rng(_WAVES).normal(size=(_WAVES, 3))
        waves /= np.deg2rad(_LENGTH)
        across = np.cos(np.deg2rad(self._column))
        place = np.stack(
            np.broadcast_arrays(
                across * np.cos(np.deg2rad(self.lon)),
                across * np.sin(np.deg2rad(self.lon)),
                np.sin(np.deg2rad(self._column)),
            ),
            axis=-1,
        )
        phase = np.moveaxis(place @ waves.T, -1, 0)
        wavy = np.concatenate([np.cos(phase), np.sin(phase)]) / np.sqrt(_WAVES)
        bases = []
        for quantity in QUANTITIES:
            c = _sum_of(quantity.pattern, self._column, self.lon)
            basis = np.concatenate([c[None], np.sqrt(1 - c**2) * wavy])
            bases.append(basis.reshape(_COEFFICIENTS, -1).astype(np.float32))
        return tuple(bases)

    def _fields(self, coefficients: Singles, i: int) -> Singles:
        """Coefficients (…, quantity, coefficient) → unit fields (…, nlat, nlon) of one quantity."""
        flat = coefficients[..., i, :] @ self._bases[i]
        return flat.reshape(*flat.shape[:-1], self.lat.size, self.lon.size)

    def observed(self, month: Moment) -> dict[str, Floats]:
        """The truth of one month: maps (nlat, nlon) by quantity."""
        truth = self._truth[_number(month, 1)]
        return {
            q.name: q.values(self._fields(truth, i), month.month, self._column, self.lon)
            for i, q in enumerate(QUANTITIES)
        }

    def forecast(self, start: Moment, leads: int, members: int) -> dict[str, Floats]:
        """The model's forecast: (members, leads, nlat, nlon) by quantity.

        Parameters
        ----------
        start: the first of a month.
        leads: how many months, the start's own among them.
        members: how many; the first ones are the same whatever the number.
        """
        first = _number(start, leads)
        rho = predictability(np.arange(leads)[:, None, None], self._column).astype(np.float32)
        truth = self._truth[first : first + leads]
        error = _persist(_shocks(leads, self.seed, _FORECASTS, first, 0))
        weather = np.stack(
            [_persist(_shocks(leads, self.seed, _FORECASTS, first, m + 1)) for m in range(members)]
        )
        out: dict[str, Floats] = {}
        for i, q in enumerate(QUANTITIES):
            u = np.sqrt(1 - rho) * self._fields(weather, i)
            u += rho * self._fields(truth, i)
            u += np.sqrt(rho * (1 - rho)) * self._fields(error, i)
            for lead in range(leads):
                month = (start.month - 1 + lead) % 12 + 1
                values = q.values(u[:, lead], month, self._column, self.lon)
                u[:, lead] = q.drift(values, lead, self._column)
            out[q.name] = u
        return out


def _number(month: Moment, count: int) -> int:
    """Months from the epoch to ``month``.

    Raises
    ------
    ValueError: if ``count`` months from there are not all within the world's time.
    """
    number = lead_of(EPOCH, month, "months")
    if not 0 <= number <= MONTHS - count:
        last = EPOCH.year + MONTHS // 12 - 1
        raise ValueError(f"{month:%Y-%m} is outside the made-up world's {EPOCH.year}-{last}")
    return number


def _shocks(months: int, seed: int, *key: int) -> Singles:
    """Standard normal (month, quantity, coefficient); the first ones do not depend on ``months``.

    Coefficient 0 is the index, one for all quantities.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    shape = (months, len(QUANTITIES), _COEFFICIENTS)
    shocks = rng.standard_normal(shape, dtype=np.float32)
    shocks[:, 1:, 0] = shocks[:, :1, 0]
    return shocks


def _persist(shocks: Singles) -> Singles:
    """First-order autoregression over the first axis, of variance 1 from the first month on."""
    state = shocks.copy()
    renewal = np.sqrt(1 - _MEMORY**2)
    for t in range(1, len(state)):
        state[t] = _MEMORY * state[t - 1] + renewal * shocks[t]
    return state
