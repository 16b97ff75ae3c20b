"""Ways to ask a running service, good and bad, and what an answer must look like."""

from __future__ import annotations

import socket

import httpx

START = "2026-11-01"
SERIES = f"/v1/series/trial-forecast/tas?init={START}&lat=-30"


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
