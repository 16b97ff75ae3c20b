"""The score that a map is judged by is that of the very selection shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data_layer.api import Catalogue, ProductRequest
from data_layer.offers import parse
from data_layer.products import infos
from poama_panel.views.addresses import frames_at, request_of
from poama_panel.views.veils import veils_of
from tests.poama_panel.test_style import CATALOGUE, NOW, PAST

PRODUCTS = {p.name: p for p in infos()}


def veils(text: str, info=NOW, init: str = "2026-11-01"):
    request = ProductRequest(info.id, "tas", text, init=init, version="v1")
    catalogue = Catalogue((info, *([PAST] if info is not PAST else [])))
    return veils_of(catalogue, request, parse(text, PRODUCTS), PRODUCTS)


def asked_of(veil) -> ProductRequest:
    address = veil["path"].replace("{lead}", "2")
    assert "{" not in address
    return request_of(address)[0]


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("mean", "skill"),
        ("anomaly:window=3,years=1991-2010", "skill:window=3,years=1991-2010"),
        ("tercile_probability:category=below", "skill:score=roc,category=below"),
        ("tercile_probability:category=near,window=3", "skill:score=roc,category=near,window=3"),
        ("likely_tercile:method=gaussian", "skill:score=rpss"),
        ("extreme_probability:window=2", "skill:score=rpss,window=2"),
        ("value", "skill"),
    ],
)
def test_a_forecast_is_judged_by_the_score_of_its_own_kind(text, score):
    skill, significant = veils(text)
    assert parse(asked_of(skill).product, PRODUCTS) == parse(score, PRODUCTS)
    assert asked_of(skill).lead == 2
    assert asked_of(skill).member is None
    assert asked_of(skill).init == "2026-11-01"
    assert skill["low"] < skill["threshold"] < skill["high"]
    assert skill["adjustable"]
    window = parse(text, PRODUCTS).window
    assert parse(asked_of(significant).product, PRODUCTS).window == window


@pytest.mark.parametrize(
    "text", ["skill", "climatology", "spread", "observed", "error", "hit", "significance"]
)
def test_what_is_no_forecast_is_not_judged(text):
    assert veils(text, PAST) == []


def test_without_past_forecasts_or_observations_there_is_nothing_to_judge_by():
    assert veils("mean", replace(NOW, hindcast="")) == []
    assert veils("mean", replace(NOW, observations="")) == []


def test_a_data_layer_that_does_not_know_the_scores_is_not_asked_for_them():
    request = ProductRequest("now", "tas", "mean", init="2026-11-01", version="v1")
    known = {"mean": PRODUCTS["mean"]}
    assert veils_of(CATALOGUE, request, parse("mean", PRODUCTS), known) == []


def test_a_start_that_no_past_year_has_is_not_judged():
    assert veils("mean", replace(NOW, inits=("2026-10-02",)), "2026-10-02") == []
    # October was started in one year alone.
    assert veils("mean", NOW, "2026-10-01") == []


def test_an_address_has_room_for_lead_and_member():
    request = ProductRequest("a", "b", "c:d=1", init="2026-11-01", version="v")
    assert frames_at(request) == "a/v/b/c%3Ad%3D1/2026-11-01/{lead}/{member}"
