"""Curves, fans and bars of samples."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from data_layer.errors import BadRequest
from data_layer.indices.distribution import (
    FAN,
    bandwidth,
    cdf,
    density,
    empirical_cdf,
    exceedance,
    fan,
    tercile_bars,
)


def plume(values) -> xr.DataArray:
    values = np.asarray(values, float)
    coords = {"member": np.arange(values.shape[0]), "lead": np.arange(values.shape[1])}
    return xr.DataArray(values, coords, ("member", "lead"), "sst", {"units": "K"})


def hindcast(seed: int = 4, inits: int = 10, members: int = 6, leads: int = 2) -> xr.DataArray:
    values = np.random.default_rng(seed).normal(size=(inits, members, leads))
    return xr.DataArray(
        values, {"lead": np.arange(leads)}, ("init", "member", "lead"), "sst", {"units": "K"}
    )


def test_the_empirical_function_steps_by_equal_parts_of_what_is_there():
    points = empirical_cdf(plume([[3.0, 1.0], [1.0, np.nan], [2.0, 5.0]]))
    assert points.dims == ("lead", "rank")
    assert np.array_equal(points, [[1, 2, 3], [1, 5, np.nan]], equal_nan=True)
    assert np.array_equal(points.probability, [[1 / 3, 2 / 3, 1], [0.5, 1, np.nan]], equal_nan=True)
    assert points.attrs["units"] == "K"


def test_the_share_up_to_a_value_includes_it_and_that_above_does_not():
    sample = plume([[1.0, 1.0], [2.0, np.nan], [2.0, np.nan], [4.0, np.nan]])
    below = cdf(sample, [0.0, 1.0, 2.0, 4.0])
    assert below.dims == ("lead", "value")
    assert below.values.tolist() == [[0.0, 0.25, 0.75, 1.0], [0.0, 1.0, 1.0, 1.0]]
    assert np.allclose(below + exceedance(sample, below.value), 1.0)
    assert exceedance(sample, 2.0).sel(lead=0).item() == 0.25
    assert np.isnan(cdf(sample * np.nan, [0.0])).all()


@given(values=arrays(float, (9, 2), elements=st.floats(-5, 5) | st.just(np.nan)))
def test_curves_agree_with_counting_and_never_fall(values):
    at = np.linspace(-6, 6, 13)
    curve = cdf(plume(values), at)
    for lead in range(2):
        there = values[:, lead][~np.isnan(values[:, lead])]
        if there.size:
            wanted = [(there <= v).mean() for v in at]
            assert np.allclose(curve.values[lead], wanted)
            assert np.all(np.diff(curve.values[lead]) >= 0)


def test_the_climatology_is_pooled_over_years_and_members():
    sample = hindcast()
    pooled = sample.values.reshape(-1, 2)
    assert np.allclose(
        cdf(sample, [0.1], over=("init", "member")).values[:, 0], (pooled <= 0.1).mean(axis=0)
    )


def test_the_bandwidth_is_silvermans():
    sample = hindcast()
    values = sample.values.reshape(-1, 2)[:, 0]
    spread = min(values.std(ddof=1), np.subtract(*np.percentile(values, [75, 25])) / 1.34)
    h = bandwidth(sample, ("init", "member"))
    assert h.dims == ("lead",)
    assert h[0].item() == pytest.approx(0.9 * spread * 60**-0.2)


def test_a_bandwidth_needs_values_that_differ():
    assert np.isnan(bandwidth(plume([[1.0, 1.0], [1.0, np.nan]]))).all()
    mostly = plume([[0.0], [0.0], [0.0], [0.0], [5.0]])
    assert bandwidth(mostly).item() == pytest.approx(0.9 * np.sqrt(5) * 5**-0.2)


def test_the_density_is_that_of_scipy_with_the_same_bandwidth():
    sample, at = hindcast(), np.linspace(-4, 4, 17)
    curve = density(sample, at, ("init", "member"))
    assert curve.dims == ("lead", "value")
    assert curve.attrs["units"] == "(K)-1"
    for lead in range(2):
        values = sample.values[:, :, lead].ravel()
        h = curve.bandwidth[lead].item()
        oracle = stats.gaussian_kde(values, bw_method=h / values.std(ddof=1))
        assert np.allclose(curve.values[lead], oracle(at))


def test_the_density_of_what_is_there_sums_to_one():
    sample = plume([[0.0, 1.0], [1.0, np.nan], [3.0, np.nan]])
    at = np.linspace(-20, 20, 2001)
    curve = density(sample, at)
    assert np.trapezoid(curve.sel(lead=0), at) == pytest.approx(1.0)
    assert np.isnan(curve.sel(lead=1)).all()
    given_width = density(sample, at, width=2.0)
    assert np.trapezoid(given_width.sel(lead=1), at) == pytest.approx(1.0)
    assert "as given" in given_width.attrs["method"]


def test_the_fan_is_of_numpys_percentiles():
    sample = hindcast()
    quantiles = fan(sample)
    assert quantiles.dims == ("lead", "percentile")
    assert quantiles.percentile.values.tolist() == list(FAN)
    assert np.allclose(quantiles.T, np.percentile(sample.values.reshape(-1, 2), FAN, axis=0))
    assert quantiles.attrs["units"] == "K"


@given(
    values=arrays(float, (8, 2), elements=st.floats(-5, 5) | st.just(np.nan)),
    percentile=st.floats(0, 100),
)
def test_percentiles_agree_with_numpys_whatever_is_missing(values, percentile):
    ours = fan(plume(values), [percentile], "member")
    for lead in range(2):
        there = values[:, lead][~np.isnan(values[:, lead])]
        wanted = np.percentile(there, percentile) if there.size else np.nan
        assert ours[lead, 0].item() == pytest.approx(wanted, nan_ok=True)


def test_terciles_of_the_hindcast_itself_have_a_third_each():
    sample = hindcast(inits=10, members=6, leads=3)
    members = sample.stack(pool=("init", "member"), create_index=False).rename(pool="member")
    bars = tercile_bars(members, sample)
    assert bars.dims == ("lead", "category")
    assert np.allclose(bars, 1 / 3)
    assert bars["count"].values.tolist() == [[20, 20, 20]] * 3


def test_each_lead_has_its_own_terciles():
    sample = hindcast() + xr.DataArray([0.0, 100.0], dims="lead")
    bars = tercile_bars(plume([[9.0, 9.0], [-9.0, -9.0], [9.0, 200.0]]), sample)
    assert bars.category.values.tolist() == ["below", "near", "above"]
    assert np.allclose(bars, [[1 / 3, 0, 2 / 3], [2 / 3, 0, 1 / 3]])


@given(order=st.permutations(range(6)), years=st.permutations(range(10)))
def test_the_order_of_members_and_years_does_not_matter(order, years):
    sample = hindcast()
    shuffled = sample.isel(init=years, member=order)
    forecast = sample.isel(init=0, drop=True)
    assert np.array_equal(fan(sample), fan(shuffled))
    bars = tercile_bars(forecast.isel(member=order), shuffled)
    assert np.array_equal(tercile_bars(forecast, sample), bars)


def test_cells_are_kept_and_missing_ones_stay_missing():
    sample = hindcast().expand_dims(lat=2, axis=-1).copy()
    sample[..., 1] = np.nan
    for curve in (
        fan(sample),
        cdf(sample, [0.0, 1.0], ("init", "member")),
        density(sample, [0.0, 1.0], ("init", "member")),
        tercile_bars(sample.isel(init=0), sample),
    ):
        assert curve.dims[:2] == ("lead", "lat")
        assert np.isnan(curve.isel(lat=1)).all()
        assert np.isfinite(curve.isel(lat=0)).all()


def test_samples_and_values_without_sense_are_refused():
    sample = plume([[1.0, 2.0]])
    with pytest.raises(BadRequest, match="no init"):
        fan(sample)
    with pytest.raises(BadRequest, match="no member"):
        cdf(sample.isel(member=[]), [1.0])
    with pytest.raises(BadRequest, match="values"):
        exceedance(sample, [np.nan])
    with pytest.raises(BadRequest, match="0 to 100"):
        fan(sample, [0.5, 101], "member")
    with pytest.raises(BadRequest, match="width over 0"):
        density(sample, [1.0], width=0.0)
