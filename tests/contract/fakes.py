"""A source that obeys orders hidden in the variable's name, for tests of the supervision.

Readers run in processes of their own, so what they did is counted in a file.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from data_layer.api import (
    Catalogue,
    DatasetInfo,
    GridInfo,
    Limits,
    ProductInfo,
    ProductRequest,
    VariableInfo,
)
from data_layer.cuts import WHOLE, Cut
from data_layer.errors import LeftOut, UnknownVariable, UnreadableFile
from data_layer.findings import ToInspect
from data_layer.indexed import ArchiveIndex
from data_layer.records import FileRecord, FileSummary, Finding, NotListed

INFO = DatasetInfo(
    id="fake",
    title="Fake",
    version="v1",
    role="forecast",
    layout="fake",
    variables=(VariableInfo("ok", "OK", "1"),),
    grid=GridInfo(2, 2, (0.0, 1.0), (0.0, 1.0), wraps=False),
    inits=("2026-11-01",),
    leads=(0,),
    members=(0,),
)

_HOARD: list[bytearray] = []
_KEPT: list[bytearray] = []  # until the source is closed


@dataclass(frozen=True)
class FakeArchive:
    """One dataset, whatever lies in ``folder``; frames read are counted in ``journal``."""

    folder: Path
    journal: Path

    def load(self) -> None:
        pass

    def inspect(self, new: ToInspect) -> Finding:
        """The file's name says what happens: die, hang, broken; any other holds INFO."""
        with (self.folder / "inspected").open("a") as inspected:
            inspected.write(f"{new.stat.path}\n")
        match new.stat.path.partition("_")[0]:
            case "die":
                os._exit(11)
            case "hang":
                time.sleep(3600)
            case "nap":
                time.sleep(2)
            case "broken":
                return NotListed(new.stat, UnreadableFile("it is broken"), new.described)
        if new.entry.leave_out:
            return NotListed(new.stat, LeftOut("it is not meant"), new.described)
        summary = FileSummary(
            layout=INFO.layout,
            role=INFO.role,
            variables=INFO.variables,
            grid=INFO.grid,
            inits=INFO.inits,
            leads=INFO.leads,
            members=INFO.members,
            described=new.described,
            series=INFO.id if new.stat.path == "fake.nc" else new.stat.path,
        )
        return FileRecord(new.stat, summary)

    def inspected(self) -> list[str]:
        """Names of the files that were looked at, in all processes."""
        journal = self.folder / "inspected"
        return journal.read_text().splitlines() if journal.exists() else []

    def open(self, index: ArchiveIndex, before: object = None) -> FakeSource:
        return FakeSource(index, self.journal)

    def reads(self) -> int:
        """How many frames were read so far, in all processes."""
        return self.journal.stat().st_size if self.journal.exists() else 0


@dataclass(frozen=True)
class FakeSource:
    """``variable`` says what happens: ok, slow, hang, die, fault, memory, unknown, pid, index."""

    index: ArchiveIndex
    journal: Path

    def catalogue(self) -> Catalogue:
        return Catalogue((INFO,))

    def products(self) -> tuple[ProductInfo, ...]:
        return (ProductInfo("value", "Member", "as it is", per_member=True),)

    def fetch(self, request: ProductRequest) -> xr.DataArray:
        return xr.DataArray(np.zeros((2, 2)), dims=("lat", "lon"))

    def frame(self, request: ProductRequest, cut: Cut = WHOLE) -> bytes:
        with self.journal.open("ab") as journal:
            journal.write(b".")
        match request.variable:
            case "slow":
                time.sleep(0.5)
            case "hang":
                time.sleep(3600)
            case "die":
                os._exit(11)
            case "fault":
                raise ZeroDivisionError("nobody foresaw this")
            case "memory":
                return b"x" * (1 << 40)
            case "swell":  # slower than it is noticed, and to the end only where all is allowed
                grown = []
                for _ in range(120):
                    grown.append(bytearray(b"x" * (10 << 20)))
                    time.sleep(0.02)
            case "keep":
                _KEPT.append(bytearray(os.urandom(1 << 20) * 100))
            case "hoard":
                _HOARD.append(bytearray(os.urandom(1 << 20) * 100))
            case "unknown":
                raise UnknownVariable("No.", asked="unknown", exists=["ok"], advice="Ask for ok.")
            case "pid":
                return str(os.getpid()).encode()
            case "index":
                return self.index.fingerprint.encode()
        return b"frame"

    def limits(self, request: ProductRequest) -> Limits:
        return Limits(0.0, 0.0, 0.0, 0.0)

    def netcdf(self, request: ProductRequest) -> bytes:
        return b"netcdf"

    def close(self) -> None:
        _KEPT.clear()
