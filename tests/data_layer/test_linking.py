"""Which hindcast and observations belong to a forecast; nothing is guessed between two."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_layer.api import DatasetInfo, GridInfo, VariableInfo
from data_layer.linking import link, same_day, same_variable

GRID = GridInfo(3, 4, (-30.0, 30.0), (0.0, 270.0), True)
OTHER_GRID = GridInfo(5, 8, (-30.0, 30.0), (0.0, 315.0), True)
TAS = VariableInfo("tas", "Temperature", "K", "air_temperature")
PR = VariableInfo("pr", "Rain", "mm day-1", "lwe_precipitation_rate")

FORECAST = DatasetInfo(
    "rt", "Now", "v1", "forecast", "cf", (TAS, PR), GRID, inits=("2026-10-01",), system="S2"
)
HINDCAST = replace(FORECAST, id="hc", version="v2", role="hindcast", inits=("1990-10-01",))
OBSERVED = DatasetInfo(
    "obs", "Truth", "v3", "observations", "cf", (TAS,), GRID, times=("1990-10-01",)
)


def linked(*datasets: DatasetInfo) -> DatasetInfo:
    """The first of them, linked."""
    return link(datasets)[0]


def links(*datasets: DatasetInfo) -> tuple[str, str]:
    one = linked(*datasets)
    return one.hindcast, one.observations


def test_same_system_and_grid_belong_together():
    assert links(FORECAST, HINDCAST, OBSERVED) == ("hc", "obs")


def test_what_the_archive_says_counts_more_than_the_system():
    declared = replace(HINDCAST, id="declared", of="rt", system="another")
    assert links(FORECAST, HINDCAST, declared) == ("declared", "")
    elsewhere = replace(HINDCAST, of="some-other-forecast")
    assert links(FORECAST, elsewhere) == ("", "")


@pytest.mark.parametrize(
    "unlike",
    [
        {"grid": OTHER_GRID},
        {"lead_unit": "days"},
        {"variables": (VariableInfo("psl", "Pressure", "Pa", "air_pressure"),)},
    ],
)
@pytest.mark.parametrize("of", ["", "rt"])
def test_what_cannot_be_compared_cell_by_cell_is_no_hindcast(unlike, of):
    assert links(FORECAST, replace(HINDCAST, of=of, **unlike)) == ("", "")


@pytest.mark.parametrize("unlike", [{"system": "S3"}, {"synthetic": True}, {"pooled": 9}])
def test_another_system_is_no_hindcast_unless_it_is_said_so(unlike):
    assert links(FORECAST, replace(HINDCAST, **unlike))[0] == ""
    assert links(FORECAST, replace(HINDCAST, of="rt", **unlike))[0] == "hc"


def test_a_forecast_of_no_named_system_is_not_guessed_for():
    nameless = replace(FORECAST, system="")
    assert links(nameless, replace(HINDCAST, system=""))[0] == ""


def test_between_two_hindcasts_none_is_chosen():
    assert links(FORECAST, HINDCAST, replace(HINDCAST, id="hc2"))[0] == ""
    declared = [replace(HINDCAST, id=i, of="rt") for i in ("a", "b")]
    assert links(FORECAST, HINDCAST, *declared)[0] == ""


def test_between_two_observations_none_is_chosen_unless_one_is_on_the_grid_or_said():
    far = replace(OBSERVED, id="far", grid=OTHER_GRID)
    assert links(FORECAST, OBSERVED, far)[1] == "obs"
    assert links(FORECAST, far)[1] == "far"
    assert links(FORECAST, OBSERVED, replace(OBSERVED, id="twin"))[1] == ""
    said = replace(OBSERVED, id="said", of="rt", grid=OTHER_GRID)
    assert links(FORECAST, OBSERVED, replace(OBSERVED, id="twin"), said)[1] == "said"


def test_observations_said_to_be_of_the_hindcast_are_the_forecasts_too():
    own = replace(OBSERVED, id="own", of="hc")
    found = {d.id: d for d in link((FORECAST, HINDCAST, OBSERVED, own))}
    assert found["rt"].observations == "own"
    assert found["hc"].observations == "own"
    of_forecast = replace(OBSERVED, id="own", of="rt")
    said = replace(HINDCAST, of="rt")
    assert links(said, FORECAST, OBSERVED, of_forecast) == ("hc", "own")


def test_observations_of_something_else_are_not_taken():
    assert links(FORECAST, replace(OBSERVED, of="else"))[1] == ""
    assert links(FORECAST, replace(OBSERVED, variables=(replace(TAS, name="t"),)))[1] == "obs"
    assert links(replace(FORECAST, variables=(PR,)), OBSERVED)[1] == ""
    assert links(FORECAST, replace(OBSERVED, synthetic=True))[1] == ""


def test_a_hindcast_is_its_own_and_observations_have_none():
    assert links(HINDCAST, OBSERVED) == ("hc", "obs")
    assert linked(OBSERVED, HINDCAST, FORECAST) == OBSERVED
    empty = replace(FORECAST, inits=())
    assert linked(empty, HINDCAST) == empty


def test_an_ensemble_of_several_starts_has_a_hindcast_of_as_many():
    pooled = replace(FORECAST, id="rt-lagged", pooled=9)
    pooled_past = replace(HINDCAST, id="hc-lagged", pooled=9)
    found = {d.id: d.hindcast for d in link((FORECAST, pooled, HINDCAST, pooled_past))}
    assert found == {
        "rt": "hc",
        "rt-lagged": "hc-lagged",
        "hc": "hc",
        "hc-lagged": "hc-lagged",
    }
    said = [replace(d, of="rt") for d in (HINDCAST, pooled_past)]
    assert links(FORECAST, *said)[0] == "hc"
    assert links(FORECAST, said[1])[0] == "hc-lagged"


def test_what_the_archive_says_of_a_forecast_holds_for_its_lagged_ensembles():
    now = replace(FORECAST, system="")
    past = replace(HINDCAST, system="", of="rt")
    seen = replace(OBSERVED, of="rt")
    lagged = [replace(d, id=f"{d.id}-lagged", pooled=9) for d in (now, past)]
    found = {d.id: d for d in link((now, past, seen, replace(OBSERVED, id="other"), *lagged))}
    assert {i: found[i].hindcast for i in ("rt", "hc", "rt-lagged", "hc-lagged")} == {
        "rt": "hc",
        "hc": "hc",
        "rt-lagged": "hc-lagged",
        "hc-lagged": "hc-lagged",
    }
    assert {found[d.id].observations for d in (now, past, *lagged)} == {"obs"}
    of_past = replace(OBSERVED, of="hc")
    assert links(lagged[0], lagged[1], past, of_past) == ("hc-lagged", "obs")
    fewer = replace(lagged[1], pooled=3)
    assert links(lagged[0], fewer, past)[0] == ""


def test_nothing_is_linked_that_fewer_people_may_see():
    secret = replace(HINDCAST, scope="data:secret")
    hidden = replace(OBSERVED, scope="data:secret")
    assert links(FORECAST, secret, hidden) == ("", "")
    assert links(replace(FORECAST, scope="data:secret"), secret, hidden) == ("hc", "obs")
    assert links(replace(FORECAST, scope="data:other"), secret, hidden) == ("", "")
    assert links(replace(FORECAST, scope="data:other"), HINDCAST, OBSERVED) == ("hc", "obs")


def test_what_one_may_not_see_does_not_make_a_choice_ambiguous():
    secret = replace(HINDCAST, id="secret", scope="data:secret")
    assert links(FORECAST, HINDCAST, secret)[0] == "hc"


def test_the_version_changes_with_those_of_hindcast_and_observations():
    alone = linked(FORECAST)
    assert alone.version == "v1"
    whole = linked(FORECAST, HINDCAST, OBSERVED)
    assert whole.version not in ("v1", "v2", "v3")
    assert linked(FORECAST, HINDCAST, OBSERVED) == whole
    versions = {
        linked(*three).version
        for three in (
            (FORECAST, HINDCAST, OBSERVED),
            (replace(FORECAST, version="n"), HINDCAST, OBSERVED),
            (FORECAST, replace(HINDCAST, version="n"), OBSERVED),
            (FORECAST, HINDCAST, replace(OBSERVED, version="n")),
            (FORECAST, HINDCAST),
            (FORECAST, OBSERVED),
        )
    }
    assert len(versions) == 6


def test_the_version_does_not_change_with_what_is_not_linked():
    other = replace(HINDCAST, id="other", system="S9", version="x")
    one, two = (
        linked(FORECAST, HINDCAST, OBSERVED, o) for o in (other, replace(other, version="y"))
    )
    assert one == two


def test_a_hindcast_has_another_version_when_its_observations_change():
    one, two = (linked(HINDCAST, replace(OBSERVED, version=v)).version for v in ("a", "b"))
    assert one != two


@given(st.permutations([FORECAST, HINDCAST, OBSERVED, replace(HINDCAST, id="far", system="S9")]))
def test_the_order_of_datasets_does_not_matter(datasets):
    found = sorted(link(datasets), key=lambda d: d.id)
    expected = sorted(link(sorted(datasets, key=lambda d: d.id)), key=lambda d: d.id)
    assert found == expected
    assert [d.id for d in link(datasets)] == [d.id for d in datasets]


def test_a_variable_is_found_by_name_and_else_by_its_standard_name_if_that_is_alone():
    there = (replace(TAS, name="t2m"), PR)
    assert same_variable(TAS, there) is there[0]
    assert same_variable(PR, there) is PR
    both = (replace(TAS, name="t2m"), replace(TAS, name="t2m_max"))
    assert same_variable(TAS, both) is None
    assert same_variable(TAS, (*both, TAS)) is TAS
    assert same_variable(replace(TAS, standard_name=""), there) is None
    # Of one name is of one quantity, whatever the standard name says.
    assert same_variable(TAS, (replace(PR, name="tas"),)) is not None


def test_starts_of_one_day_of_the_year():
    inits = ("1990-10-01", "1990-11-01", "1991-10-01", "1991-10-01T12", "1992-10-02")
    assert same_day(inits, "2026-10-01") == ["1990-10-01", "1991-10-01"]
    assert same_day(inits, "2026-10-01T12") == ["1991-10-01T12"]
    assert same_day(inits, "2026-12-01") == []


def test_a_start_on_29_february_is_compared_with_its_own_kind_else_the_28th():
    inits = ("1991-02-28", "1992-02-28", "1992-02-29", "1993-02-28", "1993-03-01")
    assert same_day(inits, "2024-02-29") == ["1991-02-28", "1992-02-29", "1993-02-28"]
    assert same_day(inits, "2023-02-28") == ["1991-02-28", "1992-02-28", "1993-02-28"]
    without = ("1991-02-28", "1992-02-29", "1996-02-29T12")
    assert same_day(without, "2023-02-28") == ["1991-02-28", "1992-02-29"]
    hours = ("1992-02-29T12", "1993-02-28T12", "1993-02-28")
    assert same_day(hours, "2024-02-29T12") == ["1992-02-29T12", "1993-02-28T12"]
