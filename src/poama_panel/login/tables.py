"""The tables of the user database."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Holds the metadata of all tables."""


class AccountRow(Base):
    """Someone who may sign in.

    ``id`` is opaque and never used again; ``version`` grows whenever the
    sessions opened before must end.
    """

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created: Mapped[int]


class SessionRow(Base):
    """One sign-in. ``key`` is a hash: whoever reads this table cannot use a session.

    ``version`` is the account's at the time; ``created`` and ``seen`` are seconds
    since 1970 UTC.
    """

    __tablename__ = "sessions"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    version: Mapped[int]
    created: Mapped[int]
    seen: Mapped[int] = mapped_column(index=True)
