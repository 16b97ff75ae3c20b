"""What a product is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from data_layer.offers import Asked, ProductInfo

if TYPE_CHECKING:
    import xarray as xr

    from data_layer.climatology import Climatology


# Probabilities of the quantiles that are kept together for each climatology, because products
# ask for them unless told otherwise.
USUAL = (0.1, 0.2, 1 / 3, 0.5, 2 / 3, 0.8, 0.9)


class Inputs(Protocol):
    """A forecast of one start, and what it can be compared with.

    All are of the same variable, cells and leads, averaged over the same windows of leads
    before anything is compared. Each is read when it is first asked for.
    """

    @property
    def members(self) -> xr.DataArray:
        """The forecast: dims ``member`` and any of ``lead``, ``lat``, ``lon``."""
        ...

    def climatology(self, probabilities: Sequence[float] = ()) -> Climatology:
        """The hindcast of the same start of the year and lead, pooled over years and members.

        Its quantiles are those of ``probabilities``; dims without ``member``.
        """
        ...

    def hindcast(self) -> xr.DataArray:
        """That hindcast itself: ``init`` and the dims of :attr:`members`."""
        ...

    def observed(self) -> xr.DataArray:
        """What was observed when the hindcast was for: ``init`` and the dims without ``member``."""
        ...

    def outcome(self) -> xr.DataArray:
        """What was observed when the forecast was for: its dims without ``member``."""
        ...


def without_single_cell(da: xr.DataArray) -> xr.DataArray:
    """The array without ``lat`` and ``lon`` where it has one of each, as that of an index has."""
    cells = [d for d in ("lat", "lon") if d in da.dims]
    one = all(da.sizes[d] == 1 for d in cells)
    return da.isel(dict.fromkeys(cells, 0)) if one else da


@dataclass(frozen=True)
class Product:
    """A description and a pure function.

    Attributes
    ----------
    info: what is computed and how.
    compute: inputs and what was asked → the product, with ``member`` kept when
        ``info.per_member`` and gone otherwise. Units and CF attributes are kept or
        corrected; ``method`` may tell more than ``info.method`` does.
    whole: whether it needs all of its cells at once, so that a large map is refused.
    finish: done to a map when all its bands are there.
    """

    info: ProductInfo
    compute: Callable[[Inputs, Asked], xr.DataArray]
    whole: bool = False
    finish: Callable[[xr.DataArray, Asked], xr.DataArray] | None = None
