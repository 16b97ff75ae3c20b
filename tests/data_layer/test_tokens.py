"""Tokens: the one that holds, and every way we could think of that must not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from data_layer.auth.keys import (
    KeyFile,
    key_set,
    load_private_key,
    public_jwk,
    read_key_set,
    thumbprint,
)
from data_layer.auth.scopes import PUBLIC, SCOPES, check_scope
from data_layer.auth.tokens import LEEWAY, MAX_BYTES, Signer, Verifier, make_key_pair
from data_layer.errors import NotAuthenticated, NotPermitted

PEM, JWK = make_key_pair("k1")
PRIVATE = load_private_key(PEM)
VERIFIER = Verifier(read_key_set(key_set([JWK])))
SIGNER = Signer(PEM, "k1")
HEADER = {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"}


def now():
    return int(time.time())


def claims(**changed):
    """Good claims, changed; ``None`` removes one."""
    good = {
        "iss": "poama-panel",
        "aud": "poama-data",
        "sub": "u1",
        "client_id": "view",
        "iat": now(),
        "nbf": now(),
        "exp": now() + 300,
        "jti": "j1",
        "scope": "data:read",
    }
    return {k: v for k, v in {**good, **changed}.items() if v is not None}


def b64(raw):
    raw = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forge(body, header=None, key=PRIVATE):
    """A token with exactly this header and body, properly signed."""
    text = f"{b64(HEADER if header is None else header)}.{b64(body)}"
    return f"{text}.{b64(key.sign(text.encode()))}"


def hs256_with_the_public_key():
    public = json.dumps(JWK).encode()
    text = f"{b64({**HEADER, 'alg': 'HS256'})}.{b64(claims())}"
    return f"{text}.{b64(hmac.new(public, text.encode(), hashlib.sha256).digest())}"


def test_a_minted_token_is_believed_and_says_what_it_was_given():
    believed = VERIFIER.verify(SIGNER.mint("u7", scope="data:read other", sid="abc"))
    assert believed.sub == "u7"
    assert believed.scopes == {"data:read", "other"}
    assert believed.sid == "abc"
    assert 290 <= believed.exp - time.time() <= 300


def test_a_token_that_held_is_refused_once_its_time_is_over():
    verifier = Verifier(read_key_set(key_set([JWK])))
    token = forge(claims(iat=now() - 100, nbf=now() - 100, exp=now() - LEEWAY + 2))
    assert verifier.verify(token) is verifier.verify(token)
    time.sleep(2.5)
    with pytest.raises(NotAuthenticated):
        verifier.verify(token)


def test_a_token_that_held_is_refused_once_its_key_is_gone():
    keys = read_key_set(key_set([JWK]))
    verifier = Verifier(keys)
    token = SIGNER.mint("u7")
    assert verifier.verify(token)
    del keys[SIGNER.kid]
    with pytest.raises(NotAuthenticated):
        verifier.verify(token)


def test_two_tokens_differ_and_are_short():
    one, other = SIGNER.mint("u"), SIGNER.mint("u")
    assert VERIFIER.verify(one).jti != VERIFIER.verify(other).jti
    assert len(one) < 1024


def test_the_forger_of_these_tests_can_make_a_good_token():
    assert VERIFIER.verify(forge(claims())).sub == "u1"


# Made when they are needed: a token a minute early is in time when tests take long.
BAD = {
    "empty": lambda: "",
    "alg none": lambda: f"{b64({**HEADER, 'alg': 'none'})}.{b64(claims())}.",
    "alg NoNe": lambda: forge(claims(), {**HEADER, "alg": "NoNe"}),
    "alg HS256 header on a good signature": lambda: forge(claims(), {**HEADER, "alg": "HS256"}),
    "HS256 with the public key": lambda: hs256_with_the_public_key(),
    "another key": lambda: forge(claims(), key=Ed25519PrivateKey.generate()),
    "kid unknown": lambda: forge(claims(), {**HEADER, "kid": "k9"}),
    "kid a path": lambda: forge(claims(), {**HEADER, "kid": "../../dev/null"}),
    "kid a number": lambda: forge(claims(), {**HEADER, "kid": 1}),
    "kid a list": lambda: forge(claims(), {**HEADER, "kid": ["k1"]}),
    "kid missing": lambda: forge(claims(), {"alg": "EdDSA", "typ": "at+jwt"}),
    "jwk in the header": lambda: forge(claims(), {**HEADER, "jwk": JWK}),
    "jku in the header": lambda: forge(claims(), {**HEADER, "jku": "http://169.254.169.254/"}),
    "x5u in the header": lambda: forge(claims(), {**HEADER, "x5u": "http://127.0.0.1/"}),
    "crit in the header": lambda: forge(claims(), {**HEADER, "crit": ["exp"]}),
    "typ JWT": lambda: forge(claims(), {**HEADER, "typ": "JWT"}),
    "typ missing": lambda: forge(claims(), {"alg": "EdDSA", "kid": "k1"}),
    "typ a list": lambda: forge(claims(), {**HEADER, "typ": ["at+jwt"]}),
    "aud other": lambda: forge(claims(aud="view")),
    "aud a list": lambda: forge(claims(aud=["poama-data"])),
    "iss other": lambda: forge(claims(iss="evil")),
    "iss a prefix": lambda: forge(claims(iss="poama")),
    "iss with a slash": lambda: forge(claims(iss="poama-panel/")),
    "iss a list": lambda: forge(claims(iss=["poama-panel"])),
    "sub empty": lambda: forge(claims(sub="")),
    "sub a number": lambda: forge(claims(sub=5)),
    "jti empty": lambda: forge(claims(jti="")),
    **{
        f"{name} missing": lambda name=name: forge(claims(**{name: None}))
        for name in ("exp", "iat", "nbf", "iss", "aud", "sub", "jti")
    },
    "expired a minute ago": lambda: forge(claims(iat=now() - 360, nbf=now() - 360, exp=now() - 60)),
    "nbf in a minute": lambda: forge(claims(nbf=now() + 60)),
    "iat in a minute": lambda: forge(claims(iat=now() + 60)),
    "exp text": lambda: forge(claims(exp="9999999999")),
    "exp huge": lambda: forge(claims(exp=10**30)),
    "exp true": lambda: forge(claims(exp=True)),
    "exp a fraction": lambda: forge(claims(exp=now() + 300.5)),
    "exp infinite": lambda: forge(b'{"exp":Infinity}'),
    "lives a day": lambda: forge(claims(exp=now() + 86400)),
    "lives no time": lambda: forge(claims(iat=now() + 5, exp=now() + 5)),
    "two parts": lambda: ".".join(SIGNER.mint("u").split(".")[:2]),
    "four parts": lambda: SIGNER.mint("u") + ".x",
    "padded": lambda: SIGNER.mint("u") + "=",
    "with a NUL": lambda: SIGNER.mint("u")[:20] + "\0" + SIGNER.mint("u")[20:],
    "with a newline": lambda: SIGNER.mint("u") + "\n",
    "6 KB": lambda: forge(claims(more="x" * 4500)),
    "9 KB of W": lambda: "W" * 9000,
    "deeply nested": lambda: forge(b"[" * 1400 + b"]" * 1400),
    "deeply nested header": lambda: f"{b64(b'[' * 1400)}.{b64(claims())}.{'A' * 86}",
    "not JSON": lambda: forge(b"hello"),
    "a JSON list": lambda: forge(b"[]"),
    "an encrypted token's header": lambda: forge(claims(), {"alg": "dir", "enc": "A256GCM"}),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_anything_else_is_refused_in_the_same_words(make):
    with pytest.raises(NotAuthenticated) as refused:
        VERIFIER.verify(make())
    assert refused.value.message == "The access token is not accepted."
    assert refused.value.asked == ""
    assert refused.value.exists == ()


def test_size_alone_refuses_before_anything_is_parsed():
    good = forge(claims(more="x" * 2000))
    assert len(good) < MAX_BYTES
    assert VERIFIER.verify(good)


def test_a_clock_a_few_seconds_off_is_forgiven():
    assert VERIFIER.verify(forge(claims(iat=now() - 305, nbf=now() - 305, exp=now() - 5)))
    assert VERIFIER.verify(forge(claims(nbf=now() + 5)))


@pytest.mark.parametrize("scope", [None, "other", ["data:read"], 7, "data:reader"])
def test_what_is_no_scope_grants_nothing(scope):
    believed = VERIFIER.verify(forge(claims(scope=scope)))
    with pytest.raises(NotPermitted):
        check_scope("catalogue", believed.scopes)


def test_scopes_deny_by_default():
    check_scope("catalogue", {"data:read"})
    for route in ("", "unknown", "health"):
        with pytest.raises(NotPermitted):
            check_scope(route, {"data:read"})
    assert not PUBLIC & SCOPES.keys()


TOKEN = SIGNER.mint("u1", lifetime=600)


@given(
    st.integers(0, len(TOKEN) - 1),
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \0é"),
)
@settings(max_examples=300, deadline=None)
def test_no_changed_character_goes_unnoticed(place, character):
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    if changed != TOKEN:
        with pytest.raises(NotAuthenticated):
            VERIFIER.verify(changed)


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_the_verifier(text):
    with pytest.raises(NotAuthenticated):
        VERIFIER.verify(text)


def test_the_signer_refuses_what_would_be_refused():
    with pytest.raises(ValueError, match="account"):
        SIGNER.mint("")
    for lifetime in (0, -1, 601):
        with pytest.raises(ValueError, match="lives"):
            SIGNER.mint("u", lifetime=lifetime)
    with pytest.raises(ValueError, match="PEM"):
        Signer(b"not a key")


def test_without_a_kid_the_key_is_named_by_its_thumbprint():
    pem, jwk = make_key_pair()
    assert Signer(pem).kid == jwk["kid"] == thumbprint(load_private_key(pem).public_key())


def test_the_thumbprint_is_that_of_rfc_8037():
    jwk = {
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": "x",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    }
    (key,) = read_key_set(key_set([jwk])).values()
    assert thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert public_jwk(key)["x"] == jwk["x"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "JWK Set"),
        ("[]", "JWK Set"),
        ('{"keys": []}', "no Ed25519 key"),
        ('{"keys": [{"kty": "RSA", "kid": "r"}]}', "no Ed25519 key"),
        (key_set([{**JWK, "d": "secret"}]), "private key"),
        (key_set([JWK, JWK]), "kid of its own"),
        (key_set([{**JWK, "kid": ""}]), "kid of its own"),
        (key_set([{**JWK, "x": "AAAA"}]), "JWK Set"),
    ],
)
def test_a_bad_key_set_is_refused_with_the_reason(text, why):
    with pytest.raises(ValueError, match=why):
        read_key_set(text)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def write(path, text, stamp):
    path.write_text(text)
    os.utime(path, ns=(stamp, stamp))


def test_keys_are_exchanged_while_running(tmp_path):
    path, clock = tmp_path / "keys.json", Clock()
    new_pem, new_jwk = make_key_pair("k2")
    write(path, key_set([JWK]), 1)
    verifier = Verifier.from_file(path, clock)
    old, new = SIGNER.mint("u"), Signer(new_pem, "k2").mint("u")
    assert verifier.verify(old)
    with pytest.raises(NotAuthenticated):
        verifier.verify(new)
    write(path, key_set([JWK, new_jwk]), 2)
    clock.now = 2.0
    assert verifier.verify(new)
    assert verifier.verify(old)
    write(path, key_set([new_jwk]), 3)
    clock.now = 4.0
    with pytest.raises(NotAuthenticated):
        verifier.verify(old)


def test_a_broken_key_file_keeps_the_old_keys_and_is_reported_once(tmp_path, caplog):
    path, clock = tmp_path / "keys.json", Clock()
    write(path, key_set([JWK]), 1)
    keys = KeyFile(path, clock)
    write(path, "{", 2)
    for clock.now in (2.0, 4.0, 6.0):
        assert keys.get("k1") is not None
    assert len(caplog.records) == 1
    path.unlink()
    clock.now = 8.0
    assert keys.get("k1") is not None


def test_an_unknown_kid_makes_us_read_at_most_every_half_minute(tmp_path):
    path, clock = tmp_path / "keys.json", Clock()
    write(path, key_set([JWK]), 1)
    keys = KeyFile(path, clock)
    assert keys.get("k2") is None
    # Changed, but with the same size, time and inode: only reading it can tell.
    write(path, key_set([{**JWK, "kid": "k2"}]), 1)
    clock.now = 20.0
    assert keys.get("k2") is None
    clock.now = 31.0
    assert keys.get("k2") is not None


def test_there_is_no_start_without_keys(tmp_path):
    with pytest.raises(OSError, match="keys"):
        Verifier.from_file(tmp_path / "keys.json")


def test_a_library_upgrade_would_not_go_unnoticed():
    """What PyJWT lets through by itself is what we check: if it changes, so may we."""
    (key,) = read_key_set(key_set([JWK])).values()
    accepted = jwt.decode(
        BAD["exp text"](), key, algorithms=["EdDSA"], audience="poama-data", issuer="poama-panel"
    )
    assert accepted["exp"] == "9999999999"
