"""Addresses of stores on other machines, and how they are reached.

An address is only ever one that the archive's own description names. Its scheme is one of
a list, and it has neither credentials nor queries: those who read find credentials where
each library looks for them, in their environment.

What reaches a store is fsspec with a library for each scheme, loaded when first needed.
"""

from __future__ import annotations

import asyncio
import errno
import re
from dataclasses import dataclass
from typing import Any

from data_layer.errors import Unavailable, UnreadableFile

# What to install for each scheme that may be named.
SCHEMES = {
    "s3": "s3fs",
    "gs": "gcsfs",
    "https": "aiohttp",
    "http": "aiohttp",
    "file": "fsspec",
    "memory": "fsspec",
}
_URL = re.compile(
    r"(?P<scheme>[a-z0-9]+)://(?P<host>[A-Za-z0-9._-]*(?::[0-9]{1,5})?)"
    r"(?P<path>(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~+=,@-]+)*)/?"
)

# For one look at a store, for its metadata, and for one chunk. A reader has ten seconds
# for an answer, and is replaced when it takes longer.
LOOK_SECONDS = 3.0
READ_SECONDS = 5.0


def is_url(text: str) -> bool:
    """Whether it is an address; no path of a file within an archive is one."""
    return "://" in text


def check_url(url: str) -> str:
    """The address itself, without a ``/`` at its end.

    Raises
    ------
    ValueError: when it is not one that may be named, saying why.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError(
            "an address is SCHEME://HOST/PATH of letters, digits and ._~+=,@- "
            "with neither user, password nor query"
        )
    if match["scheme"] not in SCHEMES:
        raise ValueError(f"its scheme is none of {', '.join(SCHEMES)}")
    if not match["host"] and match["scheme"] not in ("file", "memory"):
        raise ValueError("it names no host")
    return url.rstrip("/")


@dataclass(frozen=True)
class Options:
    """How a store is reached; none of it is secret."""

    endpoint_url: str | None = None
    anon: bool | None = None
    region: str | None = None

    def of(self, scheme: str) -> dict[str, Any]:
        """As the scheme's library takes them."""
        if scheme == "s3":
            limits = {"connect_timeout": LOOK_SECONDS, "read_timeout": READ_SECONDS}
            said: dict[str, Any] = {
                "config_kwargs": {**limits, "retries": {"max_attempts": 1}},
                "use_listings_cache": False,
                "max_concurrency": 1,  # else it asks for the size of each chunk first
                "anon": self.anon,
                "endpoint_url": self.endpoint_url,
                "client_kwargs": {"region_name": self.region} if self.region else None,
            }
        elif scheme == "gs":
            said = {"token": "anon" if self.anon else None, "endpoint_url": self.endpoint_url}
        elif scheme in ("http", "https"):
            # Where an address leads is what the archive's description says, and nowhere else.
            said = {
                "allow_redirects": False,
                "client_kwargs": {"raise_for_status": _refuse_redirects},
            }
        else:
            said = {}
        return {name: value for name, value in said.items() if value is not None}


async def _refuse_redirects(answer: Any) -> None:
    if 300 <= answer.status < 400:
        raise OSError(errno.EREMOTEIO, "it leads to another address, which is not followed")


def file_system(scheme: str, options: Options, asynchronous: bool = False) -> Any:
    """What reads objects of that scheme, as fsspec's asynchronous file systems do.

    Parameters
    ----------
    asynchronous: for another event loop than fsspec's own.

    Raises
    ------
    UnreadableFile: when a library is not installed.
    """
    package = "fsspec"
    try:
        import fsspec
        from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper

        package = SCHEMES[scheme]
        kind = fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        raise UnreadableFile(
            f"what reads {scheme}:// is not installed: install poama-panel[remote], or {package}"
        ) from error
    if not kind.async_impl:
        return AsyncFileSystemWrapper(kind(), asynchronous=asynchronous)
    return kind(asynchronous=asynchronous, **options.of(scheme))


def unavailable(what: str, why: str) -> Unavailable:
    """That something elsewhere cannot be read."""
    return Unavailable(f"{what} cannot be read now: {why}.", advice="Ask again in a minute.")


def reason(error: BaseException, seconds: float) -> str:
    """Why an object could not be read, without addresses, which libraries' own words hold."""
    if isinstance(error, UnreadableFile):
        return error.message
    chain = [error]
    while (cause := chain[-1].__cause__) is not None:
        chain.append(cause)
    if any(isinstance(e, TimeoutError) or "Timeout" in type(e).__name__ for e in chain):
        return f"it does not answer within {seconds:g} s"
    for e in reversed(chain):
        status = getattr(e, "status", None)
        if status in (401, 403) or isinstance(e, PermissionError):
            return "access to it is denied"
        if status in (404, 410):
            return "it is not there"
        if status is not None:
            return f"it answers with an error ({status})"
        if isinstance(e, OSError) and e.errno == errno.EREMOTEIO:
            return str(e.strerror)
    if isinstance(chain[-1], FileNotFoundError):
        return "it is not there"
    return f"it cannot be reached ({type(chain[-1]).__name__})"


def waited_for(asked: Any, seconds: float) -> Any:
    """What a coroutine returns that runs on fsspec's loop, in time."""
    from fsspec.asyn import get_loop

    async def limited() -> Any:
        async with asyncio.timeout(seconds):
            return await asked

    # The second limit is for a loop that is held up itself.
    return asyncio.run_coroutine_threadsafe(limited(), get_loop()).result(2 * seconds)
