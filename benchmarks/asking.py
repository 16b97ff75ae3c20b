"""Asks a server as a browser does: one kept connection, cookies, compressed answers."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlencode, urlsplit

SECONDS = 120


class Refused(Exception):
    """The server answered with another status than 200.

    Attributes
    ----------
    status: which.
    """

    def __init__(self, status: int, said: bytes) -> None:
        super().__init__(f"status {status}: {said[:200].decode('utf-8', 'replace')}")
        self.status = status


class Asker:
    """One visitor's connection to the server at ``url``.

    Parameters
    ----------
    headers: sent with each request, beside the cookies.
    """

    def __init__(self, url: str, **headers: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
        self._headers = {"Accept-Encoding": "zstd", **headers}
        self._cookies: dict[str, str] = {}

    @property
    def cookie(self) -> str:
        """What the browser would send back."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def get(self, path: str) -> bytes:
        """The body of an answer as it was sent, compressed or not.

        Raises
        ------
        Refused: the status is not 200.
        OSError, http.client.HTTPException: there was no answer.
        """
        status, body = self._ask("GET", path)
        if status != 200:
            raise Refused(status, body)
        return body

    def sign_in(self, username: str, password: str) -> None:
        """Fill in the dashboard's login form.

        Raises
        ------
        Refused: the form was not accepted.
        """
        page = self.get("/login").decode()
        found = re.search(r'name="_xsrf" value="([^"]+)"', page)
        given = {"username": username, "password": password}
        form = urlencode(given | ({"_xsrf": found[1]} if found else {}))
        status, body = self._ask("POST", "/login", form)
        if status != 303:
            raise Refused(status, body)

    def close(self) -> None:
        """Hang up; the next question opens a new connection."""
        self._connection.close()

    def _ask(self, method: str, path: str, form: str | None = None) -> tuple[int, bytes]:
        headers = dict(self._headers)
        if self._cookies:
            headers["Cookie"] = self.cookie
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, form, headers)
        answer = self._connection.getresponse()
        body = answer.read()
        for line in answer.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, body
