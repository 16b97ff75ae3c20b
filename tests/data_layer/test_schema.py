"""Order on the globe, and what a lagged member's leads become."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer import schema
from data_layer.errors import UnreadableFile
from data_layer.timing import valid_period

REGIONS = st.tuples(
    st.sampled_from([0.25, 1.0, 2.5, 7.5]), st.integers(0, 1439), st.integers(2, 60)
).map(lambda r: r[1] * 0.25 + r[0] * np.arange(min(r[2], int(360 / r[0]))))


@given(REGIONS, st.integers(0, 59), st.sampled_from([0.0, -180.0, 180.0]))
def test_longitudes_in_any_order_are_put_eastward_in_one_piece(east, turn, origin):
    given_lon = np.roll((east - origin) % 360 + origin, turn)
    order, lon = schema.lon_order(given_lon)
    assert sorted(order) == list(range(east.size))
    np.testing.assert_allclose(lon % 360, given_lon[order] % 360, atol=1e-9)
    assert 0 <= lon[0] < 360
    assert lon[-1] < 720
    np.testing.assert_allclose(np.diff(lon), east[1] - east[0], atol=1e-9)


@given(st.integers(0, 359))
def test_a_global_grid_begins_at_its_first_cell_from_greenwich(turn):
    _, lon = schema.lon_order(np.roll(np.arange(0.5, 360.0), turn))
    np.testing.assert_array_equal(lon, np.arange(0.5, 360.0))


@pytest.mark.parametrize(
    ("lon", "closed"),
    [
        (np.arange(0.0, 360.0, 1.25), True),
        (np.arange(0.5, 360.0).astype("f4"), True),
        (np.arange(0.0, 360.0, 1.25)[:-1], False),
        (np.arange(110.0, 160.0), False),
        (np.array([5.0]), False),
    ],
)
def test_only_a_whole_circle_wraps(lon, closed):
    assert schema.wraps(lon) is closed


def labelled(**coords) -> xr.DataArray:
    """Each cell holds the sum of its coordinates, which tells it from the others."""
    arrays = [xr.DataArray(np.asarray(v, float), dims=k) for k, v in coords.items()]
    return sum(arrays[1:], arrays[0]).assign_coords({k: (k, v) for k, v in coords.items()})


def test_arranging_moves_the_numbers_with_their_labels():
    da = labelled(member=[2, 0, 1], lead=[1, 0], lat=[30.0, 10, -10], lon=[-120.0, 0, 120])
    out = schema.arrange(da)
    for dim, values in {"member": [0, 1, 2], "lead": [0, 1], "lat": [-10, 10, 30]}.items():
        np.testing.assert_array_equal(out[dim].values, values)
    np.testing.assert_array_equal(out["lon"].values, [0, 120, 240])
    west = out.assign_coords(lon=[0, 120, -120])
    np.testing.assert_array_equal(west.sel(da.coords).values, da.values)


def test_arranging_what_is_arranged_copies_nothing():
    da = labelled(member=[0, 1], lat=[-10.0, 10], lon=[0.0, 120, 240])
    assert np.shares_memory(schema.arrange(da).values, da.values)


def test_a_single_meridian_is_named_eastward():
    da = labelled(lat=[0.0, 1.0], lon=[-170.0]).isel(lon=0)
    assert schema.arrange(da)["lon"].item() == 190.0


def test_a_dataset_without_a_canonical_axis_is_refused(forecast):
    with pytest.raises(UnreadableFile, match="no coordinate 'lead'"):
        schema.validate(forecast().drop_vars("lead"))
    with pytest.raises(UnreadableFile, match="months, days or hours"):
        schema.validate(forecast(unit="weeks"))
    with pytest.raises(UnreadableFile, match="'member' is not whole"):
        schema.validate(forecast().assign_coords(member=[0.0, 1.0, 2.0]))


def test_a_canonical_dataset_is_returned_as_it_is(forecast, observations):
    for ds in (forecast(), observations()):
        assert schema.validate(ds) is ds


@given(
    st.sampled_from(["months", "days"]),
    st.integers(0, 30),
    st.lists(st.integers(0, 12), min_size=1, max_size=4, unique=True),
)
def test_a_lagged_member_keeps_its_valid_times(forecast, unit, back, leads):
    nominal = np.datetime64("2026-11-05")
    ds = forecast(inits=(str(nominal - np.timedelta64(back, "D")),), leads=tuple(leads), unit=unit)
    seen = schema.as_lagged(ds, schema.moments(nominal)[0])

    def begins(d: xr.Dataset) -> list[object]:
        (start,) = schema.moments(d["init"].values)
        return [valid_period(start, int(lead), unit)[0] for lead in d["lead"].values]

    assert begins(seen) == begins(ds)
    assert (seen["member_init"].values == ds["init"].values).all()
    assert seen["lead"].attrs == ds["lead"].attrs
    np.testing.assert_array_equal(seen["tas"].values, ds["tas"].values)


def test_an_index_is_told_from_a_cell_that_lies_at_the_same_place():
    place = xr.Dataset(coords={"lat": ("lat", [0.0]), "lon": ("lon", [0.0])})
    index = xr.Dataset(coords=schema.nowhere())
    xr.testing.assert_equal(index, place)
    assert schema.is_index(index)
    assert not schema.is_index(place)


def test_the_cell_of_an_index_leaves_no_trace():
    coords = {"time": [0, 1, 2], **schema.nowhere()}
    da = schema.arrange(xr.DataArray(np.arange(3.0).reshape(3, 1, 1), coords))
    out = schema.without_cell(da)
    assert (out.dims, list(out.coords)) == (("time",), ["time"])
    assert out.values.tolist() == [0, 1, 2]
