"""What the handlers ask: catalogue, cache, single flight and admission around the readers."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Set
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from data_layer import __version__
from data_layer.admission import check_size
from data_layer.api import Catalogue, DatasetInfo, Limits, Point, ProductInfo, ProductRequest
from data_layer.caching import ByteCache, SingleFlight
from data_layer.cuts import WHOLE, Cut
from data_layer.errors import DataLayerError, NotFound, Unavailable, UnknownDataset
from data_layer.indexed import ArchiveIndex
from data_layer.indexfile import IndexFile
from data_layer.memory import give_back
from data_layer.offers import parse
from data_layer.readers import ReaderFault, ReaderPool
from data_layer.reading import Archive, FolderArchive
from data_layer.settings import DataSettings
from data_layer.sharing import shared_frames
from data_layer.watching import Watch

log = logging.getLogger(__name__)

TRY_AGAIN_SECONDS = 5.0

# Answers of up to max_cells values are held whole while they are sent.
LARGE_ANSWERS = 2
# Of the cache: what is kept of limits, and of catalogues as callers with some scopes see them.
SHARE_OF_LIMITS = 1 / 32
SHARE_OF_CATALOGUES = 1 / 8

_CATALOGUE = TypeAdapter(Catalogue)


class Service:
    """The data layer behind its HTTP front. Belongs to one event loop.

    Whoever calls has been authorised: but for the catalogue nothing here asks who it is,
    and what is cached is the same for all.

    Attributes
    ----------
    draining: no new work should be sent here.
    active: questions that are being answered.
    """

    def __init__(self, settings: DataSettings, archive: Archive | None = None) -> None:
        self.settings = settings
        self.draining = False
        self.active = 0
        self.pool = ReaderPool(
            archive or _folder(settings),
            settings.readers,
            deadline=settings.deadline,
            memory=settings.reader_memory,
            budget=settings.budget,
            give_way=self._give_way,
            max_jobs=settings.reader_jobs,
        )
        self._watch = Watch(
            settings.folder,
            self.pool,
            kept=IndexFile(settings.index_dir, settings.folder),
            every=settings.rescan_seconds,
            deadline=settings.inspect_deadline,
            renewed=self._renewed,
        )
        limits = int(settings.cache_bytes * SHARE_OF_LIMITS)
        catalogues = int(settings.cache_bytes * SHARE_OF_CATALOGUES)
        self._frames: ByteCache[bytes] = ByteCache(settings.cache_bytes - limits - catalogues, len)
        self._limits: ByteCache[Limits] = ByteCache(limits, _size_of_limits)
        self._bodies: ByteCache[tuple[bytes, str]] = ByteCache(catalogues, lambda b: len(b[0]))
        self._shared_frames = shared_frames(settings.shared_cache.get_secret_value())
        self._flights: SingleFlight[Any] = SingleFlight()
        self._large = asyncio.Semaphore(LARGE_ANSWERS)
        self._catalogue: Catalogue | None = None
        # Of one catalogue: the scopes that matter, and what holders of some of them see.
        self._views: tuple[Catalogue, frozenset[str], dict[Set[str], Catalogue]] | None = None
        self._products: tuple[ProductInfo, ...] = ()
        self._answers = False
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start readers and look at the archive, in the background."""
        self.pool.start()
        self._keep(asyncio.create_task(self._watch.run()))

    async def close(self) -> None:
        """End what :meth:`start` began."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._shared_frames.close()
        await self.pool.close()

    def _give_way(self) -> None:
        """Have the cache take no memory: a reader needs it."""
        self._frames.clear()
        self._bodies.clear()
        give_back()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _renewed(self, index: ArchiveIndex) -> None:
        self._catalogue = index.catalogue
        self._keep(asyncio.create_task(self._try_out()))

    async def _try_out(self) -> None:
        """See whether readers answer from the newest index; again and again while they do not."""
        tried = self._catalogue
        while tried is self._catalogue:  # else somebody else tries
            try:
                self._products = await self.pool.submit("products")
                await self._canary()
            except (DataLayerError, ReaderFault) as error:
                log.error("No reader could read from the archive: %s", error)
                if tried is self._catalogue:
                    self._answers = False
                await asyncio.sleep(TRY_AGAIN_SECONDS)
            else:
                self._answers = True
                return

    async def _canary(self) -> None:
        """Have one cell of one dataset read, to see that reading works at all.

        Raises
        ------
        DataLayerError: when there are datasets and none of them can be read.
        """
        failed: DataLayerError | None = None
        # A place in observations is read from all of their files.
        for dataset in sorted(self.catalogue().datasets, key=lambda d: (not d.inits, d.files)):
            try:
                await self.pool.submit("canary", one_cell(dataset))
            except NotFound:
                # A start that arrives file by file may lack this one yet; that was found out
                # without reading, so it speaks neither for nor against the readers.
                continue
            except DataLayerError as error:
                failed = error
            else:
                return
        if failed is not None:
            raise failed

    def not_ready(self) -> str:
        """Why no requests should be sent here, or nothing when they may be."""
        if self.draining:
            return "stopping"
        if self._catalogue is None:
            told = f": {self._watch.progress}" if self._watch.progress else ""
            return f"the archive has not been looked through yet{told}"
        if not self._answers:
            return "no reader has answered from the archive yet"
        if not self.pool.pids:
            return "no reader is alive"
        return ""

    def catalogue(self) -> Catalogue:
        """What exists now.

        Raises
        ------
        Unavailable: before the first scan is done.
        """
        if self._catalogue is None:
            raise Unavailable(
                "The data layer is starting: it has not looked through the archive yet.",
                advice="Try again in a few seconds.",
            )
        return self._catalogue

    def catalogue_for(self, scopes: Set[str]) -> Catalogue:
        """What of it a caller with these scopes may see; made once for each index."""
        whole = self.catalogue()
        if self._views is None or self._views[0] is not whole:
            self._views = (whole, _scopes(whole), {})
            self._bodies.clear()
        _, restricted, views = self._views
        held = restricted & scopes
        if held not in views:
            views[held] = whole.visible_to(held)
        return views[held]

    def catalogue_body(self, scopes: Set[str]) -> tuple[bytes, str]:
        """:meth:`catalogue_for` as JSON, and its validator."""
        seen = self.catalogue_for(scopes)
        assert self._views is not None
        held = self._views[1] & scopes
        told = self._bodies.get(held)
        if told is None:
            body = _CATALOGUE.dump_json(seen)
            told = body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            self._bodies.put(held, told)
        return told

    async def products(self) -> tuple[ProductInfo, ...]:
        """What can be computed."""
        if not self._products:
            self.catalogue()
            self._products = await self.pool.submit("products")
        return self._products

    def etag(self, request: ProductRequest, encoding: str, cut: Cut = WHOLE) -> str:
        """The strong validator of a frame.

        The dataset's version, the question, the coding, the cut and our own version
        determine the bytes, so nothing has to be read for it.
        """
        told = repr((__version__, request, encoding, cut))
        return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'

    def check_version(self, request: ProductRequest) -> DatasetInfo:
        """The dataset of a request.

        Raises
        ------
        UnknownDataset, SupersededVersion: there is none (any more), or it is at another version.
        """
        try:
            dataset = self.catalogue().dataset(request.dataset)
        except UnknownDataset as error:  # it lists what not everybody may see
            raise UnknownDataset(
                error.message, asked=request.dataset, advice="Look at the catalogue."
            ) from None
        dataset.check_version(request.version)
        return dataset

    async def frame(self, request: ProductRequest, encoding: str, cut: Cut = WHOLE) -> bytes:
        """A frame in a content coding, from the cache or a reader."""
        key = (request, encoding, cut)
        cached = self._frames.get(key)
        if cached is not None:
            return cached
        await self._admit(request)
        frame: bytes = await self._flights.do(key, lambda: self._read_frame(key))
        return frame

    async def _read_frame(self, key: tuple[ProductRequest, str, Cut]) -> bytes:
        request, encoding, cut = key
        # By what its tag is made of: all that the bytes depend on.
        shared = self.etag(request, encoding, cut).strip('"')
        frame: bytes | None = await self._shared_frames.get(shared)
        if frame is None:
            frame = await self._ask("frame", request, encoding, cut)
            self._keep(asyncio.create_task(self._shared_frames.put(shared, frame)))
        self._frames.put(key, frame)
        return frame

    async def limits(self, request: ProductRequest) -> Limits:
        """The range of a selection over its leads."""
        self.check_version(request)
        limits = self._limits.get(request)
        if limits is None:
            # They are taken from one lead and member after the other.
            await self._admit(replace(request, lead=0, member=0))
            limits = await self._shared("limits", request)
            if request.version is not None:  # else it would outlive its files
                self._limits.put(request, limits)
        return limits

    async def answer(self, op: str, request: ProductRequest) -> bytes:
        """A whole answer: ``op`` is ``array``, ``json`` or ``netcdf``."""
        await self._admit(request)
        answer: bytes = await self._shared(op, request)
        return answer

    @contextlib.asynccontextmanager
    async def large_answer(self) -> AsyncIterator[None]:
        """Hold while a large answer is made and sent, so that memory stays bounded.

        Raises
        ------
        Unavailable: when others hold all places for too long.
        """
        try:
            await asyncio.wait_for(self._large.acquire(), self.settings.deadline)
        except TimeoutError:
            raise Unavailable(
                "Other large answers are being sent.", advice="Try again in a few seconds."
            ) from None
        try:
            yield
        finally:
            self._large.release()

    async def _ask(self, op: str, request: ProductRequest, *more: Any) -> Any:
        """A reader's answer. What is compared with a hindcast may take longer: it is read first."""
        offered = {p.name: p for p in await self.products()}
        compared = bool(parse(request.product, offered).needs)
        deadline = self.settings.compare_deadline if compared else None
        return await self.pool.submit(op, request, *more, deadline=deadline, compared=compared)

    async def _admit(self, request: ProductRequest) -> None:
        dataset = self.check_version(request)
        check_size(dataset, await self.products(), request, self.settings.max_cells)

    async def _shared(self, op: str, request: ProductRequest) -> Any:
        index = self.pool.index
        key = (op, request, index.fingerprint if index else "")
        start: Callable[[], Awaitable[Any]] = lambda: self._ask(op, request)  # noqa: E731
        return await self._flights.do(key, start)


def _folder(settings: DataSettings) -> FolderArchive:
    planes = (settings.index_dir / "climatologies", int(settings.climatology_bytes))
    pyramids = (settings.index_dir / "pyramids", int(settings.pyramid_bytes))
    return FolderArchive(settings.folder, settings.largest_at_once, planes, pyramids)


def _size_of_limits(limits: Limits) -> int:
    return sys.getsizeof(limits) + 8 * len(limits.sampled) + 4 * sys.getsizeof(0.0)


def _scopes(catalogue: Catalogue) -> frozenset[str]:
    """The scopes that make a difference to what is seen of it."""
    of_datasets = {d.scope for d in catalogue.datasets}
    return frozenset((of_datasets | {f.scope for f in catalogue.refused}) - {""})


def one_cell(dataset: DatasetInfo) -> ProductRequest:
    """A question that is quick to answer: a corner of the newest map."""
    return ProductRequest(
        dataset=dataset.id,
        variable=dataset.variables[0].name,
        init=dataset.inits[-1] if dataset.inits else None,
        lead=dataset.leads[0] if dataset.leads else None,
        member=dataset.members[0] if dataset.members else None,
        point=None if dataset.gridless else Point(dataset.grid.lat[0], dataset.grid.lon[0]),
    )
