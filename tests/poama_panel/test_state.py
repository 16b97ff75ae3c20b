"""The selection: always something that exists, and told of what arrives."""

from __future__ import annotations

import pytest

from data_layer.api import Catalogue, DatasetInfo, GridInfo, ProductInfo, VariableInfo
from data_layer.errors import BadRequest
from data_layer.products import infos
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


SERIES = [f"{year}-11-01" for year in range(1981, 2019)]
PAST = dataset(
    "past",
    role="hindcast",
    inits=tuple(SERIES),
    hindcast="past",
    observations="obs",
    members=(0, 1),
)
SEEN = dataset("obs", role="observations", inits=(), leads=(), members=())
NOW = dataset("now", hindcast="past", observations="obs", leads=(0, 1, 2, 3, 4, 5))


def full(*datasets: DatasetInfo, **choices) -> ForecastState:
    return ForecastState(Catalogue(datasets or (NOW, PAST, SEEN)), infos(), **choices)


def offered(s: ForecastState) -> set[str]:
    return set(s.param.product.objects)


def test_what_needs_a_hindcast_is_offered_where_there_is_one():
    alone = full(dataset())
    assert offered(alone) == {"value", "mean", "spread", "threshold_probability", "exceeded_value"}
    without = full(dataset(hindcast="past"), PAST)
    assert {"anomaly", "likely_tercile", "climatology"} <= offered(without)
    assert "skill" not in offered(without)


def test_what_was_observed_is_offered_of_past_starts_alone():
    s = full()
    past_only = {"observed", "observed_anomaly", "error", "hit"}
    assert "skill" in offered(s)
    assert not past_only & offered(s)
    s.dataset = "past"
    assert {"skill", *past_only} <= offered(s)
    s.product = "hit"
    s.dataset = "now"
    assert s.product == "mean"


def test_a_single_member_has_no_chances():
    s = full(dataset("now", members=(0,), hindcast="past"), PAST)
    assert "tercile_probability" not in offered(s)
    assert "anomaly" in offered(s)


def test_products_are_in_groups_and_each_in_one():
    s = full(dataset=PAST.id)
    names = [name for titles in s.groups.values() for name in titles.values()]
    assert sorted(names) == sorted(offered(s))
    assert list(s.groups) == [
        "Forecast",
        "Against normal",
        "Chances",
        "Past and skill",
        "Hindcast",
    ]
    assert "anomaly" in s.groups["Against normal"].values()
    assert "threshold_probability" in s.groups["Chances"].values()
    assert {"skill", "hit", "observed"} <= set(s.groups["Past and skill"].values())


def test_options_are_part_of_the_request():
    s = full(product="tercile_probability")
    assert s.request().product == "tercile_probability"
    s.choose("category", "below")
    s.choose("window", "3")
    assert s.request().product == "tercile_probability:category=below,window=3"
    assert s.leads == (0, 1, 2, 3)


def test_a_product_is_chosen_with_its_options_by_one_text():
    s = full(product="tercile_probability:window=2,category=below", lead=3)
    assert (s.product, s.asked["category"], s.asked.window, s.lead) == (
        "tercile_probability",
        "below",
        2,
        3,
    )


def test_options_that_both_have_stay_when_the_product_changes():
    s = full(product="tercile_probability:category=below,window=3,years=1991-2010,method=gaussian")
    s.product = "extreme_probability"
    assert s.request().product == "extreme_probability:window=3,years=1991-2010"
    s.product = "likely_tercile"
    assert s.request().product == "likely_tercile:window=3,years=1991-2010,method=gaussian"
    s.product = "tercile_probability"
    assert s.asked["category"] == "below"


def test_an_amount_belongs_to_its_variable():
    s = full(product="threshold_probability")
    assert s.request().product == "threshold_probability:threshold=293.15"
    s.choose("threshold", "300")
    s.variable = "pr"
    assert s.request().product == "threshold_probability:threshold=0"
    s.choose("threshold", "2")
    s.variable = "tas"
    assert s.request().product == "threshold_probability:threshold=300"


