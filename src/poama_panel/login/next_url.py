"""Where to go after signing in: only ever to a page of ours.

Browsers and ``urllib`` disagree about what ``///host`` or ``/\\host`` means, so
an address is not parsed and judged but compared with the few shapes we make.
"""

from __future__ import annotations

import re

APP = "/app"

_SHAPE = re.compile(
    r"(?P<path>/[A-Za-z0-9._~@:+,;=%-][A-Za-z0-9._~!$&'()*+,;=:@%/-]*|/)(?P<query>\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
_HIDDEN = re.compile(r"%(?:[01][0-9a-f]|2f|5c|7f)|%(?![0-9a-f]{2})", re.IGNORECASE)
_LONGEST = 1024


def safe_next(address: str | None, prefix: str = "") -> str:
    """``address`` if it is a path below ``prefix`` on this host, else the app's own path."""
    home = prefix + APP
    if not address or len(address) > _LONGEST:
        return home
    match = _SHAPE.fullmatch(address)
    if match is None or _HIDDEN.search(address):
        return home
    path = match["path"]
    segments = path.split("/")[1:]
    strange = any(part in ("", ".", "..") for part in segments[:-1]) or segments[-1] in (".", "..")
    if strange or not f"{path}/".startswith(f"{prefix}/"):
        return home
    return address
