"""Zarr stores on other machines: a web server and object storage, and what may go wrong there."""

from __future__ import annotations

import builtins
import json
import logging
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

import fsspec
import netCDF4
import numpy as np
import pytest
import yaml

from data_layer import remote_stores
from data_layer.api import Point, ProductRequest
from data_layer.errors import Unavailable, UnreadableFile
from data_layer.findings import take_stock
from data_layer.local import LocalSource
from data_layer.remote_stores import Look, Looks, RemotePath
from data_layer.stores import UNKNOWN_SIZE
from tests.contract.service import running, wait_until
from tests.layouts import hosts, truth
from tests.layouts.test_zarr import chunk, dataset

SECRET = "not-to-be-told"

pytestmark = pytest.mark.filterwarnings("ignore:Consolidated metadata is currently not part")


@pytest.fixture
def own_looks(monkeypatch) -> Looks:
    """Looks of this test's own, which do not wait for a minute to pass."""
    looks = Looks()
    monkeypatch.setattr(remote_stores, "LOOKS", looks)
    monkeypatch.setattr("data_layer.walking.LOOKS", looks)
    monkeypatch.setattr(remote_stores, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(RemotePath, "holds", 0.0)
    monkeypatch.setattr("data_layer.stores.SHARE_OF_TIME", 1e9)
    return looks


@dataclass
class Place:
    """A store elsewhere, and what lies behind it."""

    host: hosts.Host
    url: str
    store: Path
    options: dict[str, object]
    publish: object = lambda: None

    def describe(self, archive: Path, **more: object) -> Path:
        """An archive that names it alone."""
        archive.mkdir(exist_ok=True)
        entry = {"url": self.url, "id": "far", **more}
        if self.options:
            entry["storage_options"] = self.options
        (archive / "catalogue.yml").write_text(yaml.safe_dump({"datasets": [entry]}))
        return archive


def write_store(path: Path, version: int = 3, plus: float = 0.0, **encoding: object) -> Path:
    ds = dataset(truth.make())
    ds["tas"] = ds["tas"] + np.float32(plus)
    ds["tas"].attrs = {"units": "K", "standard_name": "air_temperature"}
    ds.attrs["history"] = f"{plus:g} added"
    ds["tas"].encoding = {"chunks": (1, 1, 8, 12), **encoding}
    ds.to_zarr(path, zarr_format=version, consolidated=True, mode="w")
    return path


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "served").mkdir()
    return tmp_path / "served"


@pytest.fixture(params=(2, 3))
def on_the_web(request, folder, own_looks):
    store = write_store(folder / "far.zarr", request.param)
    with hosts.web(folder) as host:
        yield Place(host, f"{host.url}/far.zarr", store, {})


@pytest.fixture
def credentials(monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=(2, 3))
def in_a_bucket(request, folder, credentials, own_looks):
    boto3 = pytest.importorskip("boto3")
    pytest.importorskip("moto")
    store = write_store(folder / "far.zarr", request.param)
    with hosts.object_storage() as host:
        client = boto3.client("s3", endpoint_url=host.url)
        client.create_bucket(Bucket="forecasts")

        def publish() -> None:
            for path in store.rglob("*"):
                if path.is_file():
                    key = path.relative_to(folder).as_posix()
                    client.put_object(Bucket="forecasts", Key=key, Body=path.read_bytes())

        publish()
        options = {"endpoint_url": host.url, "region": "us-east-1"}
        yield Place(host, "s3://forecasts/far.zarr", store, options, publish)


@pytest.fixture(params=("file", "memory"))
def without_a_host(request, folder, own_looks):
    store = write_store(folder / "far.zarr")
    if request.param == "file":
        yield Place(hosts.Host(), f"file://{store}", store, {})
        return
    memory = fsspec.filesystem("memory")
    for path in store.rglob("*"):
        if path.is_file():
            memory.pipe(f"/far.zarr/{path.relative_to(store).as_posix()}", path.read_bytes())
    yield Place(hosts.Host(), "memory://far.zarr", store, {})
    memory.rm("/far.zarr", recursive=True)


