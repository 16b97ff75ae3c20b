"""What is known of one file: its identity, and what it holds or why it is not listed.

An archive has a hundred thousand files, so these are small: no ``__dict__``, and what
is equal in many files (variables, grids, leads, texts) is one object
(:class:`Shared`).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields
from typing import NamedTuple, TypeVar

from data_layer.api import GridInfo, Role, VariableInfo
from data_layer.errors import UnreadableFile
from data_layer.timing import LeadUnit

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class FileStat:
    """A file's name relative to the folder, and its identity.

    ``promised`` is the checksum that a manifest gives for it
    (:func:`data_layer.checksums.promises`), or empty.
    """

    path: str
    size: int
    mtime_ns: int
    promised: str = ""


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What one file holds, as its layout read it; the parts of a ``DatasetInfo``.

    Files of one ``series`` belong together wherever they lie. ``described`` is what the
    archive's description said when the file was looked at
    (:meth:`data_layer.described.Entry.written`).
    """

    layout: str
    role: Role
    variables: tuple[VariableInfo, ...]
    grid: GridInfo
    lead_unit: LeadUnit = "months"
    inits: tuple[str, ...] = ()
    leads: tuple[int, ...] = ()
    members: tuple[int, ...] = ()
    member_inits: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    title: str = ""
    system: str = ""
    institution: str = ""
    licence: str = ""
    synthetic: bool = False
    notes: tuple[str, ...] = ()
    series: str = ""
    of: str = ""
    scope: str = ""
    described: str = ""
    width: int = 1


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One readable file: its identity and what it holds."""

    stat: FileStat
    summary: FileSummary

    @property
    def described(self) -> str:
        """What the archive's description said of it."""
        return self.summary.described


class NotListed(NamedTuple):
    """A file that is refused or left out, and what the archive's description said of it.

    ``passing``: it may have been the machine's fault, so it is to be looked at again.
    """

    stat: FileStat
    why: UnreadableFile
    described: str = ""
    passing: bool = False


Finding = FileRecord | NotListed


class Shared:
    """One object for all that are equal: the parts of many files' summaries."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Hashable] = {}

    def one(self, value: T) -> T:
        """The object that stands for all that equal ``value``."""
        # By type too: (1,) equals (True,).
        return self._known.setdefault((type(value), value), value)  # type: ignore[return-value]

    def summary(self, summary: FileSummary) -> FileSummary:
        """The same summary with its parts shared."""
        values = (self.one(getattr(summary, name)) for name in _PARTS)
        return FileSummary(*values)

    def finding(self, found: Finding) -> Finding:
        """The same finding with its summary's parts shared."""
        if isinstance(found, NotListed):
            return found
        return FileRecord(found.stat, self.summary(found.summary))


_PARTS = tuple(f.name for f in fields(FileSummary))
