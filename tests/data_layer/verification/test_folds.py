"""Which years may be looked at when another one is judged."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer.errors import BadRequest
from data_layer.verification.folds import (
    IN_SAMPLE,
    LEAVE_ONE_OUT,
    SPLIT,
    Scheme,
    folds,
    training,
    years_of,
)

SCHEMES = st.sampled_from([Scheme.parse(t) for t in ("loo", "l3o", "l5o", "split", "none")])


def listed(n: int | np.ndarray, scheme: Scheme) -> list[tuple[list[int], list[int]]]:
    return [(train.tolist(), judged.tolist()) for train, judged in folds(n, scheme)]


def test_leaving_one_out():
    assert listed(3, LEAVE_ONE_OUT) == [([1, 2], [0]), ([0, 2], [1]), ([0, 1], [2])]


def test_leaving_three_out_is_centred_and_cut_at_the_ends():
    assert listed(5, Scheme.parse("l3o")) == [
        ([2, 3, 4], [0]),
        ([3, 4], [1]),
        ([0, 4], [2]),
        ([0, 1], [3]),
        ([0, 1, 2], [4]),
    ]


def test_split_judges_each_half_with_the_other():
    assert listed(5, SPLIT) == [([2, 3, 4], [0, 1]), ([0, 1], [2, 3, 4])]


def test_nothing_left_out():
    assert listed(2, IN_SAMPLE) == [([0, 1], [0, 1])]


def test_starts_of_one_year_are_left_out_together():
    years = np.array([1991, 1992, 1992, 1993, 1995])
    assert listed(years, LEAVE_ONE_OUT) == [
        ([1, 2, 3, 4], [0]),
        ([0, 3, 4], [1, 2]),
        ([0, 1, 2, 4], [3]),
        ([0, 1, 2, 3], [4]),
    ]
    assert listed(years, SPLIT) == [([3, 4], [0, 1, 2]), ([0, 1, 2], [3, 4])]
    assert not training(years, LEAVE_ONE_OUT)[1:3, 1:3].any()
    with pytest.raises(BadRequest, match="2 years are too few"):
        folds(np.array([1991, 1992, 1992]), LEAVE_ONE_OUT)


def test_the_years_are_those_of_the_starts():
    init = np.array(["1991-10-01", "1992-02-28", "1992-02-29"], "datetime64[ns]")
    np.testing.assert_array_equal(
        np.diff(years_of(xr.DataArray(np.zeros(3), {"init": init}, "init"))), [1, 0]
    )
    np.testing.assert_array_equal(years_of(xr.DataArray(np.zeros(3), dims="init")), [0, 1, 2])


@given(SCHEMES, st.integers(0, 30))
def test_every_year_is_judged_once_by_others_or_refused(scheme, more):
    n = scheme.fewest_years + more
    parts = folds(n, scheme)
    assert sorted(np.concatenate([judged for _, judged in parts])) == list(range(n))
    for train, judged in parts:
        assert len(train) >= 2
        if scheme is not IN_SAMPLE and scheme.kind != "none":
            assert not set(train) & set(judged)
    with pytest.raises(BadRequest, match="too few"):
        folds(scheme.fewest_years - 1, scheme)


@given(SCHEMES, st.integers(8, 20))
def test_matrix_says_the_same_as_the_folds(scheme, n):
    matrix = training(n, scheme)
    for train, judged in folds(n, scheme):
        for y in judged:
            np.testing.assert_array_equal(matrix[y].nonzero()[0], train)


@pytest.mark.parametrize("text", ["loo", "l3o", "l11o", "split", "none"])
def test_text_comes_back(text):
    assert Scheme.parse(text).text == text


def test_one_year_has_one_name():
    assert Scheme.parse("l1o") == LEAVE_ONE_OUT


@pytest.mark.parametrize("text", ["", "LOO", "l2o", "l0o", "l-3o", "lo", "l3o ", "k-fold"])
def test_other_texts_are_refused(text):
    with pytest.raises(BadRequest):
        Scheme.parse(text)


def test_each_scheme_describes_itself_differently():
    sentences = [Scheme.parse(t).sentence for t in ("loo", "l3o", "l5o", "split", "none")]
    assert len(set(sentences)) == len(sentences)
    assert sentences[-1].startswith("not cross-validated")
    assert all(s.startswith("cross-validated") for s in sentences[:-1])
