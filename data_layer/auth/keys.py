"""The keys behind the tokens: Ed25519, as a PEM on one side and a JWK Set on the other.

The view holds the private key; the data layer holds a file of public keys (two
while they are being exchanged), so what checks tokens cannot make any.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
UNKNOWN_KID_SECONDS = 30.0

_TYPE_OF_KEY = {"kty": "OKP", "crv": "Ed25519"}


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def make_key_pair(kid: str | None = None) -> tuple[bytes, dict[str, str]]:
    """A new private key (PKCS #8 PEM) and its public half as a JWK with its ``kid``."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem, public_jwk(private.public_key(), kid)


def load_private_key(pem: bytes) -> Ed25519PrivateKey:
    """The Ed25519 key in a PEM.

    Raises
    ------
    ValueError: for anything else.
    """
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise ValueError("The signing key is not an unencrypted PEM of a private key.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("The signing key is not an Ed25519 key; make one with make_key_pair().")
    return key


def public_jwk(key: Ed25519PublicKey, kid: str | None = None) -> dict[str, str]:
    """A public key as a JWK (RFC 8037); ``kid`` is its RFC 7638 thumbprint unless given."""
    x = _b64(key.public_bytes_raw())
    return {**_TYPE_OF_KEY, "x": x, "kid": kid or thumbprint(key), "use": "sig", "alg": "EdDSA"}


def thumbprint(key: Ed25519PublicKey) -> str:
    """The RFC 7638 SHA-256 thumbprint of a public key."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": _b64(key.public_bytes_raw())}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return _b64(hashlib.sha256(canonical.encode()).digest())


def key_set(jwks: Iterable[Mapping[str, str]]) -> str:
    """The text of a JWK Set file (RFC 7517) holding these public keys."""
    return json.dumps({"keys": [dict(k) for k in jwks]}, indent=2) + "\n"


def read_key_set(text: str | bytes) -> dict[str, Ed25519PublicKey]:
    """The public keys of a JWK Set, by ``kid``.

    Raises
    ------
    ValueError: not a JWK Set, or no Ed25519 key in it, or a private key, or a
        ``kid`` missing or used twice.
    """
    try:
        entries: list[dict[str, Any]] = json.loads(text)["keys"]
        found: dict[str, Ed25519PublicKey] = {}
        for entry in entries:
            if "d" in entry:
                raise ValueError("it holds a private key, which belongs to the view alone")
            if {k: entry.get(k) for k in _TYPE_OF_KEY} != _TYPE_OF_KEY:
                continue
            kid = entry["kid"]
            if not isinstance(kid, str) or not kid or kid in found:
                raise ValueError("each key needs a kid of its own")
            raw = base64.urlsafe_b64decode(entry["x"] + "=" * (-len(entry["x"]) % 4))
            found[kid] = Ed25519PublicKey.from_public_bytes(raw)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"This is not a usable JWK Set: {error}") from error
    if not found:
        raise ValueError("The JWK Set holds no Ed25519 key.")
    return found


class Keys(Protocol):
    """Public keys by name."""

    def get(self, kid: str, /) -> Ed25519PublicKey | None:
        """The key of that name, if there is one."""
        ...


class KeyFile:
    """Public keys in a JWK Set file that may be exchanged while we run.

    A changed file is read again within a second. A name that is not in the set
    makes us read even an apparently unchanged file, at most every 30 s, so
    that strangers' tokens cannot make us read all day. A file that turned bad
    is logged and the keys read before stay in use.

    Parameters
    ----------
    path: the file.
    clock: seconds that only grow.

    Raises
    ------
    ValueError, OSError: on construction only, when there is nothing to start with.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._stamp = self._stat()
        self._keys = read_key_set(path.read_bytes())
        self._looked = clock()
        self._searched = float("-inf")

    def get(self, kid: str, /) -> Ed25519PublicKey | None:
        """The key of that name, if there is one now."""
        now = self._clock()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._reload_if(changed_only=True)
        if kid not in self._keys and now - self._searched >= UNKNOWN_KID_SECONDS:
            self._searched = now
            self._reload_if(changed_only=False)
        return self._keys.get(kid)

    def _stat(self) -> tuple[int, int, int]:
        s = self._path.stat()
        return s.st_mtime_ns, s.st_size, s.st_ino

    def _reload_if(self, *, changed_only: bool) -> None:
        try:
            stamp = self._stat()
            if changed_only and stamp == self._stamp:
                return
            # Remembered before reading, so that a bad file is reported once, not every second.
            self._stamp = stamp
            self._keys = read_key_set(self._path.read_bytes())
        except (ValueError, OSError) as error:
            log.error("Kept the old token keys; %s cannot be used: %s", self._path.name, error)
