"""Thin handlers: parse → authorise → await the service → encode."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from http import HTTPStatus
from typing import Any, ClassVar

from pydantic import TypeAdapter
from tornado import web
from tornado.iostream import StreamClosedError

from data_layer.api import Catalogue, Limits, ProductInfo, ProductRequest
from data_layer.auth.scopes import PUBLIC, READ, check_scope
from data_layer.auth.tokens import Claims, Verifier
from data_layer.cuts import Cut
from data_layer.errors import (
    BadRequest,
    DataLayerError,
    NotAuthenticated,
    NotPermitted,
    Unavailable,
)
from data_layer.readers import ReaderFault
from data_layer.server import params
from data_layer.server.negotiation import choose_encoding, choose_type
from data_layer.server.problems import MEDIA_TYPE as PROBLEM_TYPE
from data_layer.server.problems import plain_problem, problem, status_of
from data_layer.server.service import Service

log = logging.getLogger(__name__)

JSON_TYPE = "application/json"
FRAME_TYPE = "application/vnd.poama.frame"
ARRAY_TYPE = "application/vnd.poama.array"
NETCDF_TYPE = "application/x-netcdf"

_BEARER = re.compile(r"[Bb]earer ([\x21-\x7e]+)")
_TOKEN_PARAMETERS = {"access_token", "token", "jwt", "authorization"}
_CHUNK = 1 << 20
_SEND_SECONDS = 60.0
_RETRY_SECONDS = "2"


class Handler(web.RequestHandler):
    """Base of all handlers: checks who asks, and words every error as a problem.

    Attributes
    ----------
    route: the route's name in :mod:`data_layer.auth.scopes`; the empty name is
        in no table, so a handler without one is refused to everybody.
    path_model, query_model: the parameters, and no others.
    """

    SUPPORTED_METHODS = ("GET",)
    route: ClassVar[str] = ""
    path_model: ClassVar[type[params.Parameters]] = params.NoParameters
    query_model: ClassVar[type[params.Parameters]] = params.NoParameters

    def initialize(self, service: Service, verifier: Verifier) -> None:
        """Tornado hands over what the application was made with."""
        self.service = service
        self.verifier = verifier
        self.claims: Claims | None = None
        self._counted = False

    def set_default_headers(self) -> None:
        """Nothing is kept unless a handler says so."""
        self.clear_header("Server")
        self.set_header("Cache-Control", "private, no-store")
        self.set_header("X-Content-Type-Options", "nosniff")

    def prepare(self) -> None:
        """Before any handler: is this caller allowed to ask?"""
        self.service.active += 1
        self._counted = True
        if self.service.draining:
            self.set_header("Connection", "close")
        if _TOKEN_PARAMETERS & {name.lower() for name in self.request.query_arguments}:
            raise BadRequest(
                "A token in an address is not accepted: addresses are written to logs.",
                advice="Send it in the Authorization header.",
            )
        if self.route not in PUBLIC:
            self.claims = self.verifier.verify(self._bearer())
            check_scope(self.route, self.claims.scopes)

    def compute_etag(self) -> None:
        """Tornado would hash each body; an answer that may be kept sets its own."""

    def on_finish(self) -> None:
        """One answer less to wait for."""
        if self._counted:
            self.service.active -= 1

    def _bearer(self) -> str:
        given = self.request.headers.get_list("Authorization")
        if len(given) > 1:
            raise BadRequest("There is more than one Authorization header.", advice="Send one.")
        match = _BEARER.fullmatch(given[0]) if given else None
        if match is None:
            raise NotAuthenticated(
                "This needs an access token.",
                advice="Send the header 'Authorization: Bearer' with one.",
            )
        return match.group(1)

    def parsed(self) -> ProductRequest:
        """The question asked by path and query."""
        return self.parsed_with_query()[0]

    def parsed_with_query(self) -> tuple[ProductRequest, params.Parameters]:
        """The same, and the query, which may say how to answer."""
        given = {name: [value.encode()] for name, value in self.path_kwargs.items()}
        path = params.parse(self.path_model, given)
        query = params.parse(self.query_model, self.request.query_arguments)
        assert isinstance(path, params.VariablePath)
        request = params.request_from(path, query)
        # To whom may not see it, a dataset is not there.
        self.service.catalogue_for(self.scopes).dataset(request.dataset)
        return request, query

    @property
    def scopes(self) -> frozenset[str]:
        """What the caller's token allows."""
        return self.claims.scopes if self.claims else frozenset()

    def check_no_parameters(self) -> None:
        """Refuse any parameter."""
        params.parse(params.NoParameters, self.request.query_arguments)

    def negotiated(self, *offers: str) -> str:
        """The media type to answer in."""
        accept = ",".join(self.request.headers.get_list("Accept"))
        chosen = choose_type(accept, offers)
        if chosen is None:
            raise web.HTTPError(406, "offers: " + ", ".join(offers))
        self.set_header("Vary", "Accept")
        return chosen

    def finish_json(self, body: bytes) -> None:
        """Answer with JSON text."""
        self.set_header("Content-Type", JSON_TYPE)
        self.finish(body)

    async def finish_paced(self, body: bytes) -> None:
        """Send in pieces, no faster than the client reads, and not for ever."""
        self.set_header("Content-Length", len(body))
        view = memoryview(body)
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                self.flush()  # the head by itself: Tornado would copy the body behind it
                for start in range(0, len(view), _CHUNK):
                    whole = len(view) <= _CHUNK
                    self.write(body if whole else bytes(view[start : start + _CHUNK]))
                    await self.flush()
        except StreamClosedError:
            return
        except TimeoutError:
            stream = self.detach()
            self.on_finish()  # Tornado counts a detached request as none of its own
            stream.close()
            return
        self.finish()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every error as ``application/problem+json``."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, DataLayerError):
            body = problem(error)
            self.set_status(status_of(error))
            self._explain(error)
        elif status_code == 406 and isinstance(error, web.HTTPError):
            body = plain_problem(406, "None of the formats you accept is offered.")
            body["exists"] = str(error.log_message).removeprefix("offers: ").split(", ")
        elif status_code >= 500:
            body = plain_problem(
                status_code, "The data layer failed on this question.", "The log has the reason."
            )
        else:
            body = plain_problem(status_code, HTTPStatus(status_code).description)
        if status_code == 405:
            self.set_header("Allow", ", ".join(self.SUPPORTED_METHODS))
        self.set_header("Content-Type", PROBLEM_TYPE)
        self.finish(json.dumps(body, separators=(",", ":")).encode())

    def _explain(self, error: DataLayerError) -> None:
        if isinstance(error, NotAuthenticated):
            presented = "Authorization" in self.request.headers
            challenge = 'Bearer error="invalid_token"' if presented else "Bearer"
            self.set_header("WWW-Authenticate", challenge)
        elif isinstance(error, NotPermitted):
            challenge = f'Bearer error="insufficient_scope", scope="{READ}"'
            self.set_header("WWW-Authenticate", challenge)
        elif isinstance(error, Unavailable):
            self.set_header("Retry-After", _RETRY_SECONDS)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what nobody foresaw, without the address's query and without headers."""
        if isinstance(value, DataLayerError | web.HTTPError):
            return
        where = f"{self.request.method} {self.request.path}"
        if isinstance(value, ReaderFault):
            log.error("A reader failed on %s:\n%s", where, value)
        else:
            log.error("Failed on %s", where, exc_info=(typ, value, tb))


