"""Area means: by hand, on awkward grids, and of the regions that have names."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer.errors import BadRequest
from data_layer.indices.regions import (
    GLOBE,
    STANDARD,
    Bounds,
    Region,
    area_mean,
    area_weights,
    box,
    polygon,
    region,
    regions,
)

STATES = [
    "new_south_wales",
    "victoria",
    "queensland",
    "south_australia",
    "western_australia",
    "tasmania",
    "northern_territory",
    "australian_capital_territory",
]
# km², Geoscience Australia, "Area of Australia - States and Territories".
AREAS = {
    "australia": 7_688_094,
    "new_south_wales": 801_137,
    "victoria": 227_444,
    "queensland": 1_729_742,
    "south_australia": 984_274,
    "western_australia": 2_526_632,
    "tasmania": 68_018,
    "northern_territory": 1_347_791,
    "australian_capital_territory": 2_358,
}
KM2 = (6371.0 * np.pi / 180.0) ** 2


def field(lat, lon, *, seed: int | None = None, **dims: int) -> xr.DataArray:
    lat, lon = np.asarray(lat, float), np.asarray(lon, float)
    shape = (*dims.values(), lat.size, lon.size)
    values = np.ones(shape) if seed is None else np.random.default_rng(seed).normal(size=shape)
    return xr.DataArray(values, {"lat": lat, "lon": lon}, (*dims, "lat", "lon"), "sst")


def world(step: float = 5.0, **options) -> xr.DataArray:
    half = step / 2
    return field(np.arange(-90 + half, 90, step), np.arange(half, 360, step), **options)


def test_a_constant_field_has_its_constant_as_mean_everywhere():
    constant = world(2.5) * 3.25
    for each in regions().values():
        assert area_mean(constant, each).item() == pytest.approx(3.25, abs=1e-12)


def test_rows_weigh_by_the_cosine_of_their_latitude():
    da = field([0.0, 60.0], [0.0, 10.0]) * xr.DataArray([1.0, 4.0], dims="lat")
    everything = box("all", "All", -30, 90, -5, 15)
    assert area_mean(da, everything, least=0).item() == pytest.approx((1 + 0.5 * 4) / 1.5)


def test_a_cell_half_inside_counts_half():
    da = field([0.0, 10.0], [0.0, 10.0, 20.0])
    weights = area_weights(da, box("part", "Part", -5, 5, 0, 20))
    assert weights.isel(lat=0).values.tolist() == [50.0, 100.0, 50.0]
    half_row = area_weights(da, box("part", "Part", 5, 10, -5, 25)).isel(lat=1)
    assert np.allclose(half_row, 50.0 * np.cos(np.radians(10.0)))


def test_other_dims_stay_in_their_order_and_the_answer_says_what_it_is():
    da = world(member=3, lead=2, seed=1).transpose("lat", "member", "lon", "lead")
    da.attrs = {"units": "K", "cell_methods": "time: mean"}
    mean = area_mean(da.astype("f4"), region("tropics"))
    assert mean.dims == ("member", "lead")
    assert mean.dtype == np.float64
    assert mean.attrs["units"] == "K"
    assert mean.attrs["cell_methods"] == "time: mean area: mean"
    assert "Tropics" in mean.attrs["method"]
    assert mean["region"].item() == "tropics"


def test_missing_cells_are_left_out_until_too_few_are_there():
    da = field([-5.0, 5.0], [0.0, 10.0]) * xr.DataArray([1.0, 2.0], dims="lon")
    whole = box("whole", "Whole", -10, 10, -5, 15)
    da[0, 0] = np.nan
    assert area_mean(da, whole, least=0.75).item() == pytest.approx(5 / 3)
    assert np.isnan(area_mean(da, whole, least=0.76).item())
    assert np.isnan(area_mean(da * np.nan, whole, least=0).item())


def test_what_lies_beyond_the_grid_is_missing_too():
    regional = field([-5.0, 5.0], [0.0, 10.0])
    twice_as_wide = box("wide", "Wide", -10, 10, -5, 35)
    assert area_mean(regional, twice_as_wide, least=0.5).item() == 1.0
    assert np.isnan(area_mean(regional, twice_as_wide, least=0.51).item())
    twice_as_high = box("high", "High", -10, 30, -5, 15)
    assert np.isnan(area_mean(regional, twice_as_high, least=0.53).item())
    assert np.isnan(area_mean(regional, GLOBE).item())


def test_every_part_of_a_whole_region_may_be_demanded():
    for each in regions().values():
        assert area_mean(world(2.5), each, least=1).item() == pytest.approx(1.0)


def test_a_global_grid_with_rows_at_the_poles_has_all_of_the_globe():
    da = field(np.linspace(90, -90, 37), np.arange(-180.0, 180.0, 5.0))
    assert area_mean(da, GLOBE, least=1).item() == pytest.approx(1.0)
    assert float(area_weights(da, GLOBE).sum()) == pytest.approx(360 * 360 / np.pi, rel=1e-3)


def test_a_region_outside_of_the_grid_is_refused_with_the_grids_extent():
    australian = field(np.arange(-44.5, -9, 0.5), np.arange(112, 156, 0.5))
    with pytest.raises(BadRequest, match=r"44\.5°S to 9\.5°S, 112°E to 155\.5°E"):
        area_mean(australian, region("northern_extratropics"))


def test_a_field_without_a_grid_is_refused():
    with pytest.raises(BadRequest, match="axis 'lat'"):
        area_mean(world().mean("lat"), GLOBE)
    with pytest.raises(BadRequest, match="two latitudes"):
        area_mean(world().isel(lat=[3]), GLOBE)
    with pytest.raises(BadRequest, match="0 to 1"):
        area_mean(world(), GLOBE, least=50)


def test_what_encloses_nothing_is_no_region():
    with pytest.raises(BadRequest, match="south < north"):
        box("upside_down", "Upside down", 10, -10, 0, 10)
    with pytest.raises(BadRequest, match="no width"):
        box("line", "Line", -10, 10, 5, 5)
    with pytest.raises(BadRequest, match="three corners"):
        polygon("line", "Line", [(0, 0), (1, 1)])
    with pytest.raises(BadRequest, match="nowhere"):
        polygon("beyond", "Beyond", [(0, 0), (1, 91), (2, 0)])
    with pytest.raises(BadRequest, match="or neither"):
        Region("nothing", "Nothing")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(BadRequest, match="tropics"):
        region("atlantis")


def test_the_standard_boxes_add_up_to_the_globe():
    globe, *parts = (area_weights(world(3.0), each) for each in STANDARD)
    assert np.allclose(sum(parts), globe)


def test_the_states_add_up_to_australia():
    da = field(np.arange(-44, -9, 0.5), np.arange(112, 155, 0.5))
    states = sum(area_weights(da, region(name)) for name in STATES)
    assert np.allclose(states, area_weights(da, region("australia")), atol=1e-9)


@pytest.mark.parametrize("name", list(AREAS))
def test_australian_regions_have_their_known_areas(name):
    da = field(np.arange(-44, -9, 0.25), np.arange(112, 155, 0.25))
    area = float(area_weights(da, region(name)).sum()) * KM2
    # At this scale the smallest territory's border is cut most, by 7 %.
    assert area == pytest.approx(AREAS[name], rel=0.08 if AREAS[name] < 1e4 else 0.02)


@pytest.mark.parametrize(
    ("name", "lon", "lat"),
    [
        ("new_south_wales", 151.0, -33.0),
        ("victoria", 144.3, -36.8),
        ("queensland", 144.5, -22.6),
        ("south_australia", 135.8, -30.1),
        ("western_australia", 122.2, -25.5),
        ("tasmania", 146.6, -42.0),
        ("northern_territory", 133.4, -19.5),
        ("australian_capital_territory", 149.1, -35.4),
    ],
)
def test_places_are_in_their_state_and_in_no_other(name, lon, lat):
    small = field([lat, lat + 0.02], [lon, lon + 0.02])
    for other in STATES:
        if other == name:
            assert (area_weights(small, region(other)) > 0).all()
        else:
            with pytest.raises(BadRequest):
                area_weights(small, region(other))


longitudes = st.floats(-180, 180)


@given(turns=st.integers(-1, 1), west=longitudes, width=st.floats(1, 359), cut=st.integers(0, 71))
def test_longitudes_mean_the_same_however_they_are_written(turns, west, width, cut):
    da = world(seed=2)
    wanted = area_mean(da, box("a", "A", -37, 21, west, west + width))
    other = box("a", "A", -37, 21, west + 360 * turns, west + width + 360 * turns)
    turned = da.roll(lon=cut, roll_coords=True).assign_coords(
        lon=lambda d: d.lon + 360 * turns, lat=da.lat
    )
    assert area_mean(turned.isel(lat=slice(None, None, -1)), other).item() == pytest.approx(
        wanted.item(), abs=1e-9
    )


@given(
    west=longitudes,
    width=st.floats(2, 358),
    share=st.floats(0.1, 0.9),
    south=st.floats(-90, 60),
    height=st.floats(2, 30),
)
def test_a_region_cut_in_two_weighs_as_much_as_the_whole(west, width, share, south, height):
    da = world(seed=3)
    north, middle = south + height, west + share * width
    whole = area_weights(da, box("w", "W", south, north, west, west + width))
    left = area_weights(da, box("l", "L", south, north, west, middle))
    right = area_weights(da, box("r", "R", south, north, middle, west + width))
    assert np.allclose(left + right, whole, atol=1e-9)
    parts = Bounds(south, north, west, middle), Bounds(south, north, middle, west + width)
    assert np.allclose(area_weights(da, Region("p", "P", parts)), whole, atol=1e-9)


@given(seed=st.integers(0, 99), gone=st.floats(0, 0.4))
def test_the_mean_agrees_with_numpy_whatever_is_missing(seed, gone):
    da = world(10.0, seed=seed)
    da = da.where(np.random.default_rng(seed + 1).random(da.shape) >= gone)
    weights = area_weights(da, region("tropics"))
    there = da.notnull().values & (weights.values > 0)
    by_hand = np.average(da.values[there], weights=weights.values[there])
    assert area_mean(da, region("tropics"), least=0.2).item() == pytest.approx(by_hand)


def test_only_the_part_of_a_lazy_field_that_counts_is_read():
    read = []

    class Counting(xr.backends.BackendArray):
        shape, dtype = (36, 72), np.dtype(float)

        def __getitem__(self, key):
            read.append(key.tuple)
            return np.ones(self.shape)[key.tuple]

    lazy = xr.DataArray(
        xr.core.indexing.LazilyIndexedArray(Counting()),
        {"lat": world().lat, "lon": world().lon},
        ("lat", "lon"),
    )
    assert area_mean(lazy, box("b", "B", -5, 5, 190, 240)).item() == 1.0
    assert all(range(36)[rows] == range(17, 19) for rows, _ in read)
    assert read
