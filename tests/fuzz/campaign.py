"""Damaged files put before the whole data layer: what is shown of them, and who survives."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from data_layer import wire
from data_layer.api import DatasetInfo, ProductRequest
from data_layer.errors import DataLayerError
from data_layer.readers import ReaderFault
from data_layer.server.service import Service
from data_layer.settings import DataSettings
from tests.contract.service import wait_until
from tests.fuzz.damage import Case, Seed

Shown = dict[str, xr.DataArray]


@dataclass
class Outcome:
    """What became of the cases.

    Attributes
    ----------
    counts: per seed and kind of damage: refused, unreadable (listed, but reading fails),
        same (nothing changed), wrong (shown as if nothing were).
    wrong_though_guarded: cases of which a checksum should have told.
    reader_losses: what the supervision said of readers that died or were killed.
    faults: errors that the program did not foresee.
    """

    counts: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    wrong_though_guarded: list[str] = field(default_factory=list)
    reader_losses: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, case: Case, became: str) -> None:
        """Count a case."""
        at = (case.seed.name, case.damage.__name__)
        self.counts.setdefault(at, Counter())[became] += 1

    def total(self, became: str) -> int:
        """How many cases became that."""
        return sum(c[became] for c in self.counts.values())


class _Losses(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())


def run(cases: Iterable[Case], seeds: list[Seed], place: Path) -> Outcome:
    """Put the cases into an archive and ask for all that is shown of them.

    Raises
    ------
    AssertionError: when the service itself does not live through it.
    """
    archive = place / "archive"
    shutil.rmtree(archive, ignore_errors=True)
    known = list(cases)
    for one in known:
        _put(archive / f"case{one.number}x" / "fuzzed.nc", one.data)
    for number, seed in enumerate(seeds):
        _put(archive / f"whole{number}x" / "fuzzed.nc", seed.data)
    outcome = Outcome()
    listen = _Losses(outcome.reader_losses)
    log = logging.getLogger("data_layer.readers")
    log.addHandler(listen)
    try:
        asyncio.run(_story(archive, place / "index", known, seeds, outcome))
    finally:
        log.removeHandler(listen)
    return outcome


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(data)


async def _story(
    archive: Path, index: Path, cases: list[Case], seeds: list[Seed], outcome: Outcome
) -> None:
    shutil.rmtree(index, ignore_errors=True)
    settings = DataSettings(
        folder=archive,
        keys=archive / "none",
        index_dir=index,
        readers=2,
        deadline=20,
        inspect_deadline=10,
    )
    service = Service(settings)
    service.start()
    try:
        await asyncio.to_thread(wait_until, lambda: _known(service) == len(cases) + len(seeds), 600)
        index = service.pool.index
        by_folder = {f.stat.path.split("/")[0]: d.info for d in index.datasets for f in d.files}
        refused = {r.path.split("/")[0] for r in (*index.refused, *index.left_out)}
        truth = {}
        for number, seed in enumerate(seeds):
            info = by_folder[f"whole{number}x"]
            truth[seed.name] = (info, await shown(service, info, outcome))
        for one in cases:
            folder = f"case{one.number}x"
            if folder in refused:
                outcome.add(one, "refused")
                continue
            info = by_folder[folder]
            found = await shown(service, info, outcome)
            if found is None:
                outcome.add(one, "unreadable")
                continue
            whole = truth[one.seed.name]
            same = _said(info) == _said(whole[0]) and _equal(found, whole[1])
            outcome.add(one, "same" if same else "wrong")
            if one.guarded and not same:
                outcome.wrong_though_guarded.append(one.name)
        # Whoever asks after all this gets an answer.
        for seed in seeds:
            again = await shown(service, truth[seed.name][0], outcome)
            assert _equal(again, truth[seed.name][1]), f"{seed.name} is not what it was"
    finally:
        await service.close()


async def shown(service: Service, info: DatasetInfo, outcome: Outcome) -> Shown | None:
    """Everything of a dataset, or ``None`` when any of it cannot be read."""
    found: Shown = {}
    for variable in info.variables:
        request = ProductRequest(info.id, variable.name, version=info.version)
        try:
            found[variable.name] = wire.decode(await service.answer("array", request))
        except DataLayerError:
            return None
        except ReaderFault as fault:
            outcome.faults.append(f"{info.id}: {str(fault).strip().splitlines()[-1]}")
            return None
    return found


def _known(service: Service) -> int:
    """How many files have been looked at."""
    index = service.pool.index
    if service.not_ready() or index is None:
        return 0
    return sum(map(len, (index.refused, index.left_out, *(d.files for d in index.datasets))))


def _said(info: DatasetInfo) -> tuple[object, ...]:
    return (info.variables, info.grid, info.lead_unit, info.inits, info.leads, info.members)


def _equal(a: Shown | None, b: Shown | None) -> bool:
    if a is None or b is None or a.keys() != b.keys():
        return False
    return all(
        x.dims == y.dims
        and np.array_equal(x.values, y.values, equal_nan=True)
        and all(np.array_equal(x[c].values, y[c].values) for c in y.coords)
        for x, y in ((a[name], b[name]) for name in a)
    )
