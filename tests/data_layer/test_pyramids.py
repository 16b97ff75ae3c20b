"""Levels of a map and parts of them: against xarray, through the store, and damaged."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer.cuts import MOST_LEVELS, Cut
from data_layer.errors import BadRequest
from data_layer.frames import decode, encode_raster
from data_layer.pyramids import KEPT_FROM, Pyramids, PyramidStore, pyramid

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20)


def globe(ny: int, nx: int, values: np.ndarray | None = None) -> xr.DataArray:
    if values is None:
        values = np.random.default_rng(3).normal(size=(ny, nx)).astype("f4")
    step = 360 / nx
    return xr.DataArray(
        values,
        {"lat": np.linspace(-89, 89, ny), "lon": step * np.arange(nx)},
        ("lat", "lon"),
        "tas",
        {"units": "K"},
    )


def coarsened(values: np.ndarray, level: int) -> np.ndarray:
    """xarray's own: the mean of those that have a value."""
    side = 2**level
    da = xr.DataArray(values.astype("f8"), dims=("y", "x"))
    return da.coarsen(y=side, x=side, boundary="pad").mean().values


@given(hnp.arrays("f4", SHAPES, elements=st.floats(-1e3, 1e3, width=32) | st.just(np.nan)))
def test_each_level_is_xarrays_mean(values):
    made = pyramid(globe(*values.shape, values))
    assert len(made.levels) == MOST_LEVELS + 1
    for level in range(MOST_LEVELS + 1):
        np.testing.assert_allclose(
            made.levels[level], coarsened(values, level), rtol=1e-5, atol=1e-4
        )


def test_a_value_that_is_infinite_is_none():
    values = np.array([[np.inf, 1.0], [3.0, -np.inf]], "f4")
    assert pyramid(globe(2, 2, values)).levels[1].item() == 2.0


def test_classes_have_no_mean():
    values = np.random.default_rng(1).integers(1, 4, (37, 53)).astype("f4")
    made = pyramid(globe(37, 53, values), classes=True)
    for level in made.levels:
        assert set(np.unique(level)) <= {1.0, 2.0, 3.0}
    np.testing.assert_array_equal(made.levels[1][:-1, :-1], values[1::2, 1::2][:18, :26])


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_window_is_that_part_of_the_level(level):
    made = pyramid(globe(1200, 2048))
    whole = decode(encode_raster(made.cut(Cut(level, precision="exact")), "exact"))
    window = decode(encode_raster(made.cut(Cut(level, (0, 256), (256, 512))), "exact"))
    part = whole.isel(lat=slice(0, 256), lon=slice(256, 512))
    xr.testing.assert_allclose(window, part)
    centre = np.linspace(-89, 89, 1200)[: 2**level].mean()
    assert window["lat"][0].item() == pytest.approx(centre)


def test_a_window_goes_round_the_globe():
    made = pyramid(globe(300, 1000))
    part = made.cut(Cut(0, None, (768, 1256)))
    assert part.values.shape == (300, 488)
    assert part.x0 == pytest.approx(768 * 0.36)
    assert not part.wraps
    values = made.levels[0]
    np.testing.assert_array_equal(part.values, np.hstack([values[:, 768:], values[:, :256]]))
    turned = made.cut(Cut(0, None, (256, 1256)))
    assert turned.wraps
    assert made.cut(Cut(1)).wraps
    # 125 cells of 8: the circle closes. 63 of 16: the last one is half of a cell.
    assert made.cut(Cut(3)).wraps
    assert not made.cut(Cut(4)).wraps


def test_a_part_says_which_it_is():
    part = pyramid(globe(600, 1024)).cut(Cut(1, (256, 300), (0, 256)))
    assert (part.level, part.full, part.at) == (1, (600, 1024), (256, 0))
    assert (part.name, part.units) == ("tas", "K")


def test_rows_that_are_uneven_are_told_of_a_window():
    lat = 60 * np.linspace(0, 1, 320) ** 1.5
    made = pyramid(globe(320, 4).assign_coords(lat=lat))
    whole, part = made.cut(Cut()), made.cut(Cut(0, (256, made.base.values.shape[0])))
    assert part.rows == whole.rows[256:]
    assert made.cut(Cut(1)).rows is None


def test_there_is_no_part_beyond_the_map():
    with pytest.raises(BadRequest):
        pyramid(globe(30, 40)).cut(Cut(0, (256, 512)))


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_what_was_kept_is_what_was_made(tmp_path, kind):
    da = globe(70, 90).astype(kind)
    store = PyramidStore(tmp_path)
    made = store.get_or_make("key", lambda: pyramid(da))
    kept = store.get("key")
    assert kept is not None
    for a, b in zip(made.levels, kept.levels, strict=True):
        np.testing.assert_array_equal(a, b)
    for cut in (Cut(), Cut(2)):
        assert encode_raster(kept.cut(cut)) == encode_raster(made.cut(cut))


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[:-40],
        lambda b: b + bytes(8),
        lambda b: b"{}\n" + b,
        lambda b: b"\xff" + b[1:],
        lambda _: b"",
        lambda b: b"1\n" + b,
        lambda b: b"[]\n" + b,
        lambda b: b.replace(b"shapes", b"sharps"),
        lambda b: b.replace(b"[[70, 90]", b"[[70, 99]"),
    ],
)
def test_a_damaged_file_is_made_anew(tmp_path, damage, caplog):
    store = PyramidStore(tmp_path)
    store.get_or_make("key", lambda: pyramid(globe(70, 90)))
    path = store.path("key")
    path.write_bytes(damage(path.read_bytes()))
    assert store.get("key") is None
    assert "damaged" in caplog.text
    again = store.get_or_make("key", lambda: pyramid(globe(70, 90)))
    assert again.levels[0].shape == (70, 90)


def test_a_large_map_is_made_once_and_a_small_one_is_not_kept_on_disk(tmp_path):
    made = []

    def make():
        made.append(1)
        return pyramid(globe(4, 6))

    for _ in range(2):
        Pyramids(PyramidStore(tmp_path)).of("large", KEPT_FROM + 1, make)
    assert len(made) == 1
    kept = Pyramids(PyramidStore(tmp_path))
    for _ in range(2):
        kept.of("small", KEPT_FROM, make)
    assert len(made) == 2
    assert len(list(tmp_path.glob("*.pyramid"))) == 1


def test_without_a_store_the_last_one_is_at_hand():
    made = []
    kept = Pyramids(None)
    for key in "aabba":
        kept.of(key, KEPT_FROM + 1, lambda key=key: made.append(key) or pyramid(globe(4, 6)))
    assert made == ["a", "b", "a"]


def test_what_is_let_go_of_is_made_anew():
    made = []
    kept = Pyramids(None)
    for _ in range(2):
        kept.of("key", 1, lambda: made.append(1) or pyramid(globe(4, 6)))
        kept.close()
    assert made == [1, 1]
