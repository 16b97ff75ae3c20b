"""The built-in accounts, in code and from the command line."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner, Result

from poama_panel.login import passwords
from poama_panel.login.accounts import AccountError, Accounts
from poama_panel.login.database import open_database
from poama_panel.users import users


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "poama-panel.sqlite3"


@pytest.fixture
def accounts(path: Path) -> Accounts:
    return Accounts(open_database(f"sqlite:///{path}"), clock=lambda: 1_800_000_000.5)


def stored_hash(path: Path) -> str:
    with sqlite3.connect(path) as database:
        return database.execute("select password_hash from accounts").fetchone()[0]


def test_an_account_opens_to_its_password_alone(accounts: Accounts) -> None:
    added = accounts.add("Alice", "correct horse")
    assert accounts.verify("alice", "correct horse") == added
    assert (added.username, added.active, added.created) == ("alice", True, 1_800_000_000)
    assert len(added.id) == 32
    for name, password in [("alice", "wrong horse"), ("bob", "correct horse"), ("alice", "")]:
        assert accounts.verify(name, password) is None


@pytest.mark.parametrize("spelling", ["ALICE", " alice ", "ａｌｉｃｅ"])
def test_a_name_has_one_spelling(accounts: Accounts, spelling: str) -> None:
    accounts.add("alice", "correct horse")
    assert accounts.verify(spelling, "correct horse")
    with pytest.raises(AccountError, match="already"):
        accounts.add(spelling, "correct horse")


@pytest.mark.parametrize("name", ["", " ", "a b", "a" * 65, "a\nb", "a\0"])
def test_what_is_no_name_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError, match="user name"):
        accounts.add(name, "correct horse")


@pytest.mark.parametrize("password", ["", "short", "x" * 257, "line\nbreak and more"])
def test_what_is_no_password_is_refused(accounts: Accounts, password: str) -> None:
    with pytest.raises(AccountError, match="password"):
        accounts.add("alice", password)
    accounts.add("bob", "x" * 256)
    with pytest.raises(AccountError, match="password"):
        accounts.set_password("bob", password)
    assert accounts.verify("bob", "x" * 256)
    assert accounts.verify("bob", "x" * 255) is None


def test_passwords_are_kept_as_argon2id_with_the_recommended_cost(
    accounts: Accounts, path: Path
) -> None:
    accounts.add("alice", "correct horse")
    assert stored_hash(path).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_signing_in_renews_a_hash_of_other_cost(accounts: Accounts, path: Path) -> None:
    accounts.add("alice", "correct horse")
    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("correct horse")
    with sqlite3.connect(path) as database:
        database.execute("update accounts set password_hash = ?", [weak])
    before = accounts.verify("alice", "correct horse")
    assert stored_hash(path).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert accounts.verify("alice", "correct horse") == before


def test_a_wrong_password_does_not_renew_the_hash(accounts: Accounts, path: Path) -> None:
    accounts.add("alice", "correct horse")
    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("correct horse")
    with sqlite3.connect(path) as database:
        database.execute("update accounts set password_hash = ?", [weak])
    assert accounts.verify("alice", "wrong horse") is None
    assert stored_hash(path) == weak


def test_nobodys_password_is_checked_and_never_right() -> None:
    assert not passwords.verify(None, "correct horse")
    with pytest.raises(passwords.UnreadableHash):
        passwords.verify("$argon2id$garbage", "correct horse")


def test_a_disabled_account_is_closed_until_it_is_enabled(accounts: Accounts) -> None:
    first = accounts.add("alice", "correct horse")
    accounts.disable("Alice")
    assert accounts.verify("alice", "correct horse") is None
    assert not accounts.list()[0].active
    accounts.enable("alice")
    again = accounts.verify("alice", "correct horse")
    assert again is not None
    assert (again.id, again.version > first.version) == (first.id, True)


def test_changing_what_is_not_there_says_what_is(accounts: Accounts) -> None:
    accounts.add("alice", "correct horse")
    for change in (accounts.disable, accounts.enable):
        with pytest.raises(AccountError, match=r"no account 'bob'.*alice"):
            change("bob")


def test_the_database_is_for_its_owner_alone(accounts: Accounts, path: Path) -> None:
    accounts.add("alice", "correct horse")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in path.parent.iterdir()} == {0o600}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in [n for n in os.environ if n.startswith("POAMA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("POAMA_STATE_DIR", str(tmp_path / "state"))

    def call(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(users, arguments, input=stdin)

    return call


def test_accounts_are_managed_from_the_command_line(run, accounts: Accounts) -> None:
    assert run("add", "alice", "--password-stdin", stdin="correct horse\n").exit_code == 0
    assert run("add", "bob", stdin="battery staple\nbattery staple\n").exit_code == 0
    assert accounts.verify("alice", "correct horse")
    assert accounts.verify("bob", "battery staple")
    assert run("password", "alice", "--password-stdin", stdin="new password\n").exit_code == 0
    assert accounts.verify("alice", "new password")
    assert run("disable", "bob").exit_code == 0
    listed = [line.split("\t")[:2] for line in run("list").output.splitlines()]
    assert listed == [["alice", "active"], ["bob", "disabled"]]
    assert run("enable", "bob").exit_code == 0
    assert accounts.verify("bob", "battery staple")


def test_the_command_line_shows_no_password_and_plain_errors(run) -> None:
    added = run("add", "alice", stdin="correct horse\ncorrect horse\n")
    assert "correct horse" not in added.output
    for arguments in (
        ("add", "alice", "--password-stdin"),
        ("disable", "bob"),
        ("password", "bob", "--password-stdin"),
    ):
        refused = run(*arguments, stdin="correct horse\n")
        assert refused.exit_code == 1
        assert refused.output.startswith("Error: ")
    assert "8 to 256" in run("add", "bob", "--password-stdin", stdin="short\n").output
