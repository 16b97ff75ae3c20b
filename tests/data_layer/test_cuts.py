"""Parts of a map, named in an address: what is understood and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_layer.cuts import BLOCK, MOST_LEVELS, WHOLE, Cut
from data_layer.errors import BadRequest

SPANS = st.none() | st.tuples(st.integers(0, 9), st.integers(1, 9)).map(
    lambda s: (BLOCK * s[0], BLOCK * (s[0] + s[1]))
)
CUTS = st.builds(
    Cut, st.integers(0, MOST_LEVELS), SPANS, SPANS, st.sampled_from(["fine", "byte", "exact"])
)


@given(CUTS)
def test_an_address_is_read_back(cut):
    assert Cut.of(cut.query) == cut
    assert cut.whole == (not {"level", "rows", "columns"} & set(cut.query))


def test_a_whole_map_is_said_by_saying_nothing():
    assert Cut.of({}) == Cut.of({"level": "0", "precision": None, "box": "1,2,3,4"}) == WHOLE


@pytest.mark.parametrize(
    "given",
    [
        {"level": "9"},
        {"level": "-1"},
        {"level": "1.0"},
        {"level": "٣"},
        {"rows": "256"},
        {"rows": "256-0"},
        {"rows": "0-0"},
        {"columns": "0-99999999"},
        {"columns": "a-b"},
        {"precision": "lossless"},
    ],
)
def test_what_is_no_cut_is_refused(given):
    with pytest.raises(BadRequest) as refused:
        Cut.of(given)
    assert refused.value.asked


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (Cut(), ((0, 1000), (0, 2000))),
        (Cut(1), ((0, 500), (0, 1000))),
        (Cut(3), ((0, 125), (0, 250))),
        (Cut(0, (256, 512), (1792, 2000)), ((256, 512), (1792, 2000))),
        (Cut(0, (768, 1000), (1792, 2256)), ((768, 1000), (1792, 2256))),
        (Cut(1, None, (768, 1256)), ((0, 500), (768, 1256))),
    ],
)
def test_a_window_lies_in_its_level(cut, expected):
    assert cut.within(1000, 2000, wraps=True) == expected


@pytest.mark.parametrize(
    "cut",
    [
        Cut(0, (0, 1024)),  # beyond the end
        Cut(0, (10, 256)),  # begins between blocks
        Cut(0, (0, 250)),  # ends between blocks
        Cut(0, (1024, 1280)),  # begins beyond the end
        Cut(0, None, (0, 2256)),  # more than once round
        Cut(5, None, (0, 319)),  # a level whose last cell is narrower closes no circle
    ],
)
def test_a_window_that_is_none_is_refused(cut):
    with pytest.raises(BadRequest, match=r"no such (rows|columns)"):
        cut.within(1000, 2000, wraps=True)


def test_only_a_circle_is_gone_round():
    with pytest.raises(BadRequest):
        Cut(0, None, (1792, 2256)).within(1000, 2000, wraps=False)