class HealthHandler(Handler):
    """Whether the event loop turns; touches nothing else."""

    route = "health"

    def get(self) -> None:
        """``ok``."""
        self.finish_json(b'{"status":"ok"}')


class ReadyHandler(Handler):
    """Whether questions can be answered now."""

    route = "ready"

    def get(self) -> None:
        """``ready``, or status 503 and why not."""
        reason = self.service.not_ready()
        if reason:
            raise Unavailable(f"Not ready: {reason}.", advice="Ask again in a few seconds.")
        self.finish_json(b'{"status":"ready"}')


class CatalogueHandler(Handler):
    """What exists."""

    route = "catalogue"
    answer = TypeAdapter(Catalogue)

    def get(self) -> None:
        """Datasets, and refused files with reasons; or 304."""
        self.check_no_parameters()
        body, etag = self.service.catalogue_body(self.scopes)
        self.set_header("Etag", etag)
        self.set_header("Cache-Control", "private, no-cache")
        if self.check_etag_header():
            self.set_status(304)
            return
        self.finish_json(body)


class ProductsHandler(Handler):
    """What can be computed."""

    route = "products"
    answer = TypeAdapter(tuple[ProductInfo, ...])

    async def get(self) -> None:
        """All products."""
        self.check_no_parameters()
        self.finish_json(self.answer.dump_json(await self.service.products()))


