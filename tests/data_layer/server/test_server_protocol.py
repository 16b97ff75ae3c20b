"""HTTP itself, spoken well and badly."""

from __future__ import annotations

import httpx
import pytest

from tests.data_layer.server.asking import (
    authorization,
    raw,
    socket_to,
)


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
