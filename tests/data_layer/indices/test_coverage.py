"""How much of a cell lies in a box or in rings."""

from __future__ import annotations

import numpy as np
import pytest

from data_layer.errors import BadRequest
from data_layer.indices.coverage import lat_edges, lon_edges, within_box, within_rings

ONE = np.array([0.0]), np.array([10.0])


def ring(*corners: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = np.array(corners, float).T
    return lon, lat


def test_rows_meet_midway_and_end_at_the_poles():
    south, north = lat_edges([90.0, 80.0, 60.0, -90.0])
    assert south.tolist() == [85.0, 70.0, -15.0, -90.0]
    assert north.tolist() == [90.0, 85.0, 70.0, -15.0]


@pytest.mark.parametrize("first", [0.0, -180.0, 180.0])
def test_columns_of_a_global_grid_fill_the_circle_without_gap_or_overlap(first):
    west, east = lon_edges(first + np.arange(0.0, 360.0, 30.0))
    assert np.allclose(east - west, 30.0)
    assert np.allclose(np.sort(np.mod(west, 360.0)), np.arange(15.0, 360.0, 30.0))


def test_columns_across_greenwich_keep_their_width_in_any_writing_and_order():
    for lon in ([350.0, 355.0, 360.0, 365.0], [-10.0, -5.0, 0.0, 5.0], [0.0, 5.0, 350.0, 355.0]):
        west, east = lon_edges(lon)
        assert np.allclose(east - west, 5.0)
        assert np.allclose(np.mod(west - np.array(lon), 360.0), 357.5)


@pytest.mark.parametrize("edges", [lat_edges, lon_edges])
def test_a_single_centre_has_no_size(edges):
    with pytest.raises(BadRequest, match="two"):
        edges([10.0])


def test_a_box_takes_the_share_of_a_cell_that_it_covers():
    assert within_box((-90, 5, 0, 2.5), *ONE, *ONE).tolist() == [[12.5]]


@pytest.mark.parametrize("box", [(0, 10, 350, 370), (0, 10, -10, 10), (0, 10, 350, 10)])
def test_a_box_across_greenwich_is_the_same_in_each_writing(box):
    west, east = np.array([-5.0, 350.0, 170.0]), np.array([5.0, 355.0, 180.0])
    assert within_box(box, *ONE, west, east).tolist() == [[100.0, 50.0, 0.0]]


def test_a_box_wider_than_the_circle_counts_no_cell_twice():
    assert within_box((0, 10, 0, 720), *ONE, *ONE).item() == pytest.approx(100.0)


def test_rings_agree_with_a_box_of_the_same_corners():
    corners = ring((3, 2.5), (27, 2.5), (27, 17.5), (3, 17.5))
    south, north = np.arange(0.0, 30.0, 5.0), np.arange(5.0, 35.0, 5.0)
    by_rings = within_rings((corners,), south, north, south, north)
    assert np.allclose(by_rings, within_box((2.5, 17.5, 3, 27), south, north, south, north))


def test_a_triangle_has_half_of_its_square():
    triangle = ring((0, 0), (10, 0), (0, 10))
    assert within_rings((triangle,), *ONE, *ONE).item() == pytest.approx(50.0)


def test_a_ring_within_a_ring_is_a_hole_and_a_shared_side_leaves_no_gap():
    outer, hole = ring((0, 0), (8, 0), (8, 8), (0, 8)), ring((2, 2), (4, 2), (4, 4), (2, 4))
    beside = ring((8, 0), (10, 0), (10, 8), (8, 8))
    inner = np.array([2.0]), np.array([4.0])
    assert within_rings((outer, hole), *inner, *inner).item() == 0.0
    strip = np.array([5.0]), np.array([6.0])
    assert within_rings((outer, hole, beside), *strip, *ONE).item() == pytest.approx(10.0)


def test_a_ring_over_the_date_line_reaches_both_sides():
    over = ring((175, 0), (190, 0), (190, 10), (175, 10))
    west, east = np.array([170.0, 180.0, -180.0]), np.array([180.0, 190.0, -170.0])
    assert np.allclose(within_rings((over,), *ONE, west, east), [[50.0, 100.0, 100.0]])
