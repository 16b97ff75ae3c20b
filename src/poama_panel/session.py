"""Who uses this page, and their tokens. The only user of ``pn.state`` here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import panel as pn
from jinja2 import Template
from panel.io.state import set_curdoc

from data_layer.errors import NotAuthenticated
from poama_panel.login.sessions import Principal
from poama_panel.login.tokens import TokenDesk

__all__ = [
    "Principal",
    "SignOutForm",
    "address",
    "current",
    "data_token",
    "on_this_page",
    "show",
    "sign_out_form",
    "token_source",
    "when_over",
    "when_ready",
]


@dataclass(frozen=True)
class SignOutForm:
    """What a page needs to sign out: a form with method POST to ``action``, one hidden field."""

    action: str
    field: str
    value: str


def current() -> Principal | None:
    """Who is signed in on the page being made or used; None outside the served app."""
    return getattr(_request(), "principal", None)


def token_source() -> Callable[[], str]:
    """A function that gives this session's token for the data layer, from any thread.

    It raises NotAuthenticated once the session has ended.

    Raises
    ------
    NotAuthenticated: nobody is signed in here.
    """
    request, principal = _request(), current()
    if principal is None:
        raise NotAuthenticated("Nobody is signed in.", advice="Sign in first.")
    desk: TokenDesk = request.tokens
    return lambda: desk.for_session(principal)


def data_token() -> str:
    """A token for the data layer, good for a minute at least.

    Raises
    ------
    NotAuthenticated: nobody is signed in here, or the session has ended.
    """
    return token_source()()


def sign_out_form() -> SignOutForm | None:
    """The form that signs out, or None outside the served app."""
    token = getattr(_request(), "xsrf_token", None)
    if not token:
        return None
    return SignOutForm(pn.state.curdoc.session_context.logout_url, "_xsrf", token)


def address() -> dict[str, str]:
    """The query of the page's address: each name's first value."""
    given = pn.state.session_args or {}
    return {name: values[0].decode("utf-8", "replace") for name, values in given.items()}


def show(template: Template, parts: Mapping[str, pn.viewable.Viewable], **words: object) -> None:
    """Make the page of ``template``: its roots of these names, and the words in it.

    As ``pn.Template`` does, without the parts of it for notebooks, which cost more than the
    page.
    """
    document = pn.state.curdoc
    document.template = template
    document.template_variables.update(words)
    for name, part in parts.items():
        place = len(document.roots)
        part.server_doc(document, location=False)
        document.roots[place].name = name


def when_ready(work: Callable[[], Awaitable[None]]) -> None:
    """Do ``work`` once the page has been sent."""
    pn.state.onload(work)


def on_this_page(work: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """A function that has ``work`` done on this page, called from anywhere on the event loop."""
    document = pn.state.curdoc

    def call() -> None:
        if document.session_context is None:  # the page is gone
            return
        with set_curdoc(document):
            pn.state.execute(work)

    return call


def when_over(work: Callable[[], None]) -> None:
    """Do ``work`` when the page is gone."""
    pn.state.on_session_destroyed(lambda _: work())


def _request() -> Any:
    document = pn.state.curdoc
    context = document.session_context if document else None
    return context.request if context else None
