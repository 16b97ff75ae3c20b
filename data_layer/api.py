"""The contract between whoever has forecasts and whoever shows them.

Everything here is frozen, hashable and free of I/O: a :class:`ProductRequest`
is a cache key, an address and a test case in one. A :class:`ForecastSource`
answers requests; the in-process and the HTTP source give the same answers and
raise the same errors, which one inherited test suite proves.
"""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from data_layer.cuts import WHOLE, Cut
from data_layer.errors import (
    BadRequest,
    SupersededVersion,
    UnknownDataset,
    UnknownInit,
    UnknownLead,
    UnknownMember,
    UnknownVariable,
)
from data_layer.offers import ProductInfo as ProductInfo
from data_layer.timing import LeadUnit, parse_init

if TYPE_CHECKING:
    import xarray as xr

Role = Literal["forecast", "hindcast", "observations"]


@dataclass(frozen=True)
class VariableInfo:
    """One variable of a dataset, described as CF describes it."""

    name: str
    title: str
    units: str
    standard_name: str = ""
    cell_methods: str = ""


@dataclass(frozen=True)
class GridInfo:
    """The extent of a regular latitude-longitude grid, cell centres in degrees.

    ``lon`` ascends and lies in [0, 720): a region across Greenwich goes on past
    360. ``wraps`` is true when the cells close the circle. ``nowhere`` is true of an
    index, which has no grid (:data:`NO_GRID`): the one cell is counted and is no place.
    """

    ny: int
    nx: int
    lat: tuple[float, float]
    lon: tuple[float, float]
    wraps: bool
    nowhere: bool = False


NO_GRID = GridInfo(1, 1, (0.0, 0.0), (0.0, 0.0), wraps=False, nowhere=True)


@dataclass(frozen=True)
class DatasetInfo:
    """One dataset: what it is and what can be asked of it.

    ``version`` changes whenever a file behind the dataset changes, so an
    address that carries it may be cached for ever. ``inits`` ascend and are
    written ``YYYY-MM-DD[THH]``. ``member_inits`` is given for a lagged
    ensemble, whose members started on different days: the start of each member
    in the order of ``members``, while ``inits`` holds the one nominal start.
    Observations have no inits and no members; their ``times`` are month or day
    starts. ``of`` is the id of the forecast that a hindcast or observations belong
    to, where the archive says so; ``scope`` what a caller must be allowed to see it.
    ``pooled`` is the number of starts that each ensemble is made of, when that is more
    than its own. ``hindcast`` and ``observations`` are the ids of the datasets that its
    products compare it with (:mod:`data_layer.linking`), or empty; ``version`` changes
    with theirs too. ``width`` is the number of lead units that each lead is a mean of: 7
    where a centre gives weekly means by the day on which they begin.
    """

    id: str
    title: str
    version: str
    role: Role
    layout: str
    variables: tuple[VariableInfo, ...]
    grid: GridInfo
    lead_unit: LeadUnit = "months"
    inits: tuple[str, ...] = ()
    leads: tuple[int, ...] = ()
    members: tuple[int, ...] = ()
    member_inits: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    system: str = ""
    institution: str = ""
    licence: str = ""
    synthetic: bool = False
    notes: tuple[str, ...] = ()
    files: int = 1
    of: str = ""
    scope: str = ""
    pooled: int = 1
    hindcast: str = ""
    observations: str = ""
    width: int = 1

    @property
    def gridless(self) -> bool:
        """Whether it is of indices: series that have no map and are not of places."""
        return self.grid.nowhere

    def naming_only(self, ids: Set[str]) -> DatasetInfo:
        """The same, without the ids of other datasets than these."""
        return replace(
            self,
            of=self.of if self.of in ids else "",
            hindcast=self.hindcast if self.hindcast in ids else "",
            observations=self.observations if self.observations in ids else "",
        )

    def variable(self, name: str) -> VariableInfo:
        """The variable of that name, or :class:`UnknownVariable`."""
        for v in self.variables:
            if v.name == name:
                return v
        raise UnknownVariable(
            f"Dataset {self.id!r} has no variable {name!r}.",
            asked=name,
            exists=[v.name for v in self.variables],
            advice="Choose one of these.",
        )

    def check_version(self, version: str | None) -> None:
        """Return when ``version`` is current or ``None``, else :class:`SupersededVersion`."""
        if version is not None and version != self.version:
            raise SupersededVersion(
                f"Dataset {self.id!r} is no longer at version {version!r}.",
                asked=version,
                exists=[self.version],
                advice="Its files changed: look at the catalogue again.",
            )

    def check_init(self, init: str) -> str:
        """``init`` itself when the dataset has it, else :class:`UnknownInit`."""
        if init not in self.inits:
            raise UnknownInit(
                f"Dataset {self.id!r} has no forecast started {init!r}.",
                asked=init,
                exists=self.inits[::-1],
                advice="Choose one of these starts.",
            )
        return init

    def check_lead(self, lead: int) -> int:
        """``lead`` itself when the dataset has it, else :class:`UnknownLead`."""
        if lead not in self.leads:
            raise UnknownLead(
                f"Dataset {self.id!r} has no lead {lead} ({self.lead_unit}).",
                asked=str(lead),
                exists=self.leads,
                advice=f"Choose one of these leads, in {self.lead_unit}.",
            )
        return lead

    def check_member(self, member: int) -> int:
        """``member`` itself when the ensemble has it, else :class:`UnknownMember`."""
        if member not in self.members:
            raise UnknownMember(
                f"Dataset {self.id!r} has no member {member}.",
                asked=str(member),
                exists=self.members,
                advice="Choose one of these members.",
            )
        return member


