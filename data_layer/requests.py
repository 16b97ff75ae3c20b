"""Does a request make sense, for what the catalogue says there is?"""

from __future__ import annotations

from data_layer.api import DatasetInfo, ProductRequest
from data_layer.errors import BadRequest
from data_layer.products import product


def check(info: DatasetInfo, request: ProductRequest) -> None:
    """Raise what is wrong with a request, judged by the catalogue alone."""
    info.check_version(request.version)
    info.variable(request.variable)
    chosen = product(request.product)
    if not info.inits:
        for what in ("init", "lead", "member"):
            if getattr(request, what) is not None:
                raise BadRequest(
                    f"Dataset {info.id!r} is of observations: it has no {what}.",
                    asked=str(getattr(request, what)),
                    advice=f"Leave {what} out.",
                )
        return
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
