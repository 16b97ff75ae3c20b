"""The parameters of each route, as models: what is not in them is refused.

Numbers are plain ASCII decimals. Python would read ``1_0``, ``nan`` and other
scripts' digits as numbers too; a client that sends such a thing is mistaken
about something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from data_layer.api import Box, Point, ProductRequest
from data_layer.cuts import Precision
from data_layer.errors import BadRequest

ALL = "all"

_DECIMAL = r"[-+]?(?:[0-9]{1,6}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})(?:[eE][-+]?[0-9]{1,2})?"


Name = Annotated[str, Field(min_length=1)]
Init = Annotated[str, Field(min_length=1, examples=["2011-07-24", ALL])]
Whole = Annotated[str, Field(pattern=r"^(?:-?[0-9]{1,9}|all)$", examples=["1", ALL])]
Decimal = Annotated[
    str,
    Field(pattern=f"^{_DECIMAL}$", max_length=40),
    WithJsonSchema({"type": "number"}),
]
BoxText = Annotated[
    str,
    Field(
        pattern=f"^{_DECIMAL}(?:,{_DECIMAL}){{3}}$", max_length=160, examples=["-45,-10,110,155"]
    ),
]


FewDigits = Annotated[str, Field(pattern="^[0-8]$", examples=["2"])]
SpanText = Annotated[str, Field(pattern="^[0-9]{1,7}-[0-9]{1,7}$", examples=["0-256"])]


class Parameters(BaseModel):
    """Base of the models: nothing unknown, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoParameters(Parameters):
    """A route without parameters."""


RegionText = Annotated[
    str, Field(min_length=1, max_length=2000, examples=["nino34", "-45,-10,110,155"])
]


class Place(Parameters):
    """A region or a place."""

    region: RegionText | None = Field(
        None,
        description="mean over an area or value of an index: a name, south,north,west,east, "
        "or corners lon lat;lon lat;lon lat",
    )
    box: BoxText | None = Field(None, description="south,north,west,east in degrees")
    lat: Decimal | None = Field(None, description="degrees north; with lon")
    lon: Decimal | None = Field(None, description="degrees east; with lat")


class Narrowed(Place):
    """A region or a place, a lead, a member."""

    lead: Whole | None = Field(None, description="in the dataset's lead unit; all if left out")
    member: Whole | None = Field(None, description="all if left out")


class Selection(Narrowed):
    """What to take of a variable."""

    product: Name = "value"
    init: Init | None = Field(None, description="start of the forecast; observations have none")
    version: Name | None = Field(None, description="answer only if the dataset is at this version")


class AtPlace(Parameters):
    """What to take of a variable at one place, or of an index, which is of none."""

    lat: Decimal | None = Field(None, description="degrees north; an index has none")
    lon: Decimal | None = Field(None, description="degrees east; an index has none")
    region: RegionText | None = Field(None, description="in place of lat and lon: see subset")
    product: Name = "value"
    init: Init | None = Field(None, description="start of the forecast; observations have none")
    member: Whole | None = Field(None, description="all if left out")
    version: Name | None = Field(None, description="answer only if the dataset is at this version")


class VariablePath(Parameters):
    """A variable of a dataset."""

    dataset: Name
    variable: Name


class FrameQuery(Place):
    """What a frame holds of a map: see :class:`data_layer.cuts.Cut`."""

    level: FewDigits | None = Field(
        None, description="k: each cell is the mean of 2^k x 2^k of the map's"
    )
    rows: SpanText | None = Field(
        None, description="first and one past the last row of the level, from the south"
    )
    columns: SpanText | None = Field(
        None, description="first and one past the last column of the level, eastward"
    )
    precision: Precision | None = Field(
        None, description="of the values: fine if left out, byte or exact"
    )


class LimitsPath(VariablePath):
    """All maps of one start."""

    version: Name
    product: Name
    init: Init


class FramePath(LimitsPath):
    """One map."""

    lead: Whole
    member: Whole


P = TypeVar("P", bound=Parameters)


def parse(model: type[P], given: Mapping[str, Sequence[bytes]]) -> P:
    """Check raw parameters against a model.

    Raises
    ------
    BadRequest: a parameter unknown, missing, repeated, malformed or not UTF-8.
    """
    known = list(model.model_fields)
    single: dict[str, str] = {}
    for name, values in given.items():
        if name not in model.model_fields:
            raise BadRequest(
                "There is no such parameter here.",
                asked=name[:100],
                exists=known,
                advice="Leave it out.",
            )
        if len(values) != 1:
            raise BadRequest(
                f"The parameter {name} is given {len(values)} times.",
                asked=name,
                advice="Give it once.",
            )
        try:
            single[name] = values[0].decode("utf-8")
        except UnicodeDecodeError:
            raise BadRequest(f"The parameter {name} is not UTF-8.", asked=name) from None
    try:
        return model.model_validate(single)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        raise BadRequest(
            f"The parameter {name} is not understood: {first['msg']}.",
            asked=f"{name}={single.get(name, '')[:100]}",
            exists=known,
        ) from None


def request_from(path: VariablePath, query: Parameters) -> ProductRequest:
    """The question that a path and a query ask together.

    Raises
    ------
    BadRequest: when it makes no sense.
    """
    given: dict[str, str | None] = {**path.model_dump(), **query.model_dump(exclude_none=True)}
    box, lat, lon = given.get("box"), given.get("lat"), given.get("lon")
    if (lat is None) != (lon is None):
        raise BadRequest(
            "A place needs both lat and lon.",
            asked=f"lat={lat}" if lon is None else f"lon={lon}",
            advice="Give both, for example lat=-37.8 and lon=144.9.",
        )
    return ProductRequest(
        dataset=path.dataset,
        variable=path.variable,
        product=given.get("product") or "value",
        init=_open(given.get("init")),
        lead=_number(given.get("lead")),
        member=_number(given.get("member")),
        point=Point(float(lat), float(lon)) if lat is not None and lon is not None else None,
        box=Box(*(float(v) for v in box.split(","))) if box is not None else None,
        version=given.get("version"),
        region=given.get("region"),
    )


def _open(text: str | None) -> str | None:
    return None if text == ALL else text


def _number(text: str | None) -> int | None:
    return None if text is None or text == ALL else int(text)
