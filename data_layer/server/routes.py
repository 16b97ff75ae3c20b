"""All routes: the one table that the application and the OpenAPI document are made from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from data_layer.server import handlers
from data_layer.server.openapi import OpenApiHandler

_VARIABLE = "{dataset}/{variable}"
_START = "{dataset}/{version}/{variable}/{product}/{init}"


@dataclass(frozen=True)
class Route:
    """An address with ``{parameters}``, and who answers there.

    Attributes
    ----------
    path: the address.
    handler: whose ``route`` names the row of the scope table.
    answers: media types of a good answer, the default first.
    errors: statuses that may come besides those every route has.
    """

    path: str
    handler: type[handlers.Handler]
    answers: tuple[str, ...] = (handlers.JSON_TYPE,)
    errors: tuple[int, ...] = ()

    @property
    def pattern(self) -> str:
        """The address as a regular expression; a parameter is anything but a slash."""
        return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.path))


_NOT_FOUND = int(HTTPStatus.NOT_FOUND)
_DATA = (_NOT_FOUND, 422, 503)

ROUTES: tuple[Route, ...] = (
    Route("/healthz", handlers.HealthHandler),
    Route("/readyz", handlers.ReadyHandler, errors=(503,)),
    Route("/v1/catalogue", handlers.CatalogueHandler, errors=(304, 503)),
    Route("/v1/products", handlers.ProductsHandler, errors=(503,)),
    Route(
        f"/v1/frames/{_START}/{{lead}}/{{member}}",
        handlers.FrameHandler,
        (handlers.FRAME_TYPE,),
        (304, *_DATA, 413),
    ),
    Route(f"/v1/limits/{_START}", handlers.LimitsHandler, errors=_DATA),
    Route(
        f"/v1/series/{_VARIABLE}",
        handlers.SeriesHandler,
        (handlers.JSON_TYPE, handlers.ARRAY_TYPE),
        (*_DATA, 406, 413),
    ),
    Route(
        f"/v1/subset/{_VARIABLE}",
        handlers.SubsetHandler,
        (handlers.NETCDF_TYPE, handlers.ARRAY_TYPE),
        (*_DATA, 406, 413),
    ),
    Route("/v1/openapi.json", OpenApiHandler),
)
