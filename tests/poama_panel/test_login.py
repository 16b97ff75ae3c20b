"""Signing in and out, through real HTTP and websockets."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tornado.websocket import WebSocketClientConnection

from data_layer.auth.tokens import Verifier
from data_layer.errors import NotAuthenticated
from poama_panel import session
from poama_panel.login import throttle
from poama_panel.login.accounts import Accounts
from poama_panel.login.database import open_database
from poama_panel.login.sockets import SESSION_ENDED
from poama_panel.serving import SWEEP_MS
from poama_panel.settings import JWKS_FILE
from tests.poama_panel.running import PASSWORDS, Browser, View, running_view


def login_cookie(browser: Browser) -> str:
    return next(c.value or "" for c in browser.http.cookies.jar if c.name.endswith("poama-login"))


def accounts(view: View) -> Accounts:
    return Accounts(open_database(view.settings.database))


def test_signing_in_leads_to_the_page_that_was_asked_for(view: View) -> None:
    browser = view.browser()
    answer = browser.try_sign_in("Alice ", PASSWORDS["alice"], next="/app?lead=2")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/app?lead=2")
    assert browser.get("/app?lead=2").status_code == 200
    assert browser.get("/login?next=/app").headers["Location"] == "/app"


def test_the_login_cookie_is_opaque_and_for_http_only(view: View) -> None:
    answer = view.browser().try_sign_in("alice", PASSWORDS["alice"])
    cookie = next(c for c in answer.headers.get_list("Set-Cookie") if c.startswith("poama-login"))
    attributes = set(cookie.split("; ")[1:])
    assert attributes == {"HttpOnly", "Path=/", "SameSite=Lax"}
    assert "alice" not in cookie


def test_over_https_the_login_cookie_is_bound_to_host_and_scheme(tmp_path: Path) -> None:
    with running_view(tmp_path, public_origins="https://dash.example.org") as view:
        page = view.browser().get("/login")
        form_cookie = page.headers["Set-Cookie"].partition(";")[0]
        token = page.text.partition('name="_xsrf" value="')[2].partition('"')[0]
        answer = view.browser().http.post(
            "/login",
            data={"_xsrf": token, "username": "alice", "password": PASSWORDS["alice"]},
            headers={"Cookie": form_cookie},
        )
        cookies = answer.headers.get_list("Set-Cookie")
        cookie = next(c for c in cookies if c.startswith("__Host-poama-login="))
        attributes = set(cookie.split("; ")[1:])
        assert attributes == {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"}


@pytest.mark.parametrize("next_url", ["//evil.example", "///evil.example", "/\\evil", "https://e"])
def test_nobody_is_led_away_after_signing_in(view: View, next_url: str) -> None:
    browser = view.browser()
    assert 'value="/app"' in browser.get("/login", params={"next": next_url}).text
    answer = browser.try_sign_in("alice", PASSWORDS["alice"], next=next_url)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/app")


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(view: View) -> None:
    answers = [view.browser().try_sign_in(name, "wrong password") for name in ("alice", "nobody")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert 'role="alert"' in answers[0].text
    pages = [
        answer.text.partition('name="_xsrf"')[0] + answer.text.partition('"password">Password')[2]
        for answer in answers
    ]
    assert pages[0] == pages[1]
    assert not any(
        "Set-Cookie" in a.headers and "login=" in a.headers["Set-Cookie"] for a in answers
    )


@pytest.mark.parametrize(
    ("username", "password", "status"),
    [
        ("", "correct horse", 400),
        ("alice", "", 400),
        ("alice", "correct\0horse", 400),
        ("ali\0ce", "correct horse", 400),
        ("alice", "x" * 257, 400),
        ("a" * 65, "correct horse", 400),
        ("alice", "correct horse" + "y" * 5000, 413),
        ("alice", "correct horse ", 401),
        ("alice", "Correct horse", 401),
    ],
)
def test_odd_forms_are_refused(view: View, username: str, password: str, status: int) -> None:
    assert view.browser().try_sign_in(username, password).status_code == status


def test_a_field_sent_twice_or_not_as_text_is_refused(view: View) -> None:
    browser = view.browser()
    token = browser.form_token()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for fields in ("username=alice&password=a&password=correct%20horse", "username=%ff&password=x"):
        answer = browser.http.post("/login", content=f"_xsrf={token}&{fields}", headers=form)
        assert answer.status_code == 400


def test_a_name_cannot_put_markup_into_the_page(view: View) -> None:
    page = view.browser().try_sign_in('"><script>alert(1)</script>', "wrong password")
    assert page.status_code == 401
    assert "<script" not in page.text


def test_the_form_is_accepted_from_our_own_page_only(view: View) -> None:
    mallory, alice = view.browser(), view.browser()
    fields = {"username": "alice", "password": PASSWORDS["alice"]}
    assert alice.post("/login", **fields).status_code == 403
    stolen = mallory.form_token()
    alice.form_token()
    assert alice.post("/login", _xsrf=stolen, **fields).status_code == 403
    assert alice.get("/app").status_code == 302


def test_after_five_failures_a_name_has_to_wait_and_others_need_not(view: View) -> None:
    browser = view.browser()
    statuses = [browser.try_sign_in("alice", "wrong password").status_code for _ in range(5)]
    assert statuses == [401] * 5
    answer = browser.try_sign_in("ALICE", PASSWORDS["alice"])
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= throttle.FIRST_WAIT
    assert browser.try_sign_in("bob", "wrong password").status_code == 401
    assert browser.try_sign_in("bob", PASSWORDS["bob"]).status_code == 303


def test_a_success_forgets_the_failures_before_it(view: View) -> None:
    browser = view.browser()
    for _ in range(3):
        statuses = [browser.try_sign_in("alice", "wrong password").status_code for _ in range(4)]
        assert statuses == [401] * 4
        browser.sign_in("alice")
        browser.http.cookies.clear()


def test_passwords_that_wait_to_be_checked_hold_up_nobody_else(view: View) -> None:
    release = threading.Event()
    hashing = view.realm.hashing
    assert isinstance(hashing, ThreadPoolExecutor)
    for _ in range(hashing._max_workers):
        hashing.submit(release.wait, 60)
    with ThreadPoolExecutor(1) as elsewhere:
        trying = elsewhere.submit(view.browser().try_sign_in, "alice", PASSWORDS["alice"])
        for _ in range(1000):
            if hashing._work_queue.qsize():
                break
            time.sleep(0.01)
        assert view.browser().get("/login").status_code == 200
        assert not trying.done()
        release.set()
        assert trying.result().status_code == 303


def test_a_damaged_password_hash_is_no_way_in_and_no_crash(
    view: View, caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite3.connect(view.settings.state_dir / "poama-panel.sqlite3") as database:
        database.execute("update accounts set password_hash = 'garbage' where username = 'alice'")
    assert view.browser().try_sign_in("alice", PASSWORDS["alice"]).status_code == 401
    assert "unreadable password hash" in caplog.text


def test_a_session_from_before_signing_in_again_is_of_no_use(view: View) -> None:
    browser = view.browser().sign_in()
    before = {"Cookie": browser.cookie_header()}
    assert view.browser().get("/app", headers=before).status_code == 200
    token = browser.form_token_of_the_app()
    fields = {"_xsrf": token, "username": "bob", "password": PASSWORDS["bob"]}
    assert browser.post("/login", **fields).status_code == 303
    assert view.browser().get("/app", headers=before).status_code == 302
    assert browser.get("/app").status_code == 200


def test_a_cookie_that_we_did_not_sign_is_none(view: View) -> None:
    browser = view.browser().sign_in()
    value = login_cookie(browser)
    for forged in (value[:-1] + ("0" if value[-1] != "0" else "1"), "x", "", value.upper()):
        headers = {"Cookie": f"poama-login={forged}"}
        assert view.browser().get("/app", headers=headers).status_code == 302


def sign_out_fields(view: View) -> dict[str, str]:
    form = view.visits[-1].form
    assert form is not None
    assert form.action == f"{view.settings.prefix}/logout"
    return {form.field: form.value}


async def until_closed(socket: WebSocketClientConnection) -> None:
    while await socket.read_message() is not None:
        pass


async def next_close(browser: Browser, act: object) -> int | None:
    socket = await browser.socket(browser.page_token())
    await socket.read_message()
    await asyncio.to_thread(act)  # type: ignore[arg-type]
    # Sooner than the next sweep would close it.
    await asyncio.wait_for(until_closed(socket), SWEEP_MS / 2000)
    return socket.close_code


@pytest.mark.parametrize("prefix", ["", "/dash"])
def test_signing_out_ends_the_session_and_closes_its_sockets(tmp_path: Path, prefix: str) -> None:
    with running_view(tmp_path, prefix=prefix) as view:
        browser, other = view.browser().sign_in(), view.browser().sign_in()
        replay = {"Cookie": browser.cookie_header()}
        token = browser.page_token()

        def sign_out() -> None:
            answer = browser.post("/logout", **sign_out_fields(view))
            assert (answer.status_code, answer.headers["Location"]) == (303, "login")

        assert asyncio.run(next_close(browser, sign_out)) == SESSION_ENDED
        assert view.browser().get(f"{prefix}/app", headers=replay).status_code == 302
        assert browser.get(f"{prefix}/app").status_code == 302
        assert browser.socket_status(token) == 403
        with pytest.raises(NotAuthenticated):
            view.visits[-1].token()
        assert other.get(f"{prefix}/app").status_code == 200


def test_signing_out_takes_a_form_of_ours(view: View) -> None:
    browser = view.browser().sign_in()
    assert browser.get("/logout").status_code == 405
    assert browser.post("/logout").status_code == 403
    assert browser.post("/logout", _xsrf=view.browser().form_token()).status_code == 403
    assert browser.get("/app").status_code == 200


@pytest.mark.parametrize("change", ["disable", "password"])
def test_a_disabled_users_page_stops_at_the_next_message(view: View, change: str) -> None:
    browser = view.browser().sign_in()

    def lock_out() -> None:
        if change == "disable":
            accounts(view).disable("alice")
        else:
            accounts(view).set_password("alice", "another password")

    async def talk() -> int | None:
        socket = await browser.socket(browser.page_token())
        await socket.read_message()
        await asyncio.to_thread(lock_out)
        await socket.write_message("hello")
        # Sooner than the next sweep would close it.
        await asyncio.wait_for(until_closed(socket), SWEEP_MS / 2000)
        return socket.close_code

    assert asyncio.run(talk()) == SESSION_ENDED
    assert browser.get("/app").status_code == 302


def test_a_disabled_users_silent_page_is_closed_by_the_sweep(view: View) -> None:
    browser, bob = view.browser().sign_in("alice"), view.browser().sign_in("bob")

    def sweep() -> None:
        accounts(view).disable("alice")
        realm = view.realm
        view.run(
            lambda: realm.sockets.sweep(lambda key: realm.look_up(realm.sessions.is_live, key))
        )

    async def both() -> int | None:
        other = await bob.socket(bob.page_token())
        await other.read_message()
        code = await next_close(browser, sweep)
        assert other.close_code is None
        other.close()
        return code

    assert asyncio.run(both()) == SESSION_ENDED


def test_the_app_gets_tokens_that_the_data_layer_believes(view: View) -> None:
    view.browser().sign_in().page_token()
    visit = view.visits[-1]
    token = visit.token()
    assert token == visit.token()
    claims = Verifier.from_file(view.settings.state_dir / JWKS_FILE).verify(token)
    assert visit.who is not None
    assert (claims.sub, claims.sid) == (visit.who.sub, visit.who.session_key)
    assert claims.scopes == {"data:read"}


def test_outside_the_served_app_nobody_is_there() -> None:
    assert session.current() is None
    assert session.sign_out_form() is None
    with pytest.raises(NotAuthenticated):
        session.data_token()


def test_without_its_database_the_view_lets_nobody_in(view: View) -> None:
    browser = view.browser().sign_in()
    form_token = browser.form_token_of_the_app()
    with sqlite3.connect(view.settings.state_dir / "poama-panel.sqlite3") as database:
        database.execute("alter table sessions rename to away")
    assert browser.get("/app").status_code == 503
    assert browser.get("/frames/a/b/c/d/e/f/g").status_code == 503
    fields = {"username": "alice", "password": PASSWORDS["alice"]}
    answer = browser.post("/login", _xsrf=form_token, **fields)
    assert answer.status_code == 503
    with sqlite3.connect(view.settings.state_dir / "poama-panel.sqlite3") as database:
        database.execute("alter table away rename to sessions")
    assert browser.get("/app").status_code == 200


def test_the_login_page_asks_nothing_of_anybody_else(view: View) -> None:
    page = view.browser().get("/login")
    assert "POAMA Panel" in page.text
    assert "Seasonal and sub-seasonal ensemble forecasts" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_nothing_secret_is_logged(view: View, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    browser = view.browser()
    browser.try_sign_in("nobody", "typed-password-1")
    browser.try_sign_in("typed-password-2", "x")
    browser.sign_in()
    page_token = browser.page_token()
    browser.socket_status(page_token)
    view.browser().socket_status(page_token)
    browser.get("/app", params={"bokeh-token": page_token})
    browser.get("/app?password=typed-password-3")
    browser.get("/frames/a/b/c/d/e/f/g")
    secrets = [page_token, login_cookie(browser), view.visits[-1].token(), "eyJ"]
    secrets += [*PASSWORDS.values(), *(f"typed-password-{n}" for n in (1, 2, 3))]
    client = ("httpx", "httpcore")
    ours = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith(client))
    assert "signed in" in ours
    assert "GET /app" in ours
    assert [secret for secret in secrets if secret in ours] == []
