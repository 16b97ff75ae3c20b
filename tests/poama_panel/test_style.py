"""Colours and units follow from what a product's numbers are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from data_layer.api import (
    Catalogue,
    DatasetInfo,
    GridInfo,
    Limits,
    ProductRequest,
    VariableInfo,
)
from data_layer.cuts import WHOLE, Cut
from data_layer.errors import BadRequest
from data_layer.offers import Asked, parse
from data_layer.products import infos
from data_layer.timing import describe_season, describe_window, parse_init
from poama_panel.style import (
    Display,
    colours_of,
    display_of,
    palettes,
    pretty,
    usual_amount,
)
from poama_panel.views.addresses import request_of
from poama_panel.views.field_map import describe

TAS = VariableInfo("tas", "Temperature", "K", "air_temperature")
PR = VariableInfo("pr", "Rain", "mm day-1", "lwe_precipitation_rate")
FLUX = VariableInfo("pr", "Rain", "kg m-2 s-1", "precipitation_flux")
PSL = VariableInfo("psl", "Pressure", "hPa", "air_pressure_at_sea_level")
PRODUCTS = {p.name: p for p in infos()}


def asked(text: str) -> Asked:
    return parse(text, PRODUCTS)


@pytest.mark.parametrize("text", ["mean", "value", "climatology", "observed"])
def test_values_of_temperature_are_in_degrees_celsius(text):
    display = display_of(TAS, asked(text))
    assert (display.units, display.scale) == ("°C", 1.0)
    assert display.offset == pytest.approx(-273.15)


@pytest.mark.parametrize(
    "text", ["anomaly", "spread", "error", "skill:score=rmse", "skill:score=bias"]
)
def test_differences_of_temperature_keep_no_zero(text):
    display = display_of(TAS, asked(text))
    assert (display.units, display.scale, display.offset) == ("°C", 1.0, 0.0)


@pytest.mark.parametrize(
    ("text", "units", "digits"),
    [
        ("standardised_anomaly", "", 2),
        ("tercile_probability", "%", 0),
        ("skill", "", 2),
        ("skill:score=consistent", "%", 0),
        ("significance", "", 2),
    ],
)
def test_a_product_of_other_units_than_the_variable_keeps_its_own(text, units, digits):
    display = display_of(TAS, asked(text))
    assert (display.units, display.digits, display.offset, display.scale) == (units, digits, 0, 1)


def test_categories_are_words():
    display = display_of(TAS, asked("hit"))
    assert display == Display("", classes=("hit", "one tercile off", "opposite tercile"))


def test_numbers_above_zero_have_their_sign_where_zero_is_usual():
    texts = {name: name for name in PRODUCTS} | {
        "threshold_probability": "threshold_probability:threshold=1"
    }
    signed = {name for name, text in texts.items() if display_of(TAS, asked(text)).plus}
    assert signed == {p.name for p in PRODUCTS.values() if p.kind == "difference"} | {"skill"}


@pytest.mark.parametrize(
    ("variable", "palette"), [(TAS, "Blue–white–red"), (PR, "Brown–green"), (PSL, "Vik")]
)
def test_differences_diverge_from_zero(variable, palette):
    colours = colours_of(variable, asked("anomaly"))
    assert (colours.palette, colours.centre, colours.reverse) == (palette, 0.0, False)
    assert colours.span is None


def test_warm_is_red_and_wet_is_green_at_the_upper_end():
    def rgb(name: str, at: int) -> list[int]:
        return [int(palettes()[name][at][i : i + 2], 16) for i in (1, 3, 5)]

    red, _, blue = rgb("Blue–white–red", 220)
    assert red > blue
    red, green, _ = rgb("Brown–green", 220)
    assert green > red
    for name in ("Blue–white–red", "Brown–green", "Purple–green", "Vik"):
        assert min(rgb(name, 128)) > 220, "the middle is all but white"


@pytest.mark.parametrize(
    ("text", "centre", "reverse"),
    [
        ("above_median", 50, False),
        ("tercile_probability", 100 / 3, False),
        ("tercile_probability:category=below", 100 / 3, True),
        ("extreme_probability", 20, False),
        ("extreme_probability:category=lowest_tenth", 10, True),
        ("percentile_probability:percentile=90", 10, False),
        ("percentile_probability:percentile=15,side=below", 15, True),
        ("threshold_probability:threshold=290", 0, False),
        ("threshold_probability:threshold=290,side=below", 0, True),
    ],
)
def test_chances_diverge_from_what_they_are_by_climatology(text, centre, reverse):
    colours = colours_of(TAS, asked(text))
    assert colours.centre == pytest.approx(centre)
    assert (colours.palette, colours.reverse) == ("Blue–white–red", reverse)
    assert (colours.span, colours.step) == ((0.0, 100.0), 10.0)


def test_the_middle_tercile_is_neither_warm_nor_cold():
    assert colours_of(TAS, asked("tercile_probability:category=near")).palette == "Purple–green"


@pytest.mark.parametrize(
    ("score", "centre", "palette", "reverse"),
    [
        ("acc", 0, "Purple–green", False),
        ("roc", 0.5, "Purple–green", False),
        ("consistent", 50, "Purple–green", False),
        ("hits", 1 / 3, "Purple–green", False),
        ("ignorance", 1.5849625, "Purple–green", True),
        ("spread_error", 1, "Vik", False),
        ("bias", 0, "Blue–white–red", False),
    ],
)
def test_scores_diverge_from_what_a_forecast_without_skill_has(score, centre, palette, reverse):
    colours = colours_of(TAS, asked(f"skill:score={score}"))
    assert colours.centre == pytest.approx(centre)
    assert (colours.palette, colours.reverse) == (palette, reverse)


@pytest.mark.parametrize("score", [name for name, _ in PRODUCTS["skill"].options[0].choices])
def test_a_score_has_the_span_and_the_worth_that_it_is_computed_with(score):
    from data_layer.verification.scores import SCORES

    truth, scale = SCORES[score], asked(f"skill:score={score}").scale
    assert scale.span == truth.span
    assert scale.units == ("" if truth.of_variable else "%" if score == "consistent" else "1")
    if truth.worthless is not None:
        assert scale.centre == pytest.approx(truth.worthless)
        assert scale.better == ("more" if truth.best > truth.worthless else "less")


def test_errors_begin_at_nought():
    colours = colours_of(TAS, asked("skill:score=rmse"))
    assert (colours.floor, colours.centre, colours.span) == (0.0, None, None)


@pytest.mark.parametrize("variable", [TAS, PR, PSL])
def test_each_category_has_a_colour_of_its_own(variable):
    for name in ("likely_tercile", "hit"):
        product = PRODUCTS[name]
        colours = colours_of(variable, asked(name))
        assert len(set(colours.classes)) == len(product.classes)
        assert colours.span == (0.5, len(product.classes) + 0.5)


def test_the_likelier_a_tercile_the_darker_its_colour():
    def light(colour: str) -> int:
        return sum(int(colour[i : i + 2], 16) for i in (1, 3, 5))

    for variable in (TAS, PR):
        classes = [light(c) for c in colours_of(variable, asked("likely_tercile")).classes]
        assert classes[:4] == sorted(classes[:4])
        assert classes[6:] == sorted(classes[6:], reverse=True)
        assert classes[5] == 3 * 255, "no tercile told is white"


def test_every_product_of_every_quantity_has_a_palette_that_there_is():
    for variable in (TAS, PR, FLUX, PSL):
        for name in PRODUCTS:
            text = f"{name}:threshold=1" if name == "threshold_probability" else name
            assert colours_of(variable, asked(text)).palette in palettes()


def test_amounts_to_begin_with_are_in_the_units_of_the_file():
    assert usual_amount(TAS) == pytest.approx(293.15)
    assert usual_amount(PR) == pytest.approx(1.0)
    assert usual_amount(FLUX) == 0.0
    assert usual_amount(PSL) == 0.0
    assert usual_amount(VariableInfo("t", "T", "furlong", "air_temperature")) == 0.0


def test_a_temperature_in_strange_units_is_shown_in_them():
    strange = VariableInfo("t", "T", "furlong", "air_temperature")
    assert display_of(strange, asked("mean")) == Display("furlong")
    assert pretty("kg m-2 s-1") == "kg m⁻² s⁻¹"


GRID = GridInfo(4, 6, (-30.0, 30.0), (0.0, 300.0), wraps=True)
PAST = DatasetInfo(
    "past",
    "Past",
    "v1",
    "hindcast",
    "cf",
    (TAS,),
    GRID,
    inits=("1981-10-01", *(f"{year}-11-01" for year in range(1981, 2019))),
    leads=(0, 1, 2, 3),
    members=tuple(range(11)),
    hindcast="past",
    observations="seen",
)
NOW = replace(
    PAST,
    id="now",
    role="forecast",
    inits=("2026-11-01",),
    members=tuple(range(33)),
    system="S2",
)
CATALOGUE = Catalogue((NOW, PAST))


def described(text: str, dataset: str = "now", init: str = "2026-11-01") -> dict[str, Any]:
    request = ProductRequest(dataset, "tas", text, init=init, version="v1")
    limits = Limits(270.0, 300.0, 271.0, 299.0)
    return describe(CATALOGUE, request, limits, asked(text), "quantity")


def test_the_title_block_says_what_was_chosen_and_what_it_is_compared_with():
    spec = described("tercile_probability:category=below,window=3,years=1991-2010")
    assert spec["title"] == (
        "Temperature · tercile chance, below normal, climatology of the years 1991-2010"
    )
    assert spec["valid"] == ["Nov 2026 – Jan 2027", "Dec 2026 – Feb 2027"]
    assert spec["ticks"] == ["NDJ 2026/27", "DJF 2026/27"]
    assert spec["ensemble"] == "33 members"
    assert spec["climatology"] == "hindcast 1991–2010, 20 years × 11 members"
    assert "members counted" in spec["method"]
    assert "means over 3 months" in spec["method"]


def test_skill_is_of_past_forecasts_and_says_how_it_was_validated():
    spec = described("skill:score=roc,category=below,validation=l3o")
    assert spec["title"] == "Temperature · skill, ROC area, below normal, leaving three years out"
    assert spec["ensemble"] == "", "the forecast's own members are not in it"
    assert spec["climatology"] == "hindcast 1981–2018, 38 years × 11 members"
    assert "cross-validation: leaving three years out" in spec["method"]
    assert described("skill")["title"] == "Temperature · skill, anomaly correlation"


def test_amounts_are_told_in_the_units_shown():
    spec = described("threshold_probability:threshold=293.15,side=below")
    assert "chance below 20 °C" in spec["title"]
    assert spec["climatology"] == ""
    assert (spec["units"], spec["colours"]["span"]) == ("%", (0.0, 100.0))


def test_what_was_observed_has_no_members():
    assert described("observed", "past", "1997-11-01")["ensemble"] == ""
    assert described("hit", "past", "1997-11-01")["ensemble"] == "11 members"


@pytest.mark.parametrize("text", ["mean", "anomaly:window=3,years=1991-2010"])
def test_the_address_of_a_frame_gives_the_product_back(text):
    address = described(text)["path"].replace("{lead}", "2").replace("{member}", "all")
    assert address.count("/") == 6
    asked = ProductRequest("now", "tas", text, init="2026-11-01", lead=2, version="v1")
    assert request_of(address) == (asked, WHOLE)
    assert request_of(f"{address}?level=1&rows=0-256") == (asked, Cut(1, (0, 256)))


@pytest.mark.parametrize("query", ["?level=x", "?rows", "?rows=9", "?precision=high"])
def test_an_address_of_no_part_of_a_map_is_refused(query):
    address = described("mean")["path"].replace("{lead}", "2").replace("{member}", "all")
    with pytest.raises(BadRequest):
        request_of(address + query)


def test_leads_are_those_with_a_whole_window():
    assert described("mean")["leads"] == [0, 1, 2, 3]
    spec = described("mean:window=3")
    assert spec["leads"] == [0, 1]
    assert spec["leadNames"] == ["lead 0 months", "lead 1 month"]
    assert len(spec["times"]) == 2


@pytest.mark.parametrize(
    ("init", "lead", "window", "unit", "told"),
    [
        ("2026-11-24", 1, 3, "months", "Dec 2026 – Feb 2027"),
        ("2026-01-01", 0, 2, "months", "Jan – Feb 2026"),
        ("2026-01-01", 0, 1, "months", "Jan 2026"),
        ("2011-07-24", 0, 7, "days", "24 – 30 Jul 2011"),
        ("2011-07-24", 4, 7, "days", "28 Jul – 3 Aug 2011"),
        ("2011-12-28", 0, 14, "days", "28 Dec 2011 – 10 Jan 2012"),
        ("2011-07-24", 6, 2, "hours", "24 Jul 2011 06:00 UTC – 24 Jul 2011 07:00 UTC"),
    ],
)
def test_windows_are_written_as_short_as_they_are_clear(init, lead, window, unit, told):
    assert describe_window(parse_init(init), lead, window, unit) == told


@pytest.mark.parametrize(
    ("init", "lead", "window", "unit", "told"),
    [
        ("2026-11-24", 1, 3, "months", "DJF 2026/27"),
        ("2026-01-01", 0, 3, "months", "JFM 2026"),
        ("2026-11-01", 1, 2, "months", "Dec–Jan 2026/27"),
        ("2026-11-01", 1, 1, "months", "Dec 2026"),
        ("2011-07-24", 4, 7, "days", "28 Jul 2011"),
    ],
)
def test_marks_of_the_slider_are_shorter_still(init, lead, window, unit, told):
    assert describe_season(parse_init(init), lead, window, unit) == told
