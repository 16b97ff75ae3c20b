"""Passwords: what is one, and how it is kept.

Argon2id with m = 19 MiB, t = 2, p = 1 (OWASP Password Storage Cheat Sheet), a
tenth of a second or less of one core.
"""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

SHORTEST, LONGEST = 8, 256

_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

# Checked for a name that nobody has, so that the answer takes as long as for one that exists.
_NOBODY = _HASHER.hash(secrets.token_hex())


class UnreadableHash(Exception):
    """What is stored as a password's hash is none."""


def fault(password: str) -> str:
    """Why ``password`` cannot be one, or an empty string."""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"A password has {SHORTEST} to {LONGEST} characters, not {len(password)}."
    if not password.isprintable():
        return "A password has no line breaks or other control characters."
    return ""


def hash_password(password: str) -> str:
    """The text to store for ``password``."""
    return _HASHER.hash(password)


def verify(stored: str | None, password: str) -> bool:
    """Whether ``password`` belongs to the ``stored`` hash; ``None`` stands for nobody's.

    Raises
    ------
    UnreadableHash: when ``stored`` is damaged.
    """
    try:
        return _HASHER.verify(stored or _NOBODY, password) and stored is not None
    except VerifyMismatchError:
        return False
    except (InvalidHashError, VerificationError) as error:
        raise UnreadableHash from error


def is_outdated(stored: str) -> bool:
    """Whether ``stored`` was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)
