"""Zarr stores: folders that are files, read by whichever layout knows what is in them."""

from __future__ import annotations

import builtins
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer import stores
from data_layer.api import ProductRequest
from data_layer.errors import DataLayerError, Unavailable, UnreadableFile
from data_layer.inspecting import report
from data_layer.integrity import check_file
from data_layer.layouts.cf import LAYOUT
from data_layer.local import LocalSource
from data_layer.opening import inspect
from data_layer.storage import check_storage
from data_layer.walking import Changes, walk
from tests.layouts import truth
from tests.layouts.suite import LayoutTests
from tests.layouts.truth import Truth

VERSIONS = (2, 3)
COORDS = {
    "member": {"standard_name": "realization"},
    "lead": {"standard_name": "forecast_period"},
    "lat": {"standard_name": "latitude", "units": "degrees_north"},
    "lon": {"standard_name": "longitude", "units": "degrees_east"},
    "reftime": {"standard_name": "forecast_reference_time"},
}


def dataset(made: Truth, i: int = 0) -> xr.Dataset:
    """One start, for writing, in chunks of one map."""
    there = [m for m in range(made.da.sizes["member"]) if made.has(i, m)]
    da = xr.concat([made.as_written(i, m) for m in there], "member").astype("f4").rename("tas")
    da.attrs = {"units": "K", "standard_name": "air_temperature"}
    start = da["init"].values
    ds = da.drop_vars("init").to_dataset().assign_coords(reftime=((), start))
    for name, attrs in COORDS.items():
        ds[name].attrs = dict(attrs)
    ds["lead"].attrs["units"] = made.unit
    ds["tas"].encoding = {"chunks": (1, 1, *da.shape[2:])}
    if made.traps.packed:
        packing = made.encoding(*da.shape)
        keep = ("dtype", "scale_factor", "add_offset", "_FillValue")
        ds["tas"].encoding |= {k: packing[k] for k in keep}
    return ds


def chunk(store: Path, member: int, lead: int) -> Path:
    """The file of one map."""
    flat = store / "tas" / f"{member}.{lead}.0.0"
    return flat if flat.exists() else store / "tas" / "c" / str(member) / str(lead) / "0" / "0"


class ZarrTests(LayoutTests):
    layout = LAYOUT
    suffix = ".zarr"
    version: int
    consolidated: bool

    def write(self, folder, truth):
        how = {"zarr_format": self.version, "consolidated": self.consolidated}
        for i, init in enumerate(truth.da["init"].values):
            name = f"tas_{str(init)[:10].replace('-', '')}.zarr"
            dataset(truth, i).to_zarr(folder / name, **how)

    @pytest.fixture(params=(0, 3, 5))
    def case(self, request, tmp_path):
        made = self.make(request.param)
        self.write(tmp_path, made)
        return tmp_path, made


class TestVersion2(ZarrTests):
    version, consolidated = 2, True


@pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")
class TestVersion3Consolidated(ZarrTests):
    version, consolidated = 3, True


class TestVersion3(ZarrTests):
    version, consolidated = 3, False


# ------------------------------------------------------------------------- stores as files


@pytest.fixture(params=VERSIONS)
def store(request, tmp_path) -> Path:
    return written(tmp_path, request.param)


def written(folder: Path, version: int, **encoding: object) -> Path:
    ds = dataset(truth.make())
    ds["tas"].encoding |= encoding
    ds.to_zarr(folder / "x.zarr", zarr_format=version, consolidated=False)
    return folder / "x.zarr"


def request_of(source: LocalSource, member: int, lead: int) -> ProductRequest:
    (info,) = source.catalogue().datasets
    return ProductRequest(info.id, "tas", init="2026-09-01", member=member, lead=lead)


def metadata(store: Path, name: str) -> Path:
    old = store / name / ".zarray"
    return old if old.exists() else store / name / "zarr.json"


def test_a_store_is_one_file_and_nothing_in_it_is_another(store):
    (store / "tas" / "inside.nc").touch()
    shutil.copytree(store, store.with_name(".unfinished.zarr"))
    assert [f.path for f in walk(store.parent)] == ["x.zarr"]