def test_windows_are_as_long_as_there_are_leads():
    assert full().windows == (1, 2, 3)
    assert full(dataset(leads=(1, 2))).windows == (1, 2)
    assert full(dataset(leads=(1, 3, 5))).windows == (1,)
    assert full(dataset(leads=tuple(range(20)), lead_unit="days")).windows == (1, 7, 14)
    assert full(dataset(leads=tuple(range(40)), lead_unit="days")).windows == (1, 7, 14, 28)
    assert full(dataset(leads=(0, 6, 12), lead_unit="hours")).windows == (1,)


def test_a_window_that_another_dataset_has_no_leads_for_is_left():
    s = full(dataset("a"), dataset("b", leads=(1, 2)), product="mean:window=3", dataset="a")
    assert s.leads == (0,)
    s.dataset = "b"
    assert (s.request().product, s.leads) == ("mean", (1, 2))
    s.dataset = "a"
    assert s.request().product == "mean:window=3"


def test_years_are_those_of_the_hindcast():
    s = full(product="anomaly:years=1960-2000")
    assert s.hindcast_years == tuple(range(1981, 2019))
    assert s.request().product == "anomaly:years=1981-2000"
    s.choose("years", "1950-2100")
    assert s.request().product == "anomaly"
    assert full(product="anomaly", init="2026-10-01").hindcast_years == ()


def test_a_correction_needs_observations():
    s = full(product="mean:correction=mean")
    assert s.request().product == "mean:correction=mean"
    s = full(dataset(hindcast="past"), PAST, product="mean:correction=mean")
    assert s.request().product == "mean"


def test_what_cannot_be_chosen_is_refused():
    s = full(product="exceeded_value")
    with pytest.raises(BadRequest, match="chance cannot be"):
        s.choose("chance", "120")
    with pytest.raises(BadRequest, match="correction cannot be"):
        s.choose("correction", "magic")
    assert s.request().product == "exceeded_value"


MONTHLY = tuple(f"2026-{month:02d}-01" for month in range(1, 13))


def test_starts_are_stepped_and_the_lead_stays():
    s = state(dataset(inits=MONTHLY), init="2026-06-01", lead=1)
    assert s.step_start(1)
    assert (s.init, s.lead) == ("2026-07-01", 1)
    assert s.step_start(-3)
    assert (s.init, s.lead) == ("2026-04-01", 1)


def test_starts_are_stepped_and_the_season_stays():
    s = state(dataset(inits=MONTHLY), init="2026-06-01", lead=1)
    assert s.step_start(1, hold_valid=True)
    assert (s.init, s.lead) == ("2026-07-01", 0)
    assert not s.step_start(1, hold_valid=True)
    assert (s.init, s.lead) == ("2026-07-01", 0)
    assert s.step_start(-2, hold_valid=True)
    assert (s.init, s.lead) == ("2026-05-01", 2)
    assert not s.step_start(-1, hold_valid=True)


def test_starts_that_do_not_reach_the_season_are_passed_over():
    s = state(dataset(inits=("2025-06-01", "2026-05-01", "2026-06-01")), init="2026-06-01", lead=0)
    assert s.step_start(-1, hold_valid=True)
    assert (s.init, s.lead) == ("2026-05-01", 1)
    assert not s.step_start(-1, hold_valid=True)


def test_a_month_is_the_same_whatever_the_day_of_the_start():
    s = state(dataset(inits=("2026-05-15", "2026-06-01")), init="2026-06-01", lead=0)
    assert s.step_start(-1, hold_valid=True)
    assert (s.init, s.lead) == ("2026-05-15", 1)


def test_a_day_that_begins_at_another_hour_is_another_day():
    inits = ("2026-06-01", "2026-06-01T12", "2026-06-02")
    s = state(dataset(inits=inits, lead_unit="days"), init="2026-06-02", lead=0)
    assert s.step_start(-1, hold_valid=True)
    assert (s.init, s.lead) == ("2026-06-01", 1)


def test_beyond_the_first_and_the_last_start_nothing_changes():
    s = state(dataset(inits=MONTHLY), init="2026-12-01")
    assert not s.step_start(1)
    assert not s.step_start(0)
    assert not state(dataset(inits=MONTHLY), init="2026-01-01").step_start(-1)
