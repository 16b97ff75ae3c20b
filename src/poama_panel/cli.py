"""``poama-panel``: the demo, the dashboard, the data layer, the accounts, and their doctor.

Nothing heavy is imported until a command needs it.
"""

from __future__ import annotations

import logging
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from data_layer import __version__
from data_layer.building import main as build
from poama_panel.doctor import doctor
from poama_panel.users import users

_folder = click.Path(exists=True, file_okay=False, path_type=Path)
_port = click.option("--port", type=int, default=None, help="Port of the dashboard [5006].")
_host = click.option("--host", default=None, help="Address to listen on [127.0.0.1].")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Seasonal and sub-seasonal ensemble forecasts: a dashboard and its data layer."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


main.add_command(users)
main.add_command(doctor)
main.add_command(build)


@main.command()
@_host
@_port
@click.option(
    "--folder", type=click.Path(path_type=Path), default=None, help="Where to put the demo data."
)
def demo(host: str | None, port: int | None, folder: Path | None) -> None:
    """Show a real forecast and a synthetic archive, with a sign-in made for the occasion."""
    from poama_panel.launch import run, write_demo_data
    from poama_panel.login.accounts import Accounts
    from poama_panel.login.database import open_database

    settings = _settings(host, port)
    folder = folder or settings.state_dir / "demo-data"
    click.echo("Preparing the demo data …")
    write_demo_data(folder)
    accounts = Accounts(open_database(settings.database))
    password = secrets.token_urlsafe(9)
    if any(a.username == "demo" for a in accounts.list()):
        accounts.set_password("demo", password)
    else:
        accounts.add("demo", password)
    run(settings, folder, notice=f"Sign in as  demo  with the password  {password}")


@main.command()
@click.option("--data", type=_folder, default=None, help="Folder of forecasts to show.")
@_host
@_port
def serve(data: Path | None, host: str | None, port: int | None) -> None:
    """Serve the dashboard, with a data layer on DATA beside it.

    Without --data only the dashboard runs, on the data layer that
    POAMA_DATA_URL names. Accounts are made with "poama-panel users add".
    """
    from poama_panel.launch import run

    run(_settings(host, port), data)


@main.command("data")
@click.option("--data", type=_folder, required=True, help="Folder of forecasts.")
@click.option(
    "--keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="JWK Set with the public keys of the dashboards that may ask.",
)
@_host
@click.option("--port", type=int, default=None, help="Port to listen on [5007].")
def data_(data: Path, keys: Path | None, host: str | None, port: int | None) -> None:
    """Run the data layer alone."""
    import asyncio

    from data_layer.server.app import serve as serve_data
    from data_layer.settings import DataSettings
    from poama_panel.settings import JWKS_FILE, StorageSettings, ensure_secrets

    if keys is None:
        state = StorageSettings().state_dir
        ensure_secrets(state)
        keys = state / JWKS_FILE
    logging.getLogger().setLevel(logging.INFO)
    given = {k: v for k, v in {"host": host, "port": port}.items() if v is not None}
    try:
        asyncio.run(serve_data(DataSettings(folder=data, keys=keys, **given)))  # type: ignore[arg-type]
    except (ValueError, OSError) as error:
        sys.exit(f"The data layer cannot start: {error}")


@main.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def inspect(path: Path) -> None:
    """Say what is recognised in PATH (a file or a folder), why, and how to correct it."""
    # A process of its own: a damaged file may bring down the library that reads it.
    command = [sys.executable, "-m", "data_layer.inspecting", str(path)]
    status = subprocess.run(command, check=False).returncode  # noqa: S603
    if status < 0:
        name = signal.Signals(-status).name
        click.echo(f"{path} cannot be read: the library that reads it crashed ({name}).", err=True)
        status = 1
    sys.exit(status)


def _settings(host: str | None, port: int | None) -> Any:
    from poama_panel.settings import ViewSettings, explain

    given: dict[str, Any] = {k: v for k, v in {"host": host, "port": port}.items() if v is not None}
    try:
        return ViewSettings.for_this_machine(**given)
    except ValidationError as error:
        sys.exit(f"The settings are not usable.\n{explain(error)}")


if __name__ == "__main__":
    main()
