"""What the view is told by its environment; the only reader of it in this package.

Every variable is called ``POAMA_`` + the name of the field in capitals, for
example ``POAMA_PUBLIC_ORIGINS=https://dash.example.org``.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from platformdirs import user_state_path
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, SettingsConfigDict

from data_layer.auth.keys import key_set
from data_layer.auth.tokens import make_key_pair

PREFIX = "POAMA_"
SECRET_BYTES = 32
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})

KEY_FILE = "view-key.pem"
JWKS_FILE = "jwks.json"
SECRETS_FILE = "secrets.json"

HOW_TO_MAKE_ONE = 'Make one with: python -c "import secrets; print(secrets.token_urlsafe(48))"'

# Openings that no random text has and every example, tutorial and sample file does.
_SAMPLES = (
    "change",
    "default",
    "example",
    "insecure",
    "password",
    "please",
    "replace",
    "sample",
    "secret",
    "test_",
    "test-",
    "thisis",
    "your",
)


def weakness(secret: str) -> str:
    """Why ``secret`` is not one, or an empty string when nothing is wrong with it."""
    size = len(secret.encode())
    if size == 0:
        return "is missing"
    if size < SECRET_BYTES:
        return f"has {size} bytes, fewer than {SECRET_BYTES}"
    if secret.lower().lstrip("_-<\\\"' ").startswith(_SAMPLES):
        return "is a sample, known to everyone"
    if len(set(secret)) < 12:
        return "repeats too few characters to be random"
    return ""


def _default_database(state_dir: Path) -> str:
    return f"sqlite:///{state_dir / 'poama-panel.sqlite3'}"


class StorageSettings(BaseSettings):
    """Where the view keeps accounts and sessions; enough for ``poama-panel users``.

    Attributes
    ----------
    state_dir: directory of what must outlive a restart.
    database_url: SQLAlchemy address of the user database; SQLite in ``state_dir`` by default.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    state_dir: Path = Field(default_factory=lambda: user_state_path("poama-panel"))
    database_url: str = ""

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, values: Any) -> Any:
        # A compose file hands on an unset variable as an empty one.
        return {k: v for k, v in values.items() if v != ""} if isinstance(values, dict) else values

    @property
    def database(self) -> str:
        """The address of the database, the default filled in."""
        return self.database_url or _default_database(self.state_dir)