def test_one_map_reads_one_chunk(store):
    with LAYOUT.open(store) as ds:
        for member, lead in np.ndindex(3, 3):
            if (member, lead) != (1, 2):
                chunk(store, member, lead).write_bytes(b"damaged")
        found = ds["tas"].isel(init=0, member=1, lead=2).load()
    np.testing.assert_allclose(found.values, truth.make().da[0, 1, 2].values, atol=1e-4)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: os.utime(path, ns=(5, 5)),
        lambda path: path.write_bytes(path.read_bytes() + b"1"),
        lambda path: path.unlink(),
        lambda path: path.with_name("more").touch(),
        lambda path: path.rename(path.with_name("9")),
    ],
    ids=["time", "size", "gone", "more", "name"],
)
def test_any_change_in_a_store_is_another_identity(store, change):
    before = stores.identity(store)
    change(chunk(store, 0, 1))
    assert stores.identity(store) != before


def test_chunks_exchanged_with_their_times_are_another_identity(store):
    a, b = chunk(store, 0, 1), chunk(store, 1, 0)
    b.write_bytes(a.read_bytes())
    os.utime(a, ns=(10, 10**9))
    os.utime(b, ns=(10, 2 * 10**9))
    before = stores.identity(store)
    a.rename(store / "kept")
    b.rename(a)
    (store / "kept").rename(b)
    assert stores.identity(store) != before


def test_a_change_deep_in_an_old_store_is_noticed_without_looking_at_all(store):
    for path in [*store.rglob("*"), store, store.parent]:
        os.utime(path, ns=(10**18, 10**18))
    readings = iter(range(10**6))
    changes = Changes(store.parent, clock=lambda: float(next(readings)))
    assert changes.look()
    assert not changes.look()
    new = chunk(store, 2, 2).with_name("partial")
    new.write_bytes(chunk(store, 2, 2).read_bytes())
    new.replace(chunk(store, 2, 2))  # as the library writes
    assert changes.look()


def test_a_store_in_use_is_looked_at_for_a_part_of_the_time(store):
    now = iter([0.0, 1.0, 10.9, 11.0, 12.0, 13.0, 14.0])
    identities = stores.Identities(clock=lambda: next(now))
    before = identities.of(store)
    chunk(store, 0, 1).unlink()
    assert identities.of(store) == before
    after = identities.of(store)
    assert after == stores.identity(store) != before
    chunk(store, 0, 2).unlink()
    assert identities.of(store, anew=True) == stores.identity(store) != after


def test_a_store_written_over_is_a_new_version(store):
    source = LocalSource.open(store.parent)
    (before,) = source.catalogue().datasets
    wanted = request_of(source, 1, 0)
    source.fetch(wanted)
    ds = dataset(truth.make()) + 1
    for name in ("tas", *COORDS):
        ds[name].attrs = dataset(truth.make())[name].attrs
    ds[["tas"]].drop_vars(list(ds.coords)).to_zarr(store, mode="r+", consolidated=False)
    with pytest.raises(Unavailable, match="changed since"):
        source.fetch(wanted)
    source.refresh()
    (after,) = source.catalogue().datasets
    assert after.version != before.version
    expected = truth.make().da[0, 0, 0].values + 1
    np.testing.assert_allclose(source.fetch(wanted).values, expected, atol=1e-3)


def test_the_report_is_on_a_store_as_on_a_file(store):
    text, good = report(store)
    assert good
    assert "layout     cf" in text


# --------------------------------------------------------------------------- damage


