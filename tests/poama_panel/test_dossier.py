"""All there is to say about a place, from a real archive in this process."""

from __future__ import annotations

import asyncio
import csv
import io

import holoviews as hv
import numpy as np
import panel as pn
import pytest

from data_layer.api import Point, ProductRequest
from data_layer.local import LocalSource
from poama_panel.state import ForecastState
from poama_panel.views.dossier import Dossier
from tests.data_layer.compared import write

hv.extension("bokeh")
PLACE = (-30.0, 150.0)


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> LocalSource:
    folder = tmp_path_factory.mktemp("archive")
    write(folder)
    return LocalSource.open(folder, tmp_path_factory.mktemp("index"))


def dossier(source: LocalSource, **chosen: object) -> tuple[ForecastState, Dossier]:
    state = ForecastState(source.catalogue(), source.products(), **chosen)
    return state, Dossier(state, source)


def opened(made: Dossier, tab: int) -> list[str]:
    """The titles of the diagrams on a tab, as if it had been clicked."""
    made._tabs.param.update(active=tab)
    asyncio.run(made._draw())
    body = list(made._bodies.values())[tab - 1]
    return [
        pane.object.opts.get("plot").kwargs["title"] for pane in body.view.select(pn.pane.HoloViews)
    ]


def words(made: Dossier, tab: int) -> str:
    body = list(made._bodies.values())[tab - 1]
    return " ".join(str(p.object) for p in body.view.select(pn.pane.HTML))


def test_chances_and_past_forecasts_of_a_place(source):
    _, made = dossier(source, place=PLACE)
    chances = opened(made, 1)
    assert any("terciles" in t for t in chances)
    assert any("before the hindcast" in t for t in chances)
    assert all(t.startswith("SYNTHETIC") for t in chances)
    past = opened(made, 2)
    assert any("what happened" in t for t in past)
    assert any("Reliability" in t for t in past)
    said = words(made, 2)
    assert "correlation" in said
    assert "RPSS" in said
    assert "hindcast 1991-1999" in said


def test_the_numbers_to_take_along_are_those_shown(source):
    state, made = dossier(source, place=PLACE)
    opened(made, 2)
    text = made._bodies["Past forecasts"]._csv
    rows = list(csv.DictReader(line for line in io.StringIO(text) if not line.startswith("#")))
    observed = {r["init"][:4]: float(r["value"]) for r in rows if r.get("statistic") == "observed"}
    assert sorted(observed) == [str(y) for y in range(1991, 2000)]
    assert "SYNTHETIC DATA" in text
    assert state.info.version in text
    fetched = source.fetch(
        ProductRequest(
            state.dataset,
            state.variable,
            "past_forecasts",
            state.init,
            state.leads[state.lead],
            point=Point(*PLACE),
        )
    )
    np.testing.assert_allclose(
        list(observed.values()), fetched.sel(statistic="observed"), rtol=1e-6
    )


def test_window_and_years_are_the_maps(source):
    state, made = dossier(source, place=PLACE, product="anomaly:window=3,years=1992-1997")
    assert made._texts({"distribution": {}}) == {
        "distribution": "distribution:window=3,years=1992-1997"
    }
    opened(made, 2)
    assert "hindcast 1992-1997, 6 starts" in words(made, 2)
    assert state.asked.window == 3


def test_before_a_place_is_chosen_it_says_what_to_do(source):
    _, made = dossier(source)
    assert opened(made, 1) == []
    assert "Click the map" in words(made, 1)


def test_what_cannot_be_had_is_told_in_its_stead(source):
    state, made = dossier(source, place=PLACE)
    state.place = (-30.0, 150.0)
    made._texts = lambda wanted: dict.fromkeys(wanted, "anomaly_probability:threshold=1e9999")
    assert opened(made, 1) == []
    assert "threshold" in words(made, 1)


def test_a_tab_that_nobody_looks_at_costs_nothing(source, monkeypatch):
    state, made = dossier(source, place=PLACE)
    asked = []
    monkeypatch.setattr(made, "_fetched", lambda *a: asked.append(a) or {})
    asyncio.run(made._draw())
    state.lead = 1
    assert asked == []
