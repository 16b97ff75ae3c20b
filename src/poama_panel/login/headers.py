"""Security headers, on everything a handler of ours answers."""

from __future__ import annotations

from collections.abc import Iterable

from tornado.web import RequestHandler

from poama_panel.login.realm import realm_of

_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}

LOGIN_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def page_policy(origins: Iterable[str]) -> str:
    """The content security policy of the app's pages.

    BokehJS draws nothing without inline and evaluated scripts, and components
    written as modules load from ``blob:``; all of it comes from this host. The
    websockets are named because not every browser counts them to ``'self'``.
    """
    sockets = " ".join("ws" + origin.removeprefix("http") for origin in origins)
    return (
        "default-src 'self'; "
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
        "style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; "
        "font-src 'self' data:; "
        f"connect-src 'self' blob: {sockets}; "
        "worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


class SecureHeaders(RequestHandler):
    """Mixin: the headers, also on errors; says nothing about the server's make."""

    def set_default_headers(self) -> None:
        """Called by Tornado before each answer."""
        realm = realm_of(self)
        self.clear_header("Server")
        self.set_header("Content-Security-Policy", page_policy(realm.origins))
        self.set_header("Cache-Control", "no-store")
        for name, value in _EVERYWHERE.items():
            self.set_header(name, value)
        if realm.secure:
            self.set_header("Strict-Transport-Security", "max-age=31536000")