def one_map(member: int, lead: int, **more: object) -> ProductRequest:
    return ProductRequest("far", "tas", init="2026-09-01", member=member, lead=lead, **more)


EXPECTED = truth.make().da[0]


# ------------------------------------------------------------------------- the same answers


def assert_the_same_requests_work(source: LocalSource) -> None:
    (info,) = source.catalogue().datasets
    assert (info.id, info.members, info.leads) == ("far", (1, 2, 3), (0, 1, 2))
    np.testing.assert_allclose(source.fetch(one_map(2, 1)).values, EXPECTED[1, 1], atol=1e-4)
    assert len(source.frame(one_map(2, 1))) > 100
    at = Point(lat=float(EXPECTED.lat[2]), lon=float(EXPECTED.lon[3]))
    series = source.fetch(ProductRequest("far", "tas", init="2026-09-01", point=at))
    np.testing.assert_allclose(series.values, EXPECTED[:, :, 2, 3], atol=1e-4)
    limits = source.limits(ProductRequest("far", "tas", init="2026-09-01"))
    assert limits.minimum == pytest.approx(float(EXPECTED.min()), abs=1e-3)
    with netCDF4.Dataset("answer", memory=source.netcdf(one_map(3, 2))) as file:
        np.testing.assert_allclose(file["tas"][:].squeeze(), EXPECTED[2, 2], atol=1e-4)


def test_a_store_on_the_web_answers_as_a_file_does(on_the_web, tmp_path):
    assert_the_same_requests_work(LocalSource.open(on_the_web.describe(tmp_path / "archive")))


def test_a_store_in_a_bucket_answers_as_a_file_does(in_a_bucket, tmp_path):
    assert_the_same_requests_work(LocalSource.open(in_a_bucket.describe(tmp_path / "archive")))


def test_a_store_at_an_address_of_this_machine_answers_as_a_file_does(without_a_host, tmp_path):
    assert_the_same_requests_work(LocalSource.open(without_a_host.describe(tmp_path / "archive")))


def test_stores_and_files_of_an_archive_stand_side_by_side(on_the_web, tmp_path):
    archive = on_the_web.describe(tmp_path / "archive", title="Far away", scope="data:far")
    write_store(archive / "near.zarr", plus=1.0)
    source = LocalSource.open(archive)
    far, near = source.catalogue().datasets
    assert (far.id, far.title, far.scope) == ("far", "Far away", "data:far")
    assert (near.title, near.scope) == ("near", "")
    (archive / "catalogue.yml").unlink()
    source.refresh()
    (only,) = source.catalogue().datasets
    assert only.title == "near"


# ------------------------------------------------------------------------- what is read


def assert_one_map_is_one_chunk(place: Place, archive: Path) -> None:
    source = LocalSource.open(place.describe(archive))
    read = place.host.chunks()
    assert len([p for p in read if "/tas/" in p]) == 1  # the map that is tried
    source.fetch(one_map(1, 0))  # opens it
    opened = place.host.chunks()
    assert len([p for p in opened if "/tas/" in p]) == 1
    assert {p.split("far.zarr/")[1].split("/")[0] for p in opened} == {
        "tas", "member", "lead", "lat", "lon", "reftime",
    }  # fmt: skip
    source.fetch(one_map(2, 1))
    assert [
        p.split("/tas/")[1].removeprefix("c/").replace("/", ".") for p in place.host.chunks()
    ] == ["1.1.0.0"]


def test_one_map_of_a_store_on_the_web_reads_its_chunk_alone(on_the_web, tmp_path):
    assert_one_map_is_one_chunk(on_the_web, tmp_path / "archive")


def test_one_map_of_a_store_in_a_bucket_reads_its_chunk_alone(in_a_bucket, tmp_path):
    assert_one_map_is_one_chunk(in_a_bucket, tmp_path / "archive")


