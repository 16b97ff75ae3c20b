"""How long a session lives, by a clock that we turn."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from data_layer.errors import NotAuthenticated, Unavailable
from poama_panel.login.accounts import Account, Accounts
from poama_panel.login.database import open_database
from poama_panel.login.sessions import (
    ABSOLUTE_SECONDS,
    IDLE_SECONDS,
    TOUCH_SECONDS,
    Principal,
    Sessions,
    key_of,
)
from poama_panel.login.tokens import LIFETIME, RENEW_BEFORE, TokenDesk


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "users.sqlite3"


@pytest.fixture
def engine(path: Path) -> Engine:
    return open_database(f"sqlite:///{path}")


@pytest.fixture
def alice(engine: Engine) -> Account:
    return Accounts(engine).add("alice", "correct horse")


@pytest.fixture
def sessions(engine: Engine, clock: Clock) -> Sessions:
    return Sessions(engine, clock)


def test_a_session_is_found_by_its_id_and_by_nothing_else(
    sessions: Sessions, alice: Account
) -> None:
    session_id = sessions.open(alice)
    assert sessions.find(session_id) == Principal(alice.id, "alice", key_of(session_id))
    for other in (session_id[:-1], session_id + "x", "", key_of(session_id), "ä"):
        assert sessions.find(other) is None


def test_ids_are_long_and_never_stored(sessions: Sessions, alice: Account, path: Path) -> None:
    ids = {sessions.open(alice) for _ in range(50)}
    assert len(ids) == 50
    assert min(map(len, ids)) >= 43
    everything = b"".join(f.read_bytes() for f in path.parent.iterdir())
    assert not any(session_id.encode() in everything for session_id in ids)


def test_a_session_ends_when_it_is_not_used(
    sessions: Sessions, alice: Account, clock: Clock
) -> None:
    session_id = sessions.open(alice)
    clock.now += IDLE_SECONDS
    assert sessions.find(session_id)
    clock.now += IDLE_SECONDS + 1
    assert sessions.find(session_id) is None
    assert not sessions.is_live(key_of(session_id))


def test_looking_without_using_does_not_prolong_it(
    sessions: Sessions, alice: Account, clock: Clock
) -> None:
    key = key_of(sessions.open(alice))
    clock.now += IDLE_SECONDS - 1
    assert sessions.is_live(key)
    clock.now += 2
    assert not sessions.is_live(key)


def test_even_a_session_in_use_ends_after_half_a_day(
    sessions: Sessions, alice: Account, clock: Clock
) -> None:
    session_id, start = sessions.open(alice), clock.now
    while clock.now + 600 <= start + ABSOLUTE_SECONDS:
        clock.now += 600
        assert sessions.use(key_of(session_id))
    clock.now = start + ABSOLUTE_SECONDS + 1
    assert sessions.find(session_id) is None


def test_use_is_written_down_at_most_once_a_minute(
    sessions: Sessions, alice: Account, clock: Clock, path: Path
) -> None:
    def seen() -> int:
        with sqlite3.connect(path) as database:
            return database.execute("select seen from sessions").fetchone()[0]

    session_id, start = sessions.open(alice), int(clock.now)
    clock.now += TOUCH_SECONDS - 1
    sessions.find(session_id)
    assert seen() == start
    clock.now += 1
    sessions.find(session_id)
    assert seen() == start + TOUCH_SECONDS


@pytest.mark.parametrize(
    "change",
    [
        lambda accounts: accounts.disable("alice"),
        lambda accounts: accounts.set_password("alice", "another password"),
        lambda accounts: (accounts.disable("alice"), accounts.enable("alice")),
    ],
)
def test_a_session_ends_with_what_it_rested_on(
    sessions: Sessions, alice: Account, engine: Engine, change: Callable[[Accounts], object]
) -> None:
    session_id = sessions.open(alice)
    change(Accounts(engine))
    assert sessions.find(session_id) is None


def test_a_session_ends_with_an_account_switched_off_by_hand(
    sessions: Sessions, alice: Account, path: Path
) -> None:
    session_id = sessions.open(alice)
    with sqlite3.connect(path) as database:
        database.execute("update accounts set active = 0")
    assert sessions.find(session_id) is None


def test_closing_ends_one_session_alone(sessions: Sessions, alice: Account) -> None:
    one, other = sessions.open(alice), sessions.open(alice)
    sessions.close(key_of(one))
    assert sessions.find(one) is None
    assert sessions.find(other)


def test_purging_forgets_what_is_over_and_nothing_else(
    sessions: Sessions, alice: Account, clock: Clock
) -> None:
    sessions.open(alice)
    clock.now += IDLE_SECONDS + 1
    fresh = sessions.open(alice)
    assert sessions.purge() == 1
    assert sessions.purge() == 0
    assert sessions.find(fresh)


def test_a_locked_database_does_not_end_a_session(
    sessions: Sessions, alice: Account, clock: Clock, path: Path, engine: Engine
) -> None:
    session_id = sessions.open(alice)
    clock.now += TOUCH_SECONDS
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 1")
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("begin immediate")
    try:
        assert sessions.find(session_id)
    finally:
        writer.execute("rollback")
        writer.close()


class Counter:
    """Signs nothing, numbers the tokens."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, str, int]] = []

    def mint(self, sub: str, *, scope: str, sid: str, lifetime: int) -> str:
        self.made.append((sub, scope, sid, lifetime))
        return f"token-{len(self.made)}"


def test_a_token_serves_until_a_minute_before_its_end(
    sessions: Sessions, alice: Account, clock: Clock
) -> None:
    counter = Counter()
    desk = TokenDesk(counter, sessions, "data:read", clock)
    who = sessions.find(sessions.open(alice))
    assert who is not None
    assert desk.for_session(who) == desk.for_known(who) == "token-1"
    clock.now += LIFETIME - RENEW_BEFORE - 1
    assert desk.for_session(who) == "token-1"
    clock.now += 2
    assert desk.for_session(who) == "token-2"
    assert counter.made[0] == (alice.id, "data:read", who.session_key, LIFETIME)


def test_each_session_has_tokens_of_its_own(sessions: Sessions, alice: Account) -> None:
    desk = TokenDesk(Counter(), sessions, "data:read")
    one, other = (sessions.find(sessions.open(alice)) for _ in range(2))
    assert one is not None
    assert other is not None
    assert desk.for_session(one) != desk.for_session(other)
    assert desk.for_session(one) == desk.for_known(one)


def test_there_are_no_tokens_after_the_end(sessions: Sessions, alice: Account, path: Path) -> None:
    desk = TokenDesk(Counter(), sessions, "data:read")
    who = sessions.find(sessions.open(alice))
    assert who is not None
    desk.for_session(who)
    sessions.close(who.session_key)
    with pytest.raises(NotAuthenticated, match="Sign in again"):
        desk.for_session(who)
    with sqlite3.connect(path) as database:
        database.execute("drop table sessions")
    with pytest.raises(Unavailable):
        desk.for_session(who)
