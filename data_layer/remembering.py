"""Members that were read already: what several starts are compared with is read once."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr
from cachetools import LRUCache

from data_layer.api import ProductRequest
from data_layer.ensembles import Ensembles
from data_layer.indexed import DatasetIndex

MOST_BYTES = 64 << 20


class Remembering(Ensembles):
    """Reads as another does, and gives again what it gave lately.

    For one question: files may change between two.
    """

    def __init__(self, reading: Ensembles, most: int = MOST_BYTES) -> None:
        self._reading = reading
        self._given: LRUCache[object, xr.DataArray] = LRUCache(most, getsizeof=lambda x: x.nbytes)

    def members(
        self, dataset: DatasetIndex, request: ProductRequest, leads: Sequence[int] | None = None
    ) -> xr.DataArray:
        """See :class:`~data_layer.ensembles.Ensembles`."""
        place = (request.point, request.box)
        start = (dataset.info.id, request.variable, request.init, request.member)
        key = (*start, *place, None if leads is None else tuple(leads))
        found = self._given.get(key)
        if found is None:
            found = self._reading.members(dataset, request, leads)
            if found.nbytes <= self._given.maxsize:
                self._given[key] = found
        return found.copy(deep=False)  # whoever gets it may describe it otherwise

    def observations(self, *asked: object, **more: object) -> xr.DataArray:
        """See :class:`~data_layer.ensembles.Ensembles`."""
        return self._reading.observations(*asked, **more)  # type: ignore[arg-type]
