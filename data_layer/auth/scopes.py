"""Which scope each question needs: one table, and what is not in it is refused.

The names are those of the service's routes. Health checks are the only
questions that need no token.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from types import MappingProxyType

from data_layer.errors import NotPermitted

READ = "data:read"

PUBLIC: frozenset[str] = frozenset({"health", "ready"})

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "catalogue": READ,
        "products": READ,
        "frame": READ,
        "limits": READ,
        "series": READ,
        "subset": READ,
        "openapi": READ,
    }
)


def check_scope(route: str, scopes: Set[str]) -> None:
    """Return when ``scopes`` allow the route.

    Raises
    ------
    NotPermitted: when they do not, or when the route is not in the table.
    """
    needed = SCOPES.get(route)
    if needed is None or needed not in scopes:
        raise NotPermitted(
            "This token may not ask that.",
            asked=route,
            advice=f"It needs the scope {needed}." if needed else "",
        )
