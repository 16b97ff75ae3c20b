"""A map as a binary frame and back: what is kept, to what it is rounded, what is refused."""

from __future__ import annotations

import json
import math
import tracemalloc
from decimal import Decimal

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer import frames
from data_layer.errors import BadRequest
from data_layer.frames import LEVELS, decode, encode, nice_step, split
from data_layer.rasters import raster_of

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=8)
BAD = st.sampled_from([np.nan, np.inf, -np.inf])


def field(values: np.ndarray, lat=None, lon=None, **attrs: str) -> xr.DataArray:
    values = np.asarray(values)
    lat = np.linspace(-60, 60, values.shape[0]) if lat is None else lat
    lon = 10.0 * np.arange(values.shape[1]) if lon is None else lon
    return xr.DataArray(values, {"lat": lat, "lon": lon}, ("lat", "lon"), "tas", attrs)


def returned(values: np.ndarray) -> tuple[np.ndarray, float]:
    out = decode(encode(field(values)))
    return out.values, out.attrs["step"]


def close_to_step(values: np.ndarray) -> None:
    """Missing where it was no number, else right to half a step (and a double's rounding)."""
    got, step = returned(values)
    values = values.astype("f8")
    np.testing.assert_array_equal(np.isnan(got), ~np.isfinite(values))
    ok = np.isfinite(values)
    rounding = 4 * np.finfo("f8").eps * np.abs(values[ok])
    with np.errstate(over="ignore"):
        assert (np.abs(got[ok] - values[ok]) <= step / 2 * (1 + 1e-9) + rounding).all()


# Beside the largest double there is none to round up to.
ANY = {"f4": st.floats(width=32), "f8": st.floats(-1e308, 1e308) | BAD}


@given(st.sampled_from(["f4", "f8"]).flatmap(lambda t: hnp.arrays(t, SHAPES, elements=ANY[t])))
def test_any_map_comes_back_to_half_a_step(values):
    close_to_step(values)


@given(
    hnp.arrays("f8", SHAPES, elements=st.floats(-1, 1) | BAD),
    st.floats(-1e12, 1e12),
    st.integers(-12, 6),
)
def test_small_ranges_far_from_zero(values, offset, exponent):
    close_to_step(offset + values * 10.0**exponent)


@given(
    st.sampled_from(["i1", "u1", "i2", "i4", "i8", "?"]).flatmap(lambda t: hnp.arrays(t, SHAPES))
)
def test_whole_numbers(values):
    close_to_step(values)


@pytest.mark.parametrize("dtype", [">f4", ">f8", "f2"])
def test_numbers_of_other_machines(dtype):
    close_to_step(np.linspace(-40, 45, 12).reshape(3, 4).astype(dtype))


@given(
    st.floats(-1e6, 1e6, width=32).filter(lambda v: v == 0 or abs(v) > 1e-6),
    st.sampled_from([(1, 1), (1, 5), (5, 1), (3, 4)]),
)
def test_a_constant_map_is_told_as_single_precision_tells_it(value, shape):
    got, _ = returned(np.full(shape, value, "f4"))
    np.testing.assert_allclose(got, value, rtol=2.0**-23)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3)])
def test_a_map_of_nothing(shape):
    frame = encode(field(np.full(shape, np.nan, "f4")))
    assert np.isnan(decode(frame)).all()
    header, _ = split(frame)
    assert header["min"] is header["max"] is None


def test_the_extremes_in_the_header_are_exact():
    values = np.array([[-0.1, np.nan], [np.inf, 1 / 3]])
    header, _ = split(encode(field(values)))
    assert (header["min"], header["max"]) == (-0.1, 1 / 3)


@given(st.floats(1e-290, 1e300))
def test_a_step_is_round_and_fine_but_not_much_finer_than_need_be(spread):
    step = nice_step(spread)
    assert Decimal(repr(step)).normalize().as_tuple().digits in ((1,), (2,), (5,))
    assert LEVELS * (1 - 1e-12) <= spread / step < 3 * LEVELS


@given(hnp.arrays("f4", (4, 5), elements=st.floats(-1000, 1000, width=32)))
def test_a_frame_has_so_many_levels(values):
    assume(values.max() - values.min() > 1e-3)
    header, _ = split(encode(field(values)))
    assert LEVELS <= (header["max"] - header["min"]) / header["step"] < 3 * LEVELS


def test_values_shown_are_round():
    got, step = returned(np.linspace(250.0, 320.0, 20).reshape(4, 5))
    assert step == 0.05
    assert all(len(f"{v:.10g}") <= 6 for v in got.ravel())


