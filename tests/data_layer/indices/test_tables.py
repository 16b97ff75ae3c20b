"""Shares of members between thresholds."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_layer.errors import BadRequest
from data_layer.indices.tables import in_words, shares, threshold_table


def index(values) -> xr.DataArray:
    values = np.asarray(values, float)
    return xr.DataArray(
        values,
        {"lead": np.arange(values.shape[1])},
        ("member", "lead"),
        "nino34",
        {"units": "K", "long_name": "Niño 3.4"},
    )


def test_members_are_counted_and_a_bound_belongs_below():
    table = threshold_table(
        index([[-0.8, 0.0], [-0.79, 0.8], [0.8, 0.81], [2.0, 3.0]]),
        (-0.8, 0.8),
        ("cool", "neutral", "warm"),
    )
    assert table.dims == ("lead", "category")
    assert table.category.values.tolist() == ["cool", "neutral", "warm"]
    assert table.values.tolist() == [[0.25, 0.5, 0.25], [0.0, 0.5, 0.5]]
    assert table["count"].values.tolist() == [[1, 2, 1], [0, 2, 2]]
    assert table["of"].values.tolist() == [4, 4]
    assert table.attrs["thresholds"] == "-0.8, 0.8 K"
    assert in_words(table).sel(lead=1).values.tolist() == ["0 of 4", "2 of 4", "2 of 4"]


def test_missing_members_are_left_out_and_none_at_all_is_missing():
    table = threshold_table(index([[1.0, np.nan], [np.nan, np.nan], [-1.0, np.nan]]), [0.0])
    assert table.sel(lead=0).values.tolist() == [0.5, 0.5]
    assert np.isnan(table.sel(lead=1)).all()
    assert table["of"].values.tolist() == [2, 0]
    assert in_words(table).sel(lead=1).values.tolist() == ["no members"] * 2
    assert table.category.values.tolist() == ["below", "above"]


def test_bounds_may_differ_with_the_lead_and_be_missing():
    bounds = xr.DataArray([[0.0, 1.0], [np.nan, 1.0]], {"lead": [0, 1]}, ("lead", "bound"))
    table = shares(index([[0.5, 0.5], [2.0, 2.0]]), bounds)
    assert table.sel(lead=0).values.tolist() == [0.0, 0.5, 0.5]
    assert np.isnan(table.sel(lead=1)).all()


@given(
    values=arrays(float, (7, 3), elements=st.floats(-3, 3) | st.just(np.nan)),
    thresholds=st.lists(st.floats(-2, 2), min_size=1, max_size=4).map(sorted),
)
def test_shares_add_up_and_agree_with_a_histogram(values, thresholds):
    table = threshold_table(index(values), thresholds)
    for lead in range(3):
        there = values[:, lead][~np.isnan(values[:, lead])]
        counts = np.bincount(np.searchsorted(thresholds, there), minlength=len(thresholds) + 1)
        assert table["count"].values[lead].tolist() == counts.tolist()
        if there.size:
            assert table.values[lead].sum() == pytest.approx(1.0)


def test_tables_without_sense_are_refused():
    members = index([[0.0, 1.0]])
    with pytest.raises(BadRequest, match="need members"):
        threshold_table(members.mean("member"), [0.0])
    with pytest.raises(BadRequest, match="need members"):
        threshold_table(members.isel(member=[]), [0.0])
    with pytest.raises(BadRequest, match="ascend"):
        threshold_table(members, [1.0, 0.0])
    with pytest.raises(BadRequest, match="a bound"):
        threshold_table(members, [])
    with pytest.raises(BadRequest, match="3 categories"):
        threshold_table(members, [0.0, 1.0], ["low", "high"])
    with pytest.raises(BadRequest, match="cannot have"):
        shares(members, xr.DataArray(np.zeros((2, 1)), dims=("year", "bound")))
