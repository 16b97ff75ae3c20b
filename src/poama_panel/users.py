"""``poama-panel users``: the accounts, from the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from poama_panel.login.accounts import AccountError, Accounts
from poama_panel.login.database import open_database
from poama_panel.settings import StorageSettings


@click.group()
@click.pass_context
def users(context: click.Context) -> None:
    """Add, list and change the built-in accounts."""
    context.obj = Accounts(open_database(StorageSettings().database))


_from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, one line."
)


@users.command()
@click.argument("username")
@_from_stdin
@click.pass_obj
def add(accounts: Accounts, username: str, password_stdin: bool) -> None:
    """Let USERNAME sign in."""
    with _plainly():
        account = accounts.add(username, _password(password_stdin))
    click.echo(f"Added {account.username}.")


@users.command("list")
@click.pass_obj
def list_(accounts: Accounts) -> None:
    """Show all accounts."""
    for account in accounts.list():
        since = datetime.fromtimestamp(account.created, UTC).date()
        state = "active" if account.active else "disabled"
        click.echo(f"{account.username}\t{state}\t{since}\t{account.id}")


@users.command()
@click.argument("username")
@click.pass_obj
def disable(accounts: Accounts, username: str) -> None:
    """Lock USERNAME out, also from sessions that are open."""
    with _plainly():
        accounts.disable(username)
    click.echo(f"Disabled {username}. Open pages close within a minute.")


@users.command()
@click.argument("username")
@click.pass_obj
def enable(accounts: Accounts, username: str) -> None:
    """Let USERNAME in again."""
    with _plainly():
        accounts.enable(username)
    click.echo(f"Enabled {username}.")


@users.command()
@click.argument("username")
@_from_stdin
@click.pass_obj
def password(accounts: Accounts, username: str, password_stdin: bool) -> None:
    """Change the password of USERNAME and end the sessions that are open."""
    with _plainly():
        accounts.set_password(username, _password(password_stdin))
    click.echo(f"Changed the password of {username}.")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


@contextmanager
def _plainly() -> Iterator[None]:
    """Show an AccountError as a message instead of a traceback."""
    try:
        yield
    except AccountError as error:
        raise click.ClickException(str(error)) from error
