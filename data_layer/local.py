"""Forecasts from files, in this process."""

from __future__ import annotations

import datetime as dt
import tempfile
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer import frames, opening, schema
from data_layer.admission import cells_of
from data_layer.api import Catalogue, Limits, ProductInfo, ProductRequest
from data_layer.computing import computed, with_method
from data_layer.cuts import WHOLE, Cut
from data_layer.ensembles import Ensembles, joined
from data_layer.errors import (
    BadRequest,
    DataLayerError,
    NotComparable,
    UnknownLead,
    UnknownMember,
)
from data_layer.indexed import ArchiveIndex, DatasetIndex
from data_layer.indexfile import IndexFile
from data_layer.offers import Asked
from data_layer.places import place
from data_layer.planes import PlaneStore
from data_layer.products import as_ranged, asked_for, infos
from data_layer.products.base import Product
from data_layer.pyramids import Pyramid, Pyramids, PyramidStore, pyramid
from data_layer.remembering import Remembering
from data_layer.requests import check, check_map
from data_layer.timing import Moment, parse_init, valid_period

# Limits are for choosing a colour scale: a few members and this many cells of
# a map say as much as all.
_SAMPLED_MEMBERS = 4
_SAMPLED_CELLS = 65_536
# Of observations that are reduced to a region: what is in memory at once.
_BLOCK_BYTES = 48 << 20

# The NetCDF library is not safe to call from two threads, whatever the files:
# one lock for all sources of the process.
_NETCDF = threading.RLock()


