"""Climatologies that never see the year they judge."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer.errors import BadRequest
from data_layer.verification import left_out
from data_layer.verification.folds import LEAVE_ONE_OUT, Scheme, folds
from data_layer.verification.pool_kernels import ascending, room

SCHEMES = [Scheme.parse(t) for t in ("loo", "l3o", "split", "none")]
THIRDS = [0.0, 1 / 3, 0.5, 2 / 3, 1.0]
NUMBERS = st.one_of(
    st.floats(-1e4, 1e4, width=32), st.sampled_from([0.0, -0.0, 1.0, np.nan, np.nan])
)
POOLS = st.tuples(
    st.sampled_from(["f4", "f8"]), st.integers(5, 9), st.integers(1, 4), st.integers(1, 3)
).flatmap(lambda t: hnp.arrays(t[0], t[1:], elements=NUMBERS))


def made(values: np.ndarray) -> xr.DataArray:
    dims = ("init", "member", "cell") if values.ndim == 3 else ("init", "cell")
    return xr.DataArray(values, dims=dims, coords={"init": 1981 + np.arange(len(values))})


def random(seed: int = 0, shape: tuple[int, ...] = (11, 4, 70), gaps: float = 0.2) -> xr.DataArray:
    rng = np.random.default_rng(seed)
    values = rng.normal(300, 2, shape).astype("f4")
    values[rng.random(shape) < gaps] = np.nan
    return made(values)


def plain(data: xr.DataArray, scheme: Scheme, reduce) -> xr.DataArray:
    """The same by taking the training years out and reducing them."""
    over = [d for d in ("init", "member") if d in data.dims]
    by_year: dict[int, xr.DataArray] = {}
    for train, judged in folds(data.sizes["init"], scheme):
        climate = reduce(data.isel(init=train).astype("f8"), over)
        by_year |= {int(y): climate for y in judged}
    years = [by_year[y] for y in range(data.sizes["init"])]
    return xr.concat(years, data["init"])


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.text)
@given(values=POOLS)
@pytest.mark.filterwarnings("ignore:.*NaN slice:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:Degrees of freedom:RuntimeWarning")
def test_kernels_agree_with_plain_xarray(scheme, values):
    data = made(values)
    got = left_out.quantiles(data, THIRDS, scheme)
    expected = plain(data, scheme, lambda x, over: x.quantile(THIRDS, over)).transpose(*got.dims)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        left_out.mean(data, scheme),
        plain(data, scheme, lambda x, over: x.mean(over)),
        rtol=1e-5,
        atol=1e-5,
    )
    np.testing.assert_allclose(
        left_out.std(data, scheme),
        plain(data, scheme, lambda x, over: x.std(over, ddof=1)),
        rtol=1e-5,
        atol=1e-4,
    )


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.text)
def test_observations_have_no_members(scheme):
    data = random(shape=(12, 5), gaps=0)
    got = left_out.quantiles(data, THIRDS, scheme)
    assert got.dims == ("init", "quantile", "cell")
    expected = plain(data, scheme, lambda x, over: x.quantile(THIRDS, over)).transpose(*got.dims)
    np.testing.assert_allclose(got, expected, rtol=1e-6)
    member = left_out.quantiles(data.expand_dims("member", 1), THIRDS, scheme)
    np.testing.assert_array_equal(got, member)


def test_more_cells_than_a_line_and_a_map_of_them():
    data = random(shape=(6, 3, 11 * 13))
    on_map = data.data.reshape(6, 3, 11, 13)
    labelled = xr.DataArray(
        on_map, dims=("init", "member", "lat", "lon"), coords={"lat": np.arange(11.0)}
    )
    got = left_out.quantiles(labelled, [0.25], LEAVE_ONE_OUT)
    assert got.dims == ("init", "quantile", "lat", "lon")
    np.testing.assert_array_equal(got["lat"], labelled["lat"])
    flat = left_out.quantiles(data, [0.25], LEAVE_ONE_OUT)
    np.testing.assert_array_equal(got.data.reshape(flat.shape), flat)


@pytest.mark.parametrize("text", ["loo", "l3o", "split"])
@pytest.mark.parametrize("wild", [1e30, -1e30, np.inf, np.nan])
def test_judged_year_never_moves_its_own_climatology(text, wild):
    scheme = Scheme.parse(text)
    data = random(gaps=0.1)
    changed = data.copy(deep=True)
    changed[4] = wild
    for climate in (
        lambda x: left_out.mean(x, scheme),
        lambda x: left_out.std(x, scheme),
        lambda x: left_out.quantiles(x, THIRDS, scheme),
    ):
        np.testing.assert_array_equal(climate(changed)[4], climate(data)[4])
        with np.errstate(all="ignore"):
            assert not np.array_equal(climate(changed)[10], climate(data)[10])


def test_without_cross_validation_the_leak_is_there_to_be_found():
    data = random(gaps=0)
    changed = data.copy(deep=True)
    changed[4] = 1e6
    for climate in (left_out.mean, left_out.std):
        scheme = Scheme.parse("none")
        assert (climate(changed, scheme)[4] != climate(data, scheme)[4]).all()


def test_order_of_years_and_members_does_not_matter():
    data = random()
    years = np.random.default_rng(1).permutation(11)
    mixed = data.isel(init=years, member=[2, 0, 3, 1])
    got = left_out.quantiles(mixed, THIRDS, LEAVE_ONE_OUT)
    expected = left_out.quantiles(data, THIRDS, LEAVE_ONE_OUT).isel(init=years)
    np.testing.assert_array_equal(got, expected)


def test_missing_cells_stay_missing():
    data = random(gaps=0)
    data[:, :, 3] = np.nan
    for got in (
        left_out.mean(data, LEAVE_ONE_OUT),
        left_out.std(data, LEAVE_ONE_OUT),
        left_out.quantiles(data, THIRDS, LEAVE_ONE_OUT),
    ):
        assert got.isel(cell=3).isnull().all()
        assert got.drop_isel(cell=3).notnull().all()


def test_a_bound_that_is_a_value_is_that_value():
    data = made(np.arange(23, dtype="f4")[:, None] * np.float32(0.1))
    got = left_out.quantiles(data, [1 / 3, 2 / 3], LEAVE_ONE_OUT)  # 22 years: ranks 7 and 14
    assert np.isin(got.values, data.values).all()


def test_one_climatology_of_all_years():
    data = random(gaps=0)
    assert left_out.mean(data, None).dims == ("cell",)
    np.testing.assert_allclose(
        left_out.quantiles(data, THIRDS, None),
        data.astype("f8").quantile(THIRDS, ("init", "member")),
        rtol=1e-6,
    )


def test_result_says_what_it_is():
    data = random().assign_attrs(units="K")
    got = left_out.quantiles(data, THIRDS, Scheme.parse("l3o"))
    assert got.attrs["units"] == "K"
    assert "leaving out 3 consecutive years" in got.attrs["method"]
    assert "members" in got.attrs["method"]
    assert "members" not in left_out.mean(data.isel(member=0), LEAVE_ONE_OUT).attrs["method"]


@pytest.mark.parametrize("wrong", [[-0.1], [1.1], [np.nan]])
def test_probabilities_beyond_one_are_refused(wrong):
    with pytest.raises(BadRequest, match="within 0 and 1"):
        left_out.quantiles(random(), wrong, LEAVE_ONE_OUT)


def test_too_few_years_and_none_are_refused():
    with pytest.raises(BadRequest, match="too few"):
        left_out.mean(random().isel(init=[0, 1]), LEAVE_ONE_OUT)
    with pytest.raises(BadRequest, match="needs years"):
        left_out.mean(random().isel(init=0, drop=True), LEAVE_ONE_OUT)


@given(
    st.sampled_from([("f4", 32), ("f8", 64)]).flatmap(
        lambda t: hnp.arrays(
            t[0], st.integers(0, 60), elements=st.floats(width=t[1], allow_nan=False)
        )
    )
)
def test_radix_sort_sorts_any_floats(values):
    pool, raw, keys, order, counts = room(values.size, values.dtype)
    pool[:] = values
    found = ascending(raw, values.size, keys, order, counts)[: values.size]
    assert sorted(found.tolist()) == list(range(values.size))
    np.testing.assert_array_equal(values[found], np.sort(values))