def test_labels_come_back():
    da = field(np.ones((3, 4)), np.array([-10.0, 0, 10]), np.array([0.0, 90, 180, 270]), units="K")
    out = decode(encode(da))
    assert (out.name, out.attrs["units"], out.dims) == ("tas", "K", ("lat", "lon"))
    np.testing.assert_array_equal(out["lat"], da["lat"])
    np.testing.assert_array_equal(out["lon"], da["lon"])
    assert split(encode(da))[0]["wraps"] is True
    assert split(encode(da.isel(lon=slice(3))))[0]["wraps"] is False


def test_single_precision_coordinates_are_even():
    lat = np.arange(-44.5, -10, 0.05).astype("f4")
    lon = np.arange(112.0, 156.25, 0.05).astype("f4")
    frame = encode(field(np.ones((lat.size, lon.size), "f4"), lat, lon))
    header, _ = split(frame)
    assert "rows" not in header
    assert "columns" not in header
    out = decode(frame)
    np.testing.assert_allclose(out["lat"], lat, atol=1e-4)
    np.testing.assert_allclose(out["lon"], lon, atol=1e-4)


def gaussian(n: int) -> np.ndarray:
    return np.degrees(np.arcsin(np.polynomial.legendre.leggauss(n)[0]))


def shows_every_row(lat: np.ndarray) -> xr.DataArray:
    """The frame of a map whose cells hold the number of their row, checked against it."""
    values = np.repeat(np.arange(lat.size, dtype="f4")[:, None], 3, 1)
    out = decode(encode(field(values, lat)))
    shown = np.rint(out.values[:, 0]).astype(int)
    assert sorted(set(shown)) == list(range(lat.size))
    assert (np.diff(shown) >= 0).all()
    return out.assign_coords(row=("lat", shown))


@pytest.mark.parametrize("n", [8, 32, 48, 64, 72, 94, 128, 192, 320])
def test_a_gaussian_grid_keeps_every_row(n):
    out, lat = shows_every_row(gaussian(n)), gaussian(n)
    cell = 180 / n
    np.testing.assert_allclose(out["lat"], lat[out["row"]], atol=0.02 * cell + 1e-6)
    header, _ = split(encode(field(np.ones((n, 3)), lat)))
    drawn = header["y0"] + header["dy"] * np.arange(out.sizes["lat"])
    np.testing.assert_allclose(drawn, lat[out["row"]], atol=0.6 * cell)


@given(st.lists(st.floats(0.5, 1.5), min_size=2, max_size=20))
def test_uneven_rows_are_all_shown(gaps):
    shows_every_row(np.cumsum([-20.0, *gaps]))


def test_columns_may_be_uneven_too():
    lon = np.array([0.0, 1.0, 3.0, 4.0])
    out = decode(encode(field(np.array([[1.0, 2, 3, 4]]), np.array([0.0]), lon)))
    assert set(out["lon"].values) == set(lon)
    shown = {float(x): float(v) for x, v in zip(out["lon"], out[0], strict=True)}
    assert [round(shown[x]) for x in lon] == [1, 2, 3, 4]


def test_uneven_rows_take_no_more_memory_than_the_map():
    lat = np.concatenate([np.linspace(-60, -5, 500), np.linspace(-4.99, 5, 1500)])
    da = field(np.zeros((lat.size, 2)), lat, np.array([0.0, 1.0]))
    tracemalloc.start()
    try:
        raster = raster_of(da)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert raster.values.shape[0] > lat.size
    assert most < 5e6


@pytest.mark.parametrize("dims", [("lon", "lat"), ("lead", "lat"), ("lat",)])
def test_only_a_map_is_a_frame(dims):
    da = xr.DataArray(np.zeros((2,) * len(dims)), dims=dims)
    with pytest.raises(BadRequest, match="one map"):
        encode(da)