def test_of_a_shard_the_chunk_of_one_map_is_read(folder, own_looks, tmp_path):
    store = write_store(folder / "far.zarr", 3, shards=(3, 3, 8, 12))
    with hosts.web(folder) as host:
        place = Place(host, f"{host.url}/far.zarr", store, {})
        source = LocalSource.open(place.describe(tmp_path / "archive"))
        found = source.fetch(one_map(2, 1))
    np.testing.assert_allclose(found.values, EXPECTED[1, 1], atol=1e-4)


# ------------------------------------------------------------------------- changes


def assert_rewritten_is_a_new_version(place: Place, archive: Path) -> None:
    source = LocalSource.open(place.describe(archive))
    (before,) = source.catalogue().datasets
    source.refresh()
    assert source.catalogue().datasets == (before,)
    source.fetch(one_map(1, 0))
    version = 3 if (place.store / "zarr.json").exists() else 2
    write_store(place.store, version, plus=10.0)
    place.publish()
    with pytest.raises(Unavailable, match="changed since"):
        source.fetch(one_map(1, 0))
    source.refresh()
    (after,) = source.catalogue().datasets
    assert after.version != before.version
    found = source.fetch(one_map(1, 0))
    np.testing.assert_allclose(found.values, EXPECTED[0, 0] + 10, atol=1e-3)


def test_a_store_on_the_web_written_anew_is_a_new_version(on_the_web, tmp_path):
    assert_rewritten_is_a_new_version(on_the_web, tmp_path / "archive")


def test_a_store_in_a_bucket_written_anew_is_a_new_version(in_a_bucket, tmp_path):
    assert_rewritten_is_a_new_version(in_a_bucket, tmp_path / "archive")


def test_other_options_are_another_version(in_a_bucket, tmp_path):
    source = LocalSource.open(in_a_bucket.describe(tmp_path / "archive"))
    (before,) = source.catalogue().datasets
    in_a_bucket.options["anon"] = False
    in_a_bucket.describe(tmp_path / "archive")
    source.refresh()
    (after,) = source.catalogue().datasets
    assert after.version != before.version


# ------------------------------------------------------------------------- lies and damage


def refusal(place: Place, archive: Path, **more: object) -> str:
    """Why the store is not listed."""
    source = LocalSource.open(place.describe(archive, **more))
    (refused,) = source.catalogue().refused
    assert refused.path == place.url
    return refused.reason


@pytest.fixture
def web_store(folder, own_looks):
    """A store on the web, version 3, before it was ever looked at."""
    store = write_store(folder / "far.zarr", 3)
    with hosts.web(folder) as host:
        yield Place(host, f"{host.url}/far.zarr", store, {})


def rewrite(store: Path, name: str, **changed: object) -> None:
    """Change the metadata of an array, where the store is read by them."""
    top = json.loads((store / "zarr.json").read_text())
    top["consolidated_metadata"]["metadata"][name] |= changed
    (store / "zarr.json").write_text(json.dumps(top))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"fill_value": "x"}, "cannot be"),
        ({"chunk_grid": {"name": "odd"}}, "chunks of different shapes"),
        ({"codecs": [{"name": "numcodecs.pickle", "configuration": {}}]}, "packed by"),
        ({"shape": "x"}, "metadata of its 'tas' are damaged"),
        ({"shape": [3, 10**6, 10**5, 10**5],
          "chunk_grid": {"name": "regular",
                         "configuration": {"chunk_shape": [1, 1, 10**5, 10**5]}}},
         "stored in chunks of 40.0 GB"),
    ],
)  # fmt: skip
def test_what_its_metadata_promise_is_checked(web_store, tmp_path, changed, reason):
    rewrite(web_store.store, "tas", **changed)
    assert reason in refusal(web_store, tmp_path / "archive")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"consolidated_metadata": 3}', "[" * 100_000])
def test_damaged_metadata_are_refused(web_store, tmp_path, text):
    (web_store.store / "zarr.json").write_text(text)
    assert "its zarr.json is damaged" in refusal(web_store, tmp_path / "archive")


