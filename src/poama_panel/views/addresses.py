"""The addresses of frames, as the browser asks for them."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, unquote

from data_layer.api import ProductRequest
from data_layer.cuts import Cut
from data_layer.errors import BadRequest


def frames_at(request: ProductRequest) -> str:
    """The address of a selection's frames, with ``{lead}`` and ``{member}`` to be filled in."""
    return (
        f"{request.dataset}/{request.version}/{request.variable}"
        f"/{quote(request.product, safe='')}/{request.init}/{{lead}}/{{member}}"
    )


def request_of(key: str) -> tuple[ProductRequest, Cut]:
    """The request behind an address, and the part of the map that its query names.

    Raises
    ------
    BadRequest: when the address is malformed.
    """
    path, _, query = key.partition("?")
    try:
        dataset, version, variable, product, init, lead, member = path.split("/")
        request = ProductRequest(
            dataset=dataset,
            version=version,
            variable=variable,
            product=unquote(product),
            init=init,
            lead=int(lead),
            member=None if member == "all" else int(member),
        )
        return request, Cut.of(dict(parse_qsl(query, strict_parsing=bool(query))))
    except ValueError as error:
        raise BadRequest(f"{key!r} is not the address of a frame.", asked=key) from error
