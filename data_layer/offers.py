"""What a product is, and how one is asked for with what was chosen of it.

A product is asked for by one text, its name and what differs from the defaults::

    mean
    tercile_probability:category=below,window=3

so that one text is its place in an address, in a cache and in a link. Pure texts and
numbers: whoever offers products to choose from need not be able to compute them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from data_layer.errors import BadRequest, UnknownProduct

Kind = Literal["value", "difference", "spread", "probability", "category", "score", "diagram"]
Need = Literal["climatology", "hindcast", "observations"]

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_YEARS = re.compile(r"([0-9]{4})-([0-9]{4})")
# Choices that a title names even when they are as by default: without them it says too little.
_NAMED = ("category", "score", "side")


@dataclass(frozen=True)
class Scale:
    """How a product's numbers lie, for whoever colours them.

    Attributes
    ----------
    centre: the value that says nothing, such as a score's of no skill; ``None`` for none.
    span: least and greatest value, where it has them by nature.
    units: of the numbers: empty for the variable's.
    better: which numbers are the better ones; empty for neither.
    """

    centre: float | None = None
    span: tuple[float, float] | None = None
    units: str = ""
    better: Literal["more", "less", ""] = ""


@dataclass(frozen=True)
class Option:
    """One thing to choose about a product.

    Attributes
    ----------
    name, title: what it is called in a request, and to people.
    default: taken when nothing is said; an option without one must be given, unless it is
        of ``years``, where nothing said means all.
    choices: the texts it can be, each with its title; or
    least, most, whole: the numbers it can be; or
    years: it is a span such as ``1991-2020``.
    units: of the number: empty, or ``variable`` for those of the variable.
    scales: how the product's numbers lie when a choice is taken, where that depends on it.
    when: another option and those of its choices with which this one matters; empty: always.
    """

    name: str
    title: str
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    least: float | None = None
    most: float | None = None
    whole: bool = False
    years: bool = False
    units: str = ""
    scales: tuple[tuple[str, Scale], ...] = ()
    when: tuple[str, tuple[str, ...]] | None = None

    def checked(self, text: str) -> str:
        """``text`` in its one way of writing.

        Raises
        ------
        BadRequest: when it is nothing that can be chosen.
        """
        if self.choices:
            if text in dict(self.choices):
                return text
            raise self._wrong(text, [value for value, _ in self.choices])
        if self.years:
            found = _YEARS.fullmatch(text)
            if text and (found is None or found[1] > found[2]):
                raise self._wrong(text, ["a first and a last year, such as 1991-2020"])
            return text
        number = float(text) if _NUMBER.fullmatch(text) else math.nan
        low = -math.inf if self.least is None else self.least
        high = math.inf if self.most is None else self.most
        if not (math.isfinite(number) and low <= number <= high) or (
            self.whole and number != int(number)
        ):
            kind = "a whole number" if self.whole else "a number"
            raise self._wrong(text, [f"{kind} from {low:g} to {high:g}"])
        return f"{number + 0.0:.10g}"  # no -0

    def _wrong(self, text: str, exists: list[str]) -> BadRequest:
        return BadRequest(
            f"The option {self.name} cannot be {text!r}.",
            asked=f"{self.name}={text}"[:100],
            exists=exists,
            advice="Choose one of these.",
        )


@dataclass(frozen=True)
class ProductInfo:
    """One product: what it computes and how.

    ``per_member`` products are of one member; the others of the whole
    ensemble. ``min_members`` is the least ensemble that gives a result.
    ``range_of`` names the product whose range of values this one shares, so
    that a map of the mean and the maps of its members get one colour scale.

    Attributes
    ----------
    kind: what its numbers are; a ``difference`` has the size of the variable's unit and
        not its zero, a ``diagram`` is no map.
    units: of its numbers, when they are not the variable's.
    span: least and greatest value, for products that have them by nature.
    classes: titles of the categories 1, 2, …, for kind ``category``.
    needs: what it compares the forecast with: the ``climatology`` of the hindcast in each
        cell, the whole ``hindcast``, ``observations``.
    options: what can be chosen.
    sentence: what it is called with the choices that stand in braces, where a list of them
        after the title would read badly.
    of_past: whether the forecast itself has no part in it.
    """

    name: str
    title: str
    method: str
    per_member: bool = False
    min_members: int = 1
    range_of: str = ""
    kind: Kind = "value"
    units: str = ""
    span: tuple[float, float] | None = None
    classes: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    options: tuple[Option, ...] = ()
    sentence: str = ""
    of_past: bool = False


@dataclass(frozen=True)
class Asked:
    """A product and everything chosen of it, defaults included."""

    info: ProductInfo
    chosen: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, info: ProductInfo, chosen: Mapping[str, str]) -> Asked:
        """What of ``chosen`` the product has, and all else of it as by default."""
        return cls(info, tuple((o.name, chosen.get(o.name, o.default)) for o in info.options))

    def __getitem__(self, option: str) -> str:
        return dict(self.chosen)[option]

    def number(self, option: str) -> float:
        """An option that is a number."""
        return float(self[option])

    @property
    def window(self) -> int:
        """Over how many leads is averaged; 1 for products that cannot."""
        return int(dict(self.chosen).get("window", "1"))

    @property
    def years(self) -> tuple[int, int] | None:
        """First and last year of the climatology; ``None`` for all there are."""
        text = dict(self.chosen).get("years", "")
        return (int(text[:4]), int(text[5:])) if text else None

    @property
    def scale(self) -> Scale:
        """How the numbers lie: by their kind and span, unless a choice says it."""
        for option in self.info.options:
            if found := dict(option.scales).get(self[option.name]):
                return found
        centre = 0.0 if self.info.kind == "difference" else None
        return Scale(centre, self.info.span, self.info.units)

    def matters(self, option: Option) -> bool:
        """Whether an option says anything beside what else was chosen."""
        return option.when is None or self[option.when[0]] in option.when[1]

    @property
    def needs(self) -> tuple[Need, ...]:
        """What the forecast is compared with: a correction is trained on past forecasts."""
        corrected = dict(self.chosen).get("correction", "none") != "none"
        return (*self.info.needs, "hindcast", "observations") if corrected else self.info.needs

    @property
    def text(self) -> str:
        """The one text for it; the inverse of :func:`parse`."""
        return write(self.info, dict(self.chosen))

    @property
    def full_text(self) -> str:
        """As :attr:`text`, with what is as by default: it outlives another default."""
        return write(self.info, dict(self.chosen), full=True)

    @property
    def title(self) -> str:
        """What it is called, with what was chosen; amounts in the variable's units."""
        return self.titled(lambda option, value: value)

    def titled(self, amount: Callable[[Option, str], str]) -> str:
        """What it is called, with what was chosen.

        Parameters
        ----------
        amount: writes a number in the variable's units as it is shown to people.
        """
        sentence = self.info.sentence
        told = [self.info.title]
        if sentence:
            told = [sentence.format_map({o.name: self._said(o, amount) for o in self.info.options})]
        for option in filter(self.matters, self.info.options):
            value = self[option.name]
            if f"{{{option.name}}}" in sentence:
                continue
            if option.choices:
                label = dict(option.choices)[value]
                if label and (value != option.default or option.name in _NAMED):
                    told.append(label)
            elif option.units == "variable":
                told.append(f"{option.title.lower()} {amount(option, value)}")
            elif option.name != "window" and (value != option.default or not option.years):
                told.append(f"{option.title.lower()} {value}")
        return ", ".join(told)

    def _said(self, option: Option, amount: Callable[[Option, str], str]) -> str:
        """What was chosen of an option, in words."""
        value = self[option.name]
        if option.choices:
            return dict(option.choices)[value]
        return amount(option, value) if option.units == "variable" else value


