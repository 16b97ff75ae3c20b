"""Slows down whoever tries passwords, by user name and by address."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from math import ceil

from cachetools import TTLCache

FREE_TRIES = {"user": 5, "address": 50}
FIRST_WAIT = 30.0
LONGEST_WAIT = 900.0
REMEMBER_SECONDS = 3600.0
REMEMBER_KEYS = 20_000


class Throttle:
    """Counts failed tries. For one event loop; its memory is bounded.

    After five failures in a row a user name waits 30 s, and twice as long after
    each further one, up to 15 minutes; an address does so after fifty. A try
    counts as failed until it is known to have succeeded, so that many at once
    count as many.

    Parameters
    ----------
    clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._fails: TTLCache[tuple[str, str], tuple[int, float]] = TTLCache(
            REMEMBER_KEYS, REMEMBER_SECONDS, timer=clock
        )

    def attempt(self, username: str, address: str) -> int:
        """Count a try and return 0, or return the seconds to wait and count nothing."""
        now = self._clock()
        keys = _keys(username, address)
        wait = max(self._fails.get(key, (0, now))[1] - now for key in keys)
        if wait > 0:
            return ceil(wait)
        for key in keys:
            count = self._fails.get(key, (0, now))[0] + 1
            beyond = count - FREE_TRIES[key[0]]
            pause = min(FIRST_WAIT * 2.0 ** min(beyond, 10), LONGEST_WAIT) if beyond >= 0 else 0.0
            self._fails[key] = (count, now + pause)
        return 0

    def succeeded(self, username: str, address: str) -> None:
        """The try was good: forget the name's failures, and this try of the address."""
        by_user, by_address = _keys(username, address)
        self._fails.pop(by_user, None)
        count, until = self._fails.get(by_address, (1, self._clock()))
        if count > 1:
            self._fails[by_address] = (count - 1, until if count > FREE_TRIES["address"] else 0.0)
        else:
            self._fails.pop(by_address, None)


def _keys(username: str, address: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("user", username), ("address", _network(address))


def _network(address: str) -> str:
    """The address, or the /64 network that one holder of an IPv6 address usually owns."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
