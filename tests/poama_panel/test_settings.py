"""What the view believes of its environment, and what it refuses to start with."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from data_layer.auth.tokens import Signer, Verifier
from poama_panel.settings import (
    JWKS_FILE,
    StorageSettings,
    ViewSettings,
    ensure_secrets,
    explain,
    normal_origin,
    weakness,
)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("POAMA_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def good(tmp_path: Path) -> dict[str, Any]:
    return ensure_secrets(tmp_path)


def refusal(**given: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        ViewSettings(**given)
    # Where pydantic shows what it was given, it shows the beginning of a secret.
    assert "input_value" not in str(caught.value)
    return explain(caught.value)


def test_without_secrets_the_view_does_not_start_and_says_how_to_make_them() -> None:
    text = refusal()
    for name in ("POAMA_COOKIE_SECRET", "POAMA_SESSION_SECRET", "POAMA_SIGNING_KEY"):
        assert f"{name} is missing" in text
    assert "secrets.token_urlsafe" in text
    assert "openssl genpkey" in text


@pytest.mark.parametrize("field", ["cookie_secret", "session_secret"])
@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("", "missing"),
        ("x7Kq" * 7, "fewer than 32"),
        ("CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET", "sample"),
        ("change-me-change-me-change-me-change-me", "sample"),
        ("your-secret-key-goes-here-0123456789", "sample"),
        ("replace_this_with_48_random_characters", "sample"),
        ("a" * 64, "random"),
        ("0123456701234567012345670123456701234567", "random"),
    ],
)
def test_a_secret_that_is_none_is_refused(
    good: dict[str, Any], field: str, secret: str, why: str
) -> None:
    text = refusal(**{**good, field: secret})
    assert f"POAMA_{field.upper()}" in text
    assert why in text


def test_random_secrets_are_accepted() -> None:
    for _ in range(200):
        assert weakness(secrets.token_urlsafe(48)) == ""
        assert weakness(secrets.token_hex(32)) == ""


def test_one_secret_for_two_uses_is_refused(good: dict[str, Any]) -> None:
    assert "same" in refusal(**{**good, "session_secret": good["cookie_secret"]})


def test_a_key_that_is_not_there_is_refused(good: dict[str, Any], tmp_path: Path) -> None:
    assert "there is no file" in refusal(**{**good, "signing_key": tmp_path / "nowhere.pem"})


def test_made_secrets_are_kept_private_and_work_together(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    first = ensure_secrets(directory)
    assert ensure_secrets(directory) == first
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in directory.iterdir()} == {0o600}
    settings = ViewSettings(**first)
    token = Signer(settings.signing_key_pem(), settings.signing_kid).mint("someone")
    assert Verifier.from_file(directory / JWKS_FILE).verify(token).sub == "someone"


def test_two_machines_do_not_share_secrets(tmp_path: Path) -> None:
    one, other = ensure_secrets(tmp_path / "a"), ensure_secrets(tmp_path / "b")
    assert one["cookie_secret"] != other["cookie_secret"]
    assert one["signing_key"].read_bytes() != other["signing_key"].read_bytes()


def test_on_this_machine_the_environment_comes_before_made_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = secrets.token_urlsafe(48)
    monkeypatch.setenv("POAMA_COOKIE_SECRET", secret)
    monkeypatch.setenv("POAMA_SESSION_SECRET", "")
    monkeypatch.setenv("POAMA_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("POAMA_PORT", "6001")
    settings = ViewSettings.for_this_machine()
    assert settings.cookie_secret.get_secret_value() == secret
    assert settings.session_secret.get_secret_value()
    assert (settings.state_dir, settings.port) == (tmp_path, 6001)
    assert ViewSettings.for_this_machine(port=6002).port == 6002
    monkeypatch.setenv("POAMA_COOKIE_SECRET", "short")
    with pytest.raises(ValidationError):
        ViewSettings.for_this_machine()


def test_secrets_do_not_show_when_settings_are_printed(good: dict[str, Any]) -> None:
    settings = ViewSettings(**good)
    assert good["cookie_secret"] not in repr(settings) + str(settings.model_dump())


def test_origins_come_from_a_list_with_commas(
    good: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POAMA_PUBLIC_ORIGINS", "https://Dash.Example.org/, http://localhost:80")
    settings = ViewSettings(**good)
    assert settings.origins() == ("https://dash.example.org", "http://localhost")


def test_without_any_this_machines_origins_are_allowed(good: dict[str, Any]) -> None:
    settings = ViewSettings(**good, port=5016)
    assert settings.origins() == ("http://127.0.0.1:5016", "http://localhost:5016")
    assert settings.origins(6000) == ("http://127.0.0.1:6000", "http://localhost:6000")


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://dash.example.org:443", "https://dash.example.org"),
        ("http://[::1]:5006/", "http://[::1]:5006"),
        ("HTTP://LOCALHOST:5006", "http://localhost:5006"),
    ],
)
def test_an_origin_is_read_as_browsers_write_it(text: str, origin: str) -> None:
    assert normal_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "https://*.example.org",
        "dash.example.org",
        "ftp://x",
        "https://x/app",
        "null",
        "https://",
    ],
)
def test_what_is_no_origin_is_refused(good: dict[str, Any], text: str) -> None:
    assert "POAMA_PUBLIC_ORIGINS" in refusal(**good, public_origins=text)


@pytest.mark.parametrize(
    ("origins", "given", "secure"),
    [
        ("", None, False),
        ("http://127.0.0.1:5006,http://localhost:5006", None, False),
        ("http://[::1]:5006", None, False),
        ("https://dash.example.org", None, True),
        ("http://dash.example.org", None, True),
        ("http://localhost:5006,https://dash.example.org", None, True),
        ("http://localhost.example.org", None, True),
        ("http://dash.example.org", False, False),
        ("", True, True),
    ],
)
def test_cookies_are_for_https_unless_all_is_on_this_machine(
    good: dict[str, Any], origins: str, given: bool | None, secure: bool
) -> None:
    assert ViewSettings(**good, public_origins=origins, secure_cookies=given).secure is secure


@pytest.mark.parametrize("prefix", ["dash", "/dash", "/dash/", "dash/"])
def test_a_prefix_has_one_spelling(good: dict[str, Any], prefix: str) -> None:
    assert ViewSettings(**good, prefix=prefix).prefix == "/dash"
    assert ViewSettings(**good, prefix="/").prefix == ""


def test_the_data_layers_address_must_be_one(good: dict[str, Any]) -> None:
    assert "POAMA_DATA_URL" in refusal(**good, data_url="data:5007")
    assert ViewSettings(**good, data_url="http://data:5007/").data_url == "http://data:5007"


def test_storage_needs_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POAMA_STATE_DIR", str(tmp_path))
    assert StorageSettings().database == f"sqlite:///{tmp_path / 'poama-panel.sqlite3'}"
    monkeypatch.setenv("POAMA_DATABASE_URL", "sqlite:///elsewhere.db")
    assert StorageSettings().database == "sqlite:///elsewhere.db"
