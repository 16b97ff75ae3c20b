"""The OpenAPI document says what the application does, no more and no less."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import TypeAdapter

from data_layer.api import Catalogue
from data_layer.auth.keys import key_set, read_key_set
from data_layer.auth.scopes import PUBLIC, SCOPES
from data_layer.auth.tokens import Verifier, make_key_pair
from data_layer.server.app import make_app
from data_layer.server.openapi import document
from data_layer.server.routes import ROUTES
from data_layer.server.service import Service
from data_layer.settings import DataSettings


@pytest.fixture(scope="module")
def said():
    return document(ROUTES)


def patterns_of_the_application(folder):
    async def make():
        settings = DataSettings(folder=folder, keys=folder / "keys.json")
        verifier = Verifier(read_key_set(key_set([make_key_pair()[1]])))
        return make_app(Service(settings), verifier)

    app = asyncio.run(make())
    (rules,) = [rule.target.rules for rule in app.default_router.rules]
    return {rule.matcher.regex.pattern: rule.target for rule in rules}


def test_the_document_is_valid(said):
    OpenAPIV31SpecValidator(json.loads(json.dumps(said))).validate()


def test_every_route_of_the_application_is_in_it_and_the_other_way_round(said, tmp_path):
    routed = patterns_of_the_application(tmp_path)
    as_paths = {
        re.sub(r"\(\?P<(\w+)>\[\^/\]\+\)", r"{\1}", p).replace("\\", "").rstrip("$"): handler
        for p, handler in routed.items()
    }
    assert as_paths.keys() == said["paths"].keys()
    for path, handler in as_paths.items():
        assert said["paths"][path]["get"]["operationId"] == handler.route
        assert said["paths"][path].keys() == {"get"}
        assert set(handler.SUPPORTED_METHODS) == {"GET"}


def test_every_route_is_in_the_scope_table_and_the_other_way_round():
    assert {r.handler.route for r in ROUTES} == SCOPES.keys() | PUBLIC


def test_only_health_checks_need_no_token(said):
    for path, item in said["paths"].items():
        operation = item["get"]
        if path in ("/healthz", "/readyz"):
            assert operation["security"] == []
        else:
            assert operation["security"] == [{"token": [SCOPES[operation["operationId"]]]}]
            assert {"401", "403"} <= operation["responses"].keys()


def test_parameters_in_the_path_are_declared(said):
    for path, item in said["paths"].items():
        declared = {p["name"] for p in item["get"]["parameters"] if p["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path))


def test_parameters_are_those_of_the_models(said):
    operation = said["paths"]["/v1/series/{dataset}/{variable}"]["get"]
    query = {p["name"]: p["required"] for p in operation["parameters"] if p["in"] == "query"}
    assert query == {
        "lat": False,
        "lon": False,
        "region": False,
        "product": False,
        "init": False,
        "member": False,
        "version": False,
    }


def test_every_reference_leads_somewhere(said):
    names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(said)))
    assert names <= said["components"]["schemas"].keys()
    assert {"Problem", "DatasetInfo", "GridInfo"} <= names


def test_the_catalogue_is_described_as_it_is_sent(said):
    content = said["paths"]["/v1/catalogue"]["get"]["responses"]["200"]["content"]
    described = content["application/json"]["schema"]["properties"].keys()
    assert described == json.loads(TypeAdapter(Catalogue).dump_json(Catalogue())).keys()
