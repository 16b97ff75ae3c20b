"""Forecasts from files, in this process."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from data_layer import cells, frames, opening, schema
from data_layer.api import Catalogue, Limits, ProductInfo, ProductRequest
from data_layer.catalogue import ArchiveIndex, DatasetIndex
from data_layer.errors import (
    BadRequest,
    UnknownInit,
    UnknownLead,
    UnknownMember,
    UnreadableFile,
)
from data_layer.indexfile import IndexFile
from data_layer.pooling import Part
from data_layer.products import infos, product
from data_layer.products.base import Product
from data_layer.records import FileRecord
from data_layer.requests import check
from data_layer.timing import format_init, parse_init, valid_period

# Limits are for choosing a colour scale: a few members and this many cells of
# a map say as much as all.
_SAMPLED_MEMBERS = 4
_SAMPLED_CELLS = 65_536

# The NetCDF library is not safe to call from two threads, whatever the files:
# one lock for all sources of the process.
_NETCDF = threading.RLock()


class LocalSource:
    """A :class:`~data_layer.api.ForecastSource` on a folder of files.

    Safe to call from any thread: the NetCDF library is not, so calls wait for
    each other, those of other sources in this process too. A server uses one in
    each of several reader processes instead.
    """

    def __init__(self, index: ArchiveIndex, kept: IndexFile | None = None) -> None:
        self._index = index
        self._kept = kept
        self._files = opening.OpenFiles(Path(index.folder))

    @classmethod
    def open(cls, folder: str | Path, index_dir: str | Path | None = None) -> LocalSource:
        """Index ``folder`` and answer from it.

        What was found in its files is kept in ``index_dir``, if one is given, so that next
        time only files are opened that changed.

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
        kept = IndexFile(Path(index_dir).expanduser(), path) if index_dir is not None else None
        with _NETCDF:
            return cls(opening.scan(path, kept=kept), kept)

    def replace(self, index: ArchiveIndex) -> None:
        """Answer from another index of the same folder from now on."""
        with _NETCDF:
            if index.fingerprint != self._index.fingerprint:
                self._files.close()
            self._index = index

    def refresh(self) -> None:
        """Look at the folder again."""
        with _NETCDF:
            # HDF5 would read a file that was written over through what it
            # remembers of it while the old one is open.
            self._files.close()
            self.replace(opening.scan(Path(self._index.folder), self._index, self._kept))

    def close(self) -> None:
        """Close the open files."""
        with _NETCDF:
            self._files.close()

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
        da = self._computed(request)
        return _valid(da) if "init" in da.coords else da

    def frame(self, request: ProductRequest) -> bytes:
        """See :class:`~data_layer.api.ForecastSource`."""
        return frames.encode(self._computed(request))

    def _computed(self, request: ProductRequest) -> xr.DataArray:
        """The product, without the dims that were narrowed down to one."""
        with _NETCDF:
            dataset = self._checked(request)
            if not dataset.info.inits:
                return self._observed(dataset, request)
            chosen = product(request.product)
            members = self._members(dataset, request, chosen)
        return _squeezed(_applied(chosen, members), request)

    def limits(self, request: ProductRequest) -> Limits:
        """See :class:`~data_layer.api.ForecastSource`."""
        with _NETCDF:
            dataset = self._checked(request)
            chosen = product(request.product)
            if chosen.info.range_of:
                chosen = product(chosen.info.range_of)
            members: tuple[int | None, ...] = (None,)
            if chosen.info.per_member and dataset.info.members:
                members = _spread_out(dataset.info.members, _SAMPLED_MEMBERS)
            leads: tuple[int | None, ...] = dataset.info.leads or (None,)
            parts = [
                self._one_map(dataset, request, chosen, member, lead)
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

    def _members(
        self, dataset: DatasetIndex, request: ProductRequest, chosen: Product
    ) -> xr.DataArray:
        """Members × leads of one start (or of every start), loaded and arranged."""
        info = dataset.info
        inits = (request.init,) if request.init is not None else info.inits
        only = request.member if chosen.info.per_member else None
        per_init = []
        for init in inits:
            parts = [
                values
                for part in dataset.parts_for(request.variable, init, only)
                if (values := self._read(part, request)) is not None
            ]
            if parts:
                whole = _joined(parts, "member")
                if dataset.pool is not None:
                    # Beyond these some members end earlier: not all would be of all.
                    whole = whole.isel(lead=np.isin(whole["lead"].values, info.leads))
                per_init.append(whole)
        if not per_init:
            raise _absent(dataset, request)
        if request.init is not None:
            return per_init[0]
        return _joined([p.expand_dims("init") for p in per_init], "init")

    def _read(self, part: Part, request: ProductRequest) -> xr.DataArray | None:
        """What a request wants of a file: (member, lead, lat, lon), scalar ``init``.

        ``None`` when the file lacks the lead.
        """
        ds = self._files.get(part.record)
        at: dict[str, object] = {"init": _index_of_init(ds, part.start)}
        if part.nominal:
            ds = schema.as_lagged(ds.isel(init=[at["init"]]), parse_init(part.nominal))
            at["init"] = 0
        if part.member is not None:
            at["member"] = [int(np.flatnonzero(ds["member"].values == part.member)[0])]
        if request.lead is not None:
            found = np.flatnonzero(ds["lead"].values == request.lead)
            if not found.size:
                return None
            at["lead"] = [int(found[0])]
        elif part.nominal:
            # What a member forecast for the time before the ensemble's start is over.
            at["lead"] = np.flatnonzero(ds["lead"].values >= 0)
        cut = ds[request.variable].isel(at | cells.chosen(ds, request))
        values = self._load(part.record, cut)
        if part.shift:
            values = values.assign_coords(member=values["member"] + part.shift)
        return values

    def _load(self, record: FileRecord, part: xr.DataArray) -> xr.DataArray:
        """A part of a file, in memory and arranged."""
        try:
            part = part.load()
        except (OSError, RuntimeError) as error:
            self._files.check(record, anew=True)
            raise UnreadableFile(
                f"{record.stat.path} could not be read ({error}).",
                advice="Tell whoever keeps the archive: the file is damaged.",
            ) from error
        self._files.check(record)
        return schema.arrange(part)

    def _observed(self, dataset: DatasetIndex, request: ProductRequest) -> xr.DataArray:
        chosen = product(request.product)
        if not chosen.info.per_member:
            raise BadRequest(
                f"Dataset {dataset.info.id!r} is of observations: it has no members, "
                f"so no {chosen.info.title.lower()}.",
                asked=request.product,
                advice="Ask for product value.",
            )
        parts = []
        for record in dataset.files_for(request.variable):
            ds = self._files.get(record)
            parts.append(self._load(record, ds[request.variable].isel(cells.chosen(ds, request))))
        return _method(_joined(parts, "time"), chosen)

    def _one_map(
        self,
        dataset: DatasetIndex,
        request: ProductRequest,
        chosen: Product,
        member: int | None,
        lead: int | None,
    ) -> npt.NDArray[np.float64] | None:
        """The finite values of one map, thinned but for its extremes; ``None`` for no map."""
        narrowed = ProductRequest(
            dataset=request.dataset,
            variable=request.variable,
            product=chosen.info.name,
            init=request.init,
            lead=lead,
            member=member,
            box=request.box,
        )
        try:
            if not dataset.info.inits:
                values = self._observed(dataset, narrowed).values
            else:
                values = _applied(chosen, self._members(dataset, narrowed, chosen)).values
        except (UnknownLead, UnknownMember):
            return None
        flat = values[np.isfinite(values)].astype(np.float64)
        if not flat.size:
            return None
        stride = max(1, flat.size // _SAMPLED_CELLS)
        return np.concatenate([flat[::stride], [flat.min(), flat.max()]])


def _index_of_init(ds: xr.Dataset, init: str) -> int:
    for i, moment in enumerate(schema.moments(ds["init"].values)):
        if format_init(moment) == init:
            return i
    raise UnknownInit(f"There is no forecast started {init!r}.", asked=init)


def _joined(parts: list[xr.DataArray], dim: str) -> xr.DataArray:
    """Parts of one grid put together along ``dim``, in its order.

    What one part lacks (a lead, a member) is missing in the whole. The grid is
    that of the first part: others may be rounded differently.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    parts = [p.assign_coords(lat=first["lat"], lon=first["lon"]) for p in parts]
    whole = xr.concat(parts, dim, join="outer", coords="different", compat="equals")
    if "lead" in whole.coords:
        whole["lead"].attrs = first["lead"].attrs
    return whole.sortby(dim)


def _absent(dataset: DatasetIndex, request: ProductRequest) -> UnknownMember | UnknownLead:
    """Why no file holds what was asked, although start, lead and member exist singly."""
    info = dataset.info
    started = f" started {request.init}" if request.init is not None else ""
    there = list(dataset.parts_for(request.variable, request.init, request.member))
    if not there:
        held = {m for p in dataset.parts_for(request.variable, request.init) for m in p.members}
        return UnknownMember(
            f"The forecast of {info.id!r}{started} has no member {request.member}.",
            asked=str(request.member),
            exists=sorted(held),
            advice="This start has other members; choose one of these.",
        )
    return UnknownLead(
        f"The forecast of {info.id!r}{started} has no lead {request.lead}.",
        asked=str(request.lead),
        exists=sorted({lead for p in there for lead in p.record.summary.leads}),
        advice="This start is shorter than others; choose another lead.",
    )


def _applied(chosen: Product, members: xr.DataArray) -> xr.DataArray:
    return _method(chosen.compute(members), chosen)


def _method(da: xr.DataArray, chosen: Product) -> xr.DataArray:
    da = da.copy(deep=False)
    da.attrs = {**da.attrs, "method": chosen.info.method, "product": chosen.info.name}
    return da


def _squeezed(da: xr.DataArray, request: ProductRequest) -> xr.DataArray:
    """Without the dims that the request narrowed down to one."""
    narrowed = {"lead": request.lead, "member": request.member}
    return da.isel({d: 0 for d, at in narrowed.items() if at is not None and d in da.dims})


def _valid(da: xr.DataArray) -> xr.DataArray:
    """A forecast with what it is valid for, its dims in canonical order."""
    unit = da["lead"].attrs["units"]
    dims = [d for d in ("init", "lead") if d in da.dims]
    starts = schema.moments(np.atleast_1d(da["init"].values))
    leads = [int(x) for x in np.atleast_1d(da["lead"].values)]
    valid = np.array(
        [[valid_period(s, x, unit)[0] for x in leads] for s in starts], "datetime64[ns]"
    ).reshape([da.sizes[d] for d in dims])
    order = [d for d in (*schema.FORECAST_DIMS, "time") if d in da.dims]
    return da.assign_coords(valid_time=(dims, valid)).transpose(*order)


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