@dataclass(frozen=True)
class RefusedFile:
    """A file that is not shown, and why. ``path`` is relative to the archive's folder.

    ``scope`` is what a caller must be allowed to learn of it.
    """

    path: str
    reason: str
    scope: str = ""


@dataclass(frozen=True)
class Catalogue:
    """All datasets that can be asked for, and the files that were refused."""

    datasets: tuple[DatasetInfo, ...] = ()
    refused: tuple[RefusedFile, ...] = ()

    def dataset(self, id: str) -> DatasetInfo:  # noqa: A002 - the field's own name
        """The dataset of that id, or :class:`UnknownDataset`."""
        for d in self.datasets:
            if d.id == id:
                return d
        raise UnknownDataset(
            f"There is no dataset {id!r}.",
            asked=id,
            exists=[d.id for d in self.datasets],
            advice="Choose one of these, or look at the catalogue.",
        )

    def visible_to(self, scopes: Set[str]) -> Catalogue:
        """What of it a caller with these scopes may see: datasets and names of refused files.

        Datasets do not name others that are not seen.
        """
        seen = [d for d in self.datasets if not d.scope or d.scope in scopes]
        named = tuple(f for f in self.refused if not f.scope or f.scope in scopes)
        if len(seen) == len(self.datasets) and len(named) == len(self.refused):
            return self
        ids = {d.id for d in seen}
        return Catalogue(tuple(d.naming_only(ids) for d in seen), named)


@dataclass(frozen=True)
class Box:
    """A region, cell centres within ``south ≤ lat ≤ north`` and eastward from west to east.

    Degrees; longitudes may be given in -180…180 or 0…360, and ``west > east``
    (after reduction to 0…360) crosses Greenwich. A box 360° wide or wider is
    the whole circle.
    """

    south: float
    north: float
    west: float
    east: float

    def __post_init__(self) -> None:
        values = (self.south, self.north, self.west, self.east)
        asked = ",".join(f"{v:g}" for v in values)
        if not all(math.isfinite(v) for v in values):
            raise BadRequest("A box needs four finite numbers.", asked=asked, advice=BOX_ADVICE)
        if not (-90 <= self.south < self.north <= 90):
            raise BadRequest(
                f"A box needs -90 ≤ south < north ≤ 90, not {self.south:g} and {self.north:g}.",
                asked=asked,
                advice=BOX_ADVICE,
            )
        if not (-360 <= self.west <= 720 and -360 <= self.east <= 720) or self.west == self.east:
            raise BadRequest(
                "A box needs two different longitudes within -360…720.",
                asked=asked,
                advice=BOX_ADVICE,
            )


