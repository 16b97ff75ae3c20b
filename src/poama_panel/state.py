"""What is chosen, and what follows from it. No Panel here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import param

from data_layer.api import Catalogue, DatasetInfo, ProductInfo, ProductRequest, VariableInfo
from data_layer.errors import BadRequest
from data_layer.linking import same_day
from data_layer.offers import Asked, Option, split
from data_layer.timing import describe_day, lead_of, parse_init, valid_period, whole_windows
from poama_panel.style import usual_amount

# What is offered: a month to a season, a day to four weeks.
_WINDOWS = {"months": (1, 2, 3), "days": (1, 7, 14, 28), "hours": (1,)}
# In this order, as people look for them.
GROUPS = ("Forecast", "Against normal", "Chances", "Past and skill", "Hindcast")


class ForecastState(param.Parameterized):
    """The one owner of the selection.

    ``dataset``, ``variable``, ``product`` and ``init`` are always a choice that
    exists: choosing a dataset moves the others to what it has. ``options`` holds what was
    chosen of products, of this one and of earlier ones: a window stays when the product
    changes. What holds of the product there is, with everything else as by default, is
    :attr:`asked`.
    """

    catalogue = param.ClassSelector(class_=Catalogue, default=Catalogue(), precedence=-1)
    products = param.Parameter(default=(), precedence=-1)

    dataset = param.Selector(default=None, objects=[], label="Forecast")
    variable = param.Selector(default=None, objects=[], label="Variable")
    product = param.Selector(default=None, objects=[], label="Product")
    init = param.Selector(default=None, objects=[], label="Start")
    options = param.Dict(default={}, doc="what was chosen of products: option → text")
    lead = param.Integer(default=0, bounds=(0, None), doc="position in :attr:`leads`")
    member = param.String(default="")
    place = param.Parameter(default=None, doc="(lat, lon) in degrees, or None")
    arrived = param.String(default="", doc="a start that came while an older one was shown")

    def __init__(
        self, catalogue: Catalogue, products: tuple[ProductInfo, ...], **params: Any
    ) -> None:
        super().__init__(products=products)
        self.renew(catalogue)
        # One after the other: what can be chosen depends on what was chosen before.
        for name in ("dataset", "variable", "product", "init", "lead", "member", "place"):
            if name == "product" and name in params:
                self.product, given = split(params[name])
                for option, text in given.items():
                    self.choose(option, text)
            elif name in params:
                setattr(self, name, params[name])

    def renew(self, catalogue: Catalogue) -> None:
        """Take a newer catalogue, keeping what is chosen as far as it still exists."""
        shown = _in_order(catalogue.datasets)
        names = _names(shown)
        before = (self.dataset, _newest(self.info)) if self.info else None
        with param.parameterized.batch_call_watchers(self):
            self.catalogue = catalogue
            self.param.dataset.objects = names
            ids = list(names.values())
            if self.dataset not in ids:
                self.dataset = ids[0] if ids else None
            self._follow_dataset()
            newest = _newest(self.info)
            if before is not None and before[0] == self.dataset and newest > before[1]:
                self.arrived = newest

    @property
    def info(self) -> DatasetInfo | None:
        """The chosen dataset."""
        return self.catalogue.dataset(self.dataset) if self.dataset else None

    @property
    def mapped(self) -> bool:
        """Whether what is chosen has maps; an index has none."""
        return self.info is None or not self.info.gridless

    @property
    def variable_info(self) -> VariableInfo | None:
        """The chosen variable."""
        return self.info.variable(self.variable) if self.info and self.variable else None

    @property
    def product_info(self) -> ProductInfo | None:
        """The chosen product."""
        return next((p for p in self.products if p.name == self.product), None)

    @property
    def asked(self) -> Asked | None:
        """The chosen product with everything chosen of it that it has and that there is."""
        info = self.product_info
        if info is None:
            return None
        return Asked(info, tuple((option.name, self._chosen(option)) for option in info.options))

    def choose(self, option: str, text: str) -> None:
        """Choose an option of the product.

        Raises
        ------
        BadRequest: when the product has it and it cannot be that.
        """
        known = self.product_info.options if self.product_info else ()
        found = next((o for o in known if o.name == option), None)
        key = option if found is None else self._key(found)
        self.options = {**self.options, key: text if found is None else found.checked(text)}

    @property
    def leads(self) -> tuple[int, ...]:
        """The leads from which a whole window of the product is there."""
        asked = self.asked
        return whole_windows(self.info.leads, asked.window if asked else 1) if self.info else ()

    @property
    def windows(self) -> tuple[int, ...]:
        """Over how many leads can be averaged."""
        if self.info is None or self.info.width > 1:
            return (1,)
        info = self.info
        return tuple(w for w in _WINDOWS[info.lead_unit] if w == 1 or whole_windows(info.leads, w))

    @property
    def hindcast_years(self) -> tuple[int, ...]:
        """The years of the hindcast that the start is compared with."""
        if self.info is None or not self.init:
            return ()
        return years_of(self.catalogue, self.info, self.init)

    @property
    def groups(self) -> dict[str, dict[str, str]]:
        """The products that can be chosen: group → title → name."""
        offered = set(self.param.product.objects)
        found: dict[str, dict[str, str]] = {group: {} for group in GROUPS}
        for p in self.products:
            if p.name in offered:
                found[group_of(p)][p.title] = p.name
        return {group: titles for group, titles in found.items() if titles}

    def step_start(self, by: int, *, hold_valid: bool = False) -> bool:
        """Go to an earlier (``by`` < 0) or later start of the dataset.

        Parameters
        ----------
        hold_valid: keep the period shown, so that the lead changes with the start; starts
            that do not reach it are passed over. Else the lead stays.

        Returns
        -------
        Whether there was such a start.
        """
        info = self.info
        if info is None or self.init not in info.inits or by == 0:
            return False
        at = info.inits.index(self.init)
        further = info.inits[at + 1 :] if by > 0 else info.inits[:at][::-1]
        leads, unit = self.leads, info.lead_unit
        if not hold_valid or self.lead >= len(leads):
            found = [(init, self.lead) for init in further]
        else:
            valid = valid_period(parse_init(self.init), leads[self.lead], unit)[0]
            reached = ((init, lead_of(parse_init(init), valid, unit)) for init in further)
            found = [
                (init, leads.index(lead))
                for init, lead in reached
                # Days that begin at another hour are other days; a month is a month.
                if lead in leads
                and (unit == "months" or valid_period(parse_init(init), lead, unit)[0] == valid)
            ]
        if len(found) < abs(by):
            return False
        init, lead = found[abs(by) - 1]
        self.param.update(init=init, lead=lead)
        return True

    def request(self) -> ProductRequest | None:
        """The selection as a request with lead and member left open; ``None`` for none."""
        info, asked = self.info, self.asked
        if info is None or self.variable is None or asked is None:
            return None
        return ProductRequest(
            dataset=info.id,
            variable=self.variable,
            product=asked.text,
            init=self.init,
            version=info.version,
        )

    def _key(self, option: Option) -> str:
        # An amount of one variable is none of another.
        return f"{option.name}/{self.variable}" if option.units == "variable" else option.name

    def _chosen(self, option: Option) -> str:
        text = self.options.get(self._key(option), option.default)
        if option.years:
            return _within(text, self.hindcast_years)
        try:
            text = option.checked(text)
        except BadRequest:  # not chosen yet, or of another product that has one of this name
            text = option.default
        if option.name == "window" and self.info:
            fits = int(text) == 1 or (
                self.info.width == 1 and whole_windows(self.info.leads, int(text))
            )
            return text if fits else option.default
        if option.name == "correction" and not (self.info and can_correct(self.info)):
            return option.default
        if not text and option.units == "variable" and self.variable_info:
            return option.checked(repr(usual_amount(self.variable_info)))
        return text

    # watch: what is shown has been offered enough.
    @param.depends("init", "dataset", watch=True)
    def _take_offer_back(self) -> None:
        if self.info is None or self.arrived not in self.info.inits or self.init == self.arrived:
            self.arrived = ""

    # watch: the other choices must exist in the dataset before anything reads them.
    @param.depends("dataset", watch=True)
    def _follow_dataset(self) -> None:
        info = self.info
        variables = {v.title: v.name for v in info.variables} if info else {}
        inits = {_start(init): init for init in info.inits[::-1]} if info else {}
        products = {p.title: p.name for p in self.products if info and can_give(info, p)}
        many = info is not None and len(info.members) > 1
        wanted = "mean" if "mean" in products.values() and many else "value"
        with param.parameterized.batch_call_watchers(self):
            for name, choices, preferred in (
                ("variable", variables, None),
                ("product", products, wanted),
                ("init", inits, None),
            ):
                values = list(choices.values())
                self.param[name].objects = choices
                now = getattr(self, name)
                if now not in values:
                    first = preferred if preferred in values else next(iter(values), None)
                    setattr(self, name, first)
            if info and self.lead >= len(info.leads):
                self.lead = 0


def can_give(info: DatasetInfo, product: ProductInfo) -> bool:
    """Whether a dataset has what a product is computed from."""
    if info.gridless:
        # Products are of maps: the one chosen stays for the next dataset that has one.
        return True
    if product.kind == "diagram" or len(info.members) < product.min_members:
        return False
    if {"climatology", "hindcast"} & set(product.needs) and not info.hindcast:
        return False
    if "observations" not in product.needs:
        return True
    # What a forecast that runs now is for has not been observed; past ones were scored.
    return bool(info.observations) and (info.role == "hindcast" or product.of_past)


def can_correct(info: DatasetInfo) -> bool:
    """Whether there are past forecasts and observations to learn a correction from."""
    return bool(info.hindcast and info.observations)


def group_of(product: ProductInfo) -> str:
    """The group of :data:`GROUPS` that people look for a product in."""
    if "observations" in product.needs:
        return "Past and skill"
    if product.kind in ("probability", "category"):
        return "Chances"
    if product.kind in ("difference", "score"):
        return "Against normal"
    return "Hindcast" if product.needs else "Forecast"


def years_of(catalogue: Catalogue, info: DatasetInfo, init: str) -> tuple[int, ...]:
    """The years of the hindcast of a dataset that have a start on the same day as ``init``."""
    hindcast = next((d for d in catalogue.datasets if d.id == info.hindcast), None)
    return tuple(int(i[:4]) for i in same_day(hindcast.inits, init)) if hindcast else ()


def _within(text: str, years: Iterable[int]) -> str:
    """A span of years cut to those there are; empty for all of them."""
    there = sorted(years)
    if not text or not there:
        return ""
    first, last = max(int(text[:4]), there[0]), min(int(text[5:]), there[-1])
    return "" if first > last or (first, last) == (there[0], there[-1]) else f"{first}-{last}"


def _in_order(datasets: tuple[DatasetInfo, ...]) -> list[DatasetInfo]:
    """Real forecasts first, then hindcasts, then indices, the synthetic ones after them.

    Observations have no start and no lead: maps of them are drawn beside forecasts, not
    chosen as one. Observed indices can be chosen.
    """
    role = {"forecast": 0, "hindcast": 1, "observations": 2}
    chosen = [d for d in datasets if d.role != "observations" or d.gridless]
    return sorted(chosen, key=lambda d: (d.synthetic, d.gridless, role[d.role], d.title))


def _newest(info: DatasetInfo | None) -> str:
    return info.inits[-1] if info and info.inits else ""


def _start(init: str) -> str:
    moment = parse_init(init)
    hour = f" {moment.hour:02d} UTC" if moment.hour else ""
    return f"{describe_day(moment)}{hour}"


def _names(datasets: list[DatasetInfo]) -> dict[str, str]:
    """What each dataset is called in a list → its id: short, and never twice the same."""
    called = [
        f"{d.system or d.title} · {d.role}{', lagged' if d.pooled > 1 else ''}" for d in datasets
    ]
    return {
        name if called.count(name) == 1 else f"{name} ({d.id})": d.id
        for name, d in zip(called, datasets, strict=True)
    }
