"""How each quantity is shown: its unit, its colours. One table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pint

from data_layer.api import VariableInfo


@dataclass(frozen=True)
class Display:
    """From a file's units to those shown: ``shown = value * scale + offset``."""

    units: str
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class Style:
    """Unit and palette of a quantity; ``floor`` is the value the colours begin at, if fixed."""

    palette: str
    units: str = ""
    floor: float | None = None


_TEMPERATURE = Style("Blue–red", units="degC")
_RAIN = Style("Davos", floor=0.0)
_BY_STANDARD_NAME = {
    "air_temperature": _TEMPERATURE,
    "surface_temperature": _TEMPERATURE,
    "sea_surface_temperature": _TEMPERATURE,
    "sea_water_potential_temperature": _TEMPERATURE,
    "soil_temperature": _TEMPERATURE,
    "precipitation_flux": _RAIN,
    "lwe_precipitation_rate": _RAIN,
    "precipitation_amount": _RAIN,
    "lwe_thickness_of_precipitation_amount": _RAIN,
}
_TEMPERATURE_UNITS = {"K", "kelvin", "Kelvin", "degK", "degC", "deg C", "Celsius", "celsius"}
_SPREAD = Style("Acton", floor=0.0)
_OTHER = Style("Batlow")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_CF_TO_PINT = {"deg C": "degC", "Celsius": "degC", "celsius": "degC", "kelvin": "K", "Kelvin": "K"}


@cache
def palettes() -> dict[str, list[str]]:
    """Each palette as 256 colours ``#rrggbb`` from low to high.

    All are safe for colour blindness: scientific colour maps, which are even in
    lightness too (Crameri, Shephard and Heron 2020,
    doi:10.1038/s41467-020-19160-7), and ColorBrewer's blue to red, in which
    temperatures are expected.
    """
    path = Path(__file__).parent / "assets" / "palettes.json"
    found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))["palettes"]
    return found


def style_of(variable: VariableInfo, product: str) -> Style:
    """The style of a product of a variable."""
    if product == "spread":
        return _SPREAD
    found = _BY_STANDARD_NAME.get(variable.standard_name)
    if found is None and variable.units in _TEMPERATURE_UNITS:
        found = _TEMPERATURE
    return found or _OTHER


@cache
def _registry() -> pint.UnitRegistry[float]:
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def display_of(variable: VariableInfo, product: str) -> Display:
    """How the values of a product of a variable are shown.

    Temperatures are shown in degrees Celsius; a spread of temperatures is a
    difference, so only the size of the degree counts, never its zero. Other
    quantities keep the unit of their file.
    """
    units = variable.units
    if units in _TEMPERATURE_UNITS or style_of(variable, product).units == "degC":
        try:
            zero, one = (
                _registry().Quantity(v, _CF_TO_PINT.get(units, units)).to("degC").magnitude
                for v in (0.0, 1.0)
            )
        except (pint.UndefinedUnitError, pint.DimensionalityError):
            return Display(pretty(units))
        scale = round(float(one - zero), 12)
        return Display("°C", scale, 0.0 if product == "spread" else round(float(zero), 9))
    return Display(pretty(units))


def pretty(units: str) -> str:
    """CF units as they are printed: ``kg m-2 s-1`` → ``kg m⁻² s⁻¹``."""
    if units in ("1", ""):
        return ""
    words = []
    for word in units.replace("**", "").split():
        stem = word.rstrip("-0123456789")
        power = word[len(stem) :]
        words.append(stem + power.translate(_SUPERSCRIPT) if stem else word)
    return " ".join(words)
