"""The HTTP source when the other side is away, busy or talks nonsense; problems both ways."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from data_layer import errors
from data_layer.api import ProductRequest
from data_layer.client import HttpSource
from data_layer.server import problems

ASK = ProductRequest("d", "v", init="2026-11-01", lead=0, member=0, version="1")


class Upstream:
    """A real HTTP server that gives prepared answers, the last one for ever."""

    def __init__(self):
        self.answers = []
        self.asked = []
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                upstream.asked.append((self.path, dict(self.headers)))
                answer = upstream.answers
                status, body = answer.pop(0) if len(answer) > 1 else answer[0]
                if status is None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.server.shutdown()
    upstream.server.server_close()


@pytest.fixture
def source(upstream):
    source = HttpSource(upstream.url, lambda: "a-token")
    yield source
    source.close()


def family(kind):
    return [kind, *(k for sub in kind.__subclasses__() for k in family(sub))]


@pytest.mark.parametrize("kind", family(errors.DataLayerError))
def test_every_error_survives_the_way_there_and_back(kind):
    sent = kind("What?", asked="this", exists=["a", "b"], advice="Do that.")
    body = json.dumps(problems.problem(sent)).encode()
    got = problems.error_from(problems.status_of(sent), body)
    assert type(got) is kind
    for name in ("message", "asked", "exists", "advice"):
        assert getattr(got, name) == getattr(sent, name)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.UnknownLead, 404),
        (errors.SupersededVersion, 404),
        (errors.BadRequest, 400),
        (errors.TooLarge, 413),
        (errors.NotAuthenticated, 401),
        (errors.NotPermitted, 403),
        (errors.UnreadableFile, 422),
        (errors.Unavailable, 503),
        (errors.DataLayerError, 500),
    ],
)
def test_statuses(kind, status):
    assert problems.status_of(kind("x")) == status


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, errors.NotFound),
        (401, errors.NotAuthenticated),
        (413, errors.TooLarge),
        (500, errors.Unavailable),
        (502, errors.Unavailable),
        (418, errors.BadRequest),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"type": "other"}', b'{"exists": 3}'])
def test_answers_without_a_problem_become_what_their_status_stands_for(status, kind, body):
    error = problems.error_from(status, body)
    assert type(error) is kind
    assert str(status) in error.message


def test_the_token_goes_into_the_header_and_nowhere_else(source, upstream):
    upstream.answers = [(200, b"[]")]
    assert source.products() == ()
    ((path, headers),) = upstream.asked
    assert headers["Authorization"] == "Bearer a-token"
    assert "token" not in path


def test_a_token_that_cannot_be_had_is_the_callers_business(upstream):
    def ended():
        raise errors.NotAuthenticated("The session ended.")

    with pytest.raises(errors.NotAuthenticated, match="ended"):
        HttpSource(upstream.url, ended).products()
    assert upstream.asked == []


@pytest.mark.parametrize("first", [(503, b""), (None, b"")], ids=["busy", "hung up"])
def test_it_asks_once_more(source, upstream, first):
    upstream.answers = [first, (200, b"[]")]
    assert source.products() == ()
    assert len(upstream.asked) == 2


@pytest.mark.parametrize("answer", [(503, b""), (None, b"")], ids=["busy", "hung up"])
def test_it_does_not_ask_for_ever(source, upstream, answer):
    upstream.answers = [answer]
    with pytest.raises(errors.Unavailable) as error:
        source.products()
    assert len(upstream.asked) == 2
    assert str(error.value) != ""


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_other_errors_are_not_asked_again(source, upstream, status):
    upstream.answers = [(status, b"")]
    with pytest.raises(errors.DataLayerError):
        source.products()
    assert len(upstream.asked) == 1


def test_nobody_there_is_unavailable():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(errors.Unavailable, match="does not answer") as error:
        HttpSource(f"http://127.0.0.1:{port}", lambda: "t").catalogue()
    assert error.value.advice


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[1]", b'{"datasets": 3}'])
def test_nonsense_is_unavailable_and_never_a_crash(source, upstream, body):
    upstream.answers = [(200, body)]
    for ask in (source.products, lambda: source.fetch(ASK), lambda: source.limits(ASK)):
        with pytest.raises(errors.Unavailable, match="cannot be understood"):
            ask()


def test_addresses_carry_what_was_asked_and_quote_it(source, upstream):
    upstream.answers = [(200, b"frame")]
    source.frame(ProductRequest("a/b", "v c", "p?q", "2026-11-01", 3, None, version="x#y"))
    assert upstream.asked[0][0] == "/v1/frames/a%2Fb/x%23y/v%20c/p%3Fq/2026-11-01/3/all"


def catalogue(version):
    dataset = {"id": "d", "title": "", "version": version, "role": "forecast", "layout": ""}
    grid = {"ny": 1, "nx": 1, "lat": [0, 0], "lon": [0, 0], "wraps": False}
    datasets = [{**dataset, "variables": [], "grid": grid}]
    return 200, json.dumps({"datasets": datasets, "refused": []}).encode()


def test_a_version_that_is_not_pinned_is_looked_up_once_and_renewed_when_it_is_old(
    source, upstream
):
    unpinned = ProductRequest("d", "v", init="2026-11-01", lead=0, member=0)
    old = json.dumps(problems.problem(errors.SupersededVersion("old"))).encode()
    upstream.answers = [catalogue("1"), (200, b"a"), (200, b"b"), (404, old)]
    upstream.answers += [catalogue("2"), (200, b"c")]
    assert [source.frame(unpinned) for _ in range(3)] == [b"a", b"b", b"c"]
    versions = [path.split("/")[4] if "frames" in path else path for path, _ in upstream.asked]
    assert versions == ["/v1/catalogue", "1", "1", "1", "/v1/catalogue", "2"]
