"""Units as CF writes them, converted by Pint.

Rain comes as a rate of mass, a rate of depth, or as an amount of a period. One kilogram of
water on a square metre is one millimetre deep, and an amount is a rate times the length of
its own period: months are of 28 to 31 days.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from data_layer.errors import BadRequest, NotComparable

if TYPE_CHECKING:
    import pint
    import xarray as xr

    from data_layer.api import VariableInfo

_POWER = re.compile(r"(?<=[A-Za-z])(?:\*\*|\^)?([-+]?\d+)")
_NAMES = {
    "deg c": "degC",
    "degc": "degC",
    "celsius": "degC",
    "degrees_celsius": "degC",
    "degree_celsius": "degC",
    "celsius_scale": "degC",
    "°c": "degC",
    "c": "degC",
    "k": "K",
    "kelvin": "K",
    "degk": "K",
    "%": "percent",
    "1": "",
    "mm/day": "mm / day",
    "unitless": "",
}
_SAMPLES = np.array([0.0, 1.0])
_AMOUNTS = ("mm", "J m-2")
# What comes down, rises or runs off in a time. Snow on the ground and water in the soil, which
# have the same units, are there at a time.
_FLOWS = re.compile(
    r"precipitation|rainfall|snowfall|\brain\b|evapo|runoff|integral_of|\b(?:pr|tp)\b", re.I
)


@cache
def _registry() -> pint.UnitRegistry[Any]:
    import pint

    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    water = pint.Context("water")
    water.add_transformation("[mass] / [length] ** 2", "[length]", _thin)
    water.add_transformation("[length]", "[mass] / [length] ** 2", _thick)
    water.add_transformation("[mass] / [length] ** 2 / [time]", "[length] / [time]", _thin)
    water.add_transformation("[length] / [time]", "[mass] / [length] ** 2 / [time]", _thick)
    registry.add_context(water)
    return registry


def _thin(ureg: Any, value: Any, **_: Any) -> Any:
    return value / ureg.Quantity(1000, "kg / m ** 3")


def _thick(ureg: Any, value: Any, **_: Any) -> Any:
    return value * ureg.Quantity(1000, "kg / m ** 3")


def parsed(units: str) -> pint.Unit:
    """CF units as Pint knows them.

    Raises
    ------
    BadRequest: for units that Pint does not know.
    """
    text = units.strip()
    text = _NAMES.get(text.lower(), text)
    # ``kg m-2 s-1`` and ``m/s``: a power stands right behind its unit, a blank multiplies.
    text = re.sub(r"(?<=[\w)])\s+(?=[A-Za-z])", " * ", _POWER.sub(r"**\1", text))
    try:
        unit: pint.Unit = _registry().Unit(text)
    except Exception as error:  # Pint has many ways to fail on texts that are no units
        raise BadRequest(
            f"The units {units!r} are not known.", asked=units, advice="Give the units as CF does."
        ) from error
    return unit


def linear(given: str, wanted: str) -> tuple[float, float]:
    """Scale and offset from one unit to another: ``there = here * scale + offset``.

    Raises
    ------
    BadRequest: when one is not known, or they are of different quantities.
    """
    if given == wanted:
        return 1.0, 0.0
    here, there = parsed(given), parsed(wanted)
    if here == there:
        return 1.0, 0.0
    try:
        zero, one = _registry().Quantity(_SAMPLES, here).to(there, "water").magnitude
    except Exception as error:
        raise BadRequest(
            f"{given!r} cannot be converted to {wanted!r}: they are of different quantities.",
            asked=wanted,
            exists=[given],
        ) from error
    return float(f"{one - zero:.12g}"), float(f"{zero:.12g}")


def converted(
    values: xr.DataArray, given: str, wanted: str, seconds: npt.NDArray[np.float64] | None = None
) -> xr.DataArray:
    """Values in other units.

    Parameters
    ----------
    values: in units ``given``; the first dim is time when ``seconds`` is given.
    seconds: length of the period of each value, for the way between a rate and an amount.

    Raises
    ------
    BadRequest: when there is no way from one to the other.
    """
    if given == wanted:
        return values
    kind = values.dtype if values.dtype.kind == "f" else np.float64
    out = values
    try:
        scale, offset = linear(given, wanted)
    except BadRequest as error:
        if seconds is None:
            raise
        scale, offset, along = _over_time(given, wanted, seconds, error)
        out = out * along.reshape(-1, *[1] * (values.ndim - 1))
    if (scale, offset) != (1.0, 0.0):
        out = out * scale + offset
    return out.astype(kind, copy=False).assign_attrs({**values.attrs, "units": wanted})


def compared(
    values: xr.DataArray,
    given: str,
    wanted: str,
    whose: str,
    seconds: npt.NDArray[np.float64] | None = None,
) -> xr.DataArray:
    """As :func:`converted`, for what a forecast in units ``wanted`` is compared with.

    Parameters
    ----------
    whose: what the values are, as a sentence begins.

    Raises
    ------
    NotComparable: when there is no way from one to the other.
    """
    try:
        return converted(values, given, wanted, seconds)
    except BadRequest as error:
        raise NotComparable(
            f"{whose} cannot be brought to the forecast's units: {error.message}",
            asked=wanted,
            exists=[given],
            advice="If a file says its units wrongly, say them in catalogue.yml.",
        ) from error


def adds_up(variable: VariableInfo, beside: str) -> bool:
    """Whether values are amounts of their periods, so that a month's is the sum of its days'.

    ``cell_methods`` decides where it speaks of time; else what is compared with an amount and
    is a rate; else the standard name, or the name and title of a variable without one.

    Parameters
    ----------
    beside: units of what the variable is compared with.
    """
    units, methods = variable.units, re.findall(r"\btime: *(\w+)", variable.cell_methods)
    if methods:
        flows = methods[-1] == "sum"
    else:
        said = variable.standard_name or f"{variable.name} {variable.title}"
        flows = _FLOWS.search(said) is not None
        # Of one unit neither is a rate; that needs no look at what the unit is.
        flows = flows or (beside != units and _convertible(f"{beside} s", units))
    return flows and any(_convertible(units, amount) for amount in _AMOUNTS)


@lru_cache(256)
def _convertible(given: str, wanted: str) -> bool:
    try:
        linear(given, wanted)
    except BadRequest:
        return False
    return True


def _over_time(
    given: str, wanted: str, seconds: npt.NDArray[np.float64], refused: BadRequest
) -> tuple[float, float, npt.NDArray[np.float64]]:
    """Scale and offset between a rate and an amount, and by what each value is multiplied first."""
    for unit, along in ((f"{given} s-1", 1.0 / seconds), (f"{given} s", seconds)):
        try:  # an amount to a rate, a rate to an amount
            return *linear(unit, wanted), along
        except BadRequest:
            continue
    raise refused
