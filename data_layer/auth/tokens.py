"""Access tokens between the view and the data layer; no HTTP here.

A token is a JWT after RFC 9068 (JSON Web Token profile for OAuth 2.0 access
tokens), signed with Ed25519, good for minutes. It names the account and what
it may do, nothing else.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cachetools import LRUCache
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from data_layer.auth.keys import KeyFile, Keys, load_private_key, make_key_pair, thumbprint
from data_layer.errors import NotAuthenticated

__all__ = ["Claims", "Signer", "Verifier", "make_key_pair"]

ISSUER = "poama-panel"
AUDIENCE = "poama-data"
TYPE = "at+jwt"
ALGORITHM = "EdDSA"
CLIENT = "view"

MAX_BYTES = 4096
MAX_LIFETIME = 600
LEEWAY = 10
REMEMBER = 1024
REQUIRED = ("exp", "iat", "nbf", "iss", "aud", "sub", "jti")

# 64 bytes of signature are 86 characters of base64url, the last of which has
# four bits to spare; only one way to write it is accepted.
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]", re.ASCII)


@dataclass(frozen=True)
class Claims:
    """What a believed token says.

    Attributes
    ----------
    sub: the account, an opaque id.
    scopes: what the bearer may do; empty when the token grants nothing.
    sid: prefix of the hash of the login session, for audit.
    jti: the token's own id.
    exp: end of life, seconds since 1970 UTC.
    """

    sub: str
    scopes: frozenset[str]
    sid: str
    jti: str
    exp: int


class Signer:
    """Makes tokens.

    Parameters
    ----------
    private_key_pem: an unencrypted Ed25519 private key.
    kid: the key's name in the data layer's key file; its thumbprint if empty.

    Raises
    ------
    ValueError: when the PEM holds no such key.
    """

    def __init__(self, private_key_pem: bytes, kid: str = "") -> None:
        self._key = load_private_key(private_key_pem)
        self.kid = kid or thumbprint(self._key.public_key())

    def mint(
        self, sub: str, *, scope: str = "data:read", sid: str = "", lifetime: int = 300
    ) -> str:
        """A new token for the account ``sub``, good for ``lifetime`` seconds (at most 600)."""
        if not sub:
            raise ValueError("A token needs the account it is for.")
        if not 0 < lifetime <= MAX_LIFETIME:
            raise ValueError(f"A token lives 1 to {MAX_LIFETIME} seconds, not {lifetime}.")
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": sub,
            "client_id": CLIENT,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "jti": secrets.token_urlsafe(16),
            "scope": scope,
            "sid": sid,
        }
        return jwt.encode(
            claims, self._key, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": self.kid}
        )


class Verifier:
    """Believes a token, or does not.

    PyJWT checks signature, issuer, audience and times. It leaves to us, and we
    do before or after it: size, the header's keys (so that no ``jwk``, ``jku``,
    ``x5u`` or ``crit`` is ever looked at), ``typ``, an unknown ``kid``, times
    that are no whole numbers, and a lifetime longer than we ever sign for.

    Parameters
    ----------
    keys: public keys by name; a dict will do.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        # Tokens that held, with the key they were signed with: a page sends the same one
        # with each frame for minutes, and looking it through costs as much as all else
        # that is done before the frame is found. Not for several threads.
        self._held: LRUCache[str, tuple[str, Ed25519PublicKey, Claims]] = LRUCache(REMEMBER)

    @classmethod
    def from_file(cls, path: Path, clock: Callable[[], float] = time.monotonic) -> Verifier:
        """A verifier on a JWK Set file, followed as :class:`~data_layer.auth.keys.KeyFile` says."""
        return cls(KeyFile(path, clock))

    def verify(self, token: str) -> Claims:
        """The claims of a token that holds.

        Raises
        ------
        NotAuthenticated: for every other token, always with the same words:
            what was wrong would only help whoever made it up. The cause is in
            ``__cause__``.
        """
        known = self._held.get(token)
        if known is not None:
            kid, key, claims = known
            if self._keys.get(kid) is key and time.time() < claims.exp + LEEWAY:
                return claims
        try:
            return self._verify(token)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise NotAuthenticated(
                "The access token is not accepted.",
                advice="Sign in again, or ask the view for a new token.",
            ) from error

    def _verify(self, token: str) -> Claims:
        if len(token) > MAX_BYTES:
            raise ValueError("too long")
        if not _SHAPE.fullmatch(token):
            raise ValueError("not three base64url parts")
        header = jwt.get_unverified_header(token)
        if set(header) - {"alg", "typ", "kid"}:
            raise ValueError("header says more than alg, typ and kid")
        if header.get("typ") != TYPE or header.get("alg") != ALGORITHM:
            raise ValueError("not an EdDSA access token")
        key = self._keys.get(header["kid"])
        if key is None:
            raise KeyError("unknown kid")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=LEEWAY,
            options={"require": list(REQUIRED), "strict_aud": True},
        )
        if not all(type(claims[name]) is int for name in ("exp", "iat", "nbf")):
            raise ValueError("times are not whole numbers")
        if not 0 < claims["exp"] - claims["iat"] <= MAX_LIFETIME:
            raise ValueError("lifetime")
        if not all(type(claims[name]) is str and claims[name] for name in ("sub", "jti")):
            raise ValueError("sub or jti is not a name")
        scope, sid = claims.get("scope"), claims.get("sid")
        held = Claims(
            sub=claims["sub"],
            scopes=frozenset(scope.split()) if isinstance(scope, str) else frozenset(),
            sid=sid if isinstance(sid, str) else "",
            jti=claims["jti"],
            exp=claims["exp"],
        )
        self._held[token] = header["kid"], key, held
        return held
