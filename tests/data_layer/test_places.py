"""Regions of a request: named, drawn, and sums of several."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data_layer.api import Box, Point, ProductRequest
from data_layer.errors import BadRequest
from data_layer.local import LocalSource
from data_layer.places import place
from tests.data_layer import compared
from tests.data_layer.compared import FORECAST, HINDCAST, NOW, ask

LAT, LON = np.arange(-87.5, 90, 5.0), np.arange(2.5, 360, 5.0)


def field(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, {"lat": LAT, "lon": LON}, ("lat", "lon"), "tas", {"units": "K"})


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    compared.write(folder)
    return LocalSource.open(folder, tmp_path_factory.mktemp("index"))


def test_an_index_is_the_sum_of_its_parts():
    warm_west = np.where((LON > 50) & (LON < 70), 1.0, 0.0) * np.ones((LAT.size, 1))
    assert place("dmi").reduced(field(warm_west)).item() == pytest.approx(1.0)
    assert place("iod_east").reduced(field(warm_west)).item() == 0.0
    assert place("dmi").reduced(field(np.full((LAT.size, LON.size), 7.0))).item() == pytest.approx(
        0
    )


@pytest.mark.parametrize(
    ("text", "title"), [("nino34", "Niño 3.4"), ("victoria", "Victoria"), ("-10,10,350,20", "°")]
)
def test_a_region_says_what_it_is(text, title):
    reduced = place(text).reduced(field(np.ones((LAT.size, LON.size))))
    assert reduced.item() == pytest.approx(1.0)
    assert title in reduced.attrs["region"]


def test_a_box_and_its_corners_are_one_area():
    values = field(np.random.default_rng(0).normal(size=(LAT.size, LON.size)))
    box = place("-40,-10,110,150").reduced(values).item()
    corners = place("110 -40;150 -40;150 -10;110 -10").reduced(values).item()
    assert corners == pytest.approx(box, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("atlantis", "no region 'atlantis'"),
        ("1,2,3", "not understood"),
        ("1,2,3,x", "not understood"),
        ("1 2;3 4", "not understood"),
        ("nan,1,2,3", "not understood"),
        ("5,-5,0,10", "south < north"),
    ],
)
def test_what_is_no_region_is_refused_in_words(text, said):
    with pytest.raises(BadRequest, match=said):
        place(text)


def test_only_one_kind_of_place_at_a_time():
    with pytest.raises(BadRequest, match="not for several"):
        ProductRequest("d", "v", region="nino34", point=Point(0, 0))
    with pytest.raises(BadRequest, match="not for several"):
        ProductRequest("d", "v", region="nino34", box=Box(0, 1, 0, 1))


def test_the_anomaly_of_a_region_is_the_regions_mean_of_the_anomaly(source):
    whole = ask(source, "anomaly", FORECAST, lead=1)
    for text in ("nino34", "dmi", "tropics", "-60,60,0,360"):
        region = ask(source, "anomaly", FORECAST, lead=1, region=text)
        assert region.dims == ()
        assert region.item() == pytest.approx(place(text).reduced(whole).item(), abs=1e-4)
        assert {"lat", "lon"}.isdisjoint(region.coords)


def test_members_and_leads_of_a_region_stay(source):
    series = ask(source, "value", FORECAST, region="nino34")
    assert series.dims == ("member", "lead")
    assert "valid_time" in series.coords
    assert (
        b"CDF"
        in source.netcdf(ProductRequest(FORECAST, "tas", "value", init=NOW, region="nino34"))[:8]
        or series.size
    )


def test_observations_are_reduced_too(source):
    seen = source.fetch(ProductRequest("synthetic-s2-observations", "tas", region="nino34"))
    assert seen.dims == ("time",)
    assert seen.notnull().all()


def test_skill_without_a_start_is_a_matrix_of_start_and_lead(source):
    matrix = ask(source, "skill", HINDCAST, init=None, region="nino34")
    assert matrix.dims == ("init", "lead")
    assert matrix.sizes["init"] == 1, "of each start of the year one"
    one = ask(source, "skill", HINDCAST, region="nino34")
    np.testing.assert_allclose(matrix.isel(init=0), one)


def test_a_region_beyond_the_grid_is_refused():
    with pytest.raises(BadRequest, match="outside of the grid"):
        place("-5,5,10,20").reduced(field(np.ones((36, 72))).sel(lat=slice(40, 60)))
