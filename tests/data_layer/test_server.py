"""The service as strangers, friends and broken programs meet it: real process, real readers."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import jwt
import numpy as np
import pytest
import zstandard

from data_layer import frames, wire
from data_layer.api import ProductRequest
from data_layer.auth.scopes import PUBLIC
from data_layer.auth.tokens import Signer, make_key_pair
from data_layer.errors import Unavailable
from data_layer.server.routes import ROUTES
from data_layer.server.service import Service
from data_layer.settings import DataSettings
from tests.contract.archive import write_archive, write_forecast
from tests.contract.fakes import FakeArchive
from tests.contract.service import running, wait_until

START = "2026-11-01"
SERIES = f"/v1/series/trial-forecast/tas?init={START}&lat=-30"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    write_archive(folder)
    return folder


@pytest.fixture(scope="module")
def service(archive, tmp_path_factory):
    with running(archive, tmp_path_factory.mktemp("service"), readers=2) as service:
        yield service


@pytest.fixture(scope="module")
def frame_path(service):
    return frame_address(service)


def frame_address(service, lead=1, member=2):
    (version,) = [
        d["version"]
        for d in service.get("/v1/catalogue").json()["datasets"]
        if d["id"] == "trial-forecast"
    ]
    return f"/v1/frames/trial-forecast/{version}/tas/value/{START}/{lead}/{member}"


def is_problem(response, status):
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    said = response.json()
    assert said["status"] == status
    assert set(said) == {"type", "title", "status", "detail", "asked", "exists", "advice"}
    assert "no-store" in response.headers["Cache-Control"]
    assert "Server" not in response.headers
    return said


def anonymous(service, path, headers=None):
    return httpx.get(service.url + path, headers=headers or {}, timeout=30, trust_env=False)


def filled(path):
    for name in ("dataset", "version", "variable", "product", "init", "lead", "member"):
        path = path.replace(f"{{{name}}}", "x")
    return path


# Who may ask


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.path)
def test_every_route_needs_a_token_unless_it_is_a_health_check(service, route):
    response = anonymous(service, filled(route.path))
    if route.handler.route in PUBLIC:
        assert route.path in ("/healthz", "/readyz")
        assert response.status_code == 200
    else:
        is_problem(response, 401)
        assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1/catalogue/", "/static/x", "/favicon.ico", "/healthz/"]
)
def test_addresses_without_a_route_need_a_token_too(service, path):
    is_problem(anonymous(service, path), 401)
    is_problem(service.get(path), 404)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic dTpw",
        "Bearer",
        "Bearer  {}",
        "{}",
        "Token {}",
        "bearer\t{}",
        "Bearer x",
    ],
)
def test_a_malformed_authorization_is_refused(service, authorization):
    said = service.get("/v1/catalogue", Authorization=authorization.format(service.token()))
    is_problem(said, 401)
    assert said.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_cookie_is_no_token(service):
    is_problem(anonymous(service, "/v1/catalogue", {"Cookie": f"token={service.token()}"}), 401)


def test_two_authorization_headers_are_refused(service):
    line = f"Authorization: Bearer {service.token()}\r\n"
    assert raw(service, f"GET /v1/catalogue HTTP/1.1\r\nHost: x\r\n{line}{line}\r\n") == 400


@pytest.mark.parametrize("name", ["access_token", "token", "ACCESS_TOKEN", "jwt"])
@pytest.mark.parametrize("path", ["/v1/catalogue", "/healthz"])
def test_a_token_in_the_address_is_refused(service, name, path):
    said = is_problem(service.get(f"{path}?{name}={service.token()}"), 400)
    assert "header" in said["advice"]


def test_a_token_of_another_key_is_refused(service):
    stranger = Signer(make_key_pair()[0], "test").mint("u")
    is_problem(service.get("/v1/catalogue", Authorization=f"Bearer {stranger}"), 401)


def test_an_expired_token_is_refused(service):
    then = int(time.time()) - 400
    claims = {"iss": "poama-panel", "aud": "poama-data", "sub": "u", "jti": "j"}
    claims |= {"iat": then, "nbf": then, "scope": "data:read"}
    headers = {"typ": "at+jwt", "kid": "test"}

    def token(lifetime):
        body = {**claims, "exp": then + lifetime}
        return jwt.encode(body, service.pem, algorithm="EdDSA", headers=headers)

    good = service.get("/v1/catalogue", Authorization=f"Bearer {token(500)}")
    assert good.status_code == 200
    token = token(300)
    is_problem(service.get("/v1/catalogue", Authorization=f"Bearer {token}"), 401)


@pytest.mark.parametrize("scope", ["", "other", "data:reader", "admin data:write"])
def test_without_the_scope_even_what_is_cached_is_refused(service, frame_path, scope):
    assert service.get(frame_path).status_code == 200
    token = service.signer.mint("u", scope=scope)
    for headers in ({}, {"If-None-Match": service.get(frame_path).headers["ETag"]}):
        refused = service.get(frame_path, Authorization=f"Bearer {token}", **headers)
        is_problem(refused, 403)
        challenge = refused.headers["WWW-Authenticate"]
        assert challenge == 'Bearer error="insufficient_scope", scope="data:read"'


def test_headers_of_proxies_mean_nothing(service):
    lies = {"X-Forwarded-User": "root", "X-Forwarded-Host": "evil", "X-Auth-User": "root"}
    is_problem(anonymous(service, "/v1/catalogue", lies), 401)


# What may be asked

BAD_NUMBERS = [
    "nan",
    "inf",
    "-inf",
    "1e999",
    "",
    "0x1",
    "1_0",
    "%EF%BC%95",
    "%00",
    "%ff",
    "1;drop",
    "1%0a",
    "1" * 400,
    "1e",
    "--1",
    "1,5",
    "%201",
    "True",
    "721",
    "-361",
]


@pytest.mark.parametrize("number", BAD_NUMBERS)
@pytest.mark.parametrize("name", ["lat", "lon"])
def test_what_is_no_number_is_refused(service, name, number):
    other = "lon" if name == "lat" else "lat"
    path = f"/v1/series/trial-forecast/tas?init={START}&{name}={number}&{other}=1"
    is_problem(service.get(path), 400)


@pytest.mark.parametrize("number", ["%2B1", "1e2", "1.", ".5", "-179.99", "359.9", "1E%2B1"])
def test_numbers_may_be_written_in_several_ways(service, number):
    assert service.get(f"{SERIES}&lon={number}").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "lat=1&lat=2&lon=3",
        "lat=1&lon=3&y=4",
        "lat=1&lon=3&__class__=1",
        "",
        "lat=1",
        "lon=1",
        "lat=1&lon=1&init=2026-02-30",
        "lat=1&lon=1&init=0000-01-01",
        "lat=1&lon=1&init=2026-11-01T00:00:00Z",
        "lat=1&lon=1&init=",
        "lat=1&lon=1&member=1.0",
        "lat=1&lon=1&member=%D9%A1",
        "lat=1&lon=1&member=99999999999999999999",
        "&".join(f"a{n}=1" for n in range(1500)),
    ],
)
def test_parameters_must_be_known_single_and_well_formed(service, query):
    response = service.get(f"/v1/series/trial-forecast/tas?{query}")
    assert response.status_code == 400


def test_a_refused_parameter_is_named_with_what_exists(service):
    said = is_problem(service.get(f"{SERIES}&lon=1&colour=red"), 400)
    assert said["asked"] == "colour"
    assert "lat" in said["exists"]


@pytest.mark.parametrize(
    ("box", "status"),
    [
        ("10,-10,0,20", 400),
        ("0,0,0,20", 400),
        ("0,10,20,20", 400),
        ("-45,10,150,-150", 200),
        ("0,10,20", 400),
        ("0,10,20,30,40", 400),
        ("a,b,c,d", 400),
        ("0,nan,0,20", 400),
        ("-91,10,0,20", 400),
    ],
)
def test_boxes(service, box, status):
    path = f"/v1/subset/trial-forecast/tas?init={START}&box={box}"
    assert service.get(path).status_code == status


def test_a_place_needs_both_numbers_and_no_box(service):
    path = f"/v1/subset/trial-forecast/tas?init={START}"
    is_problem(service.get(f"{path}&lat=1"), 400)
    is_problem(service.get(f"{path}&lat=1&lon=1&box=0,10,0,10"), 400)
    assert service.get(f"{path}&lat=1&lon=1").status_code == 200


@pytest.mark.parametrize(
    "dataset",
    [
        "..",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "trial-forecast%00",
        "TRIAL-FORECAST",
        "trial-forecast%20",
        ".hidden",
        "a" * 300,
        "s3:%2f%2fb",
        "http:%2f%2f169.254.169.254",
        "trial-forecast.nc",
        "-",
        "damaged",
        "%F0%9F%8C%8F",
    ],
)
def test_unknown_datasets_are_not_found(service, dataset):
    with socket_to(service) as s:  # a client library would tidy up the path
        request = f"GET /v1/series/{dataset}/tas?lat=1&lon=1 HTTP/1.1\r\nHost: x\r\n"
        status, body = exchange(s, request + authorization(service) + "\r\n")
    assert status == 404
    assert json.loads(body)["type"].endswith("UnknownDataset")


def test_a_path_that_is_not_utf8_is_refused(service):
    line = "GET /v1/series/%c0%ae/tas?lat=1&lon=1 HTTP/1.1\r\nHost: x\r\n"
    assert raw(service, f"{line}{authorization(service)}\r\n") == 400


def test_a_path_out_of_the_tree_leads_nowhere(service):
    for path in ("/../../etc/passwd", "/v1/../../etc/passwd", "/v1/frames/../../etc/passwd"):
        line = f"GET {path} HTTP/1.1\r\nHost: x\r\n"
        assert raw(service, f"{line}{authorization(service)}\r\n") == 404


@pytest.mark.parametrize("variable", ["unknown", "__class__", "group%2f..%2fx", "t%D0%B0s"])
def test_unknown_variables_are_not_found(service, variable):
    path = f"/v1/series/trial-forecast/{variable}?init={START}&lat=1&lon=1"
    said = is_problem(service.get(path), 404)
    assert said["type"].endswith("UnknownVariable")
    assert said["exists"] == ["tas"]


# What is answered


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
        "/v1/catalogue",
        "/v1/products",
        "/v1/openapi.json",
        f"{SERIES}&lon=1",
    ):
        response = service.get(path)
        assert response.headers["Cache-Control"] == "private, no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in response.headers
        assert "ETag" not in response.headers


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


# HTTP itself


def socket_to(service):
    return socket.create_connection(("127.0.0.1", service.port), timeout=10)


def authorization(service):
    return f"Authorization: Bearer {service.token()}\r\n"


def exchange(connection, request):
    connection.sendall(request.encode("latin-1"))
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return 0, received
        received += piece
    head, body = received.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split()[1]), body


def raw(service, request):
    """The status of the answer to these bytes; 0: closed without one."""
    with socket_to(service) as connection:
        try:
            return exchange(connection, request)[0]
        except ConnectionResetError:
            return 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"])
def test_other_methods_are_not_allowed(service, method):
    headers = {"Authorization": f"Bearer {service.token()}"}
    response = httpx.request(method, service.url + "/v1/catalogue", headers=headers)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    "request_",
    [
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + "a" * 20_000 + "\r\n\r\n",
        "GET /healthz?" + "a" * 20_000 + " HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
        "nonsense\r\n\r\n",
    ],
    ids=lambda r: r[:60],
)
def test_malformed_http_is_refused_and_the_service_goes_on(service, request_):
    assert raw(service, request_) in (0, 400, 413)
    assert service.get("/healthz").status_code == 200


def test_a_client_that_hangs_up_hurts_nobody(service, frame_path):
    for _ in range(20):
        with socket_to(service) as connection:
            line = f"GET {frame_path} HTTP/1.1\r\nHost: x\r\n{authorization(service)}\r\n"
            connection.sendall(line.encode())
    assert service.get(frame_path).status_code == 200


# The front, its readers and its log


def mapped(pid):
    return Path(f"/proc/{pid}/maps").read_text()


def test_the_front_has_loaded_no_library_that_a_file_can_bring_down(service):
    front, readers = mapped(service.process.pid), [mapped(pid) for pid in service.readers()]
    for library in ("netCDF4", "numpy", "hdf5", "llvmlite"):
        assert library not in front
    assert len(readers) == 2
    assert all("netCDF4" in maps for maps in readers)


def test_the_front_imports_no_array_library():
    program = (
        "import sys, data_layer.server.app, data_layer.settings; "
        "print(sorted({'xarray', 'netCDF4', 'numba', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_killed_reader_is_replaced(service):
    victims = service.readers()
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: service.get(frame_address(service, lead=0)).status_code == 200, 20)
    wait_until(lambda: len(set(service.readers()) - set(victims)) >= 1, 20)


def test_the_log_holds_no_secret(service):
    token = service.token()
    service.get(f"/v1/catalogue?token={token}")
    service.get(f"{SERIES}&lon=77.125")
    service.get("/v1/catalogue", Authorization=f"Bearer {token}", Cookie="sid=c00kie")
    marker = "/v1/the-last-line"
    service.get(marker)
    wait_until(lambda: any(marker in line for line in service.log), 10)
    text = "".join(service.log)
    assert "GET /v1/series/trial-forecast/tas" in text
    for secret in ("eyJ", "Bearer", "c00kie", "77.125", "Traceback"):
        assert secret not in text


# A folder that changes, and the end; each with a service of its own


def test_new_changed_and_removed_files_are_noticed(tmp_path):
    archive = tmp_path / "archive"
    write_archive(archive)

    def inits():
        datasets = service.get("/v1/catalogue").json()["datasets"]
        return {d["id"]: (d["inits"], d["version"]) for d in datasets}["trial-forecast"]

    with running(archive, tmp_path, readers=1, rescan_seconds=0.1) as service:
        before, old = inits()
        frame = frame_address(service)
        assert service.get(frame).status_code == 200
        write_forecast(archive / "trial_forecast_20261201.nc", "2026-12-01", 5)
        wait_until(lambda: inits()[0] == [*before, "2026-12-01"], 20)
        assert inits()[1] != old
        said = is_problem(service.get(frame), 404)
        assert said["exists"] == [inits()[1]]
        assert service.get(f"{SERIES.replace(START, '2026-12-01')}&lon=0").status_code == 200
        (archive / "trial_forecast_20261201.nc").unlink()
        wait_until(lambda: inits()[0] == before, 20)
        assert inits()[1] == old
        (archive / "late.nc").write_bytes(b"<html>not found</html>")
        wait_until(lambda: len(service.get("/v1/catalogue").json()["refused"]) == 2, 20)
        assert service.get(frame_address(service)).status_code == 200


def test_an_answer_over_the_limit_is_refused(archive, tmp_path):
    with running(archive, tmp_path, readers=1, max_cells=13 * 24 * 3) as service:
        path = f"/v1/subset/trial-forecast/tas?init={START}"
        said = is_problem(service.get(path), 413)
        assert "smaller region" in said["advice"]
        assert service.get(f"{path}&member=1").status_code == 200
        assert service.get(f"{path}&product=mean").status_code == 200
        assert service.get(f"{path}&lat=0&lon=0").status_code == 200
        assert service.get(frame_address(service)).status_code == 200


def test_stopping_is_said_first_and_what_was_begun_is_finished(archive, tmp_path):
    with running(archive, tmp_path, readers=1, deadline=30) as service:
        address, (reader,) = frame_address(service), service.readers()
        os.kill(reader, signal.SIGSTOP)
        with ThreadPoolExecutor(1) as threads:
            begun = threads.submit(service.get, address)
            wait_until(lambda: established(service.port) >= 1, 10)
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: service.get("/readyz").status_code == 503, 5)
            said = service.get("/readyz")
            assert "stopping" in said.text
            wait_until(lambda: refuses_connections(service), 10)
            assert service.process.poll() is None
            os.kill(reader, signal.SIGCONT)
            assert begun.result(20).status_code == 200
        assert service.process.wait(20) == 0
        assert not Path(f"/proc/{reader}").exists()


def established(port):
    """Connections to a local port that are open now."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def refuses_connections(service):
    try:
        socket_to(service).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_thousand_equal_questions_are_one_reading(tmp_path):
    archive = FakeArchive(tmp_path, tmp_path / "journal")
    settings = DataSettings(folder=tmp_path, keys=tmp_path, readers=2)
    request = ProductRequest("fake", "slow", init="2026-11-01", lead=0, member=0)

    async def story():
        service = Service(settings, archive)
        service.start()
        try:
            while service.not_ready():
                await asyncio.sleep(0.05)
            ask = [service.frame(request, "identity") for _ in range(1000)]
            assert set(await asyncio.gather(*ask)) == {b"frame"}
            assert archive.reads() == 1
            assert await service.frame(request, "identity") == b"frame"
            assert archive.reads() == 1
            failing = replace(request, variable="die")
            failed = await asyncio.gather(
                *(service.frame(failing, "identity") for _ in range(100)), return_exceptions=True
            )
            assert {type(e) for e in failed} == {Unavailable}
            assert archive.reads() == 2
            assert await service.frame(replace(request, variable="ok"), "identity") == b"frame"
        finally:
            await service.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "keys: Field required"),
        (["--data", "/nowhere", "--keys", "{keys}"], "no folder '/nowhere'"),
        (["--data", "{folder}", "--keys", "{folder}/none.json"], "none.json"),
        (["--data", "{folder}", "--keys", "{broken}"], "JWK Set"),
        (["--data", "{folder}", "--keys", "{keys}", "--port", "99999"], "port"),
    ],
)
def test_a_bad_start_says_why(tmp_path, arguments, said):
    from data_layer.auth.keys import key_set

    (tmp_path / "keys.json").write_text(key_set([make_key_pair()[1]]))
    (tmp_path / "broken.json").write_text("{}")
    places = {
        "folder": tmp_path,
        "keys": tmp_path / "keys.json",
        "broken": tmp_path / "broken.json",
    }
    command = [sys.executable, "-m", "data_layer.server", *(a.format(**places) for a in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr
