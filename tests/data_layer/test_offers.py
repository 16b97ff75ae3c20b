"""One text for a product and what was chosen of it."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_layer.errors import BadRequest, UnknownProduct
from data_layer.offers import Asked, Option, ProductInfo, parse, split, write

CATEGORY = Option(
    "category", "Category", default="above", choices=(("below", "below normal"), ("above", "above"))
)
METHOD = Option(
    "method", "Method", default="count", choices=(("count", "counted"), ("fit", "Gaussian fit"))
)
WINDOW = Option("window", "Averaged over leads", default="1", least=1, most=93, whole=True)
YEARS = Option("years", "Climatology of the years", years=True)
AMOUNT = Option("amount", "Amount", units="variable")
CORRECTION = Option(
    "correction", "Correction", default="none", choices=(("none", ""), ("mean", "mean corrected"))
)
CHANCE = ProductInfo(
    "chance", "Tercile chance", "counted", options=(CATEGORY, METHOD, WINDOW, YEARS)
)
BEYOND = ProductInfo(
    "beyond", "Beyond an amount", "counted", options=(AMOUNT, CORRECTION), needs=("climatology",)
)
BARE = ProductInfo("bare", "Bare", "none")
PRODUCTS = {p.name: p for p in (CHANCE, BEYOND, BARE)}

NUMBERS = st.floats(-1e300, 1e300, allow_nan=False)


def wrong(text: str, kind: type[Exception] = BadRequest) -> str:
    with pytest.raises(kind) as caught:
        parse(text, PRODUCTS)
    return str(caught.value)


def test_a_name_alone_takes_every_default():
    asked = parse("chance", PRODUCTS)
    assert asked.info is CHANCE
    assert asked.chosen == (
        ("category", "above"),
        ("method", "count"),
        ("window", "1"),
        ("years", ""),
    )
    assert (asked.window, asked.years, asked.text) == (1, None, "chance")


def test_what_is_as_by_default_is_left_out_of_the_text():
    text = "chance:window=1,method=fit,category=above,years="
    assert parse(text, PRODUCTS).text == "chance:method=fit"


def test_options_are_written_in_the_order_of_the_product():
    text = "chance:years=1991-2020,window=3,category=below"
    asked = parse(text, PRODUCTS)
    assert asked.text == "chance:category=below,window=3,years=1991-2020"
    assert (asked["category"], asked.window, asked.years) == ("below", 3, (1991, 2020))


@st.composite
def chosen(draw) -> dict[str, str]:
    first = draw(st.integers(1900, 2050))
    last = draw(st.integers(first, 2100))
    return {
        "category": draw(st.sampled_from(["below", "above"])),
        "method": draw(st.sampled_from(["count", "fit"])),
        "window": str(draw(st.integers(1, 93))),
        "years": draw(st.sampled_from(["", f"{first}-{last}"])),
    }


@given(options=chosen(), data=st.data())
def test_what_is_written_is_read_back_whatever_the_order(options, data):
    text = write(CHANCE, options)
    asked = parse(text, PRODUCTS)
    assert dict(asked.chosen) == options
    assert asked.text == text
    assert "=above" not in text
    order = data.draw(st.permutations(sorted(options)))
    again = "chance:" + ",".join(f"{name}={options[name]}" for name in order)
    assert parse(again, PRODUCTS) == asked


@given(NUMBERS)
def test_a_number_has_one_way_of_writing(number):
    option = Option("amount", "Amount")
    text = option.checked(f"{number:.12g}")
    assert option.checked(text) == text
    assert float(text) == pytest.approx(number, rel=1e-9)


@given(NUMBERS)
def test_an_amount_comes_back_from_its_text(number):
    asked = parse(f"beyond:amount={number!r}", PRODUCTS)
    assert parse(asked.text, PRODUCTS) == asked
    assert asked.number("amount") == pytest.approx(number, rel=1e-9)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("273.150", "273.15"),
        ("+5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e2", "100"),
        ("00012", "12"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1E-7", "1e-07"),
        ("1e300", "1e+300"),
    ],
)
def test_numbers_are_brought_to_one_form(written, canonical):
    assert parse(f"beyond:amount={written}", PRODUCTS)["amount"] == canonical


@pytest.mark.parametrize(
    "text",
    ["nan", "inf", "-inf", "1e999", "0x10", "1_000", "1,5", " 5", "5 ", "٥", "five", "1e", "--1"],
)
def test_what_is_no_plain_number_is_refused(text):
    with pytest.raises(BadRequest, match="The option amount cannot be"):
        AMOUNT.checked(text)


def test_a_whole_number_says_its_limits():
    for text in ("0", "94", "1.5", "x", "-1", "1e3"):
        assert wrong(f"chance:window={text}") == (
            f"The option window cannot be {text!r}. "
            "There is: a whole number from 1 to 93. Choose one of these."
        )
    assert parse("chance:window=93.0", PRODUCTS).window == 93


def test_a_number_within_limits_says_them_and_includes_them():
    share = Option("share", "Share", default="50", least=1, most=99)
    assert (share.checked("1"), share.checked("99"), share.checked("2.5")) == ("1", "99", "2.5")
    with pytest.raises(BadRequest) as caught:
        share.checked("99.01")
    assert caught.value.exists == ("a number from 1 to 99",)
    assert caught.value.asked == "share=99.01"


def test_an_amount_without_limits_says_so():
    assert "There is: a number from -inf to inf." in wrong("beyond:amount=much")


def test_a_choice_says_the_others():
    assert wrong("chance:category=middle") == (
        "The option category cannot be 'middle'. There is: below, above. Choose one of these."
    )
    assert "cannot be 'Below'" in wrong("chance:category=Below")


@pytest.mark.parametrize("years", ["1991", "1991-", "2020-1991", "91-20", "1991-2020-2021", "x"])
def test_years_that_are_no_span_are_refused(years):
    assert wrong(f"chance:years={years}") == (
        f"The option years cannot be {years!r}. "
        "There is: a first and a last year, such as 1991-2020. Choose one of these."
    )


def test_a_span_of_one_year_is_a_span():
    assert parse("chance:years=1991-1991", PRODUCTS).years == (1991, 1991)


def test_an_unknown_product_names_those_there_are():
    assert wrong("chances:window=3", UnknownProduct) == (
        "There is no product 'chances'. There is: chance, beyond, bare. Choose one of these."
    )


def test_an_option_the_product_has_not_names_those_it_has():
    assert wrong("chance:side=above") == (
        "The tercile chance has no option 'side'. "
        "There is: category, method, window, years. Leave it out."
    )
    assert wrong("bare:window=2") == "The bare has no option 'window'. Leave it out."


@pytest.mark.parametrize("text", ["beyond", "beyond:amount=", "beyond:correction=mean"])
def test_an_option_without_default_must_be_given(text):
    assert wrong(text) == (
        "The beyond an amount needs the option amount: amount. Write beyond:amount=…."
    )


@pytest.mark.parametrize(
    "text",
    [
        "chance:",
        "chance:window",
        "chance:=3",
        "chance:window=3,",
        "chance:,window=3",
        "chance:window=3,window=3",
        "chance:window=3,window=4",
        "chance::window=3",
    ],
)
def test_texts_that_are_not_understood_say_how_to_write(text):
    if text == "chance::window=3":
        assert "has no option ':window'" in wrong(text)
        return
    assert wrong(text) == (
        f"The product {text!r} is not understood. "
        "Write a name, or name:option=value,option=value, each option once."
    )


def test_a_refusal_of_a_long_text_is_short():
    for text in ("chance:" + "x" * 9000, "chance:category=" + "y" * 200, "z" * 9000):
        with pytest.raises((BadRequest, UnknownProduct)) as caught:
            parse(text, PRODUCTS)
        assert len(caught.value.asked) <= 100
    assert len(wrong("chance:" + "x" * 9000)) < 300


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    with suppress(BadRequest, UnknownProduct):
        asked = parse(text, PRODUCTS)
        assert parse(asked.text, PRODUCTS) == asked


def test_splitting_looks_at_no_product():
    assert split("any") == ("any", {})
    assert split("any:a=1,b=x=y") == ("any", {"a": "1", "b": "x=y"})


def test_a_correction_needs_the_past_and_its_observations():
    assert parse("beyond:amount=1", PRODUCTS).needs == ("climatology",)
    corrected = parse("beyond:amount=1,correction=mean", PRODUCTS)
    assert corrected.needs == ("climatology", "hindcast", "observations")
    assert parse("bare", PRODUCTS).needs == ()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("bare", "Bare"),
        ("chance", "Tercile chance, above"),
        ("chance:category=below,window=3", "Tercile chance, below normal"),
        ("chance:method=fit", "Tercile chance, above, Gaussian fit"),
        (
            "chance:years=1991-2020",
            "Tercile chance, above, climatology of the years 1991-2020",
        ),
        ("beyond:amount=2.50", "Beyond an amount, amount 2.5"),
        ("beyond:amount=2,correction=mean", "Beyond an amount, amount 2, mean corrected"),
    ],
)
def test_the_title_tells_what_was_chosen(text, title):
    assert parse(text, PRODUCTS).title == title


def test_what_was_asked_is_a_key():
    one, same = (parse(t, PRODUCTS) for t in ("beyond:amount=1.0", "beyond:amount=1"))
    assert one == same
    assert hash(one) == hash(same)
    assert one != parse("beyond:amount=1.5", PRODUCTS)
    assert isinstance(one, Asked)
    assert math.isclose(one.number("amount"), 1)
