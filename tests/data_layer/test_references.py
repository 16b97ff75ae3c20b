"""Reference sets: chunks of NetCDF files read as a Zarr store, and what must not be read so."""

from __future__ import annotations

import base64
import builtins
import json
import os
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml

from data_layer import references
from data_layer.api import Point, ProductRequest
from data_layer.errors import Unavailable
from data_layer.inspecting import report
from data_layer.local import LocalSource
from data_layer.references import identity
from data_layer.walking import walk
from tests.contract.service import running, wait_until
from tests.layouts import hosts, truth
from tests.layouts.test_zarr import dataset

EXPECTED = truth.make().da[0]
_INTERNAL = ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid")


def write_netcdf(path: Path, plus: float = 0.0) -> Path:
    """A forecast in chunks of one map, shuffled and deflated."""
    ds = dataset(truth.make())
    ds["tas"] = ds["tas"] + np.float32(plus)
    ds["tas"].attrs = {"units": "K", "standard_name": "air_temperature"}
    ds["tas"].encoding = {"chunksizes": (1, 1, 8, 12), "zlib": True, "shuffle": True}
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}")
    ds.to_netcdf(aside, engine="netcdf4")
    aside.replace(path)
    return path


def references_to(path: Path, target: str) -> dict[str, Any]:
    """What kerchunk writes of a NetCDF-4 file, by the places that HDF5 tells."""
    refs: dict[str, Any] = {".zgroup": json.dumps({"zarr_format": 2})}
    with h5py.File(path) as file:
        for name, held in file.items():
            attrs = {k: plain(v) for k, v in held.attrs.items() if k not in _INTERNAL}
            dims = [held.dims[i][0].name.lstrip("/") for i in range(held.ndim)] if held.dims and \
                "DIMENSION_LIST" in held.attrs else [name] * held.ndim  # fmt: skip
            filters = []
            if held.shuffle:
                filters.append({"id": "shuffle", "elementsize": held.dtype.itemsize})
            if held.compression:
                filters.append({"id": "zlib", "level": held.compression_opts})
            fill = attrs.pop("_FillValue", None)
            chunks = held.chunks or held.shape
            about = {
                "zarr_format": 2, "shape": held.shape, "chunks": chunks, "dtype": held.dtype.str,
                "fill_value": "NaN" if fill != fill else fill, "order": "C",
                "filters": filters or None, "compressor": None,
            }  # fmt: skip
            refs[f"{name}/.zarray"] = json.dumps(about)
            refs[f"{name}/.zattrs"] = json.dumps({**attrs, "_ARRAY_DIMENSIONS": dims})
            if held.chunks is None:
                key = ".".join("0" * held.ndim) or "0"
                refs[f"{name}/{key}"] = [target, held.id.get_offset(), held.id.get_storage_size()]
                continue
            for i in range(held.id.get_num_chunks()):
                info = held.id.get_chunk_info(i)
                at = (o // c for o, c in zip(info.chunk_offset, chunks, strict=True))
                refs[f"{name}/{'.'.join(map(str, at))}"] = [target, info.byte_offset, info.size]
    return {"version": 1, "refs": refs}


def plain(value: Any) -> Any:
    """An attribute as JSON has it."""
    if isinstance(value, bytes):
        return value.decode()
    value = np.asarray(value)
    return value.reshape(-1)[0].item() if value.size == 1 else value.tolist()


def write_references(path: Path, said: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said))
    return path


@pytest.fixture
def archive(tmp_path) -> Path:
    (tmp_path / "archive").mkdir()
    return tmp_path / "archive"


@pytest.fixture
def made(archive) -> tuple[Path, dict[str, Any]]:
    """A reference set beside a file that is no NetCDF by its name, and what it says."""
    target = write_netcdf(archive / "data" / "made.h5")
    said = references_to(target, "../data/made.h5")
    return write_references(archive / "refs" / "made.json", said), said


