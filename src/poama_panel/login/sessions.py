"""Sign-ins, kept on the server: the browser holds a random number and nothing else."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, bindparam, delete, insert, select, update
from sqlalchemy.exc import OperationalError

from poama_panel.login.accounts import Account
from poama_panel.login.tables import AccountRow, SessionRow

log = logging.getLogger(__name__)

IDLE_SECONDS = 30 * 60
ABSOLUTE_SECONDS = 12 * 3600
TOUCH_SECONDS = 60

_FIND = (
    select(
        SessionRow.created,
        SessionRow.seen,
        SessionRow.version,
        AccountRow.id,
        AccountRow.username,
        AccountRow.active,
        AccountRow.version.label("account_version"),
    )
    .join(AccountRow, AccountRow.id == SessionRow.account_id)
    .where(SessionRow.key == bindparam("key"))
)


@dataclass(frozen=True)
class Principal:
    """Who is asking.

    Attributes
    ----------
    sub: the account's opaque id.
    username: the name to show.
    session_key: the session's key in the store; a hash, so it may be logged and passed on.
    """

    sub: str
    username: str
    session_key: str


def key_of(session_id: str) -> str:
    """The key a session is stored under: 128 bits of the SHA-256 of its id."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:32]


class Sessions:
    """The sessions in a database. Thread-safe.

    A session ends 30 minutes after it was last used, 12 hours after sign-in, and
    with its account's disabling or change of password, whichever comes first.

    Parameters
    ----------
    engine: the user database.
    clock: seconds since 1970 UTC.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def open(self, account: Account) -> str:
        """Sign ``account`` in; the new session's id, 256 random bits, to give to the browser."""
        session_id = secrets.token_urlsafe(32)
        now = int(self._clock())
        row = {
            "key": key_of(session_id),
            "account_id": account.id,
            "version": account.version,
            "created": now,
            "seen": now,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(SessionRow), row)
        return session_id

    def find(self, session_id: str) -> Principal | None:
        """Who holds this id, if the session lives; counts as use of it."""
        return self._find(key_of(session_id), touch=True)

    def use(self, key: str) -> bool:
        """Whether the session under ``key`` lives; counts as use of it."""
        return self._find(key, touch=True) is not None

    def is_live(self, key: str) -> bool:
        """Whether the session under ``key`` lives; does not prolong it."""
        return self._find(key, touch=False) is not None

    def close(self, key: str) -> None:
        """End the session under ``key``."""
        with self._engine.begin() as connection:
            connection.execute(delete(SessionRow).where(SessionRow.key == key))

    def purge(self) -> int:
        """Forget the sessions whose time is over; how many they were."""
        now = int(self._clock())
        over = (SessionRow.seen < now - IDLE_SECONDS) | (
            SessionRow.created < now - ABSOLUTE_SECONDS
        )
        with self._engine.begin() as connection:
            return connection.execute(delete(SessionRow).where(over)).rowcount

    def _find(self, key: str, *, touch: bool) -> Principal | None:
        with self._engine.connect() as connection:
            row = connection.execute(_FIND, {"key": key}).one_or_none()
        now = int(self._clock())
        if (
            row is None
            or now - row.seen > IDLE_SECONDS
            or now - row.created > ABSOLUTE_SECONDS
            or not row.active
            or row.version != row.account_version
        ):
            return None
        if touch and now - row.seen >= TOUCH_SECONDS:
            self._touch(key, now)
        return Principal(row.id, row.username, key)

    def _touch(self, key: str, now: int) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(update(SessionRow).where(SessionRow.key == key), {"seen": now})
        except OperationalError:
            # Another writer holds the file; the next request will note the use.
            log.warning("could not note the use of a session")