def split(text: str) -> tuple[str, dict[str, str]]:
    """Name and options of a product's text, as they are written.

    Raises
    ------
    BadRequest: when it is not ``name:option=value,…``.
    """
    name, colon, rest = text.partition(":")
    options: dict[str, str] = {}
    for part in rest.split(",") if colon else ():
        key, equals, value = part.partition("=")
        if not key or not equals or key in options:
            raise BadRequest(
                f"The product {text[:100]!r} is not understood.",
                asked=text[:100],
                advice="Write a name, or name:option=value,option=value, each option once.",
            )
        options[key] = value
    return name, options


def parse(text: str, products: Mapping[str, ProductInfo]) -> Asked:
    """What a product's text asks for.

    Raises
    ------
    UnknownProduct: when there is no product of that name.
    BadRequest: for an option it does not have, one that is missing, or a value it cannot be.
    """
    name, given = split(text)
    info = products.get(name)
    if info is None:
        raise UnknownProduct(
            f"There is no product {name!r}.",
            asked=name[:100],
            exists=products,
            advice="Choose one of these.",
        )
    names = [option.name for option in info.options]
    for key in given:
        if key not in names:
            raise BadRequest(
                f"The {info.title.lower()} has no option {key!r}.",
                asked=text[:100],
                exists=names,
                advice="Leave it out.",
            )
    chosen = []
    for option in info.options:
        value = given.get(option.name, option.default)
        if not value and not option.years:
            raise BadRequest(
                f"The {info.title.lower()} needs the option {option.name}: {option.title.lower()}.",
                asked=text[:100],
                advice=f"Write {name}:{option.name}=….",
            )
        chosen.append((option.name, option.checked(value)))
    return Asked(info, tuple(chosen))


def write(info: ProductInfo, chosen: Mapping[str, str], *, full: bool = False) -> str:
    """The one text for a product and what was chosen.

    Left out is what is as by default, and what does not matter beside the rest.

    Parameters
    ----------
    full: leave in what is as by default, but for what says nothing.
    """
    asked = Asked.of(info, chosen)
    told: Iterable[str] = (
        f"{option.name}={asked[option.name]}"
        for option in info.options
        if asked[option.name] != ("" if full else option.default) and asked.matters(option)
    )
    options = ",".join(told)
    return f"{info.name}:{options}" if options else info.name