def one_map(source: LocalSource, member: int, lead: int) -> ProductRequest:
    (info,) = source.catalogue().datasets
    return ProductRequest(info.id, "tas", init="2026-09-01", member=member, lead=lead)


def refusal(archive: Path) -> str:
    (refused,) = LocalSource.open(archive).catalogue().refused
    return refused.reason


def left_out(archive: Path) -> str:
    (file,) = LocalSource.open(archive)._index.left_out
    return file.reason


# ------------------------------------------------------------------------- as a store


def test_the_same_requests_work(made, archive):
    source = LocalSource.open(archive)
    found = source.fetch(one_map(source, 2, 1))
    np.testing.assert_allclose(found.values, EXPECTED[1, 1], atol=1e-4)
    assert len(source.frame(one_map(source, 2, 1))) > 100
    (info,) = source.catalogue().datasets
    at = Point(lat=float(EXPECTED.lat[2]), lon=float(EXPECTED.lon[3]))
    series = source.fetch(ProductRequest(info.id, "tas", init="2026-09-01", point=at))
    np.testing.assert_allclose(series.values, EXPECTED[:, :, 2, 3], atol=1e-4)


def test_readers_read_it(made, archive, tmp_path_factory):
    with running(archive, tmp_path_factory.mktemp("service"), readers=1) as service:
        (info,) = wait_until(lambda: service.get("/v1/catalogue").json()["datasets"])
        path = f"/v1/frames/{info['id']}/{info['version']}/tas/value/2026-09-01/1/2"
        assert service.get(path).status_code == 200


def test_contents_may_stand_in_it_and_templates_are_put_in(made, archive):
    path, said = made
    whole = (archive / "data" / "made.h5").read_bytes()
    refs = said["refs"]
    for name, place in refs.items():
        if isinstance(place, list):
            refs[name] = ["{{ here }}/made.h5", *place[1:]]
    _, start, size = refs["tas/1.1.0.0"]
    refs["tas/1.1.0.0"] = f"base64:{base64.b64encode(whole[start : start + size]).decode()}"
    refs["tas/.zarray"] = json.loads(refs["tas/.zarray"])
    write_references(path, {**said, "templates": {"here": "../data"}})
    source = LocalSource.open(archive)
    for member, lead in product((2, 3), (1, 2)):
        found = source.fetch(one_map(source, member, lead))
        np.testing.assert_allclose(found.values, EXPECTED[member - 1, lead], atol=1e-4)


def test_the_report_is_on_it_as_on_a_file(archive):
    target = write_netcdf(archive / "made.h5")
    text, good = report(write_references(archive / "made.json", references_to(target, "made.h5")))
    assert good
    assert "layout     cf" in text


def test_other_json_is_left_out_and_not_refused(archive):
    write_references(archive / "about.json", {"refs": "none"})
    assert "no set of references" in left_out(archive)


def test_the_metadata_of_a_folder_that_is_no_store_by_its_name_are_passed_over(archive):
    dataset(truth.make()).to_zarr(archive / "folder", zarr_format=3, consolidated=False)
    assert list(walk(archive)) == []


