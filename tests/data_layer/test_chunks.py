"""Chunks read directly are what the NetCDF library reads, and are left to it when unusual."""

import zlib
from pathlib import Path

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data_layer import frames
from data_layer.api import ProductRequest
from data_layer.layouts import chunks
from data_layer.layouts.chunks import with_direct_chunks
from data_layer.local import LocalSource

SHAPE = (3, 5, 20, 31)
DIMS = ("member", "lead", "lat", "lon")


def write(path, dtype="f4", chunksizes=(1, 1, 20, 31), **how):
    """A file of one variable ``x``, numbered cell by cell."""
    values = np.arange(np.prod(SHAPE)).reshape(SHAPE) % 251
    with netCDF4.Dataset(path, "w") as ds:
        for name, n in zip(DIMS, SHAPE, strict=True):
            ds.createDimension(name, n)
        how = {"zlib": True, "shuffle": True, **how}
        v = ds.createVariable("x", dtype, DIMS, chunksizes=chunksizes, **how)
        v[:] = values.astype(dtype)
    return values.astype(dtype)


def opened(path):
    raw = xr.open_dataset(path, engine="netcdf4", decode_cf=False, chunks=None, cache=False)
    return with_direct_chunks(raw, Path(path))


def read_directly(ds, **at):
    """How many chunks were unpacked here, and the values."""
    count = 0
    inflate = chunks._ChunkReader._one

    def counted(self, place):
        nonlocal count
        values = inflate(self, place)
        count += values is not None
        return values

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks._ChunkReader, "_one", counted)
        values = ds["x"].isel(at).values
    return count, values


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "u2", "i1", "u1", "i4", "u8"])
@pytest.mark.parametrize("how", [{}, {"shuffle": False}, {"zlib": False, "shuffle": False}])
def test_one_map_is_one_chunk(tmp_path, dtype, how):
    values = write(tmp_path / "a.nc", dtype, **how)
    with opened(tmp_path / "a.nc") as ds:
        count, found = read_directly(ds, member=1, lead=-1)
    assert count == 1
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values[1, -1])


@pytest.mark.parametrize(
    "chunksizes", [(1, 1, 20, 31), (2, 3, 7, 10), (3, 5, 20, 31), (1, 1, 1, 1), (1, 2, 20, 16)]
)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_region_of_any_chunking_is_what_the_library_reads(tmp_path_factory, chunksizes, data):
    path = tmp_path_factory.mktemp("chunks") / "a.nc"
    values = write(path, chunksizes=chunksizes)
    key = []
    for n in SHAPE:
        kind = data.draw(st.sampled_from(["int", "slice", "list"]))
        if kind == "int":
            key.append(data.draw(st.integers(-n, n - 1)))
        elif kind == "slice":
            bounds = st.one_of(st.none(), st.integers(-n, n))
            step = data.draw(st.sampled_from([None, 1, 2, -1]))
            part = slice(data.draw(bounds), data.draw(bounds), step)
            assume(len(range(n)[part]) or step != -1)  # xarray itself fails on those
            key.append(part)
        else:
            key.append(data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=4)))
    with opened(path) as ds:
        found = ds["x"].isel(dict(zip(DIMS, key, strict=True))).values
    expected = values
    for axis in reversed(range(4)):
        expected = expected[(slice(None),) * axis + (key[axis],)]
    np.testing.assert_array_equal(found, expected)


def test_one_frame_of_a_large_archive_unpacks_one_chunk(tmp_path):
    """99 members and 7 leads of a global quarter-degree grid: 2.9 GB, of which 4 MB are read."""
    sizes = {"init": 1, "member": 99, "lead": 7, "lat": 721, "lon": 1440}
    axes = {
        "init": ("i4", [0], {"standard_name": "forecast_reference_time"}),
        "member": ("i4", range(1, 100), {"standard_name": "realization"}),
        "lead": ("i4", range(7), {"standard_name": "forecast_period", "units": "months"}),
        "lat": ("f8", np.linspace(-90, 90, 721), {"units": "degrees_north"}),
        "lon": ("f8", np.arange(1440) / 4, {"units": "degrees_east"}),
    }
    wanted = np.random.default_rng(1).normal(285, 10, (721, 1440)).astype("f4")
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as ds:
        for name, (dtype, values, attrs) in axes.items():
            ds.createDimension(name, sizes[name])
            v = ds.createVariable(name, dtype, (name,))
            v[:] = list(values)
            v.setncatts(attrs)
        ds["init"].units = "days since 2026-11-01"
        tas = ds.createVariable(
            "tas", "f4", tuple(axes), zlib=True, chunksizes=(1, 1, 1, 721, 1440), fill_value=-9e9
        )
        tas.units = "K"
        tas[0, 41, 3] = wanted
        tas[0, 98, 6] = wanted  # the last one is looked at when the file is listed

    count = 0
    inflate = chunks._ChunkReader._one

    def counted(self, place):
        nonlocal count
        count += 1
        return inflate(self, place)

    source = LocalSource.open(tmp_path)
    (info,) = source.catalogue().datasets
    request = ProductRequest(info.id, "tas", init="2026-11-01", lead=3, member=42)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks._ChunkReader, "_one", counted)
        frame = frames.decode(source.frame(request))
    assert count == 1
    np.testing.assert_allclose(frame.values, wanted, atol=frame.attrs["step"])
    source.close()


