"""What may be asked: numbers, names, boxes and everything that is none."""

from __future__ import annotations

import json

import pytest

from tests.data_layer.server.asking import (
    SERIES,
    START,
    authorization,
    exchange,
    is_problem,
    raw,
    socket_to,
)

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
