"""``poama-panel doctor``: is everything there that the dashboard and its data need?

Each check looks at one thing, changes nothing, and says what to do when it is amiss.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import click
import httpx
from packaging.requirements import Requirement
from pydantic import ValidationError
from sqlalchemy import create_engine, inspect, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from poama_panel.login.tables import AccountRow
from poama_panel.settings import (
    JWKS_FILE,
    KEY_FILE,
    SECRETS_FILE,
    StorageSettings,
    ViewSettings,
    environment,
    explain,
)

LEAST_FREE = 1 << 30
ANSWER_SECONDS = 5.0

Verdict = Literal["well", "mind", "amiss"]
_MARKS: dict[Verdict, str] = {"well": "ok   ", "mind": "note ", "amiss": "AMISS"}


@dataclass(frozen=True)
class Finding:
    """What one check found. ``mind`` is no fault, but worth knowing."""

    verdict: Verdict
    about: str
    text: str


def examine(data: Path | None) -> Iterator[Finding]:
    """All findings, each as soon as it is made.

    Parameters
    ----------
    data: an archive's folder to look through, or ``None`` to ask the data layer that
        the settings name whether it is ready.
    """
    yield from packages()
    yield from state(StorageSettings())
    yield from settings()
    yield from accounts(StorageSettings())
    yield from data_layer() if data is None else archive(data)


def packages() -> Iterator[Finding]:
    """Whether what is installed is what we need."""
    wanted = [Requirement(text) for text in metadata.requires("poama-panel") or []]
    wrong = []
    for r in wanted:
        if r.marker is not None and not r.marker.evaluate({"extra": ""}):
            continue
        try:
            there = metadata.version(r.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{r.name} is not installed")
        else:
            if there not in r.specifier:
                wrong.append(f"{r.name} {there} is installed, and {r.specifier} needed")
    if wrong:
        yield Finding("amiss", "packages", "; ".join(wrong) + ". Install poama-panel again.")
    else:
        shown = ", ".join(f"{n} {metadata.version(n)}" for n in ("panel", "bokeh", "tornado"))
        yield Finding("well", "packages", f"Python {sys.version.split()[0]}, {shown}")


def state(storage: StorageSettings) -> Iterator[Finding]:
    """The directory of what outlives a restart: there, private, with room."""
    place = storage.state_dir
    if not place.exists():
        yield Finding("mind", "state", f"{place} is not there yet; the first start makes it.")
        return
    if not os.access(place, os.W_OK):
        yield Finding("amiss", "state", f"{place} cannot be written to by this user.")
    open_to_others = [
        name
        for name in (SECRETS_FILE, KEY_FILE)
        if (place / name).exists() and (place / name).stat().st_mode & 0o077
    ]
    if open_to_others:
        names = " ".join(str(place / name) for name in open_to_others)
        yield Finding("amiss", "state", f"Others can read {names}. Run: chmod 600 {names}")
    free = shutil.disk_usage(place).free
    if free < LEAST_FREE:
        yield Finding("amiss", "state", f"{place} has only {free >> 20} MB left.")
    else:
        yield Finding("well", "state", f"{place}, {free >> 30} GB free")


def settings() -> Iterator[Finding]:
    """Whether the settings in the environment hold together."""
    place = StorageSettings().state_dir
    made_here = all((place / name).exists() for name in (SECRETS_FILE, KEY_FILE, JWKS_FILE))
    given = environment().keys() & {"cookie_secret", "session_secret", "signing_key"}
    if not made_here and not given:
        # for_this_machine would make secrets: not a doctor's business.
        yield Finding("mind", "settings", "no secrets yet; the first start makes them")
        return
    try:
        found = ViewSettings.for_this_machine() if made_here else ViewSettings()
    except ValidationError as error:
        yield Finding("amiss", "settings", explain(error).replace("\n", "; "))
        return
    yield Finding("well", "settings", f"the dashboard is at {', '.join(found.origins())}")


def accounts(storage: StorageSettings) -> Iterator[Finding]:
    """Whether the user database answers and anybody can sign in."""
    url = make_url(storage.database)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield Finding("mind", "accounts", 'none yet; add one with "poama-panel users add NAME"')
        return
    engine = create_engine(url)
    try:
        # Looked at, not opened as the dashboard does, which would make missing tables.
        if not inspect(engine).has_table(AccountRow.__tablename__):
            yield Finding("mind", "accounts", "the user database is empty")
            return
        with engine.connect() as connection:
            rows = connection.execute(select(AccountRow.active)).all()
    except SQLAlchemyError as error:
        yield Finding("amiss", "accounts", f"the user database does not answer: {error}")
        return
    finally:
        engine.dispose()
    active = sum(row.active for row in rows)
    if active:
        yield Finding("well", "accounts", f"{active} can sign in, {len(rows) - active} disabled")
    else:
        yield Finding("mind", "accounts", 'nobody can sign in; "poama-panel users add NAME"')


def data_layer() -> Iterator[Finding]:
    """Whether the data layer that the settings name is ready."""
    url = environment().get("data_url", "")
    if not url:
        yield Finding("mind", "data", "POAMA_DATA_URL names no data layer; --data DIR looks at one")
        return
    try:
        answer = httpx.get(f"{url.rstrip('/')}/readyz", timeout=ANSWER_SECONDS)
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        text = f"{url} does not answer ({type(error).__name__}). Is it running, and reachable?"
        yield Finding("amiss", "data", text)
        return
    if answer.status_code == 200:
        yield Finding("well", "data", f"{url} is ready")
    else:
        yield Finding("amiss", "data", f"{url}: {said.get('detail', answer.status_code)}")


def archive(folder: Path) -> Iterator[Finding]:
    """What is in an archive, and what is refused and why; by a process of its own."""
    command = [sys.executable, "-m", "data_layer.inspecting", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode < 0:
        yield Finding("amiss", "archive", f"reading {folder} crashed the reading process")
    elif done.returncode == 2:
        yield Finding("amiss", "archive", done.stderr.strip())
    else:
        report = done.stdout.partition("\nWhere this is wrong")[0].rstrip()
        verdict: Verdict = "well" if done.returncode == 0 else "amiss"
        yield Finding(verdict, "archive", report)


@click.command()
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="Look through this archive too.",
)
def doctor(data: Path | None) -> None:
    """Check installation, settings, accounts and data; exit status 1 when something is amiss."""
    amiss = 0
    for finding in examine(data):
        amiss += finding.verdict == "amiss"
        click.echo(f"{_MARKS[finding.verdict]} {finding.about}: {finding.text}")
    sys.exit(1 if amiss else 0)
