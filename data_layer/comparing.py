"""A forecast and what it is compared with: the inputs of a product."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import xarray as xr

from data_layer.admission import cells_of
from data_layer.api import Box, ProductRequest, VariableInfo
from data_layer.climatology import Climatology, climatology_of
from data_layer.ensembles import Ensembles, stacked
from data_layer.errors import NotComparable, UnknownLead
from data_layer.indexed import ArchiveIndex, DatasetIndex
from data_layer.linking import same_day, same_variable
from data_layer.observing import observed_for
from data_layer.offers import Asked
from data_layer.places import place
from data_layer.planes import Planes, PlaneStore
from data_layer.products.base import USUAL
from data_layer.schema import along, arrange, moments
from data_layer.timing import format_init, parse_init
from data_layer.units import compared
from data_layer.windows import averaged, seconds, window_leads

# Of a hindcast's values in memory at once; a map of more is worked on in bands of latitude.
BLOCK_BYTES = 48 << 20


class Comparison:
    """What :class:`data_layer.products.base.Inputs` asks for, of one start and place.

    Parameters
    ----------
    index: with the dataset, its hindcast and its observations.
    request: names the start; of one lead or all, and of a place or the whole grid.
    planes: where climatologies of whole grids are kept, or nowhere.
    """

    def __init__(
        self,
        reading: Ensembles,
        index: ArchiveIndex,
        request: ProductRequest,
        asked: Asked,
        planes: PlaneStore | None,
    ) -> None:
        self._reading = reading
        self._index = index
        self._request = request
        self._asked = asked
        self._planes = planes
        self._dataset = index.dataset(request.dataset)
        self._place = None if request.region is None else place(request.region)

    @cached_property
    def members(self) -> xr.DataArray:
        """See :class:`data_layer.products.base.Inputs`."""
        return self._reduced(self._gridded)

    @cached_property
    def _gridded(self) -> xr.DataArray:
        """The forecast before it is reduced to a region."""
        return self._windowed(self._dataset, self._request)

    def _reduced(self, field: xr.DataArray) -> xr.DataArray:
        return field if self._place is None else self._place.reduced(field)

    def climatology(self, probabilities: Sequence[float] = ()) -> Climatology:
        """See :class:`data_layer.products.base.Inputs`."""
        leads = [int(x) for x in np.atleast_1d(self.members["lead"].values)]
        if not self._is_kept(leads, probabilities):
            return climatology_of(self.hindcast(), probabilities)
        if "lead" not in self.members.dims:
            return self._kept(leads[0], probabilities)
        there, window = self._hindcast_of.info.leads, self._asked.window
        known = [x for x in leads if set(window_leads(x, window)) <= set(there)]
        found: dict[int, Climatology] = {}
        for lead in known or leads[:1]:
            try:
                found[lead] = self._kept(lead, probabilities)
            except NotComparable as error:
                missing = error  # starts of other days reach further
        if not found:
            raise missing
        parts = list(found.values())
        axis = xr.Variable("lead", list(found))

        def joint(fields: list[xr.DataArray]) -> xr.DataArray:
            whole = along(fields, axis).assign_coords(lead=axis).reindex(lead=leads)
            whole["lead"].attrs = self.members["lead"].attrs
            return whole

        return replace(
            max(parts, key=lambda p: p.size),
            mean=joint([p.mean for p in parts]),
            std=joint([p.std for p in parts]),
            quantiles=joint([p.quantiles for p in parts]),
        )

    def hindcast(self) -> xr.DataArray:
        """See :class:`data_layer.products.base.Inputs`."""
        return self._hindcast

    def observed(self) -> xr.DataArray:
        """See :class:`data_layer.products.base.Inputs`."""
        if "hindcast" not in self._asked.needs:
            return self._observed(self._starts)
        # The two are compared year by year, and a year may lack what is asked for.
        years = moments(self._hindcast["init"].values)
        return self._observed([format_init(m) for m in years])

    def outcome(self) -> xr.DataArray:
        """See :class:`data_layer.products.base.Inputs`."""
        assert self._request.init is not None
        found = self._observed([self._request.init]).isel(init=0)
        if bool(found.isnull().all()):
            raise NotComparable(
                f"The time that the forecast started {self._request.init} is for has not been "
                "observed from end to end.",
                asked=self._request.init,
                advice="Choose an earlier start.",
            )
        return found

    @property
    def key(self) -> str:
        """Says all that a map depends on that the forecast itself does not change."""
        info = self._dataset.info
        versions = [
            (i, self._index.dataset(i).info.version) for i in (info.hindcast, info.observations)
        ]
        request = self._request
        variables = (self._variable, self._past_variable.name)
        return repr((versions, variables, self._starts, request.lead, self._asked.text))

    @property
    def scalars(self) -> dict[str, object]:
        """The start and the lead, where one is asked for, as coordinates."""
        assert self._request.init is not None
        units = {"units": self._dataset.info.lead_unit}
        init = np.datetime64(parse_init(self._request.init), "ns")
        if self._request.lead is None:
            return {"init": init}
        return {"init": init, "lead": ((), self._request.lead, units)}

    def bands(self) -> list[Comparison]:
        """This comparison in bands of latitude, whose hindcasts fit in memory one by one."""
        grid, request = self._dataset.info.grid, self._request
        if request.point is not None or self._place is not None:
            return [self]
        maps = max(1, len(self._starts) * len(self._hindcast_of.info.members))
        maps *= 1 if request.lead is not None else len(self._dataset.info.leads)
        count = -(-maps * cells_of(grid, request) * 4 // BLOCK_BYTES)
        box = request.box or Box(-90.0, 90.0, 0.0, 360.0)
        south, north = grid.lat
        step = (north - south) / max(grid.ny - 1, 1) or 1.0
        first = max(0, math.ceil((box.south - south) / step - 0.01))
        last = min(grid.ny - 1, math.floor((box.north - south) / step + 0.01))
        rows = max(1, last - first + 1)
        count = min(count, rows)
        if count <= 1:
            return [self]
        # Between rows, so that each is in one band.
        cuts = [south + step * (first + round(rows * n / count) - 0.5) for n in range(1, count)]
        limits = [box.south, *cuts, box.north]
        return [
            Comparison(
                self._reading, self._index, replace(request, box=band), self._asked, self._planes
            )
            for band in (replace(box, south=low, north=high) for low, high in pairwise(limits))
        ]

    @cached_property
    def _hindcast_of(self) -> DatasetIndex:
        info = self._dataset.info
        if not info.hindcast:
            raise NotComparable(
                f"There is no hindcast of {info.id!r}: nothing to compare it with.",
                asked=info.id,
                advice="Ask for a product without a climatology, or name its hindcast in "
                "catalogue.yml.",
            )
        return self._index.dataset(info.hindcast)

    @cached_property
    def _variable(self) -> VariableInfo:
        """The forecast's, in whose units everything is."""
        return self._dataset.info.variable(self._request.variable)

    @cached_property
    def _past_variable(self) -> VariableInfo:
        """The hindcast's of the same quantity."""
        info = self._hindcast_of.info
        found = same_variable(self._variable, info.variables)
        if found is None:
            raise NotComparable(
                f"The hindcast {info.id!r} has no {self._request.variable!r}.",
                asked=self._request.variable,
                exists=[v.name for v in info.variables],
                advice="Choose one of these, or a product without a climatology.",
            )
        return found

    @cached_property
    def _starts(self) -> list[str]:
        """The starts of the hindcast that the forecast is compared with."""
        assert self._request.init is not None
        past, years = self._hindcast_of, self._asked.years
        info, name = past.info, self._past_variable.name
        there = [s for s in same_day(info.inits, self._request.init) if past.files_for(name, s)]
        starts = [s for s in there if years is None or years[0] <= int(s[:4]) <= years[1]]
        if not starts:
            told = "" if years is None or not there else f" in {years[0]}-{years[1]}"
            raise NotComparable(
                f"The hindcast {info.id!r} has no start on {self._request.init[5:]}{told}.",
                asked=self._request.init,
                exists=there or sorted({s[5:] for s in info.inits}),
                advice="Choose one of these.",
            )
        return starts

    @cached_property
    def _hindcast(self) -> xr.DataArray:
        here = self.members  # a lead that the forecast itself has not is told of first
        found = []
        asked = replace(
            self._request,
            dataset=self._hindcast_of.info.id,
            variable=self._past_variable.name,
            member=None,
        )
        for start in self._starts:
            try:
                past = self._windowed(self._hindcast_of, replace(asked, init=start))
            except UnknownLead:
                continue  # a year in which this was not forecast
            found.append(self._reduced(past))
        if not found:
            raise NotComparable(
                f"The hindcast {self._hindcast_of.info.id!r} has no such lead.",
                asked=str(self._request.lead),
                exists=self._hindcast_of.info.leads,
                advice="Choose one of these leads.",
            )
        past = stacked(found).rename(here.name)
        # The same cells, perhaps rounded differently.
        if "lead" in here.dims:  # what it does not reach is missing
            past = past.reindex(lead=here["lead"].values)
            past["lead"].attrs = here["lead"].attrs
        return past.assign_coords({d: here[d].variable for d in ("lat", "lon") if d in here.coords})

    def _gridwise(self, request: ProductRequest) -> ProductRequest:
        """The request for the cells that a region is reduced from."""
        if self._place is None:
            return request
        return replace(request, region=None, box=self._place.around(self._dataset.info.grid))

    def _windowed(self, dataset: DatasetIndex, request: ProductRequest) -> xr.DataArray:
        window = self._asked.window
        leads = None if request.lead is None else window_leads(request.lead, window)
        read = self._reading.members(dataset, self._gridwise(request), leads)
        whole = averaged(self._in_own_units(read, dataset, request), window, request.lead)
        return whole.isel(lead=0) if request.lead is not None else whole

    def _in_own_units(
        self, read: xr.DataArray, dataset: DatasetIndex, request: ProductRequest
    ) -> xr.DataArray:
        """Members of one start in the units of the forecast's variable."""
        info, wanted = dataset.info, self._variable.units
        given = info.variable(request.variable).units
        if given == wanted:
            return read
        assert request.init is not None
        init, leads = parse_init(request.init), read["lead"].values.tolist()
        lengths = seconds(init, leads, info.width, info.lead_unit)
        values = compared(
            read.transpose("lead", ...),
            given,
            wanted,
            f"{request.variable!r} of the hindcast {info.id!r}",
            lengths if lengths.all() else None,
        )
        return values.transpose(*read.dims)

    def _observed(self, starts: Sequence[str]) -> xr.DataArray:
        info = self._dataset.info
        if not info.observations:
            raise NotComparable(
                f"There are no observations that {info.id!r} can be compared with.",
                asked=info.id,
                advice="Add observations to the archive, or name them in catalogue.yml.",
            )
        return self._reduced(
            observed_for(
                self._reading,
                self._index.dataset(info.observations),
                self._gridwise(self._request),
                self._gridded,
                info,
                starts,
                self._asked.window,
            )
        )

    def _is_kept(self, leads: Sequence[int], probabilities: Sequence[float]) -> bool:
        """Whether the climatology is taken from the store, where a map's is put first."""
        if self._planes is None or self._place is not None:
            return False
        if self._request.point is None:
            return True
        # For one cell it is quicker to read that cell, unless all is there already.
        wanted = _together(probabilities)
        return all(self._planes.path(self._name(x, wanted)).exists() for x in leads)

    def _name(self, lead: int, probabilities: Sequence[float]) -> str:
        """What the climatology of a lead of the whole grid is kept under."""
        info = self._hindcast_of.info
        told = (
            info.id,
            info.version,
            self._past_variable.name,
            self._variable.units,
            self._starts,
            lead,
            self._asked.window,
            [f"{p:.9f}" for p in probabilities],
        )
        return repr(told)

    def _kept(self, lead: int, probabilities: Sequence[float]) -> Climatology:
        """The climatology of one lead of the whole grid, from the store, cut to the place."""
        assert self._planes is not None
        wanted = _together(probabilities)
        planes = self._planes.get_or_make(
            self._name(lead, wanted), lambda: self._whole(lead, wanted)
        )
        cells = {"lat": planes["lat"], "lon": planes["lon"]}
        places = [int(np.abs(np.subtract(wanted, p)).argmin()) for p in probabilities]
        like = self.members
        whole = {
            name: xr.DataArray(planes[name], cells, ("lat", "lon")) for name in ("mean", "std")
        }
        none = np.empty((0, *whole["mean"].shape), np.float32)
        quantiles = xr.DataArray(
            np.stack([planes[f"q{i}"] for i in places]) if places else none,
            {"quantile": ("quantile", np.asarray(probabilities, np.float64)), **cells},
            ("quantile", "lat", "lon"),
        )
        lat, lon = (like[d].values[..., np.newaxis] for d in ("lat", "lon"))
        # An axis of one place is a number, which takes its dim away.
        cut = {
            "lat": np.abs(planes["lat"] - lat).argmin(-1),
            "lon": np.abs((planes["lon"] - lon + 180) % 360 - 180).argmin(-1),
        }
        place = {d: like[d].variable for d in cut}
        first, last, starts, members = (int(n) for n in planes["pool"])
        return Climatology(
            whole["mean"].isel(cut).assign_coords(place),
            whole["std"].isel(cut).assign_coords(place),
            quantiles.isel(cut).assign_coords(place),
            (first, last),
            (starts, members),
        )

    def _whole(self, lead: int, probabilities: Sequence[float]) -> Planes:
        """The planes of one lead, computed band by band."""
        request = replace(self._request, lead=lead, box=None, point=None)
        whole = Comparison(self._reading, self._index, request, self._asked, None)
        bands = whole.bands()
        # Each is let go of, and its hindcast with it, before the next one is read.
        parts = [climatology_of(bands.pop(0).hindcast(), probabilities) for _ in range(len(bands))]
        mean = arrange(along([p.mean for p in parts], "lat"))
        std = arrange(along([p.std for p in parts], "lat"))
        quantiles = arrange(along([p.quantiles for p in parts], "lat"))
        first = parts[0]
        return {
            "mean": mean.values,
            "std": std.values,
            **{f"q{i}": quantiles.isel(quantile=i).values for i in range(len(probabilities))},
            "lat": mean["lat"].values,
            "lon": mean["lon"].values,
            "pool": np.array([*first.years, *first.size]),
        }


def _together(probabilities: Sequence[float]) -> tuple[float, ...]:
    """The probabilities that are kept in one file with these."""
    usual = all(any(abs(p - u) < 1e-9 for u in USUAL) for p in probabilities)
    return USUAL if usual else tuple(probabilities)