def test_without_fsspec_the_refusal_says_what_to_install(made, archive, monkeypatch):
    original = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("data_layer.layouts.elsewhere"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "poama-panel[remote]" in refusal(archive)


# ------------------------------------------------------------------------- changes


def test_a_file_that_it_names_is_part_of_its_version(made, archive):
    source = LocalSource.open(archive)
    (before,) = source.catalogue().datasets
    source.fetch(one_map(source, 1, 0))
    target = write_netcdf(archive / "data" / "made.h5", plus=1.0)
    with pytest.raises(Unavailable, match="changed since"):
        source.fetch(one_map(source, 1, 0))
    source.refresh()
    (refused,) = source.catalogue().refused
    assert re.search("which is younger|beyond the end", refused.reason)
    write_references(made[0], references_to(target, "../data/made.h5"))
    source.refresh()
    (after,) = source.catalogue().datasets
    assert after.version != before.version
    found = source.fetch(one_map(source, 1, 0))
    np.testing.assert_allclose(found.values, EXPECTED[0, 0] + 1, atol=1e-3)


def test_a_file_written_after_the_references_is_not_read_by_them(made, archive):
    path, _ = made
    os.utime(path, (10**9, 10**9))
    assert "which is younger" in refusal(archive)


def test_json_of_another_kind_has_the_identity_of_a_file(archive):
    path = write_references(archive / "about.json", {"a": 1})
    stat = path.stat()
    assert identity(path) == (stat.st_size, stat.st_mtime_ns)


# ------------------------------------------------------------------------- what may be read


def outside(archive: Path) -> Path:
    return write_netcdf(archive.parent / "outside.h5")


def by_link(archive: Path) -> str:
    (archive / "link.h5").symlink_to(outside(archive))
    return "link.h5"


def by_linked_folder(archive: Path) -> str:
    outside(archive)
    (archive / "elsewhere").symlink_to(archive.parent)
    return "elsewhere/outside.h5"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (lambda a: str(write_netcdf(a / "x.h5")), "by its full path"),
        (lambda a: str(outside(a)), "by its full path"),
        (lambda a: f"../{outside(a).name}", "does not lie in the archive's folder"),
        (lambda a: f"sub/../../{outside(a).name}", "does not lie in the archive's folder"),
        (by_link, "does not lie in the archive's folder"),
        (by_linked_folder, "does not lie in the archive's folder"),
        (lambda a: "nothing.h5", "cannot be read"),
        (lambda a: "a\0b", "cannot be read"),
        (lambda a: ".", "no ordinary file"),
        (lambda a: f"file://{outside(a)}", "not allowed"),
        (lambda a: f"local://{outside(a)}", "no"),
        (lambda a: "http://169.254.169.254/latest", "not allowed"),
        (lambda a: "s3://bucket/x.nc", "not allowed"),
        (lambda a: "simplecache::file:///etc/passwd", "not one"),
        (lambda a: "http://user:word@host/x", "not one"),
        (lambda a: "{{unknown}}/x.nc", "template that is not there"),
    ],
)
def test_other_files_and_addresses_are_not_read(archive, target: Callable[[Path], str], reason):
    said = references_to(write_netcdf(archive.parent / "made.h5"), target(archive))
    write_references(archive / "made.json", said)
    assert reason in refusal(archive)


def test_a_pipe_is_not_read(archive):
    os.mkfifo(archive / "pipe.h5")
    said = references_to(write_netcdf(archive.parent / "made.h5"), "pipe.h5")
    write_references(archive / "made.json", said)
    assert "no ordinary file" in refusal(archive)


def test_a_link_put_in_place_of_a_file_is_not_followed(made, archive):
    source = LocalSource.open(archive)
    target = archive / "data" / "made.h5"
    target.unlink()
    target.symlink_to(outside(archive))
    with pytest.raises(Unavailable):
        source.fetch(one_map(source, 1, 0))
    source.refresh()
    assert source.catalogue().datasets == ()


def described(archive: Path, entry: dict[str, Any]) -> None:
    (archive / "catalogue.yml").write_text(yaml.safe_dump({"datasets": [entry]}))


@pytest.fixture
def on_the_web(tmp_path, archive):
    """An archive whose reference set points to a web server, and that server."""
    target = write_netcdf(tmp_path / "served" / "data" / "made.h5")
    with hosts.web(tmp_path / "served") as host:
        said = references_to(target, f"{host.url}/data/made.h5")
        write_references(archive / "made.json", said)
        yield host