class FrameHandler(Handler):
    """One map, for drawing; immutable, since its address carries the dataset's version."""

    route = "frame"
    path_model = params.FramePath
    query_model = params.FrameQuery

    async def get(self, **_: str) -> None:
        """The frame in a coding the client takes, or 304."""
        request, query = self.parsed_with_query()
        cut = Cut.of(query.model_dump())
        self.service.check_version(request)
        self.set_header("Vary", "Accept-Encoding")
        encoding = choose_encoding(",".join(self.request.headers.get_list("Accept-Encoding")))
        self.set_header("Etag", self.service.etag(request, encoding, cut))
        if self.check_etag_header():
            self._keep()
            self.set_status(304)
            return
        frame = await self.service.frame(request, encoding, cut)
        self._keep()
        self.set_header("Content-Type", FRAME_TYPE)
        if encoding != "identity":
            self.set_header("Content-Encoding", encoding)
        await self.finish_paced(frame)

    def _keep(self) -> None:
        self.set_header("Cache-Control", "private, max-age=31536000, immutable")


class LimitsHandler(Handler):
    """The range of all maps of one start, for a colour scale."""

    route = "limits"
    path_model = params.LimitsPath
    query_model = params.Narrowed
    answer = TypeAdapter(Limits)

    async def get(self, **_: str) -> None:
        """Extremes and percentiles; null where there are no values."""
        limits = await self.service.limits(self.parsed())
        self.finish_json(self.answer.dump_json(limits))


class SeriesHandler(Handler):
    """All leads (or times) at one place, or of an index."""

    route = "series"
    path_model = params.VariablePath
    query_model = params.AtPlace

    async def get(self, **_: str) -> None:
        """JSON, or an array."""
        chosen = self.negotiated(JSON_TYPE, ARRAY_TYPE)
        op = "json" if chosen == JSON_TYPE else "array"
        request = self.parsed()
        placed = request.point is not None or request.region is not None
        if not placed and not self.service.catalogue().dataset(request.dataset).gridless:
            raise BadRequest(
                "A series is at one place or of one region.",
                asked=request.dataset,
                advice="Give lat and lon, for example lat=-37.8 and lon=144.9, or a region.",
            )
        body = await self.service.answer(op, request)
        self.set_header("Content-Type", chosen)
        self.finish(body)


class SubsetHandler(Handler):
    """Any part of a variable."""

    route = "subset"
    path_model = params.VariablePath
    query_model = params.Selection

    async def get(self, **_: str) -> None:
        """A NetCDF file, or an array."""
        chosen = self.negotiated(NETCDF_TYPE, ARRAY_TYPE)
        request = self.parsed()
        async with self.service.large_answer():
            body = await self.service.answer(
                "netcdf" if chosen == NETCDF_TYPE else "array", request
            )
            self.set_header("Content-Type", chosen)
            if chosen == NETCDF_TYPE:
                name = file_name(request)
                self.set_header("Content-Disposition", f'attachment; filename="{name}"')
            await self.finish_paced(body)


class UnknownHandler(Handler):
    """Every other address: only who may ask at all is told that there is nothing."""

    route = "unknown"

    def prepare(self) -> None:
        """404, after the token."""
        self.claims = self.verifier.verify(self._bearer())
        raise web.HTTPError(404)


def file_name(request: ProductRequest) -> str:
    """A name for a download that says what is in it: letters, digits and ``._-`` only."""
    parts: list[str] = [request.dataset, request.variable, request.product]
    if request.init is not None:
        parts.append(request.init)
    if request.lead is not None:
        parts.append(f"lead{request.lead}")
    if request.member is not None:
        parts.append(f"member{request.member}")
    if request.point is not None:
        parts.append(f"{request.point.lat:g}N{request.point.lon:g}E")
    if request.box is not None:
        parts.append("region")
    return re.sub(r"[^A-Za-z0-9._-]+", "-", "_".join(parts))[:150] + ".nc"
