"""What can go wrong, in the words of the domain; no HTTP here.

::

    DataLayerError
    ├── NotFound                 what was asked for is not there
    │   ├── UnknownDataset
    │   ├── UnknownVariable
    │   ├── UnknownProduct
    │   ├── UnknownInit
    │   ├── UnknownLead
    │   ├── UnknownMember
    │   ├── NotComparable        there is nothing to compare a forecast with
    │   └── SupersededVersion    the files changed since the address was made
    ├── BadRequest               the question makes no sense
    ├── TooLarge                 the answer would be larger than the limit
    ├── NotPermitted             the caller may not ask this
    │   └── NotAuthenticated     the caller did not show who they are
    ├── UnreadableFile           a file is damaged, or no layout recognises it
    │   └── LeftOut              it is in order, and nothing to show
    └── Unavailable              nothing wrong with the question; try again

Every error says what was asked, what exists and what to do. One table in
``data_layer.server.problems`` maps these to HTTP, and the client maps back.
"""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 12


class DataLayerError(Exception):
    """Base of all errors of the data layer.

    Attributes
    ----------
    asked: what the caller asked for, as text.
    exists: what could be had instead (possibly cut short), as text items.
    advice: what to do now.
    """

    def __init__(
        self, message: str, *, asked: str = "", exists: Iterable[object] = (), advice: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.asked = asked
        self.exists = tuple(str(e) for e in exists)
        self.advice = advice

    def __str__(self) -> str:
        parts = [self.message]
        if self.exists:
            more = f" … ({len(self.exists)} in all)" if len(self.exists) > _SHOWN else ""
            parts.append("There is: " + ", ".join(self.exists[:_SHOWN]) + more + ".")
        if self.advice:
            parts.append(self.advice)
        return " ".join(parts)

    # Errors cross a process boundary on their way from a reader, and the
    # default reduction would call the class with ``args`` alone.
    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.asked, self.exists, self.advice))


def _rebuild(
    kind: type[DataLayerError], message: str, asked: str, exists: tuple[str, ...], advice: str
) -> DataLayerError:
    return kind(message, asked=asked, exists=exists, advice=advice)


class NotFound(DataLayerError):
    """What was asked for does not exist."""


class UnknownDataset(NotFound):
    """No dataset of that id."""


class UnknownVariable(NotFound):
    """The dataset has no variable of that name."""


class UnknownProduct(NotFound):
    """No product of that name."""


class UnknownInit(NotFound):
    """The dataset has no forecast from that start."""


class UnknownLead(NotFound):
    """The forecast has no such lead."""


class UnknownMember(NotFound):
    """The ensemble has no such member."""


class NotComparable(NotFound):
    """The forecast has no hindcast, or no observations, of its variable, start and lead."""


class SupersededVersion(NotFound):
    """The dataset's files changed since the caller learnt its version."""


class BadRequest(DataLayerError):
    """The request makes no sense: a malformed or contradictory parameter."""


class TooLarge(DataLayerError):
    """The answer would be larger than the limit."""


class NotPermitted(DataLayerError):
    """The caller is known and may not do this."""


class NotAuthenticated(NotPermitted):
    """The caller's identity is missing, expired or not believed."""


class UnreadableFile(DataLayerError):
    """A file is damaged, or no layout recognises it."""


class LeftOut(UnreadableFile):
    """A file is in order and is nothing to show: a mean of members that are there themselves."""


class Unavailable(DataLayerError):
    """The service cannot answer now; the same request may succeed later."""
