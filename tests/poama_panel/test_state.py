"""The selection: always something that exists, and told of what arrives."""

from __future__ import annotations

import pytest

from data_layer.api import Catalogue, DatasetInfo, GridInfo, ProductInfo, VariableInfo
from poama_panel.state import ForecastState

TAS, PR = VariableInfo("tas", "Temperature", "K"), VariableInfo("pr", "Rain", "mm/day")
GRID = GridInfo(4, 6, (-30.0, 30.0), (0.0, 300.0), wraps=True)
PRODUCTS = (
    ProductInfo("value", "Member", "as given", per_member=True),
    ProductInfo("mean", "Ensemble mean", "mean", per_member=False, min_members=2),
)


def dataset(name="a", *, version="v1", inits=("2026-10-01", "2026-11-01"), **other) -> DatasetInfo:
    fields = {"title": name, "role": "forecast", "layout": "cf", "variables": (TAS, PR)}
    fields |= {"leads": (0, 1, 2), "members": (0, 1)}
    return DatasetInfo(id=name, version=version, grid=GRID, inits=inits, **{**fields, **other})


def state(*datasets: DatasetInfo, **choices) -> ForecastState:
    return ForecastState(Catalogue(datasets or (dataset(),)), PRODUCTS, **choices)


def test_the_first_view_is_the_mean_of_the_newest_start():
    s = state()
    assert (s.dataset, s.variable, s.product, s.init) == ("a", "tas", "mean", "2026-11-01")


def test_choosing_another_dataset_moves_the_rest_to_what_it_has():
    s = state(dataset(), dataset("b", variables=(PR,), inits=("2025-01-01",), members=(3,)))
    s.lead = 2
    s.dataset = "b"
    assert (s.variable, s.product, s.init, s.lead) == ("pr", "value", "2025-01-01", 2)


def test_a_new_start_is_offered_and_what_is_shown_stays():
    s = state()
    s.renew(Catalogue((dataset(version="v2", inits=("2026-10-01", "2026-11-01", "2026-12-01")),)))
    assert s.init == "2026-11-01"
    assert s.arrived == "2026-12-01"
    assert "2026-12-01" in s.param.init.objects
    assert s.request().version == "v2"


def test_the_offer_is_taken_back_once_it_is_taken_or_another_dataset_chosen():
    newer = dataset(inits=("2026-10-01", "2026-11-01", "2026-12-01"))
    s = state(dataset(), dataset("b"))
    s.renew(Catalogue((newer, dataset("b"))))
    s.init = "2026-12-01"
    assert s.arrived == ""
    s = state(dataset(), dataset("b"))
    s.renew(Catalogue((newer, dataset("b"))))
    s.dataset = "b"
    assert s.arrived == ""


@pytest.mark.parametrize("inits", [("2026-11-01",), ("2026-09-01", "2026-10-01", "2026-11-01")])
def test_an_older_start_that_comes_or_goes_is_no_news(inits):
    s = state()
    s.renew(Catalogue((dataset(version="v2", inits=inits),)))
    assert s.arrived == ""


def test_a_dataset_that_goes_is_left():
    s = state(dataset(), dataset("b"))
    s.renew(Catalogue((dataset("b"),)))
    assert (s.dataset, s.arrived) == ("b", "")
    s.renew(Catalogue())
    assert (s.dataset, s.info, s.request()) == (None, None, None)
