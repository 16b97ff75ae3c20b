"""Is a GRIB file whole? Messages of both editions, cut, padded and damaged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_layer.errors import UnreadableFile
from data_layer.integrity import check_file


def edition1(body: int) -> bytes:
    """A message with that many bytes of content."""
    return b"GRIB" + (12 + body).to_bytes(3, "big") + b"\1" + b"x" * body + b"7777"


def edition2(body: int) -> bytes:
    return b"GRIB\0\0\0\2" + (20 + body).to_bytes(8, "big") + b"x" * body + b"7777"


def large1(data: int, in_units: bool = True) -> bytes:
    """A message of edition 1 with all sections, its length in units of 120 bytes or not."""
    product = (28).to_bytes(3, "big") + bytes(4) + bytes([0xC0]) + bytes(20)
    grid = (32).to_bytes(3, "big") + bytes(29)
    bitmap = (6).to_bytes(3, "big") + bytes(3)
    length = 8 + len(product + grid + bitmap) + data + 4
    units = -(-length // 120)
    said, section4 = (0x800000 | units, units * 120 - length + 4) if in_units else (length, data)
    section = section4.to_bytes(3, "big") + b"x" * (data - 3)
    head = b"GRIB" + said.to_bytes(3, "big") + b"\1"
    return head + product + grid + bitmap + section + b"7777"


MESSAGES = st.lists(
    st.one_of(
        st.integers(8, 300).map(edition1),
        st.integers(0, 300).map(edition2),
        st.integers(100, 300).map(large1),
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("grib") / "x.grib"


def check(path, content: bytes) -> None:
    path.write_bytes(content)
    check_file(path)


@given(MESSAGES, st.lists(st.integers(0, 130), min_size=5, max_size=5))
def test_whole_messages_are_believed_with_and_without_padding(path, parts, gaps):
    check(path, b"".join(b"\0" * gap + part for part, gap in zip(parts, gaps, strict=False)))
    check(path, b"".join(parts) + b"\0" * gaps[-1])


def test_a_length_that_needs_all_its_bits_is_not_taken_for_one_in_units(path):
    whole = large1(0x880000, in_units=False)
    check(path, whole + whole)
    with pytest.raises(UnreadableFile, match="cut short"):
        check(path, (whole + whole)[:-1])


@given(MESSAGES, st.data())
def test_a_file_cut_anywhere_within_a_message_is_refused(path, parts, data):
    last = len(parts[-1])
    kept = data.draw(st.integers(1, last - 1))
    with pytest.raises(UnreadableFile, match=r"cut short|no GRIB message|not NetCDF or GRIB"):
        check(path, b"".join(parts)[: kept - last])


@given(MESSAGES)
def test_a_message_without_its_end_is_refused(path, parts):
    with pytest.raises(UnreadableFile, match="7777"):
        check(path, b"".join(parts)[:-1] + b"8")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (edition1(20) + b"more" + edition1(20), "at byte 32, where message 2 should begin"),
        (edition1(20) + edition2(20)[:9], "breaks off in its first bytes"),
        (b"GRIB\0\0\0\1" + b"x" * 20, "says it has 0 bytes"),
        (b"GRIB\0\0\0\3" + b"x" * 20, "edition 3"),
        (b"\0" * 600, "not NetCDF or GRIB"),
    ],
)
def test_what_is_no_message_is_refused_with_the_place(path, content, reason):
    with pytest.raises(UnreadableFile, match=reason):
        check(path, content)