def test_addresses_are_read_where_the_description_names_the_file(on_the_web, archive):
    described(archive, {"files": "made.json", "targets": f"{on_the_web.url}/data/"})
    source = LocalSource.open(archive)
    source.fetch(one_map(source, 1, 0))
    on_the_web.asked.clear()
    found = source.fetch(one_map(source, 2, 1))
    np.testing.assert_allclose(found.values, EXPECTED[1, 1], atol=1e-4)
    assert on_the_web.asked == [("GET", "/data/made.h5")]


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {"files": "made.json", "title": "named, and no targets"},
        {"files": "other.json", "targets": "{url}/data/"},
        {"files": "made.json", "targets": "{url}/dat"},
        {"files": "made.json", "targets": "{url}/data/made"},
        {"files": "made.json", "targets": "https://elsewhere/data/"},
    ],
)
def test_addresses_are_not_read_otherwise(on_the_web, archive, entry):
    if entry is not None:
        targets = entry.get("targets")
        more = {"targets": targets.format(url=on_the_web.url)} if targets else {}
        described(archive, entry | more)
    assert "not allowed" in refusal(archive)
    assert on_the_web.asked == []


def test_an_address_that_climbs_out_of_what_is_allowed_is_not_read(tmp_path, archive):
    target = write_netcdf(tmp_path / "served" / "secret.h5")
    with hosts.web(tmp_path / "served") as host:
        said = references_to(target, f"{host.url}/data/../secret.h5")
        write_references(archive / "made.json", said)
        described(archive, {"files": "made.json", "targets": f"{host.url}/data"})
        assert "not one" in refusal(archive)
        assert host.asked == []


# ------------------------------------------------------------------------- damage


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 2}, "another version"),
        ({"gen": [{"key": "x", "url": "y"}]}, "generates references"),
        ({"templates": ["x"]}, "templates are damaged"),
        ({"refs": {}}, "neither zarr.json nor .zgroup"),
        ({"refs": {".zgroup": ["made.h5", 0, 10]}}, "lies in another file"),
        ({"refs": {".zgroup": "{"}}, "metadata are damaged"),
        ({"refs": {"tas/0": ["x"] * 2}}, "is no reference"),
        ({"refs": {"tas/0": [None, 0, 1]}}, "is no reference"),
        ({"refs": {"tas/0": ["x", -1, 1]}}, "is no reference"),
        ({"refs": {"tas/0": ["x", True, 1]}}, "is no reference"),
        ({"refs": {"tas/0": 7}}, "is no reference"),
        ({"refs": {"tas/0": "base64:?"}}, "is damaged"),
    ],
)
def test_what_cannot_be_understood_is_refused(made, archive, change, reason):
    path, said = made
    write_references(path, {**said, **change})
    assert reason in refusal(archive)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff"])
def test_damaged_json_is_refused(archive, text):
    (archive / "made.json").write_text(text, encoding="latin-1")
    assert "damaged JSON" in refusal(archive)


def test_one_that_is_too_large_is_refused(made, archive, monkeypatch):
    monkeypatch.setattr(references, "LARGEST", 100)
    references._targets.cache_clear()
    assert "larger than" in refusal(archive)


def test_a_file_that_is_cut_short_is_refused(made, archive):
    target = archive / "data" / "made.h5"
    target.write_bytes(target.read_bytes()[:-1000])
    made[0].touch()
    assert "beyond the end" in refusal(archive)


def test_where_fill_is_a_number_a_chunk_that_is_not_named_is_refused(made, archive):
    path, said = made
    about = json.loads(said["refs"]["tas/.zarray"]) | {"fill_value": None}
    said["refs"]["tas/.zarray"] = json.dumps(about)
    del said["refs"]["tas/1.1.0.0"]
    write_references(path, said)
    assert "lacks 1 of 9 chunks" in refusal(archive)


def test_a_codec_that_runs_what_it_is_given_is_refused(made, archive):
    path, said = made
    about = json.loads(said["refs"]["tas/.zarray"]) | {"filters": [{"id": "pickle"}]}
    said["refs"]["tas/.zarray"] = json.dumps(about)
    write_references(path, said)
    assert "packed by 'pickle'" in refusal(archive)


def test_it_is_one_file_of_the_archive(made, archive):
    assert [f.path for f in walk(archive)] == ["refs/made.json"]
