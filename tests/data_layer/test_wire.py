"""Arrays on the wire: exactly what was sent comes back, and nothing malformed gets in."""

from __future__ import annotations

import contextlib
import json
import math
import struct

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer import wire
from tests.contract.suite import same_array

ATTRS = {
    "units": "K",
    "count": 3,
    "big": 2**62,
    "flag": True,
    "share": 0.1,
    "missing": math.inf,
    "range": np.array([1.5, np.inf], "f4"),
    "one": np.float32(0.1),
    "whole": np.int16(-3),
    "list": [1, "two", 3.0],
    "pair": (1, 2),
    "nothing": None,
    "text": "Überflutung \0 \u2028",
}


def sample():
    lead = np.array([0, 1, 2], "i4")
    return xr.DataArray(
        np.array([[1.5, np.nan, -0.0], [np.inf, 3e-45, -np.inf]], "f4"),
        {
            "member": ("member", np.array([0, 7]), {"standard_name": "realization"}),
            "lead": ("lead", lead, {"units": "months"}),
            "valid_time": ("lead", np.array(["2026-11-01", "NaT", "2027-01-01"], "M8[ns]")),
            "init": ((), np.datetime64("2026-11-01", "ns"), {"long_name": "start"}),
            "lat": ((), np.float32(-37.5)),
            "age": ("member", np.array([1, 2], "m8[s]")),
            "letter": ("lead", np.array(["a", "bb", "é"])),
            "on": ("lead", np.array([True, False, True])),
            "both": (("member", "lead"), np.arange(6, dtype="u2").reshape(2, 3)),
        },
        ("member", "lead"),
        "tas",
        dict(ATTRS),
    )


def test_everything_comes_back_as_it_was():
    sent = sample()
    got = wire.decode(wire.encode(sent))
    attrs, expected = dict(got.attrs), dict(sent.attrs)
    assert list(attrs) == list(expected)
    np.testing.assert_array_equal(attrs.pop("range"), expected.pop("range"))
    assert attrs == expected
    assert {k: type(v) for k, v in attrs.items()} == {k: type(v) for k, v in expected.items()}
    got.attrs = sent.attrs = {}
    same_array(got, sent)
    assert isinstance(got.indexes["lead"], type(sent.indexes["lead"]))


def test_the_payload_of_a_nan_survives():
    odd = np.frombuffer(struct.pack("<2I", 0x7FC00001, 0xFFC01234), "f4")
    got = wire.decode(wire.encode(xr.DataArray(odd)))
    assert got.values.tobytes() == odd.tobytes()


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (1, 1, 1)])
def test_empty_and_scalar_arrays(shape):
    sent = xr.DataArray(np.zeros(shape, "f8"))
    same_array(wire.decode(wire.encode(sent)), sent)


def test_views_and_foreign_byte_order_are_sent_by_value():
    base = np.arange(24, dtype=">f4").reshape(4, 6)
    got = wire.decode(wire.encode(xr.DataArray(base[::-2, ::3])))
    np.testing.assert_array_equal(got.values, base[::-2, ::3])
    assert got.dtype == np.dtype("f4")


DTYPES = st.one_of(
    hnp.floating_dtypes(endianness="="),
    hnp.integer_dtypes(endianness="="),
    hnp.datetime64_dtypes(min_period="ns", max_period="s", endianness="="),
    hnp.boolean_dtypes(),
)


@given(DTYPES.flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(max_dims=4, max_side=4))))
@settings(deadline=None)
def test_any_array_comes_back(values):
    sent = xr.DataArray(values)
    same_array(wire.decode(wire.encode(sent)), sent)


@pytest.mark.parametrize(
    "array",
    [
        xr.DataArray(np.array([object()])),
        xr.DataArray(1.0, attrs={"x": object()}),
        xr.DataArray(1.0, attrs={"x": {"a": 1}}),
    ],
)
def test_what_the_format_has_no_word_for_is_refused(array):
    with pytest.raises(TypeError, match="Cannot send"):
        wire.encode(array)


def test_every_cut_is_noticed():
    data = wire.encode(sample())
    for end in range(len(data)):
        with pytest.raises(ValueError, match="not a"):
            wire.decode(data[:end])
    with pytest.raises(ValueError, match="follows"):
        wire.decode(data + b"\0")


def rewritten(**changes):
    data = wire.encode(xr.DataArray(np.zeros(3, "f8"), dims="x"))
    _, length = struct.unpack_from("<4sI", data)
    header = json.loads(data[8 : 8 + length])
    header["data"] |= changes
    text = json.dumps(header).encode()
    return struct.pack("<4sI", b"PMA1", len(text)) + text + data[8 + length :]


@pytest.mark.parametrize(
    "changes",
    [
        {"dtype": "O"},
        {"dtype": "<f8,<f8"},
        {"dtype": "|V8"},
        {"dtype": 8},
        {"dtype": "U0"},
        {"shape": [-3]},
        {"shape": [3.0]},
        {"shape": ["3"]},
        {"shape": [10**30]},
        {"shape": [True, 3]},
        {"shape": 3},
        {"dims": ["x", "y"]},
        {"dims": None},
        {"attrs": {"a": {"python": "x"}}},
        {"attrs": {"a": {"numpy": ["O", None, ""]}}},
        {"attrs": {"a": {"numpy": ["<f8", [3], "AAAA"]}}},
        {"attrs": {"a": {}}},
    ],
)
def test_a_lying_header_is_refused(changes):
    with pytest.raises(ValueError, match="not a"):
        wire.decode(rewritten(**changes))


def test_the_rewriting_of_these_tests_changes_nothing_by_itself():
    assert wire.decode(rewritten()).shape == (3,)


@pytest.mark.parametrize("junk", [b"", b"PMA1", b"PPF1\0\0\0\0", b"<html>", b"PMA1\2\0\0\0[]"])
def test_other_bytes_are_refused(junk):
    with pytest.raises(ValueError, match="not a"):
        wire.decode(junk)


@given(st.binary(max_size=100))
@settings(deadline=None)
def test_no_bytes_break_the_decoder(tail):
    for junk in (tail, b"PMA1" + tail, rewritten()[:-24] + tail):
        with contextlib.suppress(ValueError):
            assert wire.decode(junk).shape == (3,)


def test_plain_json():
    said = json.loads(wire.to_json(sample()))
    assert said["name"] == "tas"
    assert said["dims"] == ["member", "lead"]
    assert said["values"] == [[1.5, None, -0.0], [None, 3e-45, None]]
    assert said["attrs"]["units"] == "K"
    assert said["attrs"]["missing"] is None
    assert said["attrs"]["range"] == [1.5, None]
    assert said["attrs"]["one"] == 0.1
    coords = said["coords"]
    assert coords["valid_time"]["values"] == ["2026-11-01T00:00:00", None, "2027-01-01T00:00:00"]
    assert coords["init"] == {"dims": [], "values": "2026-11-01T00:00:00"}
    assert coords["lat"]["values"] == -37.5
    assert coords["letter"]["values"] == ["a", "bb", "é"]
    assert coords["member"]["values"] == [0, 7]


def test_float32_is_written_as_short_as_it_can_be():
    assert b"[285.1]" in wire.to_json(xr.DataArray(np.array([285.1], "f4")))