class LocalSource:
    """A :class:`~data_layer.api.ForecastSource` on a folder of files.

    Safe to call from any thread: the NetCDF library is not, so calls wait for
    each other, those of other sources in this process too. A server uses one in
    each of several reader processes instead.
    """

    def __init__(
        self,
        index: ArchiveIndex,
        kept: IndexFile | None = None,
        planes: PlaneStore | None = None,
        pyramids: PyramidStore | None = None,
    ) -> None:
        self._index = index
        self._kept = kept
        self._reading = Ensembles(Path(index.folder))
        self._planes = planes
        self._pyramids = Pyramids(pyramids)

    @classmethod
    def open(cls, folder: str | Path, index_dir: str | Path | None = None) -> LocalSource:
        """Index ``folder`` and answer from it.

        What was found in its files is kept in ``index_dir``, if one is given, so that next
        time only files are opened that changed; and so are climatologies of hindcasts and
        coarser levels of large maps.

        Raises
        ------
        BadRequest: when there is no such folder.
        """
        path = Path(folder).expanduser()
        if not path.is_dir():
            raise BadRequest(
                f"There is no folder {str(folder)!r}.",
                asked=str(folder),
                advice="Name a folder that holds forecast files.",
            )
        place = Path(index_dir).expanduser() if index_dir is not None else None
        kept = IndexFile(place, path) if place is not None else None
        planes = PlaneStore(place / "climatologies") if place is not None else None
        pyramids = PyramidStore(place / "pyramids") if place is not None else None
        with _NETCDF:
            return cls(opening.scan(path, kept=kept), kept, planes, pyramids)

    def replace(self, index: ArchiveIndex) -> None:
        """Answer from another index of the same folder from now on."""
        with _NETCDF:
            if index.fingerprint != self._index.fingerprint:
                self._reading.close()
            self._index = index

    def refresh(self) -> None:
        """Look at the folder again."""
        with _NETCDF:
            # HDF5 would read a file that was written over through what it
            # remembers of it while the old one is open.
            self._reading.close()
            self.replace(opening.scan(Path(self._index.folder), self._index, self._kept))

    def close(self) -> None:
        """Close the open files, and let go of what is remembered of them."""
        with _NETCDF:
            self._reading.close()
            self._pyramids.close()

    @property
    def index(self) -> ArchiveIndex:
        """What is known of the folder."""
        return self._index

    def catalogue(self) -> Catalogue:
        """See :class:`~data_layer.api.ForecastSource`."""
        return self._index.catalogue

    def products(self) -> tuple[ProductInfo, ...]:
        """See :class:`~data_layer.api.ForecastSource`."""
        return infos()

    def fetch(self, request: ProductRequest) -> xr.DataArray:
        """See :class:`~data_layer.api.ForecastSource`."""
        with _NETCDF:
            dataset = self._checked(request)
            da = self._computed(dataset, request)
            if dataset.info.gridless:
                da = schema.without_cell(da)
        return _valid(da) if "init" in da.coords else da

    def frame(self, request: ProductRequest, cut: Cut = WHOLE) -> bytes:
        """See :class:`~data_layer.api.ForecastSource`."""
        with _NETCDF:
            dataset = self._checked(request)
            check_map(dataset.info)
            _, asked = asked_for(request.product)
            quantum = quantum_of(asked, len(dataset.info.members))
            if cut.whole:
                return frames.encode(self._computed(dataset, request), cut.precision, quantum)
            # Of means nothing is known.
            quantum = 0.0 if cut.level and not asked.info.classes else quantum
            part = self._pyramid(dataset, request, asked).cut(cut)
            return frames.encode_raster(part, cut.precision, quantum)

    def _pyramid(self, dataset: DatasetIndex, request: ProductRequest, asked: Asked) -> Pyramid:
        info = dataset.info
        pinned = replace(request, version=info.version, product=asked.full_text)

        def make() -> Pyramid:
            da = self._computed(dataset, request)
            return pyramid(da, classes=bool(asked.info.classes))

        return self._pyramids.of(repr(pinned), info.grid.ny * info.grid.nx, make)

    def _computed(self, dataset: DatasetIndex, request: ProductRequest) -> xr.DataArray:
        """The product, without the dims that were narrowed down to one."""
        chosen, asked = asked_for(request.product)
        if not dataset.info.inits:
            return self._observed(dataset, request, asked)
        if request.init is not None:
            return _squeezed(self._of_start(self._reading, request, chosen, asked), request)
        # Maps would take more memory than they are worth.
        of_series = request.point is not None or request.region is not None
        reading = Remembering(self._reading) if of_series else self._reading
        done: list[xr.DataArray] = []
        lacking: DataLayerError | None = None
        inits = dataset.info.inits
        if chosen.info.of_past:  # what is the same for each year is told once
            inits = tuple({init[5:]: init for init in inits}.values())
        # Those that are compared with the same starts come one after the other.
        for init in sorted(inits, key=lambda init: (init[5:], init)):
            try:
                one = self._of_start(reading, replace(request, init=init), chosen, asked)
            except (UnknownLead, UnknownMember, NotComparable) as error:
                lacking = error  # others of the starts may have it
            else:
                done.append(one.expand_dims("init"))
        if not done and lacking is not None:
            raise lacking
        return _squeezed(joined(done, "init"), request)

    def _of_start(
        self, reading: Ensembles, request: ProductRequest, chosen: Product, asked: Asked
    ) -> xr.DataArray:
        return computed(reading, self._index, request, chosen, asked, self._planes)

    def limits(self, request: ProductRequest) -> Limits:
        """See :class:`~data_layer.api.ForecastSource`."""
        with _NETCDF:
            dataset = self._checked(request)
            _, asked = asked_for(request.product)
            if asked.info.span is not None:
                low, high = asked.info.span
                return Limits(low, high, low, high)
            asked = as_ranged(asked)
            members: tuple[int | None, ...] = (None,)
            if asked.info.per_member and dataset.info.members:
                members = _spread_out(dataset.info.members, _SAMPLED_MEMBERS)
            leads: tuple[int | None, ...] = dataset.info.leads or (None,)
            parts = [
                self._one_map(dataset, request, asked, member, lead)
                for lead in leads
                for member in members
            ]
        finite = np.concatenate([p for p in parts if p is not None] or [np.empty(0)])
        if not finite.size:
            return Limits(np.nan, np.nan, np.nan, np.nan)
        extremes = [(float(p.min()), float(p.max())) for p in parts if p is not None and p.size]
        stride = max(1, finite.size // (_SAMPLED_CELLS * 8))
        low = np.percentile(finite[::stride], 1, method="lower")
        high = np.percentile(finite[::stride], 99, method="higher")
        return Limits(
            minimum=min(e[0] for e in extremes),
            maximum=max(e[1] for e in extremes),
            low=float(low),
            high=float(high),
            sampled=tuple(m for m in members if m is not None),
        )

    def netcdf(self, request: ProductRequest) -> bytes:
        """See :class:`~data_layer.api.ForecastSource`."""
        with _NETCDF:
            da = self.fetch(request)
            name = str(da.name)
            ds = da.to_dataset(name=name)
            ds.attrs = self._provenance(request)
            for coord in ("init", "member", "lead", "lat", "lon", "valid_time", "time"):
                if coord in ds.variables:
                    ds[coord].attrs |= _CF_COORDS[coord]
            packing = {"zlib": True, "complevel": 4, "shuffle": True}
            with tempfile.TemporaryDirectory() as place:
                path = Path(place, "subset.nc")
                ds.to_netcdf(path, engine="netcdf4", encoding={name: packing if da.ndim else {}})
                return path.read_bytes()

    def _provenance(self, request: ProductRequest) -> dict[str, str]:
        info = self._index.dataset(request.dataset).info
        attrs = {
            "Conventions": "CF-1.11",
            "title": info.title,
            "institution": info.institution,
            "source": info.system,
            "licence": info.licence,
            "comment": " ".join(info.notes),
            "dataset": info.id,
            "dataset_version": info.version,
            "synthetic": "true" if info.synthetic else "",
        }
        return {k: v for k, v in attrs.items() if v}

    def _checked(self, request: ProductRequest) -> DatasetIndex:
        dataset = self._index.dataset(request.dataset)
        check(dataset.info, request)
        return dataset

    def _observed(
        self, dataset: DatasetIndex, request: ProductRequest, asked: Asked
    ) -> xr.DataArray:
        if request.region is None:
            return _as_observed(self._reading.observations(dataset, request), asked)
        region = place(request.region)
        zone = replace(request, region=None, box=region.around(dataset.info.grid))
        times = max(1, _BLOCK_BYTES // (4 * cells_of(dataset.info.grid, zone)))
        parts = [
            region.reduced(self._reading.observations(dataset, zone, within))
            for within in _spans(dataset.info.times, times)
        ]
        return _as_observed(joined([p for p in parts if p.size] or parts[:1], "time"), asked)

    def _one_map(
        self,
        dataset: DatasetIndex,
        request: ProductRequest,
        asked: Asked,
        member: int | None,
        lead: int | None,
    ) -> npt.NDArray[np.float64] | None:
        """The finite values of one map, thinned but for its extremes; ``None`` for no map."""
        narrowed = replace(request, product=asked.text, lead=lead, member=member, version=None)
        try:
            values = self._computed(dataset, narrowed).values
        except (UnknownLead, UnknownMember):
            return None
        flat = values[np.isfinite(values)].astype(np.float64)
        if not flat.size:
            return None
        stride = max(1, flat.size // _SAMPLED_CELLS)
        return np.concatenate([flat[::stride], [flat.min(), flat.max()]])


def _squeezed(da: xr.DataArray, request: ProductRequest) -> xr.DataArray:
    """Without the dims that the request narrowed down to one."""
    narrowed = {"lead": request.lead, "member": request.member}
    return da.isel({d: 0 for d, at in narrowed.items() if at is not None and d in da.dims})


def _as_observed(da: xr.DataArray, asked: Asked) -> xr.DataArray:
    """The array with its method, which is that of no forecast."""
    return with_method(da.assign_attrs({"method": "as it was observed", **da.attrs}), asked)


def _spans(times: Sequence[str], many: int) -> list[Callable[[Moment], bool] | None]:
    """Spans of so many of the times, that hold all together; ``None`` for one without ends."""
    begins = [parse_init(t) for t in sorted(times)[many::many]]
    if not begins:
        return [None]
    edges = [dt.datetime.min, *begins, dt.datetime.max]
    return [partial(_between, begin, end) for begin, end in pairwise(edges)]


def _between(begin: Moment, end: Moment, time: Moment) -> bool:
    return begin <= time < end


def _valid(da: xr.DataArray) -> xr.DataArray:
    """A forecast with what it is valid for, its dims in canonical order."""
    unit = da["lead"].attrs["units"]
    dims = [d for d in ("init", "lead") if d in da.dims]
    starts = schema.moments(np.atleast_1d(da["init"].values))
    leads = [int(x) for x in np.atleast_1d(da["lead"].values)]
    valid = np.array(
        [[valid_period(s, x, unit)[0] for x in leads] for s in starts], "datetime64[ns]"
    ).reshape([da.sizes[d] for d in dims])
    order: list[Hashable] = [d for d in (*schema.FORECAST_DIMS, "time") if d in da.dims]
    order += [d for d in da.dims if d not in order]
    return da.assign_coords(valid_time=(dims, valid)).transpose(*order)


def quantum_of(asked: Asked, members: int) -> float:
    """What a product's numbers probably all are multiples of; 0 for nothing.

    Classes are whole numbers, and a chance counted from members is a share of them.
    """
    if asked.info.classes:
        return 1.0
    span = asked.scale.span
    return span[1] / members if asked.info.kind == "probability" and span and members else 0.0


def _spread_out(values: tuple[int, ...], n: int) -> tuple[int, ...]:
    """At most ``n`` of ``values``, evenly spread, first and last included."""
    if len(values) <= n:
        return values
    return tuple(values[round(i * (len(values) - 1) / (n - 1))] for i in range(n))


_CF_COORDS = {
    "init": {"standard_name": "forecast_reference_time"},
    "member": {"standard_name": "realization", "units": "1"},
    "lead": {"long_name": "lead, counted in units from the start"},
    "lat": {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"},
    "lon": {"standard_name": "longitude", "units": "degrees_east", "axis": "X"},
    "valid_time": {"standard_name": "time", "long_name": "first instant of the valid period"},
    "time": {"standard_name": "time"},
}