def test_a_region_that_crosses_chunks_reads_those_it_touches(tmp_path):
    values = write(tmp_path / "a.nc", chunksizes=(1, 1, 7, 10))
    with opened(tmp_path / "a.nc") as ds:
        count, found = read_directly(ds, member=0, lead=2, lat=slice(6, 8), lon=slice(9, 21))
    assert count == 2 * 3
    np.testing.assert_array_equal(found, values[0, 2, 6:8, 9:21])


@pytest.mark.parametrize(
    "how", [{"fletcher32": True}, {"endian": "big"}, {"compression": "zstd", "zlib": False}]
)
def test_other_storage_is_left_to_the_library(tmp_path, how):
    try:
        values = write(tmp_path / "a.nc", **how)
    except RuntimeError:
        pytest.skip("this build of the NetCDF library cannot write it")
    with opened(tmp_path / "a.nc") as ds:
        count, found = read_directly(ds, member=1, lead=1)
    assert count == 0
    np.testing.assert_array_equal(found, values[1, 1])


def test_a_chunk_that_was_never_written_holds_the_fill_value(tmp_path):
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as ds:
        for name, n in zip(DIMS, SHAPE, strict=True):
            ds.createDimension(name, n)
        v = ds.createVariable("x", "f4", DIMS, zlib=True, chunksizes=(1, 1, 20, 31), fill_value=-9)
        v[0, 0] = 1.0
    with opened(tmp_path / "a.nc") as ds:
        assert (ds["x"][0, 0].values == 1).all()
        assert (ds["x"][2, 4].values == -9).all()


def test_a_chunk_too_large_to_unpack_here_is_left_to_the_library(tmp_path, monkeypatch):
    values = write(tmp_path / "a.nc")
    monkeypatch.setattr(chunks, "LARGEST_CHUNK", 20 * 31 * 4 - 1)
    with opened(tmp_path / "a.nc") as ds:
        count, found = read_directly(ds, member=1, lead=1)
    assert count == 0
    np.testing.assert_array_equal(found, values[1, 1])


def test_a_damaged_chunk_is_an_error_and_never_values(tmp_path):
    path = tmp_path / "a.nc"
    write(path)
    with h5py.File(path) as f:
        at = f["x"].id.get_chunk_info_by_coord((1, 1, 0, 0))
    damaged = bytearray(path.read_bytes())
    for i in range(at.byte_offset + at.size // 2, at.byte_offset + at.size):
        damaged[i] ^= 0x55
    path.write_bytes(damaged)
    with opened(path) as ds:
        np.testing.assert_array_equal(ds["x"][0, 0].shape, (20, 31))
        with pytest.raises((OSError, RuntimeError)):
            ds["x"][1, 1].load()


def test_a_chunk_that_unpacks_to_another_size_is_not_believed(tmp_path):
    path = tmp_path / "a.nc"
    values = write(path, shuffle=False)
    with h5py.File(path, "r+") as f:
        f["x"].id.write_direct_chunk((1, 1, 0, 0), zlib.compress(b"\0" * (20 * 31 * 4 + 8)))
    with opened(path) as ds:
        count, _ = read_directly(ds, member=0, lead=0)
        assert count == 1
        try:
            count, found = read_directly(ds, member=1, lead=1)
        except (OSError, RuntimeError):
            return
    assert count == 0
    assert found.shape == values[1, 1].shape


def test_a_variable_that_shares_its_name_with_a_dim_is_not_mistaken(tmp_path):
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as ds:
        ds.createDimension("x", 4)
        ds.createDimension("y", 6)
        v = ds.createVariable("x", "f4", ("y", "x"), zlib=True, chunksizes=(1, 4))
        v[:] = np.arange(24).reshape(6, 4)
    with opened(path) as ds:
        np.testing.assert_array_equal(ds["x"].values, np.arange(24).reshape(6, 4))


def test_opening_reads_no_chunk(tmp_path):
    write(tmp_path / "a.nc")
    with opened(tmp_path / "a.nc") as ds:
        assert ds["x"].shape == SHAPE
        assert not ds["x"].variable._in_memory


def test_closing_lets_go_of_the_file(tmp_path):
    write(tmp_path / "a.nc")
    ds = opened(tmp_path / "a.nc")
    ds["x"][0, 0].load()
    ds.close()
    with h5py.File(tmp_path / "a.nc", "r+") as f:
        assert "x" in f