def test_the_layout_of_the_bytes_is_as_documented():
    values = np.array([[10.0, 20.0, np.nan]], "f4")
    frame = encode(field(values, np.array([0.0]), units="m"))
    assert frame[:4] == b"PPF1"
    n = int.from_bytes(frame[4:8], "little")
    assert n % 4 == 0
    header = json.loads(frame[8 : 8 + n])
    assert len(frame) == 8 + n + 2 * 3
    low, high = frame[8 + n : 8 + n + 3], frame[8 + n + 3 :]
    z = [a + 256 * b for a, b in zip(low, high, strict=True)]
    d = [v // 2 if v % 2 == 0 else -(v + 1) // 2 for v in z]
    q = [d[0] % 2**16, (d[0] + d[1]) % 2**16, (d[0] + d[1] + d[2]) % 2**16]
    assert q[2] == 0
    assert [(header["base"] + c) * header["step"] for c in q[:2]] == [10.0, 20.0]


@given(
    st.sampled_from(["<f4", ">f4", "<f8", ">f8"]).flatmap(
        lambda t: hnp.arrays(t, SHAPES, elements=st.floats(width=8 * int(t[2])))
    )
)
def test_an_exact_frame_holds_the_very_numbers(values):
    frame = encode(field(values), "exact")
    assert split(frame)[0]["coding"] == f"f{values.dtype.itemsize}"
    out = decode(frame)
    assert out.attrs["step"] == 0
    np.testing.assert_array_equal(out, np.where(np.isfinite(values), values, np.nan))


@given(hnp.arrays("f4", SHAPES, elements=st.floats(-(2.0**99), 2.0**99, width=32) | BAD))
def test_a_frame_of_bytes_is_right_to_half_a_step(values):
    frame = encode(field(values), "byte")
    header, payload = split(frame)
    assert header["coding"] == "u8"
    assert payload.size == values.size
    ok = np.isfinite(values)
    got = decode(frame).values
    np.testing.assert_array_equal(np.isnan(got), ~ok)
    assert (np.abs(got[ok] - values[ok]) <= header["step"] / 2 * (1 + 1e-6)).all()
    if ok.any() and values[ok].min() < values[ok].max():
        levels = float(values[ok].max() - values[ok].astype("f8").min()) / header["step"]
        assert 80 <= levels <= 255


@pytest.mark.parametrize("members", [1, 3, 33, 99, 254])
def test_shares_of_a_count_are_exact_in_a_byte(members):
    counts = np.append(np.arange(members + 1), np.nan)
    shares = (100.0 * counts / members).astype("f4")[None]
    frame = encode(field(shares), quantum=100.0 / members)
    assert split(frame)[0]["coding"] == "u8"
    np.testing.assert_allclose(decode(frame), 100.0 * counts[None] / members, rtol=1e-14)


def test_what_is_no_share_of_the_count_is_sent_finely():
    shares = np.array([[0.0, 100 / 3, 51.0]], "f4")
    assert split(encode(field(shares), quantum=100 / 3))[0]["coding"] == "u16"
    many = np.arange(256.0, dtype="f4")[None]
    assert split(encode(field(many), quantum=1.0))[0]["coding"] == "u16"
    assert split(encode(field(many[:, 1:]), quantum=1.0))[0]["coding"] == "u8"


@pytest.mark.parametrize("precision", ["fine", "byte", "exact"])
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_the_order_of_a_machines_bytes_is_not_told(precision, kind):
    values = np.array([[1.5, np.nan, -2.25], [1e-3, 7.0, np.inf]])
    little, big = (encode(field(values.astype(f"{o}{kind}")), precision) for o in "<>")
    assert little == big


GOOD = encode(field(np.arange(12.0).reshape(3, 4)))


@given(st.integers(0, len(GOOD) - 1))
def test_a_frame_cut_short_is_refused(length):
    with pytest.raises(ValueError, match=r".+"):
        decode(GOOD[:length])


@pytest.mark.parametrize("extra", [b"\0", b"\0" * 24])
def test_a_frame_with_more_behind_it_is_refused(extra):
    with pytest.raises(ValueError, match="not a whole frame"):
        decode(GOOD + extra)


@given(st.integers(0, len(GOOD) - 25), st.integers(0, 255))
def test_a_damaged_frame_is_refused_or_decoded_but_never_crashes(place, value):
    broken = bytearray(GOOD)
    broken[place] = value
    try:
        out = decode(bytes(broken))
    except ValueError:
        return
    assert out.dims == ("lat", "lon")
    assert out.size == 12


@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b"[]",
        b"null",
        b'{"shape": 3}',
        b'{"shape": [3, 4]}',
        b'{"shape": ["3", null]}',
        b'{"shape": [1e999, 4]}',
        b'{"shape": [-3, -4]}',
        b'{"shape": [3, 4, 5]}',
        b'{"shape": [3',
        b"\xff\xfe",
    ],
)
def test_a_header_that_says_nothing_useful_is_refused(header):
    header += b" " * (-len(header) % 4)
    frame = b"PPF1" + len(header).to_bytes(4, "little") + header + bytes(24)
    with pytest.raises(ValueError, match=r".+"):
        decode(frame)


def test_the_largest_numbers_do_not_overflow():
    top = 1e308
    values = np.array([[-top, 0.0, top]])
    close_to_step(values)
    assert math.isfinite(split(encode(field(values)))[0]["step"])


def test_a_frame_says_what_it_is():
    assert frames.MEDIA_TYPE.startswith("application/vnd.")
    with pytest.raises(ValueError, match="not a frame: it begins with b'GIF8'"):
        decode(b"GIF89a..")
