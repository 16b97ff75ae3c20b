"""Does a request make sense, for what the catalogue says there is?"""

from __future__ import annotations

from data_layer.api import DatasetInfo, ProductRequest
from data_layer.errors import BadRequest
from data_layer.products import asked_for


def check_map(info: DatasetInfo) -> None:
    """Return when the dataset has maps, else :class:`BadRequest`."""
    if info.gridless:
        raise BadRequest(
            f"Dataset {info.id!r} is of an index: an index has no map.",
            asked=info.id,
            advice="Ask for its series.",
        )


def check(info: DatasetInfo, request: ProductRequest) -> None:
    """Raise what is wrong with a request, judged by the catalogue alone."""
    info.check_version(request.version)
    info.variable(request.variable)
    chosen, asked = asked_for(request.product)
    given = {"lat, lon": request.point, "box": request.box, "region": request.region}
    places = [name for name, value in given.items() if value is not None]
    if info.gridless and places:
        raise BadRequest(
            f"Dataset {info.id!r} is of an index: it is not of places.",
            asked=places[0],
            advice="Leave lat, lon, box and region out.",
        )
    if not info.inits:
        for what in ("init", "lead", "member"):
            if getattr(request, what) is not None:
                raise BadRequest(
                    f"Dataset {info.id!r} is of observations: it has no {what}.",
                    asked=str(getattr(request, what)),
                    advice=f"Leave {what} out.",
                )
        if asked.text != "value":
            raise BadRequest(
                f"Dataset {info.id!r} is of observations: it has no members and no leads, "
                f"so no {asked.text}.",
                asked=request.product,
                exists=["value"],
                advice="Ask for product value.",
            )
        return
    if info.width > 1 and asked.window > 1:
        raise BadRequest(
            f"The leads of {info.id!r} are means over {info.width} {info.lead_unit} already.",
            asked=request.product,
            advice="Leave the window out.",
        )
    if request.init is not None:
        info.check_init(request.init)
    if request.lead is not None:
        info.check_lead(request.lead)
    if request.member is not None:
        if not chosen.info.per_member:
            raise BadRequest(
                f"The {chosen.info.title.lower()} is of all members, not of one.",
                asked=str(request.member),
                advice="Leave the member out.",
            )
        info.check_member(request.member)
    if len(info.members) < chosen.info.min_members:
        raise BadRequest(
            f"The {chosen.info.title.lower()} needs {chosen.info.min_members} members; "
            f"{info.id!r} has {len(info.members)}.",
            asked=request.product,
            advice="Ask for product value.",
        )
