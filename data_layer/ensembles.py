"""Members of forecasts and values of observations, read from the files of an archive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from data_layer import cells, opening, schema
from data_layer.api import ProductRequest
from data_layer.errors import UnknownInit, UnknownLead, UnknownMember, UnreadableFile
from data_layer.indexed import DatasetIndex
from data_layer.pooling import Part
from data_layer.records import FileRecord
from data_layer.timing import Moment, format_init, parse_init


class Ensembles:
    """Reads what a request wants of the files behind a dataset, in memory and arranged."""

    def __init__(self, folder: Path) -> None:
        self._files = opening.OpenFiles(folder)

    def close(self) -> None:
        """Close the open files."""
        self._files.close()

    def members(
        self, dataset: DatasetIndex, request: ProductRequest, leads: Sequence[int] | None = None
    ) -> xr.DataArray:
        """Members and leads of one start.

        Parameters
        ----------
        request: names the start; its member and place are taken, its product is not looked at.
        leads: those wanted; ``None`` for all.

        Returns
        -------
        Dims ``(member, lead, lat, lon)``, without those of a place; ``init`` is a scalar.

        Raises
        ------
        UnknownLead, UnknownMember: when no file of the start has what is wanted.
        """
        assert request.init is not None
        parts = [
            values
            for part in dataset.parts_for(request.variable, request.init, request.member)
            if (values := self._read(part, request, leads)) is not None
        ]
        if not parts:
            raise _absent(dataset, request, leads)
        whole = joined(parts, "member")
        if dataset.pool is not None:
            # Beyond these some members end earlier: not all would be of all.
            whole = whole.isel(lead=np.isin(whole["lead"].values, dataset.info.leads))
        return whole

    def observations(
        self,
        dataset: DatasetIndex,
        request: ProductRequest,
        wanted: Callable[[Moment], bool] | None = None,
    ) -> xr.DataArray:
        """Observations at the request's place.

        Parameters
        ----------
        wanted: whether a time is; ``None`` for all.

        Returns
        -------
        Dims ``(time, lat, lon)``, without those of a place; no times when none is there.
        """
        parts: list[xr.DataArray] = []
        for record in dataset.files_for(request.variable):
            ds = self._files.get(record)
            values = ds[request.variable].isel(cells.chosen(ds, request))
            if wanted is not None:
                there = [wanted(t) for t in schema.moments(ds["time"].values)]
                if not any(there) and parts:
                    continue
                values = values.isel(time=np.flatnonzero(there))
            parts.append(self._load(record, values))
        return joined(parts, "time")

    def _read(
        self, part: Part, request: ProductRequest, leads: Sequence[int] | None
    ) -> xr.DataArray | None:
        """What a request wants of a file: (member, lead, lat, lon), scalar ``init``.

        ``None`` when the file lacks the leads.
        """
        ds = self._files.get(part.record)
        at: dict[str, object] = {"init": _index_of_init(ds, part.start)}
        if part.nominal:
            ds = schema.as_lagged(ds.isel(init=[at["init"]]), parse_init(part.nominal))
            at["init"] = 0
        if part.member is not None:
            at["member"] = [int(np.flatnonzero(ds["member"].values == part.member)[0])]
        own = ds["lead"].values
        if leads is not None:
            found = np.flatnonzero(np.isin(own, leads))
            if not found.size:
                return None
            if found.size < own.size:
                at["lead"] = list(found) if found.size > 1 else [int(found[0])]
        elif part.nominal:
            # What a member forecast for the time before the ensemble's start is over.
            at["lead"] = np.flatnonzero(own >= 0)
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


def joined(parts: list[xr.DataArray], dim: str) -> xr.DataArray:
    """Parts of one grid put together along ``dim``, in its order.

    What one part lacks (a lead, a member) is missing in the whole. The grid is
    that of the first part: others may be rounded differently.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    cells = {d: first[d] for d in ("lat", "lon") if d in first.coords}
    parts = [p.assign_coords(cells) for p in parts]
    whole = xr.concat(parts, dim, join="outer", coords="different", compat="equals")
    if "lead" in whole.coords:
        whole["lead"].attrs = first["lead"].attrs
    return whole.sortby(dim)


def stacked(starts: list[xr.DataArray]) -> xr.DataArray:
    """Forecasts of ascending starts along a new first dim ``init``.

    Where they have the same members and leads they are copied once, which :func:`joined`
    cannot promise; what one lacks is missing.
    """
    first = starts[0]
    axes = [d for d in ("member", "lead") if d in first.dims]
    same = all(
        s.sizes == first.sizes and all(np.array_equal(s[d].values, first[d].values) for d in axes)
        for s in starts
    )
    if not same:
        return joined([s.expand_dims("init") for s in starts], "init")
    values = np.stack([s.transpose(*first.dims).values for s in starts])
    init = ("init", np.array([s["init"].values for s in starts]), first["init"].attrs)
    coords = {name: c for name, c in first.coords.items() if name not in ("init", "member_init")}
    return xr.DataArray(
        values, {"init": init, **coords}, ["init", *first.dims], first.name, first.attrs
    )


def _index_of_init(ds: xr.Dataset, init: str) -> int:
    for i, moment in enumerate(schema.moments(ds["init"].values)):
        if format_init(moment) == init:
            return i
    raise UnknownInit(f"There is no forecast started {init!r}.", asked=init)


def _absent(
    dataset: DatasetIndex, request: ProductRequest, leads: Sequence[int] | None
) -> UnknownMember | UnknownLead:
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
    wanted = ", ".join(str(x) for x in leads or ())
    return UnknownLead(
        f"The forecast of {info.id!r}{started} has no lead {wanted}.",
        asked=wanted,
        exists=sorted({lead for p in there for lead in p.record.summary.leads}),
        advice="This start is shorter than others; choose another lead.",
    )
