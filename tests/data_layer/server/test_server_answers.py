"""What is answered: formats, codings, caching and names."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import zstandard

from data_layer import frames, wire
from tests.data_layer.server.asking import (
    SERIES,
    START,
    is_problem,
)


def test_series_as_json_and_as_array(service):
    as_json = service.get(f"{SERIES}&lon=150")
    assert as_json.headers["Content-Type"] == "application/json"
    said = as_json.json()
    as_array = service.get(f"{SERIES}&lon=150", Accept=wire.MEDIA_TYPE)
    array = wire.decode(as_array.content)
    assert said["dims"] == list(array.dims) == ["member", "lead"]
    np.testing.assert_allclose(np.array(said["values"], "f4"), array.values, rtol=0)
    assert said["coords"]["valid_time"]["values"][0] == "2026-11-01T00:00:00"
    assert said["attrs"]["units"] == "K"


def test_a_series_where_nothing_is_known_is_null(service):
    said = service.get(f"/v1/series/trial-forecast/tas?init={START}&lat=60&lon=-180").json()
    assert said["values"] == [[None] * 3] * 4


@pytest.mark.parametrize("route", ["series", "subset"])
@pytest.mark.parametrize("accept", ["application/x-pickle", "text/html", "application/*;q=0"])
def test_formats_that_are_not_offered_are_refused(service, route, accept):
    path = f"/v1/{route}/trial-forecast/tas?init={START}&lat=1&lon=1"
    said = is_problem(service.get(path, Accept=accept), 406)
    assert wire.MEDIA_TYPE in said["exists"]


def test_a_download_has_a_good_name(service):
    path = f"/v1/subset/trial-forecast/tas?product=mean&init={START}&lead=1"
    response = service.get(path)
    assert response.headers["Content-Type"] == "application/x-netcdf"
    name = f"trial-forecast_tas_mean_{START}_lead1.nc"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert int(response.headers["Content-Length"]) == len(response.content)
    assert response.content.startswith(b"\x89HDF")


@pytest.mark.parametrize(
    ("accepted", "used"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "gzip"),
        ("zstd;q=0, gzip;q=0.5", "gzip"),
        ("zstd;q=0, *", "gzip"),
        ("*", "zstd"),
        ("identity", None),
        ("br", None),
        ("*;q=0", None),
        ("zstd;q=x", None),
        ("", None),
    ],
)
def test_a_frame_comes_in_a_coding_the_client_takes(service, frame_path, accepted, used):
    with httpx.Client(trust_env=False) as client:
        headers = {"Authorization": f"Bearer {service.token()}", "Accept-Encoding": accepted}
        with client.stream("GET", service.url + frame_path, headers=headers) as response:
            body = b"".join(response.iter_raw())
    assert response.headers.get("Content-Encoding") == used
    assert response.headers["Vary"] == "Accept-Encoding"
    opened = {"zstd": zstandard.decompress, "gzip": gzip.decompress, None: bytes}[used](body)
    assert frames.decode(opened).shape == (13, 24)
    assert int(response.headers["Content-Length"]) == len(body)


def test_a_frame_may_be_kept_for_ever_and_is_checked_by_its_etag(service, frame_path):
    first = service.get(frame_path)
    assert first.headers["Content-Type"] == "application/vnd.poama.frame"
    assert first.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    etag = first.headers["ETag"]
    assert etag.startswith('"')
    for sent in (etag, f'"other", {etag}'):
        again = service.get(frame_path, **{"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == etag
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert service.get(frame_path, **{"If-None-Match": '"other"'}).status_code == 200
    plain = service.get(frame_path, **{"Accept-Encoding": "identity"})
    assert plain.headers["ETag"] != etag
    assert plain.content == first.content  # decoded by the client


def test_everything_else_is_not_kept(service):
    for path in (
        "/healthz",
        "/v1/products",
        "/v1/openapi.json",
        f"{SERIES}&lon=1",
    ):
        response = service.get(path)
        assert response.headers["Cache-Control"] == "private, no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in response.headers
        assert "ETag" not in response.headers


def test_the_catalogue_is_sent_again_only_when_it_changed(service):
    first = service.get("/v1/catalogue")
    assert first.headers["Cache-Control"] == "private, no-cache"
    etag = first.headers["ETag"]
    again = service.get("/v1/catalogue", **{"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == etag
    other = service.get("/v1/catalogue", **{"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_an_old_version_is_not_found_and_names_the_current_one(service, frame_path):
    version = frame_path.split("/")[4]
    said = is_problem(service.get(frame_path.replace(version, "0" * 16)), 404)
    assert said["type"].endswith("SupersededVersion")
    assert said["exists"] == [version]


def test_the_catalogue_names_the_damaged_file_with_the_reason(service):
    (refused,) = service.get("/v1/catalogue").json()["refused"]
    assert refused["path"] == "damaged.nc"
    assert "NetCDF" in refused["reason"]


def test_many_at_once(service, frame_path):
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: service.get(frame_path).content, range(64)))
    assert len(set(answers)) == 1
