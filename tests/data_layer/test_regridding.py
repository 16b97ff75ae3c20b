"""Observations as means over the cells of another grid."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer.regridding import edges, regrid


def field(lat, lon, values=None, **attrs) -> xr.DataArray:
    lat, lon = np.asarray(lat, float), np.asarray(lon, float)
    if values is None:
        values = np.random.default_rng(lat.size * 100 + lon.size).normal(
            10, 3, (lat.size, lon.size)
        )
    return xr.DataArray(
        np.asarray(values, "f8"), {"lat": lat, "lon": lon}, ("lat", "lon"), "o", attrs
    )


def globe(step: float, pole: bool) -> tuple[np.ndarray, np.ndarray]:
    first = -90.0 if pole else -90.0 + step / 2
    return np.arange(first, 90.001, step), np.arange(0.0, 360.0, step)


def areas(lat, lon) -> np.ndarray:
    rows = np.diff(np.sin(np.deg2rad(np.clip(edges(np.asarray(lat, float)), -90, 90))))
    return np.outer(rows, np.diff(edges(np.asarray(lon, float))))


def test_edges_lie_midway_and_as_far_beyond_the_ends():
    np.testing.assert_array_equal(edges(np.array([0.0, 2.0, 6.0])), [-1, 1, 4, 8])
    np.testing.assert_array_equal(edges(np.array([5.0]), 3.0), [3.5, 6.5])
    np.testing.assert_array_equal(edges(np.array([5.0])), [4.5, 5.5])


def test_the_same_grid_is_left_untouched():
    observed = field([-10, 0, 10], [0, 10, 20], units="K")
    observed[1, 1] = np.nan
    found = regrid(observed, np.array([-10.0, 0, 10]), np.array([0.0, 10, 20]), (10, 10))
    xr.testing.assert_identical(found, observed)


def test_a_grid_that_differs_by_rounding_alone_takes_the_wanted_labels():
    observed = field([-10, 0, 10], [0, 10, 20])
    lat = np.array([-10.0, 0, 10]) + 1e-5
    found = regrid(observed, lat, observed["lon"].values, (10, 10))
    np.testing.assert_array_equal(found, observed)
    np.testing.assert_array_equal(found["lat"], lat)


@given(
    st.sampled_from([2.0, 3.0, 5.0, 7.5, 10.0]),
    st.sampled_from([2.5, 4.0, 6.0, 15.0, 30.0]),
    st.booleans(),
    st.booleans(),
)
def test_the_mean_over_the_globe_is_conserved(own, wanted, own_pole, wanted_pole):
    observed = field(*globe(own, own_pole))
    lat, lon = globe(wanted, wanted_pole)
    found = regrid(observed, lat, lon, (wanted, wanted))
    before, after = (np.average(f, weights=areas(f["lat"], f["lon"])) for f in (observed, found))
    assert after == pytest.approx(before, rel=1e-9)
    assert observed.min() - 1e-9 <= found.min()
    assert found.max() <= observed.max() + 1e-9


@given(st.integers(-(10**6), 10**6).map(lambda n: n / 1000))
def test_a_constant_stays_what_it_is(constant):
    lat, lon = globe(5.0, True)
    found = regrid(
        field(lat, lon, np.full((lat.size, lon.size), constant)), *globe(8.0, False), (8, 8)
    )
    np.testing.assert_allclose(found, constant, rtol=1e-12)


def test_two_by_two_cells_become_one_by_hand():
    observed = field([-5, 5, 15, 25], [0, 10, 20, 30], np.arange(16.0).reshape(4, 4))
    found = regrid(observed, np.array([0.0, 20.0]), np.array([5.0, 25.0]), (20, 20))
    weight = {lat: np.diff(np.sin(np.deg2rad([lat - 5, lat + 5])))[0] for lat in (-5, 5, 15, 25)}
    # Rows by their areas, columns alike.
    north = [
        (r * weight[15] + s * weight[25]) / (weight[15] + weight[25])
        for r, s in ((8.5, 12.5), (10.5, 14.5))
    ]
    np.testing.assert_allclose(found, [[2.5, 4.5], north], rtol=1e-12)


def test_smaller_cells_get_the_value_of_the_cell_around_them():
    observed = field([-10, 10], [0, 20], [[1, 2], [3, 4]])
    lat, lon = np.array([-15.0, -5, 5, 15]), np.array([-5.0, 5, 15, 25])
    found = regrid(observed, lat, lon, (10, 10))
    expected = np.repeat(np.repeat([[1, 2], [3, 4]], 2, 0), 2, 1)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("turn", [-360.0, 0.0, 360.0])
def test_longitudes_of_any_turn_are_one_circle(turn):
    observed = field([0, 10], np.arange(0.0, 360.0, 10.0))
    lon = np.array([350.0, 360.0, 370.0, 380.0])
    found = regrid(observed, np.array([0.0, 10.0]), lon + turn, (10, 10))
    np.testing.assert_allclose(found, observed.values[:, [35, 0, 1, 2]], rtol=1e-12)
    np.testing.assert_array_equal(found["lon"], lon + turn)


def test_a_wanted_cell_across_greenwich_takes_from_both_sides():
    observed = field([0, 10], np.arange(5.0, 360.0, 10.0), np.tile(np.arange(36.0), (2, 1)))
    found = regrid(observed, np.array([0.0, 10.0]), np.array([0.0, 10.0]), (10, 10))
    np.testing.assert_allclose(found, [[17.5, 0.5]] * 2)


def test_a_region_across_greenwich_covers_what_lies_in_it_alone():
    observed = field([0, 10], [350, 360, 370])
    found = regrid(observed, np.array([0.0, 10.0]), np.array([0.0, 10.0, 20.0]), (10, 10))
    np.testing.assert_allclose(found[:, :2], observed.values[:, 1:])
    assert np.isnan(found[:, 2]).all()


def test_what_is_missing_is_left_out_of_the_mean():
    observed = field([-5, 5], [0, 10], [[1, np.nan], [3, 5]])
    found = regrid(observed, np.array([0.0]), np.array([5.0]), (20, 20))
    assert found.item() == pytest.approx(3.0)


@pytest.mark.parametrize("infinite", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("share", "there"), [(1, False), (2, True), (3, True)])
def test_a_cell_of_which_less_than_half_is_there_is_missing(infinite, share, there):
    values = np.full((1, 4), infinite)
    values[0, :share] = 7.0
    observed = field([0.0], [0, 10, 20, 30], values)
    found = regrid(observed, np.array([0.0]), np.array([15.0]), (1, 40))
    assert np.isfinite(found.item()) == there
    if there:
        assert found.item() == pytest.approx(7.0)


@pytest.mark.parametrize("lat", [-75.0, -33.0, 12.0, 47.3, 81.0])
@pytest.mark.parametrize("step", [0.3, 1.0, 2.5])
def test_a_cell_of_which_exactly_half_is_there_is_kept(lat, step):
    lon = np.arange(0.0, 360.0, step)
    values = np.where(np.arange(lon.size) % 2 == 0, 1.0, np.nan)[None].repeat(3, axis=0)
    observed = field([lat - step, lat, lat + step], lon, values)
    wanted = lon[:-1:2] + step / 2
    found = regrid(observed, observed["lat"].values, wanted, (step, 2 * step))
    np.testing.assert_allclose(found, 1.0)


def test_a_cell_beyond_the_observations_is_missing():
    observed = field([0, 10], [0, 10])
    lat, lon = np.arange(-10.0, 40.0, 10.0), np.arange(0.0, 40.0, 10.0)
    found = regrid(observed, lat, lon, (10, 10))
    np.testing.assert_allclose(found[1:3, :2], observed)
    assert found.notnull().sum() == 4


def test_a_single_cell_is_as_large_as_its_grid_says():
    observed = field([-5, 5], [0, 10], [[1, 2], [3, 4]])
    small = regrid(observed, np.array([5.0]), np.array([10.0]), (10, 10))
    assert small.item() == pytest.approx(4)
    large = regrid(observed, np.array([0.0]), np.array([5.0]), (20, 20))
    assert large.item() == pytest.approx(2.5)


def test_other_dims_names_and_precision_stay():
    lat, lon = globe(10.0, False)
    times = np.array(["2020-01-01", "2020-02-01"], "datetime64[ns]")
    whole = xr.concat([field(lat, lon), field(lat, lon) + 1], "time").assign_coords(time=times)
    whole = whole.astype("f4").rename("sst").assign_attrs(units="K")
    found = regrid(whole, *globe(20.0, False), (20, 20))
    assert (found.dims, found.name, found.attrs) == (("time", "lat", "lon"), "sst", {"units": "K"})
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found["time"], times)
    np.testing.assert_allclose(found[1] - found[0], 1.0, rtol=1e-5)


def test_counts_become_means_with_decimals():
    observed = field([0.0, 10.0], [0, 10], [[1, 2], [1, 2]]).astype("i4")
    found = regrid(observed, np.array([0.0, 10.0]), np.array([5.0]), (10, 20))
    np.testing.assert_allclose(found, [[1.5], [1.5]])