BOX_ADVICE = "Write box=south,north,west,east in degrees, for example -45,-10,110,155."


@dataclass(frozen=True)
class Point:
    """A place; the answer is for the cell whose centre is nearest. Degrees."""

    lat: float
    lon: float

    def __post_init__(self) -> None:
        ok = math.isfinite(self.lat) and math.isfinite(self.lon)
        if not (ok and -90 <= self.lat <= 90 and -360 <= self.lon <= 720):
            raise BadRequest(
                "A place needs -90 ≤ lat ≤ 90 and -360 ≤ lon ≤ 720.",
                asked=f"lat={self.lat:g}, lon={self.lon:g}",
                advice="Write lat and lon in degrees, for example lat=-37.8 and lon=144.9.",
            )


@dataclass(frozen=True)
class ProductRequest:
    """One question. What is ``None`` is not narrowed down.

    ``lead=None`` asks for every lead, ``member=None`` for every member (of a
    ``per_member`` product), ``point`` for one cell, ``box`` for the cells of a box,
    ``region`` for the mean over an area or the value of an index
    (:mod:`data_layer.places`), of which the product is then computed.
    ``version`` pins the dataset's version: if the files have changed since, the
    answer is :class:`~data_layer.errors.SupersededVersion` rather than other
    data under an old address.
    """

    dataset: str
    variable: str
    product: str = "value"
    init: str | None = None
    lead: int | None = None
    member: int | None = None
    point: Point | None = None
    box: Box | None = None
    version: str | None = None
    region: str | None = None

    def __post_init__(self) -> None:
        if sum(place is not None for place in (self.point, self.box, self.region)) > 1:
            raise BadRequest(
                "Ask for a point, for a box or for a region, not for several of them.",
                advice="Leave the others out.",
            )
        if self.init is not None:
            try:
                parse_init(self.init)
            except ValueError as error:
                raise BadRequest(str(error), asked=str(self.init)) from error


@dataclass(frozen=True)
class Limits:
    """The range of a selection's values over all its leads.

    ``low`` and ``high`` are the 1st and 99th percentile of the cells (equal to
    ``minimum`` and ``maximum`` where there are few cells); in the variable's
    units. ``sampled`` says which members they were taken from.
    """

    minimum: float
    maximum: float
    low: float
    high: float
    sampled: tuple[int, ...] = field(default=())


@runtime_checkable
class ForecastSource(Protocol):
    """Where forecasts come from. Implementations are synchronous and thread-safe.

    Every method raises a subclass of :class:`~data_layer.errors.DataLayerError`.
    """

    def catalogue(self) -> Catalogue:
        """What exists now."""
        ...

    def products(self) -> tuple[ProductInfo, ...]:
        """What can be computed."""
        ...

    def fetch(self, request: ProductRequest) -> xr.DataArray:
        """The answer as a labelled array.

        Dims are those of ``(init, member, lead, lat, lon)`` that the request
        leaves open, in that order, with ``init``, ``lead``, ``member``, ``lat``,
        ``lon`` as scalar coordinates otherwise, and ``valid_time``. Observations
        have ``(time, lat, lon)``. An index has neither ``lat`` nor ``lon``. Units
        and CF attributes are kept, ``method`` names the computation.
        """
        ...

    def frame(self, request: ProductRequest, cut: Cut = WHOLE) -> bytes:
        """One map, or a part of it, as a binary frame (:mod:`data_layer.frames`), not compressed.

        The request must leave only ``lat`` and ``lon`` open. An index has no map.
        """
        ...

    def limits(self, request: ProductRequest) -> Limits:
        """The range over all leads of the request's variable, product and init."""
        ...

    def netcdf(self, request: ProductRequest) -> bytes:
        """The same answer as :meth:`fetch`, as the bytes of a CF NetCDF-4 file."""
        ...
