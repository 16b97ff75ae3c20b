"""The rank-sum test, against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from data_layer.errors import BadRequest
from data_layer.verification.significance import rank_sum


def made(
    seed: int = 0, members: int = 7, shift: float = 0.5, digits: int = 8, cells: int = 70
) -> tuple[xr.DataArray, xr.DataArray]:
    rng = np.random.default_rng(seed)
    forecast = rng.normal(shift, 1, (members, cells)).round(digits)
    hindcast = rng.normal(0, 1, (9, 5, cells)).round(digits)
    return (
        xr.DataArray(forecast, dims=("member", "cell"), coords={"cell": np.arange(cells)}),
        xr.DataArray(hindcast, dims=("init", "member", "cell"), coords={"cell": np.arange(cells)}),
    )


def by_scipy(forecast: xr.DataArray, hindcast: xr.DataArray) -> list[float]:
    found = []
    for c in range(forecast.sizes["cell"]):
        a, b = forecast.values[:, c], hindcast.values[:, :, c].ravel()
        a, b = a[~np.isnan(a)], b[~np.isnan(b)]
        test = stats.mannwhitneyu(a, b, alternative="two-sided", method="asymptotic")
        found.append(test.pvalue)
    return found


@given(
    seed=st.integers(0, 10**6),
    members=st.integers(1, 12),
    shift=st.sampled_from([0.0, 0.5, 3.0]),
    digits=st.sampled_from([8, 1, 0]),
    dtype=st.sampled_from(["f4", "f8"]),
)
@settings(max_examples=40)
def test_agrees_with_scipy(seed, members, shift, digits, dtype):
    f, h = (x.astype(dtype) for x in made(seed, members, shift, digits, cells=8))
    np.testing.assert_allclose(rank_sum(f, h), by_scipy(f, h), rtol=1e-5, atol=1e-12)


def test_missing_values_are_left_out_and_missing_cells_stay_missing():
    f, h = made(members=10)
    rng = np.random.default_rng(1)
    f, h = f.where(rng.random(f.shape) > 0.2), h.where(rng.random(h.shape) > 0.2)
    np.testing.assert_allclose(rank_sum(f, h), by_scipy(f, h), rtol=1e-9)
    f[:, 3], h[:, :, 4] = np.nan, np.nan
    np.testing.assert_array_equal(rank_sum(f, h).isnull().values.nonzero()[0], [3, 4])


def test_where_all_is_equal_nothing_is_significant():
    f, h = made()
    f[:, 2], h[:, :, 2] = 0.0, -0.0
    assert rank_sum(f, h)[2] == 1.0


def test_order_does_not_matter():
    f, h = made(digits=1)
    mixed = rank_sum(f[::-1], h[::-1, ::-1])
    np.testing.assert_allclose(mixed, rank_sum(f, h), rtol=1e-12)


def test_chance_alone_shades_a_tenth_of_the_places():
    f, h = made(members=11, shift=0.0, cells=5000)
    shaded = int((rank_sum(f, h) < 0.10).sum())
    low, high = stats.binom.interval(0.999, 5000, 0.10)
    # The correction for continuity makes it a little shy.
    assert 0.9 * low <= shaded <= high


def test_maps_come_back_labelled():
    f, h = made(cells=6)
    coords = {"lat": [1.0, 2.0], "lon": [0.0, 1.0, 2.0]}
    on_map = xr.DataArray(f.data.reshape(7, 2, 3), coords, ("member", "lat", "lon"))
    pool = xr.DataArray(h.data.reshape(9, 5, 2, 3), coords, ("init", "member", "lat", "lon"))
    got = rank_sum(on_map.transpose("lat", "lon", "member"), pool.transpose("lon", ...))
    assert got.dims == ("lat", "lon")
    np.testing.assert_array_equal(got.data.ravel(), rank_sum(f, h))
    assert "7 members against 45 hindcast values" in got.attrs["method"]
    assert rank_sum(f[:, 0], h[:, :, 0]).dims == ()


def test_what_cannot_be_compared_is_refused():
    f, h = made()
    with pytest.raises(BadRequest, match="is compared with a hindcast"):
        rank_sum(h, h)
    with pytest.raises(BadRequest, match="is compared with a hindcast"):
        rank_sum(f, h[0])
    with pytest.raises(BadRequest, match="same cells"):
        rank_sum(f, h.assign_coords(cell=h["cell"] + 1))
    with pytest.raises(BadRequest, match="at least 1 members"):
        rank_sum(f[:0], h)
    with pytest.raises(BadRequest, match="hindcast values"):
        rank_sum(f, h[:0])
