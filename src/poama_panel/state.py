"""What is chosen, and what follows from it. No Panel here."""

from __future__ import annotations

from typing import Any

import param

from data_layer.api import Catalogue, DatasetInfo, ProductInfo, ProductRequest, VariableInfo
from data_layer.timing import describe_day, parse_init


class ForecastState(param.Parameterized):
    """The one owner of the selection.

    ``dataset``, ``variable``, ``product`` and ``init`` are always a choice that
    exists: choosing a dataset moves the others to what it has.
    """

    catalogue = param.ClassSelector(class_=Catalogue, default=Catalogue(), precedence=-1)
    products = param.Parameter(default=(), precedence=-1)

    dataset = param.Selector(default=None, objects=[], label="Forecast")
    variable = param.Selector(default=None, objects=[], label="Variable")
    product = param.Selector(default=None, objects=[], label="Product")
    init = param.Selector(default=None, objects=[], label="Start")
    lead = param.Integer(default=0, bounds=(0, None), doc="position in the dataset's leads")
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
            if name in params:
                setattr(self, name, params[name])

    def renew(self, catalogue: Catalogue) -> None:
        """Take a newer catalogue, keeping what is chosen as far as it still exists."""
        shown = _in_order(catalogue.datasets)
        names = _names(shown)
        before = (self.dataset, self.info.inits[-1]) if self.info else None
        with param.parameterized.batch_call_watchers(self):
            self.catalogue = catalogue
            self.param.dataset.objects = names
            ids = list(names.values())
            if self.dataset not in ids:
                self.dataset = ids[0] if ids else None
            self._follow_dataset()
            newest = self.info.inits[-1] if self.info else ""
            if before is not None and before[0] == self.dataset and newest > before[1]:
                self.arrived = newest

    @property
    def info(self) -> DatasetInfo | None:
        """The chosen dataset."""
        return self.catalogue.dataset(self.dataset) if self.dataset else None

    @property
    def variable_info(self) -> VariableInfo | None:
        """The chosen variable."""
        return self.info.variable(self.variable) if self.info and self.variable else None

    @property
    def product_info(self) -> ProductInfo | None:
        """The chosen product."""
        return next((p for p in self.products if p.name == self.product), None)

    def request(self) -> ProductRequest | None:
        """The selection as a request with lead and member left open; ``None`` for none."""
        info = self.info
        if info is None or self.variable is None or self.product is None:
            return None
        return ProductRequest(
            dataset=info.id,
            variable=self.variable,
            product=self.product,
            init=self.init,
            version=info.version,
        )

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
        members = len(info.members) if info else 0
        products = {p.title: p.name for p in self.products if members >= p.min_members}
        wanted = "mean" if "mean" in products.values() and members > 1 else "value"
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


def _in_order(datasets: tuple[DatasetInfo, ...]) -> list[DatasetInfo]:
    """Real forecasts first, then hindcasts, the synthetic ones after them; no observations.

    Observations have no start and no lead: they are drawn beside forecasts, not
    chosen as one.
    """
    role = {"forecast": 0, "hindcast": 1}
    chosen = [d for d in datasets if d.role in role]
    return sorted(chosen, key=lambda d: (d.synthetic, role[d.role], d.title))


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
