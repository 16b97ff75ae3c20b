"""Members counted and observations numbered by bounds; tables and what is scored from them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
import xskillscore as xs
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer.errors import BadRequest
from data_layer.verification.categories import (
    category_counts,
    category_numbers,
    most_likely,
    percent_consistent,
    probabilities,
)
from data_layer.verification.contingency import (
    contingency_table,
    gerrity,
    gerrity_matrix,
    heidke,
    hit_score,
    hit_skill,
    percent_correct,
)

TERCILES = (1 / 3, 2 / 3)
FEW = st.floats(-3, 3, width=16) | st.just(np.nan)
HINDCASTS = hnp.arrays(
    st.sampled_from(["f4", "f8"]),
    st.tuples(st.integers(1, 6), st.integers(1, 7), st.integers(1, 4)),
    elements=FEW,
)


def hindcast(values: np.ndarray) -> xr.DataArray:
    dims = ("init", "member", "lat", "lon")[: values.ndim]
    return xr.DataArray(values, dims=dims)


def observations(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("init", "lat", "lon")[: values.ndim])


def terciles(values: xr.DataArray) -> xr.DataArray:
    dims = [d for d in values.dims if d in ("init", "member")]
    return values.quantile(TERCILES, dims)


def random_pairs(years=12, members=7, ny=3, nx=4, seed=1):
    rng = np.random.default_rng(seed)
    forecast = hindcast(rng.standard_normal((years, members, ny, nx)).astype("f4"))
    observed = observations(rng.standard_normal((years, ny, nx)).astype("f4"))
    return forecast, observed


def counted(seed=1, **sizes):
    forecast, observed = random_pairs(seed=seed, **sizes)
    return (
        category_counts(forecast, terciles(forecast)),
        category_numbers(observed, terciles(observed)),
    )


def cosine(ny=3, nx=4) -> xr.DataArray:
    weight = np.cos(np.deg2rad(np.linspace(-60, 60, ny)))
    return xr.DataArray(np.repeat(weight[:, None], nx, 1), dims=("lat", "lon"))


def plain_counts(members: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """(years, members, cells) and (bounds, cells) → (years, bounds + 1, cells)."""
    edges = np.concatenate([np.full((1, bounds.shape[1]), -np.inf), bounds])
    upper = np.concatenate([bounds, np.full((1, bounds.shape[1]), np.inf)])
    inside = (members[:, :, None] > edges) & (members[:, :, None] <= upper)
    return np.where(np.isnan(bounds).any(0), 0, inside.sum(1))


@given(HINDCASTS, st.data())
def test_members_are_counted_as_plain_numpy_counts_them(values, data):
    bounds = data.draw(
        hnp.arrays(values.dtype, (2, values.shape[2]), elements=FEW).map(lambda a: np.sort(a, 0))
    )
    got = category_counts(hindcast(values), xr.DataArray(bounds, dims=("quantile", "lat")))
    np.testing.assert_array_equal(got, plain_counts(values, bounds))


def test_many_cells_are_counted_as_few():
    forecast, _ = random_pairs(years=3, ny=20, nx=41)
    bounds = terciles(forecast).transpose("lon", "quantile", "lat")
    flat = forecast.values.reshape(3, 7, -1)
    edges = bounds.transpose("quantile", "lat", "lon").values.reshape(2, -1)
    got = category_counts(forecast, bounds).values.reshape(3, 3, -1)
    np.testing.assert_array_equal(got, plain_counts(flat, edges))


def test_a_value_on_a_bound_belongs_below():
    bounds = xr.DataArray([0.0, 1.0], dims="quantile")
    values = xr.DataArray([[-1.0, 0.0, 0.5, 1.0, 2.0]], dims=("init", "member"))
    np.testing.assert_array_equal(category_counts(values, bounds), [[2, 2, 1]])
    np.testing.assert_array_equal(category_numbers(values, bounds), [[0, 0, 1, 1, 2]])


def test_dry_terciles_put_all_zeros_into_the_lowest_category():
    bounds = xr.DataArray([0.0, 0.0], dims="quantile")
    values = xr.DataArray([[0.0, 0.0, 0.0, 4.0]], dims=("init", "member"))
    np.testing.assert_array_equal(category_counts(values, bounds), [[3, 0, 1]])


def test_bounds_of_each_year_are_used_in_that_year():
    forecast, observed = random_pairs()
    by_year = xr.concat([terciles(forecast.drop_isel(init=y)) for y in range(12)], dim="init")
    counts, numbers = category_counts(forecast, by_year), category_numbers(observed, by_year)
    for y in range(12):
        own = by_year.isel(init=y)
        np.testing.assert_array_equal(counts[y], category_counts(forecast[[y]], own)[0])
        np.testing.assert_array_equal(numbers[y], category_numbers(observed[[y]], own)[0])


@pytest.mark.filterwarnings("ignore:All-NaN slice")
@given(HINDCASTS, st.randoms(use_true_random=False))
def test_terciles_sum_to_one_whatever_the_order_of_members_and_years(values, random):
    forecast = hindcast(values)
    bounds = terciles(forecast)
    counts = category_counts(forecast, bounds)
    chance = probabilities(counts)
    there = ~np.isnan(values).all(1)
    np.testing.assert_allclose(chance.sum("category").values[there], 1, rtol=1e-6)
    assert np.isnan(chance.values.transpose(0, 2, 1)[~there]).all()
    order = random.sample(range(values.shape[1]), values.shape[1])
    years = random.sample(range(values.shape[0]), values.shape[0])
    shuffled = category_counts(forecast[years][:, order], bounds)
    np.testing.assert_array_equal(shuffled, counts[years])


def test_counts_say_what_they_are():
    counts, numbers = counted()
    assert counts.dims == ("init", "category", "lat", "lon")
    assert counts.dtype == np.int16
    assert numbers.dims == ("init", "lat", "lon")
    assert probabilities(counts).attrs["units"] == "1"
    assert set(counts.attrs) == {"long_name", "units", "method"}


def test_missing_bounds_and_values_are_missing():
    forecast, observed = random_pairs()
    bounds = terciles(forecast)
    bounds[0, 1, 1] = np.nan
    observed[2, 0, 0] = np.nan
    assert not category_counts(forecast, bounds)[:, :, 1, 1].any()
    numbers = category_numbers(observed, bounds)
    assert numbers[:, 1, 1].isnull().all()
    assert np.isnan(numbers[2, 0, 0])
    assert int(numbers.isnull().sum()) == 12 + 1


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        (xr.DataArray([1.0, 0.0], dims="quantile"), "ascend"),
        (xr.DataArray([0.0, 1.0], dims="q"), "quantile"),
        (xr.DataArray(np.zeros((2, 5)), dims=("quantile", "lat")), "same years and cells"),
        (xr.DataArray(np.zeros((5, 2)), dims=("init", "quantile")), "same years and cells"),
    ],
)
def test_bounds_that_do_not_fit_are_refused(bounds, said):
    forecast, observed = random_pairs()
    with pytest.raises(BadRequest, match=said):
        category_counts(forecast, bounds)
    with pytest.raises(BadRequest, match=said):
        category_numbers(observed, bounds)


def test_counting_without_members_is_refused():
    with pytest.raises(BadRequest, match="Members are needed"):
        category_counts(random_pairs()[1], xr.DataArray([0.0], dims="quantile"))


def test_categories_that_tie_share_the_year():
    chance = xr.DataArray([[0.4, 0.2, 0.4], [0.2, 0.5, 0.3]], dims=("init", "category"))
    np.testing.assert_array_equal(most_likely(chance), [[0.5, 0, 0.5], [0, 1, 0]])


def test_hit_scores_of_a_case_worked_by_hand():
    chance = xr.DataArray(
        [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [0.1, 0.2, 0.7]],
        dims=("init", "category"),
    )
    observed = xr.DataArray([0.0, 2, 2, 0], dims="init")
    # Hits: 1, 0, a tie of two, 0. The least likely was observed in the last year.
    assert float(hit_score(chance, observed)) == 1.5 / 4
    assert float(hit_skill(chance, observed)) == 1.5 / 4 - 1 / 4


def test_scores_of_a_table_agree_with_xskillscore():
    rng = np.random.default_rng(5)
    f = xr.DataArray(rng.integers(0, 3, (40, 6)), dims=("init", "lat"))
    o = xr.DataArray(
        np.where(rng.random((40, 6)) < 0.5, f, rng.integers(0, 3, (40, 6))), dims=("init", "lat")
    )
    chosen = (f == xr.DataArray(np.arange(3), dims="category")).astype("f4")
    table = contingency_table(chosen, o)
    edges = np.array([-0.5, 0.5, 1.5, 2.5])
    theirs = xs.Contingency(o, f, edges, edges, dim="init")
    np.testing.assert_array_equal(
        table.transpose("observed_category", "forecast_category", "lat"),
        theirs.table.transpose("observations_category", "forecasts_category", "lat"),
    )
    np.testing.assert_allclose(percent_correct(table), 100 * theirs.accuracy())
    np.testing.assert_allclose(heidke(table, equiprobable=False), theirs.heidke_score())
    np.testing.assert_allclose(gerrity(table, equiprobable=False), theirs.gerrity_score())


def test_gerrity_matrix_of_equal_terciles():
    third = xr.DataArray(np.full(3, 1 / 3), dims="observed_category")
    expected = [[1.25, -0.25, -1], [-0.25, 0.5, -0.25], [-1, -0.25, 1.25]]
    np.testing.assert_allclose(gerrity_matrix(third), expected, atol=1e-15)


@given(hnp.arrays("f8", st.integers(2, 6), elements=st.floats(0.05, 1)))
def test_gerrity_gives_constant_forecasts_nothing_and_perfect_ones_all(raw):
    frequency = xr.DataArray(raw / raw.sum(), dims="observed_category")
    matrix = gerrity_matrix(frequency)
    np.testing.assert_allclose((matrix * frequency).sum("observed_category"), 0, atol=1e-9)
    np.testing.assert_allclose((np.diag(matrix) * frequency).sum(), 1, rtol=1e-9)


def test_gerrity_without_a_needed_category_is_missing():
    chance = xr.DataArray([[1.0, 0, 0], [0, 1.0, 0]], dims=("init", "category"))
    table = contingency_table(chance, xr.DataArray([0.0, 1.0], dims="init"))
    assert np.isnan(gerrity(table, equiprobable=False))
    assert float(gerrity(table)) == pytest.approx((1.25 + 0.5) / 2)


def test_perfect_and_indifferent_forecasts():
    _, observed = counted(years=30)
    perfect = (observed == xr.DataArray(np.arange(3), dims="category")).astype("f4")
    table = contingency_table(perfect, observed)
    for score, best in ((percent_correct, 100), (heidke, 1)):
        np.testing.assert_allclose(score(table), best)
    np.testing.assert_allclose(gerrity(table, equiprobable=False), 1)
    same = xr.full_like(perfect, 1 / 3)
    np.testing.assert_allclose(hit_score(same, observed), 1 / 3, rtol=1e-6)
    np.testing.assert_allclose(hit_skill(same, observed), 0, atol=1e-12)


def test_the_score_of_a_region_comes_from_the_table_of_its_cells():
    counts, observed = counted()
    weights = cosine()
    tables = contingency_table(most_likely(counts), observed)
    region = contingency_table(most_likely(counts), observed, weights)
    np.testing.assert_allclose(region, (tables * weights).sum(("lat", "lon")))
    assert "region" in percent_correct(region).attrs["method"]
    share = (percent_correct(tables) * weights).sum() / weights.sum()
    np.testing.assert_allclose(percent_correct(region), share)
    np.testing.assert_allclose(
        hit_skill(counts, observed, weights),
        (hit_skill(counts, observed) * weights).sum() / weights.sum(),
        rtol=1e-6,
    )


def test_a_cell_without_pairs_is_missing_in_every_score():
    counts, observed = counted()
    observed[:, 0, 1] = np.nan
    counts[:, :, 1, 2] = 0
    table = contingency_table(most_likely(counts), observed)
    for score in (
        percent_correct(table),
        heidke(table),
        heidke(table, equiprobable=False),
        gerrity(table),
        hit_score(counts, observed),
        hit_skill(counts, observed),
    ):
        assert list(zip(*np.nonzero(score.isnull().values), strict=True)) == [(0, 1), (1, 2)]


def halves(chance: list[float], number: list[float]):
    forecast = xr.DataArray(np.array([[1 - c, c] for c in chance]), dims=("init", "category"))
    return forecast, xr.DataArray(np.array(number), dims="init")


@pytest.mark.parametrize(("ties", "expected"), [("miss", 200 / 6), ("half", 50), ("left out", 50)])
def test_percent_consistent_and_its_ties(ties, expected):
    forecast, observed = halves([0.7, 0.6, 0.5, 0.5, 0.2, 0.1, np.nan], [1, 0, 1, 0, 0, 1, 1])
    assert float(percent_consistent(forecast, observed, ties=ties)) == pytest.approx(expected)


def test_percent_consistent_of_members_and_of_a_region():
    forecast, observed = random_pairs(members=5)
    counts = category_counts(forecast, forecast.quantile([0.5], ("init", "member")))
    numbers = category_numbers(observed, observed.quantile([0.5], "init"))
    above = (forecast > forecast.quantile(0.5, ("init", "member"))).mean("member")
    hit = (above > 0.5) == (observed > observed.quantile(0.5, "init"))
    np.testing.assert_allclose(percent_consistent(counts, numbers), 100 * hit.mean("init"))
    np.testing.assert_allclose(
        percent_consistent(counts, numbers, weights=cosine()),
        100 * hit.mean("init").weighted(cosine()).mean(),
    )


def test_percent_consistent_of_terciles_is_refused():
    with pytest.raises(BadRequest, match="halves"):
        percent_consistent(*counted())


def test_pairs_of_other_years_or_cells_are_refused():
    counts, observed = counted()
    labelled = counts.assign_coords(init=np.arange(12))
    with pytest.raises(BadRequest, match="same years"):
        contingency_table(labelled, observed.assign_coords(init=np.arange(1, 13)))
    with pytest.raises(BadRequest, match="different dims"):
        contingency_table(counts, observed.isel(lat=0))
    with pytest.raises(BadRequest, match="not over the cells"):
        contingency_table(counts, observed, cosine(ny=2))
    elsewhere = cosine().assign_coords(lat=[1.0, 2.0, 3.0])
    with pytest.raises(BadRequest, match="not over the cells"):
        contingency_table(counts.assign_coords(lat=[4.0, 5.0, 6.0]), observed, elsewhere)
    with pytest.raises(BadRequest, match="not over the cells"):
        hit_score(counts, observed, observed)
    with pytest.raises(BadRequest, match="0 or more"):
        contingency_table(counts, observed, -cosine())
