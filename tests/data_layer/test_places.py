"""Regions of a request: named, drawn, and sums of several."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data_layer.api import Box, Point, ProductRequest
from data_layer.errors import BadRequest
from data_layer.indices import regions
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


@pytest.mark.parametrize(
    "text",
    [
        "170 -10;-170 -10;-170 10;170 10",
        "170 -10;190 -10;190 10;170 10",
        "-190 10;-170 10;-170 -10;170 -10",
        "530 -10;550 -10;-170 10;170 10",
    ],
)
def test_corners_across_the_date_line_are_one_area_however_they_are_written(text):
    values = field(np.random.default_rng(0).normal(size=(LAT.size, LON.size)))
    box = place("-10,10,170,190").reduced(values).item()
    assert place(text).reduced(values).item() == pytest.approx(box, abs=1e-3)


def test_a_ring_all_around_the_earth_counts_each_cell_once():
    corners = "-180 -10;0 -10;180 -10;180 10;0 10;-180 10"
    values = field(np.random.default_rng(0).normal(size=(LAT.size, LON.size)))
    belt = place("-10,10,0,360").reduced(values).item()
    assert place(corners).reduced(values).item() == pytest.approx(belt, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 60;120 60;240 60", "around a pole"),
        ("0 0;170 0;340 0;510 0;510 10;340 10;170 10;0 10", "around the Earth"),
        ("-180 -90;-180 -60;180 -60;180 -90", "no width"),
        ("0 0;0 10;0 20", "no width"),
        (";".join(f"{i / 10} {i % 7}" for i in range(201)), "201 corners"),
    ],
)
def test_corners_that_enclose_nothing_or_too_much_are_refused(text, said):
    with pytest.raises(BadRequest, match=said):
        place(text)


def test_how_a_region_lies_on_a_grid_is_measured_once(monkeypatch):
    measured = []
    within = regions.within_rings
    monkeypatch.setattr(
        regions, "within_rings", lambda *a: measured.append(a[1].size) or within(*a)
    )
    region = place("110.5 -40.5;150.5 -40.5;150.5 -10.5;110.5 -10.5")
    means = [region.reduced(field(np.full((LAT.size, LON.size), n))).item() for n in (1.0, 2.0)]
    assert means == pytest.approx([1.0, 2.0])
    once = len(measured)
    region.reduced(field(np.ones((LAT.size, LON.size))).isel(lat=slice(1, None)))
    assert len(measured) == 2 * once, "of another grid it is measured for itself"
