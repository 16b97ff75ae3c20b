"""Forecasts from a data layer elsewhere, over HTTP."""

from __future__ import annotations

import math
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from data_layer.api import Box, Catalogue, Limits, ProductInfo, ProductRequest
from data_layer.cuts import WHOLE, Cut
from data_layer.errors import SupersededVersion, Unavailable
from data_layer.server.problems import error_from

if TYPE_CHECKING:
    import xarray as xr

CONNECT_SECONDS = 3.0
# Longer than a reader may take, so that the service gets to say what was wrong.
READ_SECONDS = 30.0
PAUSE_SECONDS = 0.3
ALL = "all"

_CATALOGUE = TypeAdapter(Catalogue)
_PRODUCTS = TypeAdapter(tuple[ProductInfo, ...])
_LIMITS = TypeAdapter(dict[str, float | tuple[int, ...] | None])

T = TypeVar("T")


@cache
def _tls() -> ssl.SSLContext:
    # Reading the list of authorities takes 20 ms and 0.5 MB, for each source anew.
    return httpx.create_ssl_context(trust_env=False)


@lru_cache(maxsize=4)
def _products(body: bytes) -> tuple[ProductInfo, ...]:
    # Immutable, and the same for every source.
    return _read(_PRODUCTS, body)


class HttpSource:
    """A :class:`~data_layer.api.ForecastSource` that asks a data layer's service.

    Safe to call from any thread; blocks the one that calls. Each question is
    asked a second time when the connection fails or the service is busy.

    Parameters
    ----------
    url: where the service is, for example ``http://127.0.0.1:5007``.
    token: gives an access token; called for each question.
    """

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._client = httpx.Client(
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
            verify=_tls(),
        )
        self._lock = threading.Lock()
        self._versions: dict[str, str] = {}
        self._kept: tuple[str, Catalogue] | None = None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def catalogue(self) -> Catalogue:
        """See :class:`~data_layer.api.ForecastSource`."""
        with self._lock:
            kept = self._kept
        response = self._ask("/v1/catalogue", headers={"If-None-Match": kept[0]} if kept else {})
        if kept is not None and response.status_code == 304:
            return kept[1]
        catalogue = _read(_CATALOGUE, _content(response))
        etag = response.headers.get("ETag", "")
        with self._lock:
            self._versions = {d.id: d.version for d in catalogue.datasets}
            self._kept = (etag, catalogue) if etag else None
        return catalogue

    def products(self) -> tuple[ProductInfo, ...]:
        """See :class:`~data_layer.api.ForecastSource`."""
        return _products(self._get("/v1/products"))

    def fetch(self, request: ProductRequest) -> xr.DataArray:
        """See :class:`~data_layer.api.ForecastSource`."""
        from data_layer import wire

        body = self._subset(request, wire.MEDIA_TYPE)
        try:
            return wire.decode(body)
        except ValueError as error:
            raise _garbled() from error

    def netcdf(self, request: ProductRequest) -> bytes:
        """See :class:`~data_layer.api.ForecastSource`."""
        return self._subset(request, "application/x-netcdf")

    def frame(self, request: ProductRequest, cut: Cut = WHOLE) -> bytes:
        """See :class:`~data_layer.api.ForecastSource`."""
        return self._versioned("frames", request, (request.lead, request.member), cut.query)

    def limits(self, request: ProductRequest) -> Limits:
        """See :class:`~data_layer.api.ForecastSource`."""
        narrowed = {"lead": request.lead, "member": request.member}
        said = _read(_LIMITS, self._versioned("limits", request, (), narrowed))
        # JSON has no NaN, which is the range of a selection without values.
        fields = {name: math.nan if value is None else value for name, value in said.items()}
        try:
            return Limits(**fields)  # type: ignore[arg-type]
        except TypeError as error:
            raise _garbled() from error

    def _subset(self, request: ProductRequest, accept: str) -> bytes:
        query = {
            "product": request.product,
            "init": request.init,
            "lead": request.lead,
            "member": request.member,
            "version": request.version,
            **_place(request),
        }
        path = _path("subset", request.dataset, request.variable)
        return self._get(path, query, {"Accept": accept})

    def _versioned(
        self,
        route: str,
        request: ProductRequest,
        more: tuple[int | None, ...],
        query: Mapping[str, object],
    ) -> bytes:
        """Ask at an address that carries the dataset's version, which we may know of old."""

        def ask(version: str) -> bytes:
            path = _path(
                route,
                request.dataset,
                version,
                request.variable,
                request.product,
                request.init,
                *more,
            )
            return self._get(path, {**query, **_place(request)})

        if request.version is not None:
            return ask(request.version)
        with self._lock:
            known = self._versions.get(request.dataset)
        if known is not None:
            try:
                return ask(known)
            except SupersededVersion:
                pass
        return ask(self.catalogue().dataset(request.dataset).version)

    def _get(
        self,
        path: str,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        return _content(self._ask(path, query, headers))

    def _ask(
        self,
        path: str,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        url = httpx.URL(
            self._url + path,
            params={k: str(v) for k, v in (query or {}).items() if v is not None},
        )
        response = self._try(url, headers or {})
        if response is None or response.status_code == 503:
            time.sleep(PAUSE_SECONDS)
            response = self._try(url, headers or {})
        if response is None:
            raise Unavailable(
                "The data layer does not answer.",
                advice="Try again in a moment; if it goes on, tell whoever runs it.",
            )
        return response

    def _try(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response | None:
        credentials = {"Authorization": f"Bearer {self._token()}"}
        try:
            return self._client.get(url, headers={**headers, **credentials})
        except httpx.TimeoutException as error:
            if isinstance(error, httpx.ConnectTimeout):
                return None
            # Asking again what was too slow would only add to the load.
            raise Unavailable(
                "The data layer did not answer in time.", advice="Try again in a moment."
            ) from error
        except httpx.TransportError:
            return None
        except httpx.DecodingError as error:
            raise _garbled() from error


def _content(response: httpx.Response) -> bytes:
    if response.status_code != 200:
        raise error_from(response.status_code, response.content)
    return response.content


def _path(route: str, *segments: object) -> str:
    told = [ALL if s is None else str(s) for s in segments]
    return f"/v1/{route}/" + "/".join(quote(s, safe="") for s in told)


def _place(request: ProductRequest) -> dict[str, object]:
    if request.region is not None:
        return {"region": request.region}
    if request.point is not None:
        return {"lat": _decimal(request.point.lat), "lon": _decimal(request.point.lon)}
    return {} if request.box is None else {"box": _box(request.box)}


def _box(box: Box) -> str:
    return ",".join(_decimal(v) for v in (box.south, box.north, box.west, box.east))


def _decimal(value: float) -> str:
    """The shortest decimal that reads back to the same number."""
    return repr(float(value))


def _read(adapter: TypeAdapter[T], body: bytes) -> T:
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise _garbled() from error


def _garbled() -> Unavailable:
    return Unavailable(
        "The data layer's answer cannot be understood.",
        advice="Its version may differ from ours; tell whoever runs it.",
    )
