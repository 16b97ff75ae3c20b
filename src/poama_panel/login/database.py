"""Opens the user database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from poama_panel.login.tables import Base

BUSY_MS = 3000


def open_database(address: str) -> Engine:
    """The database at ``address``, its tables made where they are missing.

    A SQLite file is created readable by its owner only, and opened so that
    readers never wait for a writer (WAL) and writers wait for each other.

    Raises
    ------
    sqlalchemy.exc.SQLAlchemyError: when it cannot be opened.
    """
    url = make_url(address)
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite and url.database and url.database != ":memory:":
        _make_private_file(Path(url.database))
    engine = create_engine(url, pool_pre_ping=not sqlite)
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
    Base.metadata.create_all(engine)
    return engine


def _make_private_file(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
