"""How each quantity and each kind of product is shown: units and colours. One table."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import pint

from data_layer.api import VariableInfo
from data_layer.offers import Asked

Sense = Literal["more", "less", ""]


@dataclass(frozen=True)
class Display:
    """From a file's units to those shown: ``shown = value * scale + offset``.

    ``digits`` is the most decimals that mean something; ``plus`` whether numbers above zero
    are written with their sign; ``classes`` the words for the numbers 1, 2, … of categories.
    """

    units: str
    scale: float = 1.0
    offset: float = 0.0
    digits: int | None = None
    plus: bool = False
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quantity:
    """Unit and palettes of a quantity.

    Attributes
    ----------
    palette, diverging: for its values, and for how far they are from what is usual.
    celsius: whether it is shown in degrees Celsius, and not in the unit of its file.
    floor: the value that colours begin at, if that is fixed.
    amount: a number that is worth asking for the chance of, in the units shown, or in
        millimetres.
    """

    palette: str
    diverging: str
    celsius: bool = False
    floor: float | None = None
    amount: float = 0.0


@dataclass(frozen=True)
class Colours:
    """How numbers become colours; all in the units shown.

    Attributes
    ----------
    palette: its name; ``reverse``: from high to low.
    span: what the colours go over; ``None`` for the values there are.
    centre: the number that has the palette's middle; as far from it, as strong the colour.
    step: the width of the classes; the ones at the centre have its colour. ``None``: smooth.
    floor: what the range begins at, when no value is below it.
    classes: a colour of its own for each of the numbers 1, 2, ….
    """

    palette: str
    reverse: bool = False
    span: tuple[float, float] | None = None
    centre: float | None = None
    step: float | None = None
    floor: float | None = None
    classes: tuple[str, ...] = ()


_TEMPERATURE = Quantity(
    "Blue–red",
    "Blue–white–red",
    celsius=True,
    amount=20.0,
)
_RAIN = Quantity("Davos", "Brown–green", floor=0.0, amount=1.0)
_OTHER = Quantity("Batlow", "Vik")
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
_CF_TO_PINT = {"deg C": "degC", "Celsius": "degC", "celsius": "degC", "kelvin": "K", "Kelvin": "K"}
_SPREAD = "Acton"
_GOOD_AND_BAD = "Purple–green"
_NEITHER = "Vik"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

# Of a chance against climatology: what it is by climatology, in %, and of what it is.
_CATEGORIES: dict[str, tuple[float, Sense]] = {
    "below": (100 / 3, "less"),
    "near": (100 / 3, ""),
    "above": (100 / 3, "more"),
    "lowest_tenth": (10.0, "less"),
    "lowest_fifth": (20.0, "less"),
    "highest_fifth": (20.0, "more"),
    "highest_tenth": (10.0, "more"),
}
_SIDES: dict[str, Sense] = {"above": "more", "below": "less"}
_CHANCE_STEP = 10.0
_NEAR_NORMAL = "#8f969c"
_NOT_TOLD = "#ffffff"


@cache
def palettes() -> dict[str, list[str]]:
    """Each palette as 256 colours ``#rrggbb`` from low to high.

    All are safe for colour blindness: scientific colour maps, which are even in
    lightness too (Crameri, Shephard and Heron 2020,
    doi:10.1038/s41467-020-19160-7), and diverging ones of ColorBrewer's, in whose
    colours temperature, rain and skill are expected.
    """
    path = Path(__file__).parent / "assets" / "palettes.json"
    found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))["palettes"]
    return found


def tercile_colours(variable: VariableInfo) -> tuple[str, str, str]:
    """Colours for below, near and above normal, as maps of the variable's anomalies have them."""
    colours = palettes()[quantity_of(variable).diverging]
    return colours[len(colours) // 6], _NEAR_NORMAL, colours[-len(colours) // 6]


def quantity_of(variable: VariableInfo) -> Quantity:
    """What a variable is."""
    found = _BY_STANDARD_NAME.get(variable.standard_name)
    if found is None and variable.units in _TEMPERATURE_UNITS:
        found = _TEMPERATURE
    return found or _OTHER


@cache
def _registry() -> pint.UnitRegistry[float]:
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def display_of(variable: VariableInfo, asked: Asked | None = None) -> Display:
    """How the values of a variable, or of a product of it, are shown.

    Temperatures are shown in degrees Celsius; of a difference, a spread or an error
    only the size of the degree counts, never its zero. Other quantities keep the unit of
    their file. A product of other units than the variable's keeps its own.
    """
    if asked is None:
        return _in_units(variable, relative=False)
    kind, scale = asked.info.kind, asked.scale
    if kind == "category":
        return Display("", classes=asked.info.classes)
    plus = kind == "difference" or (kind == "score" and scale.centre == 0.0)
    if scale.units:
        return Display(pretty(scale.units), digits=0 if scale.units == "%" else 2, plus=plus)
    shown = _in_units(variable, relative=kind in ("difference", "spread", "score"))
    return replace(shown, plus=plus)


def _in_units(variable: VariableInfo, *, relative: bool) -> Display:
    if not quantity_of(variable).celsius:
        return Display(pretty(variable.units))
    units = variable.units
    try:
        zero, one = (
            _registry().Quantity(v, _CF_TO_PINT.get(units, units)).to("degC").magnitude
            for v in (0.0, 1.0)
        )
    except (pint.UndefinedUnitError, pint.DimensionalityError):
        return Display(pretty(units))
    scale = round(float(one - zero), 12)
    return Display("°C", scale, 0.0 if relative else round(float(zero), 9), digits=2)


def usual_amount(variable: VariableInfo) -> float:
    """An amount to begin with when chances of amounts are asked for; in the file's units."""
    quantity, display = quantity_of(variable), display_of(variable)
    if display.units != "°C" and not display.units.startswith("mm"):
        return 0.0
    return round((quantity.amount - display.offset) / display.scale, 6)


def colours_of(variable: VariableInfo, asked: Asked) -> Colours:
    """The colours of a product of a variable."""
    quantity, scale = quantity_of(variable), asked.scale
    match asked.info.kind:
        case "difference":
            return Colours(quantity.diverging, span=scale.span, centre=scale.centre)
        case "spread":
            return Colours(_SPREAD, span=scale.span, floor=0.0)
        case "probability":
            return _of_chance(quantity, asked)
        case "category":
            span = (0.5, len(asked.info.classes) + 0.5)
            return Colours(
                quantity.diverging, span=span, classes=_of_classes(quantity, asked.info.classes)
            )
        case "score":
            return _of_score(quantity, asked)
    return Colours(quantity.palette, span=scale.span, floor=quantity.floor)


def _of_chance(quantity: Quantity, asked: Asked) -> Colours:
    """In classes; those about the chance by climatology are neutral, as at most centres.

    Chances that are compared with none go up from nought.
    """
    chosen = dict(asked.chosen)
    base, sense = _CATEGORIES.get(chosen.get("category", ""), (None, "more"))
    sense = _SIDES.get(chosen.get("side", ""), sense)
    if base is None and asked.info.needs:
        # Halves, unless a percentile is given.
        base = float(chosen.get("percentile", "50"))
        base = base if sense == "less" or "percentile" not in chosen else 100.0 - base
    span = asked.scale.span or (0.0, 100.0)
    palette = quantity.diverging if sense else _GOOD_AND_BAD
    return Colours(palette, sense == "less", span, base or 0.0, _CHANCE_STEP)


def _of_score(quantity: Quantity, asked: Asked) -> Colours:
    scale = asked.scale
    step = None
    if scale.span:
        step = _CHANCE_STEP if scale.units == "%" else 0.1
    if scale.centre is None:
        # The darker, the better; of an error, the darker, the larger.
        reverse = scale.better == "less" and scale.span is not None
        palette = "Davos" if scale.span else _SPREAD
        return Colours(palette, reverse, scale.span, step=step, floor=0.0)
    if scale.better:
        return Colours(_GOOD_AND_BAD, scale.better == "less", scale.span, scale.centre, step)
    palette = _NEITHER if scale.units else quantity.diverging
    return Colours(palette, span=scale.span, centre=scale.centre, step=step)


def _of_classes(quantity: Quantity, classes: tuple[str, ...]) -> tuple[str, ...]:
    """A colour for each class.

    Of those below and above normal, the farther from it in the list the stronger; others go
    from the best to the worst.
    """
    below = [c for c in classes if c.startswith("below")]
    above = [c for c in classes if c.startswith("above")]
    if not (below and above):
        colours = palettes()[_GOOD_AND_BAD]
        last = max(len(classes) - 1, 1)
        return tuple(colours[round(225 - 195 * i / last)] for i in range(len(classes)))
    colours = palettes()[quantity.diverging]
    told = {c: "near" in c for c in classes}
    out = {c: _NEAR_NORMAL if near else _NOT_TOLD for c, near in told.items()}
    for part, end, strongest_first in ((below, 8, True), (above, 247, False)):
        for i, name in enumerate(part):
            strength = (len(part) - i if strongest_first else i + 1) / len(part)
            out[name] = colours[round(127.5 + (end - 127.5) * (0.15 + 0.85 * strength))]
    return tuple(out[c] for c in classes)


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
