"""The built-in accounts: adding, changing and recognising them."""

from __future__ import annotations

import logging
import time
import unicodedata
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Work

from poama_panel.login import passwords
from poama_panel.login.tables import AccountRow

log = logging.getLogger(__name__)

LONGEST_NAME = 64


class AccountError(ValueError):
    """An account cannot be made or changed as asked; says why."""


@dataclass(frozen=True)
class Account:
    """Someone who may sign in. ``id`` is opaque; ``created`` is in seconds since 1970 UTC."""

    id: str
    username: str
    active: bool
    version: int
    created: int


def normal_name(username: str) -> str:
    """The one spelling under which a name is kept: NFKC, case-folded, no space around it."""
    return unicodedata.normalize("NFKC", username).casefold().strip()


class Accounts:
    """The accounts in a database. Thread-safe; every method is one transaction.

    Parameters
    ----------
    engine: the user database.
    clock: seconds since 1970 UTC.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, username: str, password: str) -> Account:
        """A new account.

        Raises
        ------
        AccountError: the name is taken or no name, or the password no password.
        """
        name = normal_name(username)
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or " " in name:
            raise AccountError(
                f"A user name has 1 to {LONGEST_NAME} characters without spaces, not {username!r}."
            )
        row = AccountRow(
            id=uuid.uuid4().hex,
            username=name,
            password_hash=_hash(password),
            active=True,
            version=1,
            created=int(self._clock()),
        )
        try:
            with Work(self._engine, expire_on_commit=False) as work, work.begin():
                work.add(row)
        except IntegrityError as error:
            raise AccountError(f"There is an account {name!r} already.") from error
        return _account(row)

    def list(self) -> tuple[Account, ...]:
        """All accounts, by name."""
        with Work(self._engine) as work:
            rows = work.scalars(select(AccountRow).order_by(AccountRow.username))
            return tuple(_account(row) for row in rows)

    def disable(self, username: str) -> None:
        """Let nobody sign in as ``username``; the sessions that exist end."""
        self._change(username, active=False)

    def enable(self, username: str) -> None:
        """Let ``username`` sign in again; the sessions from before stay ended."""
        self._change(username, active=True)

    def set_password(self, username: str, password: str) -> None:
        """Change the password; the sessions that exist end."""
        self._change(username, password_hash=_hash(password))

    def verify(self, username: str, password: str) -> Account | None:
        """The account, if it is active and this is its password. Takes as long if there is none."""
        with Work(self._engine) as work:
            row = work.scalar(
                select(AccountRow).where(AccountRow.username == normal_name(username))
            )
        try:
            right = passwords.verify(row.password_hash if row else None, password)
        except passwords.UnreadableHash:
            log.error("account %s has an unreadable password hash", row.id if row else "")
            return None
        if row is None or not right or not row.active:
            return None
        if passwords.is_outdated(row.password_hash):
            self._renew_hash(row.id, row.password_hash, password)
        return _account(row)

    def _renew_hash(self, account_id: str, old: str, password: str) -> None:
        unchanged = (AccountRow.id == account_id) & (AccountRow.password_hash == old)
        with self._engine.begin() as connection:
            new = passwords.hash_password(password)
            connection.execute(update(AccountRow).where(unchanged).values(password_hash=new))

    def _change(self, username: str, **values: object) -> None:
        name = normal_name(username)
        change = update(AccountRow).where(AccountRow.username == name)
        with self._engine.begin() as connection:
            done = connection.execute(change.values(version=AccountRow.version + 1, **values))
        if not done.rowcount:
            names = ", ".join(account.username for account in self.list()) or "none"
            raise AccountError(f"There is no account {name!r}. There are: {names}.")


def _hash(password: str) -> str:
    if fault := passwords.fault(password):
        raise AccountError(fault)
    return passwords.hash_password(password)


def _account(row: AccountRow) -> Account:
    return Account(row.id, row.username, row.active, row.version, row.created)
