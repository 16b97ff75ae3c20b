"""Is a file whole? Compared with files that the NetCDF library wrote."""

from __future__ import annotations

import os
import struct
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import netCDF4
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_layer.errors import UnreadableFile
from data_layer.integrity import check_file

FORMATS = ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]

# name → (types of the variables with records, of those without)
CONTENTS = {
    "nothing": ("", ""),
    "fixed": ("", "fdbh"),
    "one record variable": ("f", "d"),
    "one record variable of bytes": ("b", ""),
    "one record variable of shorts": ("h", "f"),
    "several record variables": ("fbhd", "ib"),
    "record variables alone": ("bh", ""),
}


def write_classic(path: Path, kind: str, moving: str, still: str, records: int = 3) -> None:
    with netCDF4.Dataset(path, "w", format=kind) as nc:
        nc.title = "odd length"
        nc.setncattr("numbers", np.arange(3, dtype="f8"))
        nc.createDimension("time", None)
        nc.createDimension("lat", 3)
        nc.createDimension("lon", 5)
        for n, code in enumerate(still):
            v = nc.createVariable(f"still{n}", code, ("lat", "lon"), fill_value=False)
            v.units = "K" * (n + 1)
            v[:] = 1
        if still:
            nc.createVariable("scalar", "f4", ())[...] = 3
        for n, code in enumerate(moving):
            v = nc.createVariable(f"moving{n}", code, ("time", "lon"), fill_value=False)
            v[:records] = np.ones((records, 5))


@cache
def whole(kind: str, content: str, records: int = 3) -> bytes:
    """The bytes of such a file."""
    with TemporaryDirectory() as place:
        path = Path(place, "x.nc")
        write_classic(path, kind, *CONTENTS[content], records)
        return path.read_bytes()


def refuses(path: Path, content: bytes) -> bool:
    path.write_bytes(content)
    try:
        check_file(path)
    except UnreadableFile:
        return True
    return False


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("content", CONTENTS)
def test_a_whole_file_is_believed_and_no_beginning_of_it_is(kind, content, tmp_path):
    path, data = tmp_path / "x.nc", whole(kind, content)
    assert not refuses(path, data)
    assert not refuses(path, data + b"more")
    # The last value may be followed by up to three bytes that only fill up.
    padding = 3 if content not in ("nothing", "one record variable") else 0
    lengths = range(len(data) - padding)
    assert [n for n in lengths if not refuses(path, data[:n])] == []


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_without_records_yet_is_believed(kind, tmp_path):
    assert not refuses(tmp_path / "x.nc", whole(kind, "several record variables", records=0))


@pytest.mark.parametrize("kind", FORMATS)
def test_the_library_itself_reads_what_was_cut_off_as_numbers(kind, tmp_path):
    """The reason for this module: without it a map of a truncated file is shown."""
    path, data = tmp_path / "x.nc", whole(kind, "one record variable")
    path.write_bytes(data[:-20])
    with netCDF4.Dataset(path) as nc:
        assert not np.array_equal(np.asarray(nc["moving0"][-1]), np.ones(5))
    with pytest.raises(UnreadableFile, match="cut short: the header promises"):
        check_file(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_netcdf4_file_does_not_open(share, forecast, write):
    from data_layer.opening import inspect

    path = write(forecast(), "tas.nc")
    inspect(path)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(UnreadableFile, match="cannot be opened"):
        inspect(path)


@given(
    st.sampled_from(FORMATS),
    st.lists(st.tuples(st.integers(4, 400), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_a_damaged_header_is_refused_or_believed_but_never_crashes(kind, changes):
    data = bytearray(whole(kind, "several record variables"))
    for place, value in changes:
        data[place % len(data)] = value
    with TemporaryDirectory() as place:
        refuses(Path(place, "x.nc"), bytes(data))


@given(st.sampled_from([b"CDF\x01", b"CDF\x02", b"CDF\x05", b""]), st.binary(max_size=200))
def test_garbage_is_refused_or_believed_but_never_crashes(magic, garbage):
    with TemporaryDirectory() as place:
        refuses(Path(place, "x.nc"), magic + garbage)


EMPTY_LIST = struct.pack(">iq", 0, 0)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(-3, id="back to its own beginning"),
        pytest.param(2**63 - 1, id="beyond any file"),
        pytest.param(2**60, id="beyond what can be sought"),
    ],
)
def test_an_attribute_of_absurd_length_ends_the_reading(values, tmp_path):
    attribute = struct.pack(">q4siq", 1, b"a\0\0\0", 6, values)
    header = b"CDF\x05" + struct.pack(">q", 0) + EMPTY_LIST
    header += struct.pack(">iq", 12, 100_000) + attribute * 50
    assert refuses(tmp_path / "x.nc", header + EMPTY_LIST)


def test_a_variable_of_absurd_rank_ends_the_reading(tmp_path):
    dim = struct.pack(">q4sq", 1, b"x\0\0\0", 2**62)
    variable = struct.pack(">q4sq", 1, b"v\0\0\0", 90_000) + struct.pack(">q", 0) * 90_000
    header = b"CDF\x05" + struct.pack(">q", 0) + struct.pack(">iq", 10, 1) + dim + EMPTY_LIST
    header += struct.pack(">iq", 11, 1) + variable + EMPTY_LIST + struct.pack(">iqq", 6, 0, 0)
    assert refuses(tmp_path / "x.nc", header)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="No such file"):
        check_file(tmp_path / "x.nc")