def test_without_consolidated_metadata_it_is_said_how_to_make_them(web_store, tmp_path):
    shutil.rmtree(web_store.store)
    dataset(truth.make()).to_zarr(web_store.store, zarr_format=3, consolidated=False)
    assert "zarr.consolidate_metadata" in refusal(web_store, tmp_path / "archive")


def test_where_there_is_no_store_that_is_the_reason(web_store, tmp_path):
    shutil.rmtree(web_store.store)
    assert "there is neither .zmetadata nor zarr.json" in refusal(web_store, tmp_path / "archive")


def test_a_chunk_that_is_missing_is_not_read_as_numbers(web_store, tmp_path):
    rewrite(web_store.store, "tas", fill_value=0.0, attributes={"units": "K"})
    source = LocalSource.open(web_store.describe(tmp_path / "archive"))
    chunk(web_store.store, 0, 1).unlink()
    with pytest.raises(UnreadableFile, match="is missing, which would be read as numbers"):
        source.fetch(one_map(1, 1))
    source.fetch(one_map(1, 0))


def test_where_fill_is_a_missing_value_a_chunk_left_out_is_missing(web_store, tmp_path):
    source = LocalSource.open(web_store.describe(tmp_path / "archive"))
    chunk(web_store.store, 0, 1).unlink()
    assert np.isnan(source.fetch(one_map(1, 1)).values).all()


def test_a_damaged_chunk_is_an_error(web_store, tmp_path):
    source = LocalSource.open(web_store.describe(tmp_path / "archive"))
    path = chunk(web_store.store, 0, 1)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(UnreadableFile, match="could not be read"):
        source.fetch(one_map(1, 1))


def test_a_store_whose_last_map_is_damaged_is_refused(web_store, tmp_path):
    chunk(web_store.store, 2, 2).write_bytes(b"damaged")
    assert "'tas' cannot be read" in refusal(web_store, tmp_path / "archive")


def test_a_host_that_tells_no_time_is_refused(web_store, tmp_path):
    web_store.host.hidden.add("Last-Modified")
    assert "changes could not be seen" in refusal(web_store, tmp_path / "archive")


def test_an_address_that_leads_to_another_is_not_followed(web_store, tmp_path, folder):
    shutil.copytree(web_store.store, folder / "other.zarr")
    web_store.host.moved = {"/far.zarr/zarr.json": "/other.zarr/zarr.json"}
    assert "leads to another address" in refusal(web_store, tmp_path / "archive")
    assert not any("other" in path for _, path in web_store.host.asked)


def test_a_chunk_that_leads_to_another_address_is_not_followed(web_store, tmp_path):
    source = LocalSource.open(web_store.describe(tmp_path / "archive"))
    web_store.host.moved = {"/far.zarr/tas/c/0/1/0/0": "/far.zarr/tas/c/0/0/0/0"}
    with pytest.raises(Unavailable, match="leads to another address"):
        source.fetch(one_map(1, 1))


# ------------------------------------------------------------------------- who does not answer


def test_a_host_that_is_not_there_is_the_reason_and_its_address_is_not_told(tmp_path, own_looks):
    place = Place(hosts.Host(), "s3://forecasts/far.zarr", tmp_path, {})
    place.options = {"endpoint_url": "http://127.0.0.1:9", "anon": True}
    assert refusal(place, tmp_path / "archive").startswith("it ")
    assert "127.0.0.1" not in refusal(place, tmp_path / "archive")