def damage(path: Path) -> None:
    """As a disk would: the end is lost, and the time is not."""
    stat = path.stat()
    path.write_bytes(path.read_bytes()[: stat.st_size // 2])
    os.utime(path, ns=(stat.st_mtime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("compressors", [None, "auto"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_damaged_chunk_is_an_error(tmp_path, version, compressors):
    store = written(tmp_path, version, **{"compressors": compressors} if not compressors else {})
    damage(chunk(store, 0, 1))
    source = LocalSource.open(tmp_path)
    with pytest.raises(UnreadableFile, match="could not be read"):
        source.fetch(request_of(source, 1, 1))
    source.fetch(request_of(source, 1, 0))


def test_a_store_whose_last_map_is_damaged_is_refused(store):
    damage(chunk(store, 2, 2))
    with pytest.raises(UnreadableFile, match="'tas' cannot be read"):
        inspect(store)


def test_a_chunk_that_goes_after_indexing_is_not_read_as_fill(store):
    source = LocalSource.open(store.parent)
    chunk(store, 0, 1).unlink()
    with pytest.raises(Unavailable):
        source.fetch(request_of(source, 1, 1))


def test_where_fill_is_a_missing_value_a_chunk_left_out_is_missing(store):
    chunk(store, 0, 1).unlink()
    source = LocalSource.open(store.parent)
    assert np.isnan(source.fetch(request_of(source, 1, 1)).values).all()
    assert not np.isnan(source.fetch(request_of(source, 1, 0)).values).any()


@pytest.mark.parametrize(("version", "fill"), [(2, None), (3, 0.0)])
def test_where_fill_is_a_number_a_chunk_left_out_is_refused(tmp_path, version, fill):
    store = written(tmp_path, version)
    file = metadata(store, "tas")
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "fill_value": fill}))
    inspect(store)
    chunk(store, 0, 1).unlink()
    (store / "tas" / "c9").touch()  # no chunk
    with pytest.raises(UnreadableFile, match="lacks 1 of 9 chunks"):
        inspect(store)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("", None, "neither zarr.json nor .zgroup"),
        ("", "{", "damaged"),
        ("", "[]", "damaged"),
        ("", "[" * 100_000, "damaged"),
        ("", "{}", "is not that of"),
        ("tas", "{", "damaged"),
        ("tas", "{}", "metadata of its 'tas' are damaged"),
    ],
)
def test_metadata_that_are_missing_or_damaged_are_refused(store, name, text, reason):
    file = metadata(store, name)
    file = file if file.exists() else store / ".zgroup"
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    with pytest.raises(UnreadableFile, match=reason):
        check_file(store)
    (refused,) = LocalSource.open(store.parent).catalogue().refused
    assert refused.path == "x.zarr"


def test_a_chunk_that_unpacks_to_too_much_is_refused(store):
    with pytest.raises(UnreadableFile, match="in chunks of 384 bytes"):
        check_storage(store, largest=383)
    check_storage(store, largest=384)


def test_more_values_than_can_have_been_written_are_refused(store):
    file = metadata(store, "tas")
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "shape": [10**9, 3, 8, 12]}))
    with pytest.raises(UnreadableFile, match="cannot have been written"):
        check_storage(store)


def test_shards_are_read_by_their_chunks(tmp_path):
    store = written(tmp_path, 3, shards=(3, 3, 8, 12))
    check_storage(store, largest=384)
    source = LocalSource.open(tmp_path)
    expected = truth.make().da[0, 1, 2].values
    np.testing.assert_allclose(source.fetch(request_of(source, 2, 2)).values, expected, atol=1e-4)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_codec_that_runs_what_it_is_given_is_refused(tmp_path, version):
    store = written(tmp_path, version)
    file = metadata(store, "tas")
    said = json.loads(file.read_text())
    if version == 2:
        said["filters"] = [{"id": "pickle"}]
    else:
        said["codecs"].append({"name": "numcodecs.pickle", "configuration": {}})
    file.write_text(json.dumps(said))
    with pytest.raises(UnreadableFile, match=r"packed by '.*pickle'"):
        check_file(store)


@pytest.mark.parametrize("what", ["file", "folder", "pipe"])
def test_what_is_not_in_the_store_is_not_read(store, what):
    outside = store.with_name("outside")
    path = chunk(store, 0, 1)
    shutil.move(path, outside)
    if what == "file":
        path.symlink_to(outside)
    elif what == "folder":
        (store / "more").symlink_to(store.parent)
    else:
        os.mkfifo(path)
    with pytest.raises(UnreadableFile, match=r"leads out|a link to a folder|no ordinary file"):
        inspect(store)


def test_a_store_with_too_many_files_is_refused(store, monkeypatch):
    monkeypatch.setattr(stores, "MOST_ENTRIES", 10)
    with pytest.raises(UnreadableFile, match="more than 10 files and folders"):
        check_file(store)


def test_without_the_extra_the_refusal_says_what_to_install(store, monkeypatch):
    original = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "zarr":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataLayerError, match=r"poama-panel\[zarr\]"):
        inspect(store)