class ViewSettings(StorageSettings):
    """Everything the view needs to be told.

    Attributes
    ----------
    host, port: where to listen.
    public_origins: what stands in the browser's address bar, scheme and host
        and port only, separated by commas. Websockets from elsewhere are refused.
    data_url: address of the data layer.
    cookie_secret, session_secret: random texts of at least 32 bytes that sign
        the login cookie and Bokeh's session tokens.
    signing_key, signing_kid: the Ed25519 key (PEM) that signs the tokens for the
        data layer, and its name in the data layer's key file (default: thumbprint).
    secure_cookies: whether cookies are sent over https only. By default yes,
        unless every origin is plain http on this machine.
    behind_proxy: believe the client address a reverse proxy writes into
        ``X-Real-IP`` or ``X-Forwarded-For``. Only with a proxy that sets them.
    prefix: path before all routes, for example ``/dash``.
    data_scope: what the view's tokens allow.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=5006, ge=0, le=65535)
    public_origins: Annotated[tuple[str, ...], NoDecode] = ()
    data_url: str = "http://127.0.0.1:5007"
    cookie_secret: SecretStr = SecretStr("")
    session_secret: SecretStr = SecretStr("")
    signing_key: Path | None = None
    signing_kid: str = ""
    secure_cookies: bool | None = None
    behind_proxy: bool = False
    prefix: str = ""
    data_scope: str = "data:read"

    @field_validator("public_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(filter(None, value.replace(" ", "").split(","))) if _is_text(value) else value

    @field_validator("public_origins")
    @classmethod
    def _as_browsers_write_them(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(normal_origin(origin) for origin in value)

    @field_validator("data_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{value!r} is not an address; write http://host:port")
        return value.rstrip("/")

    @field_validator("prefix")
    @classmethod
    def _one_leading_slash(cls, value: str) -> str:
        path = value.strip("/")
        return f"/{path}" if path else ""

    @model_validator(mode="after")
    def _secrets_hold(self) -> ViewSettings:
        faults = [
            f"{PREFIX}{name.upper()} {fault}. {HOW_TO_MAKE_ONE}"
            for name in ("cookie_secret", "session_secret")
            if (fault := weakness(getattr(self, name).get_secret_value()))
        ]
        if not faults and self.cookie_secret == self.session_secret:
            faults.append(f"{PREFIX}COOKIE_SECRET and {PREFIX}SESSION_SECRET are the same text.")
        if self.signing_key is None:
            faults.append(
                f"{PREFIX}SIGNING_KEY is missing: the path of an Ed25519 private key in PEM form. "
                "Make one with: openssl genpkey -algorithm ed25519 -out view-key.pem"
            )
        elif not self.signing_key.is_file():
            faults.append(f"{PREFIX}SIGNING_KEY: there is no file {self.signing_key}.")
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def origins(self, port: int | None = None) -> tuple[str, ...]:
        """The allowed origins; without any given, this machine's at ``port`` (default: own)."""
        port = self.port if port is None else port
        return self.public_origins or tuple(
            normal_origin(f"http://{host}:{port}") for host in ("127.0.0.1", "localhost")
        )

    @property
    def secure(self) -> bool:
        """Whether cookies are for https only, the default filled in."""
        if self.secure_cookies is not None:
            return self.secure_cookies
        return not all(_is_plain_loopback(origin) for origin in self.origins())

    def signing_key_pem(self) -> bytes:
        """The content of the signing key's file.

        Raises
        ------
        OSError: when it cannot be read.
        """
        assert self.signing_key is not None
        return self.signing_key.read_bytes()

    @classmethod
    def for_this_machine(cls, **given: Any) -> ViewSettings:
        """Settings with self-made secrets where neither ``given`` nor the environment has any.

        For a single machine: the demo, and ``serve`` without further ado.
        """
        storage = StorageSettings(**{k: v for k, v in given.items() if k == "state_dir"})
        return cls(**{**ensure_secrets(storage.state_dir), **environment(), **given})


def environment() -> dict[str, Any]:
    """The view's settings that the environment gives, as it writes them."""
    return {k: v for k, v in EnvSettingsSource(ViewSettings)().items() if v != ""}


def ensure_secrets(state_dir: Path) -> dict[str, Any]:
    """The secrets kept in ``state_dir``, made at the first call.

    Returns ``cookie_secret``, ``session_secret`` and ``signing_key`` as fields of
    :class:`ViewSettings`. The public half of the key lies beside it in
    ``jwks.json``, for the data layer. The directory is 0700, the files 0600.
    """
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept, key, jwks = (state_dir / name for name in (SECRETS_FILE, KEY_FILE, JWKS_FILE))
    if not kept.exists():
        made = {n: secrets.token_urlsafe(48) for n in ("cookie_secret", "session_secret")}
        _write_private(kept, json.dumps(made).encode())
    if not (key.exists() and jwks.exists()):
        pem, jwk = make_key_pair()
        _write_private(key, pem)
        _write_private(jwks, key_set([jwk]).encode())
    return {**json.loads(kept.read_text()), "signing_key": key}


def explain(error: ValidationError) -> str:
    """What is wrong with the settings, one fault a line, no values shown."""
    lines = []
    for item in error.errors(include_url=False, include_input=False):
        name = PREFIX + "_".join(str(part) for part in item["loc"]).upper() if item["loc"] else ""
        text = item["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {text}" if name else text)
    return "\n".join(lines)


def normal_origin(text: str) -> str:
    """An origin as browsers write it: lower case, without path or default port.

    Raises
    ------
    ValueError: when it is no http(s) origin.
    """
    parts = urlsplit(text.strip().lower())
    bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
    if parts.scheme not in ("http", "https") or not parts.hostname or not bare or "*" in text:
        raise ValueError(f"{text!r} is not an origin; write for example https://dash.example.org")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (
        f":{parts.port}" if parts.port not in (None, default) else ""
    )


def _is_plain_loopback(origin: str) -> bool:
    scheme, _, rest = origin.partition("://")
    host = rest.rpartition(":")[0] if rest.rpartition(":")[2].isdigit() else rest
    return scheme == "http" and host in LOOPBACK


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that nobody else can read, not even for a moment, whole or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    draft.replace(path)
