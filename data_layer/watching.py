"""Notices new, changed and removed files, and has readers answer from them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from data_layer.catalogue import ArchiveIndex, fingerprint
from data_layer.errors import DataLayerError
from data_layer.readers import ReaderFault, ReaderPool

log = logging.getLogger(__name__)

# A scan that failed is not tried again at every look.
_LOOKS_AFTER_FAILURE = 10


class Watch:
    """Keeps a pool's index up to date with a folder.

    Parameters
    ----------
    folder: what to look at.
    pool: readers that scan, and that get the new index.
    every: seconds between looks.
    scan_deadline: seconds a scan may take.
    renewed: told of each new index once it is in use.
    """

    def __init__(
        self,
        folder: Path,
        pool: ReaderPool,
        *,
        every: float = 2.0,
        scan_deadline: float = 600.0,
        renewed: Callable[[ArchiveIndex], object] = lambda index: None,
    ) -> None:
        self._folder = folder
        self._pool = pool
        self._every = every
        self._scan_deadline = scan_deadline
        self._renewed = renewed

    async def run(self) -> None:
        """Look for ever. The old index stays in use until a new one is complete."""
        while True:
            looks = 1 if await self._look() else _LOOKS_AFTER_FAILURE
            await asyncio.sleep(looks * self._every)

    async def _look(self) -> bool:
        try:
            index = self._pool.index
            now = await asyncio.to_thread(fingerprint, self._folder)
            if index is not None and index.fingerprint == now:
                return True
            found = await self._pool.submit("scan", index, deadline=self._scan_deadline)
        except (DataLayerError, ReaderFault, OSError) as error:
            log.error("The archive could not be looked through; the old index stays: %s", error)
            return False
        self._pool.index = found
        held = found.catalogue
        log.info("%d datasets, %d files refused", len(held.datasets), len(held.refused))
        self._renewed(found)
        return True
