"""A link brings back what was chosen, says what it cannot, and outlives changed defaults."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from data_layer.api import Catalogue, DatasetInfo, GridInfo, VariableInfo
from data_layer.products import infos
from poama_panel.links import apply, query_of, search_of
from poama_panel.state import ForecastState

GRID = GridInfo(4, 6, (-30.0, 30.0), (0.0, 300.0), wraps=True)


def dataset(name: str, role: str, **other) -> DatasetInfo:
    fields = {
        "title": name,
        "version": "v1",
        "layout": "cf",
        "variables": (VariableInfo("tas", "Temperature", "K"), VariableInfo("pr", "Rain", "mm")),
        "inits": ("2016-11-01", "2017-11-01"),
        "leads": (1, 2, 3, 4),
        "members": (1, 2, 3),
        "hindcast": "past",
    }
    return DatasetInfo(id=name, role=role, grid=GRID, **{**fields, **other})


def state() -> ForecastState:
    datasets = (dataset("now", "forecast", hindcast=""), dataset("past", "hindcast"))
    return ForecastState(Catalogue(datasets), infos())


def chosen() -> ForecastState:
    s = state()
    s.dataset, s.variable, s.product = "past", "pr", "tercile_probability"
    s.choose("category", "below")
    s.choose("window", "3")
    s.init, s.lead, s.place = "2016-11-01", 1, (-37.8136, 144.9631)
    return s


def test_a_link_brings_back_all_that_was_chosen():
    s, other = chosen(), state()
    assert apply(other, dict(parse_qsl(search_of(s)[1:]))) == []
    assert query_of(other) == query_of(s)
    assert other.request() == s.request()
    assert (other.lead, other.place) == (1, (-37.814, 144.963))


def test_a_link_says_what_is_as_by_default_too():
    told = query_of(state())
    assert told["product"] == "mean:window=1,correction=none"
    assert told["start"] == "2017-11-01"
    assert told["lead"] == "1", "the lead itself and not its place in a list that may grow"


def test_a_changed_default_does_not_change_a_link():
    told = query_of(chosen())
    changed = tuple(
        replace(
            p,
            options=tuple(
                replace(o, default="near") if o.name == "category" else o for o in p.options
            ),
        )
        for p in infos()
    )
    other = ForecastState(state().catalogue, changed)
    apply(other, {**told, "product": told["product"].replace("below", "above")})
    assert other.asked is not None
    assert other.asked["category"] == "above"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"dataset": "gone"}, "dataset 'gone'"),
        ({"start": "1900-01-01"}, "start '1900-01-01'"),
        ({"product": "magic"}, "product 'magic'"),
        ({"product": "anomaly"}, "product 'anomaly'"),  # of a forecast without a hindcast
        ({"product": "mean:window=x"}, "product"),
        ({"lead": "9"}, "lead '9'"),
        ({"lead": "²"}, "lead"),
        ({"member": "77"}, "member '77'"),
        ({"place": "95,0"}, "place '95,0'"),
        ({"place": "1"}, "place '1'"),
        ({"place": "nan,1"}, "place"),
    ],
)
def test_what_is_not_there_is_told_and_the_rest_stays(query, said):
    s = state()
    before = query_of(s)
    (problem,) = apply(s, query)
    assert said in problem
    assert query_of(s) == before


def test_of_a_dataset_that_is_gone_nothing_else_is_tried():
    s = state()
    assert len(apply(s, {"dataset": "gone", "variable": "x", "start": "y"})) == 1


def test_a_long_value_is_told_in_part():
    (problem,) = apply(state(), {"dataset": "x" * 5000})
    assert len(problem) < 120


def test_what_is_no_choice_of_ours_is_left_alone():
    assert apply(state(), {"utm_source": "mail"}) == []
