"""Years and members of a hindcast in one pool."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer.climatology import climatology_of
from data_layer.errors import BadRequest

THIRDS = (1 / 3, 2 / 3)


def hindcast(years=(1990, 1991, 1993), members=4, seed=0, **sizes) -> xr.DataArray:
    sizes = sizes or {"lat": 2, "lon": 3}
    starts = np.array([f"{y}-10-01" for y in years], "datetime64[ns]")
    shape = (len(years), members, *sizes.values())
    values = np.random.default_rng(seed).normal(280, 3, shape).astype("f4")
    coords = {"init": starts, **{d: np.arange(n) * 10.0 for d, n in sizes.items()}}
    return xr.DataArray(values, coords, ("init", "member", *sizes), attrs={"units": "K"})


def test_moments_and_quantiles_are_over_years_and_members_together():
    past = hindcast()
    found = climatology_of(past, THIRDS)
    pool = past.stack(pool=("init", "member")).astype("f8")
    xr.testing.assert_allclose(found.mean.astype("f8"), pool.mean("pool"), rtol=1e-6)
    xr.testing.assert_allclose(found.std.astype("f8"), pool.std("pool", ddof=1), rtol=1e-5)
    for p in THIRDS:
        wanted = pool.quantile(p, "pool").drop_vars("quantile")
        xr.testing.assert_allclose(found.quantile(p).astype("f8"), wanted, rtol=1e-6)


def test_a_quantile_is_found_by_its_probability():
    past = hindcast()
    found = climatology_of(past, (0.9, *THIRDS))
    assert found.quantiles.dims == ("quantile", "lat", "lon")
    np.testing.assert_array_equal(found.quantiles["quantile"], (0.9, *THIRDS))
    np.testing.assert_array_equal(found.quantile(0.9), found.quantiles[0])
    np.testing.assert_array_equal(found.quantile(2 / 3), found.quantiles[2])
    assert set(found.quantile(2 / 3).coords) == {"lat", "lon"}


def test_it_tells_its_years_and_its_size():
    found = climatology_of(hindcast())
    assert (found.years, found.size) == ((1990, 1993), (3, 4))
    assert found.told == "hindcast 1990-1993, 3 starts of 4 members, 12 values"
    assert found.quantiles.shape == (0, 2, 3)


@pytest.mark.parametrize("sizes", [{"lead": 2}, {"lat": 1, "lon": 1}, {"lon": 2, "lead": 3}])
def test_any_cells_keep_their_order_and_labels(sizes):
    found = climatology_of(hindcast(**sizes), (0.5,))
    for field in (found.mean, found.std, found.quantile(0.5)):
        assert field.dims == tuple(sizes)
        for d in sizes:
            np.testing.assert_array_equal(field[d], np.arange(sizes[d]) * 10.0)


def test_a_place_has_a_climatology_of_one_number():
    past = hindcast().isel(lat=0, lon=0)
    found = climatology_of(past, (0.5,))
    assert found.mean.shape == ()
    assert found.quantile(0.5).item() == pytest.approx(float(past.median()), rel=1e-6)


@given(st.randoms())
def test_the_order_of_years_members_and_dims_does_not_matter(random):
    past = hindcast()
    years, members, dims = list(range(3)), list(range(4)), list(past.dims)
    for order in (years, members, dims):
        random.shuffle(order)
    other = climatology_of(past.isel(init=years, member=members).transpose(*dims), THIRDS)
    expected = climatology_of(past, THIRDS)
    for got, wanted in zip(
        (other.mean, other.std, other.quantiles),
        (expected.mean, expected.std, expected.quantiles),
        strict=True,
    ):
        xr.testing.assert_allclose(got.transpose(*wanted.dims), wanted, rtol=1e-6)
    assert other.told == expected.told


def test_what_is_missing_is_left_out():
    past = hindcast()
    past[0, :2, 0, 0] = np.nan
    past[:, :, 1, 1] = np.nan
    past[1:, :, 1, 2] = np.nan
    past[0, 1:, 1, 2] = np.nan
    found = climatology_of(past, (0.5,))
    there = past.values[:, :, 0, 0].ravel()
    there = there[~np.isnan(there)]
    assert found.mean[0, 0].item() == pytest.approx(there.mean(), rel=1e-6)
    assert found.quantile(0.5)[0, 0].item() == pytest.approx(np.median(there), rel=1e-6)
    for field in (found.mean, found.std, found.quantile(0.5)):
        assert np.isnan(field[1, 1])
        assert not np.isnan(field[0, 1])
    # One value: a mean, and no deviation.
    assert found.mean[1, 2].item() == past[0, 0, 1, 2].item()
    assert np.isnan(found.std[1, 2])


def test_one_year_is_no_climatology():
    with pytest.raises(BadRequest) as caught:
        climatology_of(hindcast(years=(1990,)))
    assert str(caught.value) == (
        "A climatology needs the forecasts of at least 2 years; there are 1. "
        "There is: 1990. Choose more years, or a start with a hindcast."
    )
    assert climatology_of(hindcast(years=(1990, 1991), members=1)).size == (2, 1)


def test_the_hindcast_is_not_changed():
    past = hindcast()
    before = past.copy(deep=True)
    climatology_of(past, THIRDS)
    xr.testing.assert_identical(past, before)
