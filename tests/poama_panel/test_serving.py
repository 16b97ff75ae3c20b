"""The view's routes: what is refused, to whom, and what is left of stock behaviour."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import re
import sys
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from bokeh.server.urls import per_app_patterns
from bokeh.util.token import generate_jwt_token, generate_session_id, get_token_payload
from panel.io.server import DocHandler, WSHandler
from tornado.web import RequestHandler
from tornado.websocket import WebSocketClosedError

from poama_panel.login.guard import BOUND_TO
from poama_panel.login.sessions import ABSOLUTE_SECONDS
from tests.poama_panel.running import Browser, View, running_view

# Who may answer a stranger.
PUBLIC = {"LoginHandler", "Healthz", "Readyz", "IcoHandler", "StaticHandler"} | {
    "MultiRootStaticHandler"
}


def send(view: View, method: str, path: str, headers: dict[str, str] | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", view.server.port, timeout=20)
    connection.request(method, path, headers=headers or {})
    status = connection.getresponse().status
    connection.close()
    return status


def open_doors(view: View) -> list[str]:
    """The routes that answer a stranger without being on the list."""
    found = []
    for rule in view.server._tornado.wildcard_router.rules:
        pattern = rule.matcher.regex.pattern
        name = rule.target.__name__
        path = re.sub(r"\([^)]*\)", "sample", pattern.rstrip("$").replace("/?", ""))
        path = path.replace(".*", "sample").replace("\\", "") or "/"
        answer = view.browser().get(path)
        sent_to_login = answer.status_code == 302 and "login?next=" in answer.headers["Location"]
        refused = sent_to_login or answer.status_code in (401, 403, 404, 405)
        if not refused and name not in PUBLIC:
            found.append(f"{pattern} {name} {answer.status_code}")
    return found


def test_no_route_answers_a_stranger_unless_it_is_on_the_list(view: View) -> None:
    assert open_doors(view) == []
    assert len(view.server._tornado.wildcard_router.rules) >= 12


def test_the_walk_over_the_routes_finds_an_open_one(view: View) -> None:
    class Open(RequestHandler):
        def get(self) -> None:
            self.write("secret")

    view.server._tornado.add_handlers(".*", [("/open", Open)])
    view.server._tornado.wildcard_router.add_rules([("/open", Open)])
    assert [door.split()[1] for door in open_doors(view)] == ["Open"]


@pytest.mark.parametrize("prefix", ["", "/dash"])
@pytest.mark.parametrize(("path", "login"), [("/app", "./login"), ("/app/", "../login")])
def test_a_stranger_is_led_to_the_login_page(
    tmp_path: Path, prefix: str, path: str, login: str
) -> None:
    with running_view(tmp_path, prefix=prefix) as view:
        browser = view.browser()
        answer = browser.get(prefix + path)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(f"{login}?next=")
        end = browser.get(prefix + path, follow_redirects=True)
        assert (end.status_code, end.url.path) == (200, f"{prefix}/login")


@pytest.mark.parametrize("prefix", ["", "/dash"])
def test_the_root_leads_to_the_app(tmp_path: Path, prefix: str) -> None:
    with running_view(tmp_path, prefix=prefix) as view:
        browser = view.browser().sign_in()
        for root in {prefix or "/", f"{prefix}/"}:
            assert browser.get(root).headers["Location"] == f"{prefix}/app"
        assert browser.get(f"{prefix}/app").status_code == 200
        assert browser.socket_status(browser.page_token()) == 101


@pytest.mark.parametrize(
    "path",
    [
        "/app/autoload.js?bokeh-autoload-element=x",
        "/app/metadata",
        "/components/this/a/b/c",
        "/liveness?endpoint=/app",
        "/liveness",
        "/rest/session_info",
        "/admin",
        "/admin/ws",
        "/nothing",
    ],
)
def test_what_panel_offers_besides_the_app_is_gone(view: View, path: str) -> None:
    assert view.browser().get(path).status_code == 404
    assert view.browser().sign_in().get(path).status_code == 404
    assert send(view, "OPTIONS", path) == 404
    assert "this" not in sys.modules
    assert view.visits == []


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "POST"])
def test_the_page_can_only_be_read(view: View, method: str) -> None:
    cookie = {"Cookie": view.browser().sign_in().cookie_header()}
    assert send(view, method, "/app") == 405
    assert send(view, method, "/app", cookie) == 405


@pytest.mark.parametrize(
    "query",
    ["bokeh-session-id=x", "bokeh-token=x", "BOKEH-TOKEN=x", "bokeh-absolute-url=//evil/app"],
)
def test_a_visitor_cannot_choose_the_session(view: View, query: str) -> None:
    browser = view.browser().sign_in()
    assert browser.get(f"/app?{query}").status_code == 400
    assert view.browser().get(f"/app?{query}").status_code == 400
    assert browser.get(f"/app/ws?{query}").status_code == 400
    assert view.visits == []


def test_nor_by_a_token_that_holds_or_a_header(view: View) -> None:
    browser = view.browser().sign_in()
    token = browser.page_token()
    assert browser.get("/app", params={"bokeh-token": token}).status_code == 400
    header = {"Bokeh-Session-Id": "x"}
    assert browser.get("/app", headers=header).status_code == 400
    assert len(view.visits) == 1


def test_the_websocket_opens_for_the_page_that_was_loaded(view: View) -> None:
    browser = view.browser().sign_in()
    token = browser.page_token()
    assert browser.socket_status(token) == 101
    assert browser.socket_status(token, protocol=f"bokeh,{token}") == 101
    assert browser.socket_status(token, origin=f"http://localhost:{view.server.port}") == 101


def test_the_websocket_is_closed_to_strangers(view: View) -> None:
    token = view.browser().sign_in().page_token()
    assert view.browser().socket_status(token) == 403


def test_a_page_token_is_of_no_use_to_another_user_or_another_login(view: View) -> None:
    alice, bob = view.browser().sign_in("alice"), view.browser().sign_in("bob")
    token = alice.page_token()
    assert bob.socket_status(token) == 403
    assert view.browser().sign_in("alice").socket_status(token) == 403
    assert alice.socket_status(token) == 101


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1",
        "http://127.0.0.1:1{port}",
        "http://127.0.0.1:{port}.evil.example",
        "http://127.0.0.1:{port}@evil.example",
    ],
)
def test_the_websocket_is_closed_to_other_origins(view: View, origin: str | None) -> None:
    browser = view.browser().sign_in()
    token = browser.page_token()
    origin = origin and origin.format(port=view.server.port)
    assert browser.socket_status(token, origin=origin) == 403


def test_bokehs_own_origin_variable_opens_nothing(
    view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOKEH_ALLOW_WS_ORIGIN", "*")
    browser = view.browser().sign_in()
    assert browser.socket_status(browser.page_token(), origin="http://evil.example") == 403


def page_token_made_by(view: View, *, key: bytes | None = None, **kwargs: Any) -> str:
    key = key or view.settings.session_secret.get_secret_value().encode()
    session_id = generate_session_id(secret_key=key, signed=True)
    return generate_jwt_token(session_id, secret_key=key, signed=True, **kwargs)


def bound(browser: Browser) -> dict[str, Any]:
    return {k: v for k, v in get_token_payload(browser.page_token()).items() if "expiry" not in k}


def test_only_tokens_that_we_signed_and_that_have_not_expired_hold(view: View) -> None:
    browser = view.browser().sign_in()
    payload = bound(browser)
    good = page_token_made_by(view, extra_payload=payload, expiration=60)
    assert browser.socket_status(good) == 101
    assert browser.socket_status(good[:-1] + ("A" if good[-1] != "A" else "B")) == 403
    expired = page_token_made_by(view, extra_payload=payload, expiration=-1)
    assert browser.socket_status(expired) == 403
    forged = page_token_made_by(view, key=b"k" * 32, extra_payload=payload, expiration=60)
    assert browser.socket_status(forged) == 403
    for unbound in ({}, {BOUND_TO: ""}, {BOUND_TO: None}, {BOUND_TO: "ä"}):
        token = page_token_made_by(view, extra_payload={**unbound, "a": 1}, expiration=60)
        assert browser.socket_status(token) == 403


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_strange_protocols_and_tokens_are_refused(view: View) -> None:
    browser = view.browser().sign_in()
    token = browser.page_token()
    for protocol in (
        "",
        "bokeh",
        f"bokeh, {token}, x",
        f"other, {token}",
        "bokeh, !",
        "bokeh, a.b",
    ):
        assert browser.socket_status(token, protocol=protocol) == 403, protocol
    for megabytes in (1, 50):
        packed = encoded(zlib.compress(b" " * (megabytes << 20)))
        bomb = encoded(json.dumps({"session_id": "x", "__bk__zlib_": packed}).encode())
        if len(bomb) < 15_000:
            assert browser.socket_status(f"{bomb}.x") == 403
        assert browser.socket_status(f"{bomb[:9000]}.x") == 403


def close_code(browser: Browser, *messages: str | bytes) -> int | None:
    async def talk() -> int | None:
        socket = await browser.socket(browser.page_token())
        await socket.read_message()
        with suppress(WebSocketClosedError):
            for message in messages:
                await socket.write_message(message, binary=isinstance(message, bytes))
        while await socket.read_message() is not None:
            pass
        return socket.close_code

    return asyncio.run(asyncio.wait_for(talk(), 20))


def test_garbage_and_giant_messages_close_the_socket(view: View) -> None:
    browser = view.browser().sign_in()
    assert close_code(browser, "garbage", "{}", "{}") in (10000, 10001)
    assert close_code(browser, b"x" * (3 << 20)) in (1009, None)
    assert browser.get("/app").status_code == 200


def test_the_page_tells_the_browser_nothing_of_its_cookies(view: View) -> None:
    browser = view.browser().sign_in()
    http_only = {c.value for c in browser.http.cookies.jar}
    token = browser.page_token()
    payload = get_token_payload(token)
    assert payload["cookies"] == {}
    assert set(payload["headers"]) <= {"User-Agent", "Cookie"}
    assert payload["headers"].get("Cookie", "") == ""
    page = browser.get("/app").text
    assert not any(value in page + json.dumps(payload) for value in http_only)
    assert payload["session_expiry"] > 0
    assert ABSOLUTE_SECONDS == 12 * 3600


def test_the_app_learns_who_is_there_from_the_login_alone(view: View) -> None:
    for name in ("alice", "bob", "alice"):
        browser = view.browser().sign_in(name)
        spoof = {"X-Forwarded-User": "root", "X-Forwarded-Host": "evil", "X-Real-IP": "1.2.3.4"}
        browser.http.cookies.set("user", "root")
        assert browser.get("/app", headers=spoof).status_code == 200
        visit = view.visits[-1]
        assert visit.who is not None
        assert visit.who.username == name
        assert set(visit.headers) <= {"User-Agent", "Cookie"}
        assert visit.cookies == {}
    keys = [visit.who.session_key for visit in view.visits if visit.who]
    assert len(set(keys)) == 3
    subs = [visit.who.sub for visit in view.visits if visit.who]
    assert subs[0] == subs[2] != subs[1]


def test_every_answer_of_ours_carries_the_security_headers(view: View) -> None:
    browser = view.browser().sign_in()
    for path in ("/app", "/", "/healthz", "/readyz", "/nothing", "/app/metadata", "/frames/x"):
        headers = browser.get(path).headers
        policy = headers["Content-Security-Policy"]
        for rule in ("frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'"):
            assert rule in policy
        assert f"ws://127.0.0.1:{view.server.port}" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert "Server" not in headers
        assert "Strict-Transport-Security" not in headers


def test_over_https_cookies_are_secure_and_hosts_are_told(tmp_path: Path) -> None:
    with running_view(tmp_path, public_origins="https://dash.example.org") as view:
        answer = view.browser().get("/login")
        assert "max-age=" in answer.headers["Strict-Transport-Security"]
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-poama-form=")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert (
            "wss://dash.example.org"
            in view.browser().get("/app").headers["Content-Security-Policy"]
        )


def test_assets_are_behind_the_login(view: View) -> None:
    assert view.browser().get("/assets/x.js").status_code == 302
    browser = view.browser().sign_in()
    for path in ("/assets/x.js", "/assets/../serving.py", "/assets/%2e%2e/serving.py"):
        assert browser.get(path).status_code in (403, 404)


def test_health_says_ok_without_a_session(view: View) -> None:
    answer = view.browser().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert view.visits == []


def test_readiness_names_what_is_missing(view: View) -> None:
    answer = view.browser().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": True, "data_layer": False}


def test_building_a_server_leaves_bokeh_as_it_was(tmp_path: Path) -> None:
    with running_view(tmp_path):
        handlers = [pattern[1] for pattern in per_app_patterns]
    assert {DocHandler, WSHandler} <= set(handlers)
    assert not any(handler.__module__.startswith("poama_panel") for handler in handlers)


def test_bokehs_static_files_are_served_to_the_page(view: View) -> None:
    page = view.browser().sign_in().get("/app").text
    scripts = re.findall(r'<script[^>]* src="([^"]+)"', page)
    assert scripts
    for script in scripts:
        assert not re.match(r"[a-z]+:|//", script), "a page must not load from elsewhere"
        assert view.browser().get(f"/{script}").status_code == 200
