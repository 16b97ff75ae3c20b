"""What a NetCDF-4 file may make a reader unpack."""

from __future__ import annotations

from pathlib import Path

import h5py
import netCDF4
import numpy as np
import pytest

from data_layer.errors import UnreadableFile
from data_layer.memory import LARGEST_AT_ONCE
from data_layer.opening import inspect, scan
from data_layer.storage import DEEPEST_GROUP, MOST_OBJECTS, check_storage


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "x.nc"


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableFile) as caught:
        check_storage(path)
    return caught.value.message


def test_a_forecast_is_taken_however_it_is_stored(forecast, write):
    for n, how in enumerate(
        ({}, {"zlib": True, "shuffle": True}, {"chunksizes": (1, 1, 1, 4, 6), "fletcher32": True})
    ):
        path = write(forecast(), f"{n}.nc", encoding={"tas": how})
        check_storage(path)
        assert inspect(path).inits == ("2026-10-01",)


@pytest.mark.parametrize("content", [b"", b"<html>", b"CDF\x01", b"\x89HDF\r\n\x1a\n" + bytes(99)])
def test_what_is_no_hdf5_is_left_to_whoever_opens_it_next(content, path):
    path.write_bytes(content)
    check_storage(path)


def test_a_small_file_with_a_huge_chunk_is_refused_before_it_is_unpacked(path):
    with netCDF4.Dataset(path, "w") as nc:
        for name in ("lat", "lon"):
            nc.createDimension(name, 9_000)
        shape = (9_000, 9_000)
        v = nc.createVariable("bomb", "f4", ("lat", "lon"), zlib=True, chunksizes=shape)
        v[0, 0] = 1
    assert path.stat().st_size < 5_000_000
    assert (
        refusal(path)
        == "its variable 'bomb' is stored in chunks of 324.0 MB; up to 256.0 MB are read"
    )
    (refused,) = scan(path.parent).refused
    assert "chunks of 324.0 MB" in refused.reason


def test_the_limit_is_of_the_chunk_and_can_be_set(path):
    with h5py.File(path, "w") as f:
        f.create_dataset("v", (8, 100, 100), "f4", chunks=(1, 100, 100), compression="gzip")
    check_storage(path, largest=40_000)
    with pytest.raises(UnreadableFile, match="chunks of 40000 bytes; up to 39999 bytes"):
        check_storage(path, largest=39_999)


def test_a_field_of_one_value_is_taken_though_it_packs_a_thousand_to_one(path):
    values = np.full((20, 1000, 1000), np.nan, "f4")
    with h5py.File(path, "w") as f:
        f.create_dataset("v", data=values, chunks=(1, 1000, 1000), compression=9)
    assert values.nbytes / path.stat().st_size > 900
    check_storage(path)


def test_terabytes_in_some_kilobytes_are_refused(path):
    with h5py.File(path, "w") as f:
        f.create_dataset("v", (1_000_000, 3600, 7200), "f8", chunks=(1, 360, 720))
    assert "declares 207.4 TB" in refusal(path)


def test_a_map_that_nobody_could_be_shown_is_refused(path):
    with h5py.File(path, "w") as f:
        f.create_dataset("v", (1_000_000, 1_000_000), "f4", chunks=(100, 100))
    assert "array of 1000000 x 1000000 (4.0 TB)" in refusal(path)


def test_an_axis_of_thousands_of_millions_of_places_is_refused(path):
    with netCDF4.Dataset(path, "w") as nc:
        nc.createDimension("lat", 4_500_000_000)
    assert "its 'lat' is an array of 4500000000" in refusal(path)


def test_a_file_that_is_not_written_to_the_end_yet_is_taken(path):
    with h5py.File(path, "w") as f:
        f.create_dataset("v", (50, 11, 7, 180, 360), "f4", chunks=(1, 1, 1, 180, 360))
    assert path.stat().st_size < 10_000
    check_storage(path)


# One file can show what lies in another


def test_a_link_into_another_file_is_refused(path):
    with h5py.File(path, "w") as f:
        f.create_group("a")["secret"] = h5py.ExternalLink("/etc/other.nc", "/tas")
    assert refusal(path) == "its 'a/secret' lies in another file"


def test_values_in_another_file_are_refused(path):
    with h5py.File(path, "w") as f:
        f.create_dataset("v", (10,), "u1", external=[("/etc/hostname", 0, 10)])
    assert refusal(path) == "its variable 'v' lies in another file"


def test_values_put_together_from_other_files_are_refused(path):
    virtual = h5py.VirtualLayout((4, 5), "f4")
    virtual[:] = h5py.VirtualSource("other.nc", "v", (4, 5))
    with h5py.File(path, "w") as f:
        f.create_virtual_dataset("v", virtual)
    assert refusal(path) == "its variable 'v' lies in another file"


def test_a_soft_link_within_the_file_is_nothing_to_fear(path):
    with h5py.File(path, "w") as f:
        f["v"] = np.zeros((2, 3))
        f["w"] = h5py.SoftLink("/v")
        f["dangling"] = h5py.SoftLink("/nowhere")
    check_storage(path)


# The looking itself is bounded


def test_more_objects_than_anyone_needs_are_refused(path):
    with h5py.File(path, "w", libver="latest") as f:
        for n in range(MOST_OBJECTS // 2 + 1):
            f.create_group(f"a/{n}")
            f[f"b{n}"] = h5py.SoftLink("/a")
    assert refusal(path) == f"it holds more than {MOST_OBJECTS} variables and groups"


def test_groups_in_groups_in_groups_are_refused(path):
    with h5py.File(path, "w") as f:
        f.create_group("/".join("g" * DEEPEST_GROUP))
    check_storage(path)
    with h5py.File(path, "a") as f:
        f.create_group("/".join("g" * (DEEPEST_GROUP + 1)))
    assert refusal(path) == f"its groups lie more than {DEEPEST_GROUP} deep"


def test_a_group_that_holds_itself_ends_the_looking(path):
    with h5py.File(path, "w") as f:
        f.create_group("a")["again"] = f["/"]
    assert "groups lie more than" in refusal(path)


def test_groups_that_hold_each_other_many_times_end_the_looking(path):
    with h5py.File(path, "w") as f:
        below = f.create_group("bottom")
        for level in range(30):
            group = f.create_group(f"level{level}")
            for n in range(10):
                group[f"way{n}"] = below
            below = group
    assert "more than 5000 variables and groups" in refusal(path)


def test_the_largest_map_is_looked_for_before_one_is_read(forecast, write):
    axis = np.linspace(0, 89, 9_000)
    ds = forecast(members=(0,), leads=(0,), lat=[0.0], lon=[0.0]).isel(lat=0, lon=0, drop=True)
    ds = ds.drop_vars("tas").assign_coords(
        lat=("lat", axis, {"units": "degrees_north"}), lon=("lon", axis, {"units": "degrees_east"})
    )
    path = write(ds, "tas.nc")
    with netCDF4.Dataset(path, "a") as nc:
        dims = ("init", "member", "lead", "lat", "lon")
        nc.createVariable("tas", "f4", dims, chunksizes=(1, 1, 1, 90, 90), zlib=True)
    check_storage(path)
    assert axis.size**2 * 4 > LARGEST_AT_ONCE
    with pytest.raises(UnreadableFile, match=r"one map of its variable 'tas' takes 324\.0 MB"):
        inspect(path)
