"""The service's OpenAPI 3.1 document, made from the routes and the parameter models."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from data_layer import __version__
from data_layer.auth.scopes import PUBLIC, SCOPES
from data_layer.server.handlers import JSON_TYPE, Handler
from data_layer.server.problems import MEDIA_TYPE as PROBLEM_TYPE

if TYPE_CHECKING:
    from data_layer.server.routes import Route

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem; type names the kind of error",
    "required": ["type", "title", "status", "detail", "asked", "exists", "advice"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "asked": {"type": "string"},
        "exists": {"type": "array", "items": {"type": "string"}},
        "advice": {"type": "string"},
    },
}


class OpenApiHandler(Handler):
    """This document."""

    route = "openapi"

    def get(self) -> None:
        """OpenAPI 3.1."""
        from data_layer.server.routes import ROUTES

        self.check_no_parameters()
        self.finish_json(json.dumps(document(ROUTES)).encode())


def document(routes: tuple[Route, ...]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "poama-panel data layer",
            "version": __version__,
            "description": "Ensemble forecasts as maps, series and files. Internal to a site.",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "paths": {route.path: {"get": _operation(route, schemas)} for route in routes},
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT (RFC 9068)"}
            },
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    handler = route.handler
    public = handler.route in PUBLIC
    statuses = {*route.errors, 400} if public else {*route.errors, 400, 401, 403}
    return {
        "operationId": handler.route,
        "summary": _first_line(handler),
        "security": [] if public else [{"token": [SCOPES[handler.route]]}],
        "parameters": [
            *_parameters(handler.path_model.model_json_schema(), "path"),
            *_parameters(handler.query_model.model_json_schema(), "query"),
        ],
        "responses": {
            "200": {
                "description": _first_line(handler.get),
                "content": {kind: _content(kind, handler, schemas) for kind in route.answers},
            },
            **{str(status): _refusal(status) for status in sorted(statuses)},
        },
    }


def _first_line(thing: object) -> str:
    return (thing.__doc__ or "").strip().splitlines()[0]


def _parameters(schema: dict[str, Any], place: str) -> list[dict[str, Any]]:
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": place,
            "required": name in required,
            **({"description": spec["description"]} if "description" in spec else {}),
            "schema": {k: v for k, v in spec.items() if k not in ("title", "description")},
        }
        for name, spec in schema.get("properties", {}).items()
    ]


def _content(kind: str, handler: type[Handler], schemas: dict[str, Any]) -> dict[str, Any]:
    adapter = getattr(handler, "answer", None)
    if kind != JSON_TYPE:
        return {"schema": {"type": "string", "contentMediaType": kind}}
    if not isinstance(adapter, TypeAdapter):
        return {"schema": {"type": "object"}}
    schema = adapter.json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    return {"schema": schema}


def _refusal(status: int) -> dict[str, Any]:
    if status == HTTPStatus.NOT_MODIFIED:
        return {"description": "The client's copy is good."}
    return {
        "description": HTTPStatus(status).phrase,
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
