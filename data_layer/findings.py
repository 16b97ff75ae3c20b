"""Which files have to be looked at, and what is known of the others already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from data_layer.catalogue import build
from data_layer.described import NOTHING_SAID, Entry, read_description
from data_layer.indexed import ArchiveIndex
from data_layer.records import FileRecord, FileStat, Finding, NotListed
from data_layer.remote import is_url
from data_layer.walking import as_file, description_stats, elsewhere, walk, why_closed


@dataclass(frozen=True, slots=True)
class ToInspect:
    """A file to be looked at, and what the archive's description says of it.

    ``why``: it cannot be reached, so that a look would cost time and tell no more.
    """

    stat: FileStat
    described: str = ""
    why: str = ""

    @property
    def entry(self) -> Entry:
        """What the description says, as it is used."""
        return Entry.read(self.described)


@dataclass(frozen=True)
class Stock:
    """A folder's files at one moment: what is known of them, and what is not yet.

    Attributes
    ----------
    description: the identity of the archive's description.
    known: findings that still hold.
    new: files to be looked at, the latest first.
    """

    folder: Path
    description: tuple[FileStat, ...]
    known: tuple[Finding, ...]
    new: tuple[ToInspect, ...]

    def gone(self, before: Iterable[FileStat]) -> list[FileStat]:
        """Those of earlier files whose names are there no longer."""
        there = {f.stat.path for f in self.known} | {n.stat.path for n in self.new}
        return [stat for stat in before if stat.path not in there]

    def index(self, found: Iterable[Finding] = ()) -> ArchiveIndex:
        """The index of what is known, and of what was ``found`` since."""
        findings = [*self.known, *found]
        records = [f for f in findings if isinstance(f, FileRecord)]
        not_listed = [f for f in findings if isinstance(f, NotListed)]
        return build(self.folder, records, not_listed, self.description)


def take_stock(
    folder: Path, before: Mapping[FileStat, Finding], there: Iterable[FileStat] | None = None
) -> Stock:
    """What there is in ``folder`` now, after what was found ``before``.

    ``there`` are its files, if they are known without a look.

    A finding holds as long as neither the file nor what the description says of it
    changes. A description that cannot be understood stops everything: what it keeps
    from being seen must not be seen because of a slip of the pen.

    Raises
    ------
    BadRequest: when ``catalogue.yml`` cannot be understood.
    """
    stats = description_stats(folder)  # before it is read: what changes meanwhile is seen next
    description = read_description(folder)
    written = {id(e): e.written() for e in (*description.datasets, NOTHING_SAID)}
    known: list[Finding] = []
    new: list[ToInspect] = []
    files = ((stat, "") for stat in (walk(folder) if there is None else there))
    remote = _elsewhere(folder, stats, before) if there is None else ()
    for stat, why in chain(files, remote):
        entry = description.entry_for(stat.path)
        if entry is None and is_url(stat.path):
            continue  # it is no longer named
        said, found = written[id(entry or NOTHING_SAID)], before.get(stat)
        if found is not None and found.described == said:
            known.append(found)
        else:
            new.append(ToInspect(stat, said, why or why_closed(stat)))
    new.sort(key=lambda n: n.stat.mtime_ns, reverse=True)
    return Stock(folder, stats, tuple(known), tuple(new))


def _elsewhere(
    folder: Path, description: tuple[FileStat, ...], before: Iterable[FileStat]
) -> Iterator[tuple[FileStat, str]]:
    """Stores at addresses as files, and why one cannot be reached.

    As long as the first look at one goes on, what was found before holds.
    """
    for store, look in elsewhere(folder, description):
        if look is not None:
            yield as_file(store, look), look.why
        else:
            yield from ((stat, "") for stat in before if stat.path == store.url)
