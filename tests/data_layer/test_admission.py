"""The size of an answer, foretold from the catalogue."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_layer.admission import check_size, size
from data_layer.api import Box, DatasetInfo, GridInfo, ProductInfo, ProductRequest
from data_layer.errors import BadRequest, TooLarge
from data_layer.local import LocalSource
from tests.contract.archive import write_archive
from tests.contract.suite import QUESTIONS

INFO = DatasetInfo(
    id="d",
    title="",
    version="v",
    role="forecast",
    layout="cf",
    variables=(),
    grid=GridInfo(3600, 7200, (-89.975, 89.975), (0.0, 359.95), wraps=True),
    inits=("2026-10-01", "2026-11-01"),
    leads=tuple(range(6)),
    members=tuple(range(33)),
)
PRODUCTS = (ProductInfo("value", "", "", per_member=True), ProductInfo("mean", "", ""))
ONE = ProductRequest("d", "v", init="2026-11-01", lead=0, member=0)
MAP = 3600 * 7200


@pytest.mark.parametrize(
    ("request_", "values"),
    [
        (ONE, MAP),
        (replace(ONE, lead=None), 6 * MAP),
        (replace(ONE, member=None), 33 * MAP),
        (replace(ONE, member=None, product="mean"), MAP),
        (replace(ONE, init=None), 2 * MAP),
    ],
)
def test_size_is_starts_by_leads_by_members_by_cells(request_, values):
    products = {p.name: p for p in PRODUCTS}
    assert size(INFO, request_, per_member=products[request_.product].per_member) == values
    check_size(INFO, PRODUCTS, request_, values)
    with pytest.raises(TooLarge) as refused:
        check_size(INFO, PRODUCTS, request_, values - 1)
    assert refused.value.asked == f"{values} values"
    assert refused.value.advice


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    write_archive(folder)
    return LocalSource.open(folder)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_no_answer_is_larger_than_foretold(source, question):
    dataset = source.catalogue().dataset(question.dataset)
    told = size(dataset, question, per_member=question.product == "value")
    got = source.fetch(question).size
    assert got <= told
    if question.box is None:
        assert got == told


@given(st.floats(-90, 89), st.floats(1, 180), st.floats(-360, 720), st.floats(-360, 720))
@settings(deadline=None, max_examples=80)
def test_no_region_is_larger_than_foretold(source, south, height, west, east):
    try:
        box = Box(south, min(90.0, south + height), west, east)
        question = replace(QUESTIONS["one map"], box=box)
        got = source.fetch(question).size
    except BadRequest:
        return
    assert got <= size(source.catalogue().dataset("trial-forecast"), question, per_member=True)
