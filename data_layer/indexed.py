"""What exists in a folder: its datasets with the files behind each.

No xarray and no netCDF4 here, so the HTTP front can hold an index without being able to
read a file. :mod:`data_layer.catalogue` makes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from data_layer.api import Catalogue, DatasetInfo, RefusedFile
from data_layer.errors import UnknownDataset
from data_layer.linking import same_day, same_variable
from data_layer.pooling import Part, Pool
from data_layer.records import FileRecord, FileStat, Finding, NotListed


@dataclass(frozen=True)
class DatasetIndex:
    """A dataset and the files behind it.

    Attributes
    ----------
    nominal: the one start of a lagged ensemble whose members lie in files of their own.
    pool: how the starts of the files are put together to lagged ensembles.
    """

    info: DatasetInfo
    files: tuple[FileRecord, ...]
    nominal: str = ""
    pool: Pool | None = None

    def parts_for(
        self, variable: str, init: str | None = None, member: int | None = None
    ) -> Iterator[Part]:
        """What each file gives to that variable, start and member (``None``: any)."""
        for start in self.info.inits if init is None else (init,):
            if self.pool is None:
                yield from self._parts(variable, start, member)
                continue
            for own, shift in self.pool.behind(start):
                number = None if member is None else member - shift
                for part in self._parts(variable, own, number):
                    yield replace(part, nominal=start, shift=shift)

    def _parts(self, variable: str, start: str, member: int | None) -> Iterator[Part]:
        """As if the starts of the files were those of the dataset."""
        for record in self._by_start.get((variable, "" if self.nominal else start), ()):
            if member is None or member in record.summary.members:
                own = record.summary.inits[0] if self.nominal else start
                yield Part(record, own, member, self.nominal)

    def files_for(
        self, variable: str, init: str | None = None, member: int | None = None
    ) -> list[FileRecord]:
        """The files that hold that variable, start and member (``None``: any)."""
        if not self.info.inits:
            return self._by_start.get((variable, ""), [])
        parts = self.parts_for(variable, init, member)
        return list({id(part.record): part.record for part in parts}.values())

    @cached_property
    def _by_start(self) -> dict[tuple[str, str], list[FileRecord]]:
        """Files by variable and start, and (under no start) by variable alone."""
        by: defaultdict[tuple[str, str], list[FileRecord]] = defaultdict(list)
        for f in self.files:
            for v in f.summary.variables:
                for start in ("", *f.summary.inits):
                    by[v.name, start].append(f)
        return dict(by)


@dataclass(frozen=True)
class ArchiveIndex:
    """Everything known of one folder.

    Attributes
    ----------
    fingerprint: tells whether it is out of date.
    refused: files that cannot be believed.
    left_out: files that are in order and are nothing to show.
    description: the identity of the archive's description, if it has one.
    """

    folder: str
    fingerprint: str = ""
    datasets: tuple[DatasetIndex, ...] = ()
    refused: tuple[RefusedFile, ...] = ()
    left_out: tuple[RefusedFile, ...] = ()
    description: tuple[FileStat, ...] = ()
    _not_listed: tuple[NotListed, ...] = field(default=(), repr=False)
    _repeating: tuple[FileRecord, ...] = field(default=(), repr=False)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The index as the outside sees it, without paths."""
        return Catalogue(tuple(d.info for d in self.datasets), self.refused)

    @cached_property
    def _by_id(self) -> dict[str, DatasetIndex]:
        return {d.info.id: d for d in self.datasets}

    def dataset(self, id: str) -> DatasetIndex:  # noqa: A002 - the field's own name
        """The dataset of that id, or :class:`~data_layer.errors.UnknownDataset`."""
        found = self._by_id.get(id)
        if found is None:
            self.catalogue.dataset(id)
            raise UnknownDataset(f"There is no dataset {id!r}.", asked=id)
        return found

    def narrowed(
        self, dataset: str, variable: str, init: str | None, compared: bool = False
    ) -> ArchiveIndex:
        """As much as questions about one start of a variable need, small enough to be sent.

        It holds the dataset alone, complete but for its files; or none, when there is none of
        that id any more: the names of the others are not for everybody. With ``compared``,
        also what its products compare it with.
        """
        found = self._by_id.get(dataset)
        datasets: list[DatasetIndex] = []
        if found is not None:
            datasets = [replace(found, files=tuple(found.files_for(variable, init)))]
        if found is not None and compared:
            for link in self._links(found):
                files = tuple(self._comparable(found, link, variable, init))
                datasets = [d for d in datasets if d.info.id != link.info.id]
                datasets.append(replace(link, files=files))
        return ArchiveIndex(
            self.folder, self.fingerprint, tuple(datasets), description=self.description
        )

    def _links(self, dataset: DatasetIndex) -> Iterator[DatasetIndex]:
        for id_ in (dataset.info.hindcast, dataset.info.observations):
            if id_ in self._by_id:
                yield self._by_id[id_]

    @staticmethod
    def _comparable(
        dataset: DatasetIndex, link: DatasetIndex, variable: str, init: str | None
    ) -> Iterator[FileRecord]:
        """The files that a start of a variable can be compared with."""
        same = same_variable(dataset.info.variable(variable), link.info.variables)
        if same is None:
            return
        if init is None or not link.info.inits:
            yield from link.files_for(same.name)
            return
        records = chain.from_iterable(
            link.files_for(same.name, start) for start in same_day(link.info.inits, init)
        )
        yield from {id(r): r for r in records}.values()

    def known(self) -> dict[FileStat, Finding]:
        """What an earlier scan found in each file: a record, or why it is not listed."""
        found: dict[FileStat, Finding] = {f.stat: f for d in self.datasets for f in d.files}
        found.update({f.stat: f for f in self._repeating})
        found.update({n.stat: n for n in self._not_listed})
        return found
