"""Which addresses and options the archive's description may name."""

from __future__ import annotations

import pytest
import yaml

from data_layer.described import read_description
from data_layer.errors import BadRequest
from data_layer.remote import check_url

SECRET = "not-to-be-told"


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/store.zarr",
        "gs://bucket/a/b.zarr/",
        "https://host.example:8443/~x/a=b/c,d@e+f.zarr",
        "file:///data/x.zarr",
        "memory://x.zarr",
    ],
)
def test_addresses_that_may_be_named(url):
    assert check_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "store.zarr",
        "/data/store.zarr",
        "ftp://host/x.zarr",
        "abfs://host/x.zarr",
        "reference://x",
        "simplecache::s3://bucket/x.zarr",
        "zip://x::https://host/y",
        "https://somebody:word@host/x.zarr",
        "https://host/x.zarr?key=word",
        "https://host/x.zarr#part",
        "https://host/a/../x.zarr",
        "https://host/./x.zarr",
        "https://host/%2e%2e/x.zarr",
        "https://host/a b.zarr",
        "https://host//x.zarr",
        "https://host\\@other/x.zarr",
        "https:///x.zarr",
        "s3://",
        "https://host/x.zarr\n",
    ],
)
def test_addresses_that_may_not(url, tmp_path):
    with pytest.raises(ValueError, match=r"address|scheme|host"):
        check_url(url)
    (tmp_path / "catalogue.yml").write_text(yaml.safe_dump({"datasets": [{"url": url}]}))
    with pytest.raises(BadRequest, match=r"datasets\.0\.url"):
        read_description(tmp_path)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"url": "s3://b/x", "files": "x.nc"}, "either files or a url"),
        ({"url": "s3://b/x", "storage_options": {"key": "k", "secret": SECRET}}, "key"),
        ({"url": "s3://b/x", "storage_options": {"client_kwargs": {}}}, "client_kwargs"),
        ({"url": "s3://b/x", "storage_options": {"endpoint_url": "file:///etc"}}, "endpoint_url"),
        ({"url": "s3://b/x", "storage_options": {"endpoint_url": "http://u:p@h"}}, "endpoint_url"),
        ({"url": "https://h/x", "storage_options": {"anon": True}}, "s3:// or gs://"),
        ({"files": "x.nc", "storage_options": {"anon": True}}, "s3:// or gs://"),
        ({"url": "s3://b/x", "targets": "s3://b/"}, "targets go with"),
        ({"files": "refs/*.json", "targets": "s3://b/"}, "named by themselves"),
        ({"title": "nothing"}, "name files, or the url"),
    ],
)
def test_what_an_entry_must_not_say(entry, told, tmp_path):
    (tmp_path / "catalogue.yml").write_text(yaml.safe_dump({"datasets": [entry]}))
    with pytest.raises(BadRequest) as refused:
        read_description(tmp_path)
    assert told in str(refused.value)
    assert SECRET not in str(refused.value)


def test_an_address_is_named_once(tmp_path):
    entries = [{"url": "s3://b/x"}, {"url": "s3://b/x/"}]
    (tmp_path / "catalogue.yml").write_text(yaml.safe_dump({"datasets": entries}))
    with pytest.raises(BadRequest, match="more than once"):
        read_description(tmp_path)


def test_patterns_of_files_do_not_fit_addresses(tmp_path):
    entries = [{"files": "**", "leave_out": True}, {"url": "s3://b/x.zarr", "title": "X"}]
    (tmp_path / "catalogue.yml").write_text(yaml.safe_dump({"datasets": entries}))
    description = read_description(tmp_path)
    found = description.entry_for("s3://b/x.zarr")
    assert found is not None
    assert found.title == "X"
    assert description.entry_for("s3://b/other.zarr") is None
