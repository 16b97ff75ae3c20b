"""Errors of the domain as HTTP, and back: one table, read in both directions.

The body is an RFC 9457 problem; ``type`` names the error's class, so a client
gets the very exception that was raised, with its fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from data_layer import errors

MEDIA_TYPE = "application/problem+json"

_TYPE_PREFIX = "urn:poama-panel:problem:"

STATUS: Mapping[type[errors.DataLayerError], int] = {
    errors.NotFound: 404,
    errors.BadRequest: 400,
    errors.TooLarge: 413,
    errors.NotPermitted: 403,
    errors.NotAuthenticated: 401,
    errors.UnreadableFile: 422,
    errors.Unavailable: 503,
}


def _family(kind: type[errors.DataLayerError]) -> list[type[errors.DataLayerError]]:
    return [kind, *(k for sub in kind.__subclasses__() for k in _family(sub))]


_BY_TYPE = {_TYPE_PREFIX + kind.__name__: kind for kind in _family(errors.DataLayerError)}
_BY_STATUS = {status: kind for kind, status in STATUS.items()}


def status_of(error: errors.DataLayerError) -> int:
    """The status of an error: its class's own, or the nearest base's."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem(error: errors.DataLayerError) -> dict[str, Any]:
    """An error as the members of a problem."""
    status = status_of(error)
    return {
        "type": _TYPE_PREFIX + type(error).__name__,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.message,
        "asked": error.asked,
        "exists": list(error.exists),
        "advice": error.advice,
    }


def plain_problem(status: int, detail: str, advice: str = "") -> dict[str, Any]:
    """A problem of HTTP itself that no domain error stands for."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "asked": "",
        "exists": [],
        "advice": advice,
    }


def error_from(status: int, body: bytes) -> errors.DataLayerError:
    """The error behind an answer, whoever wrote it.

    An answer without a readable problem (a proxy's, say) becomes the error that
    its status stands for; a failure of the server is :class:`Unavailable`.
    """
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    said = said if isinstance(said, dict) else {}
    fallback = _BY_STATUS.get(status, errors.Unavailable if status >= 500 else errors.BadRequest)
    kind = _BY_TYPE.get(str(said.get("type")), fallback)
    exists = said.get("exists")
    return kind(
        str(said.get("detail") or f"The data layer answered with status {status}."),
        asked=str(said.get("asked") or ""),
        exists=exists if isinstance(exists, list) else (),
        advice=str(said.get("advice") or ""),
    )