def test_a_host_that_falls_silent_is_unavailable_and_not_a_damaged_file(
    web_store, tmp_path, monkeypatch
):
    monkeypatch.setattr(remote_stores, "LOOK_SECONDS", 0.3)
    monkeypatch.setattr(remote_stores, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr("data_layer.layouts.elsewhere.READ_SECONDS", 0.3)
    source = LocalSource.open(web_store.describe(tmp_path / "archive"))
    source.fetch(one_map(1, 0))
    web_store.host.silent.set()
    with pytest.raises(Unavailable, match="does not answer within"):
        source.fetch(one_map(1, 1))
    web_store.host.silent.clear()
    wait_until(lambda: _answers(source), 20)


def _answers(source: LocalSource) -> bool:
    try:
        source.fetch(one_map(1, 1))
    except Unavailable:
        return False
    return True


def test_a_store_known_from_before_stays_until_the_first_look_at_it_is_over(
    web_store, tmp_path, monkeypatch
):
    archive = web_store.describe(tmp_path / "archive")
    before = LocalSource.open(archive)._index.known()
    assert [stat.size for stat in before] == [UNKNOWN_SIZE]
    bad, go_on = Look(2, why="it does not answer"), threading.Event()

    def slow(_: RemotePath) -> Look:
        assert go_on.wait(30)
        return bad

    monkeypatch.setattr("data_layer.walking.LOOKS", Looks(slow))
    stock = take_stock(archive, before)
    assert [f.stat for f in stock.known] == list(before)
    assert take_stock(archive, {}).new == ()
    go_on.set()
    (new,) = wait_until(lambda: take_stock(archive, before).new)
    assert new.why == bad.why


@pytest.mark.parametrize(
    ("url", "module", "package"),
    [
        ("s3://b/x.zarr", "s3fs", "s3fs"),
        ("https://host/x.zarr", "aiohttp", "aiohttp"),
        ("gs://b/x.zarr", "gcsfs", "gcsfs"),
        ("s3://b/x.zarr", "fsspec", "fsspec"),
    ],
)
def test_without_a_library_the_refusal_says_what_to_install(
    url, module, package, tmp_path, monkeypatch, own_looks
):
    original = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == module:
            raise ImportError(f"No module named {module!r}")
        return original(name, *args, **kwargs)

    def not_imported(name):
        raise ImportError(f"fsspec says that {module} is missing")

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(fsspec, "get_filesystem_class", not_imported)
    place = Place(hosts.Host(), url, tmp_path, {})
    told = refusal(place, tmp_path / "archive")
    assert f"install poama-panel[remote], or {package}" in told


# ------------------------------------------------------------------------- the real service


def datasets(service) -> list[str]:
    return [d["id"] for d in service.get("/v1/catalogue").json()["datasets"]]


def refused(service) -> dict[str, str]:
    return {r["path"]: r["reason"] for r in service.get("/v1/catalogue").json()["refused"]}


def test_readers_answer_from_a_bucket_and_find_their_credentials(
    in_a_bucket, tmp_path, tmp_path_factory
):
    archive = in_a_bucket.describe(tmp_path / "archive")
    with running(archive, tmp_path_factory.mktemp("service"), readers=2) as service:
        wait_until(lambda: datasets(service) == ["far"])
        version = service.get("/v1/catalogue").json()["datasets"][0]["version"]
        asked = f"/v1/frames/far/{version}/tas/value/2026-09-01/1"
        for member in (2, 2, 2, 2):  # either reader opens it
            assert service.get(f"{asked}/{member}").status_code == 200
        in_a_bucket.host.asked.clear()
        answers = [service.get(f"{asked}/{member}") for member in (1, 3)]
        assert [a.status_code for a in answers] == [200, 200]
        maps = [p for p in in_a_bucket.host.chunks() if "/tas/" in p]
        assert len(maps) == 2
        assert not any(SECRET in line for line in service.log)


def test_a_host_that_does_not_answer_keeps_no_local_file_waiting(
    web_store, tmp_path, tmp_path_factory, caplog
):
    caplog.set_level(logging.DEBUG)
    archive = web_store.describe(tmp_path / "archive")
    write_store(archive / "near.zarr")
    web_store.host.silent.set()
    with running(archive, tmp_path_factory.mktemp("service"), readers=2) as service:
        wait_until(lambda: datasets(service) == ["near"], 10)
        write_store(archive / ".later.zarr", plus=5.0).rename(archive / "later.zarr")
        wait_until(lambda: "later" in datasets(service), 10)
        wait_until(lambda: "does not answer" in refused(service).get(web_store.url, ""), 10)
