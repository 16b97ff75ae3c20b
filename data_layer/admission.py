"""How large an answer will be, from the catalogue alone: nothing is read to refuse it."""

from __future__ import annotations

from collections.abc import Iterable

from data_layer.api import Box, DatasetInfo, GridInfo, ProductInfo, ProductRequest
from data_layer.errors import TooLarge
from data_layer.offers import split


def check_size(
    dataset: DatasetInfo, products: Iterable[ProductInfo], request: ProductRequest, limit: int
) -> None:
    """Return when the answer has at most ``limit`` values.

    Raises
    ------
    TooLarge: when it has more.
    """
    name, _ = split(request.product)
    per_member = any(p.name == name and p.per_member for p in products)
    values = size(dataset, request, per_member=per_member)
    if values > limit:
        raise TooLarge(
            f"The answer would hold {values:,} values; the limit is {limit:,}.",
            asked=f"{values} values",
            exists=[f"{limit} values"],
            advice="Ask for a smaller region, or for fewer starts, leads or members at once.",
        )


def size(dataset: DatasetInfo, request: ProductRequest, *, per_member: bool) -> int:
    """The number of values in an answer, or a little more (a box's edges are counted in)."""
    if dataset.times and not dataset.inits:
        maps = len(dataset.times)
    else:
        maps = len(dataset.inits) if request.init is None else 1
        maps *= len(dataset.leads) if request.lead is None else 1
        maps *= len(dataset.members) if per_member and request.member is None else 1
    return maps * cells_of(dataset.grid, request)


def cells_of(grid: GridInfo, request: ProductRequest) -> int:
    """Cells of a map that a request leaves open, or a few more."""
    if request.point is not None or request.region is not None:
        return 1
    if request.box is None:
        return grid.ny * grid.nx
    return _rows(grid, request.box) * _columns(grid, request.box)


def _rows(grid: GridInfo, box: Box) -> int:
    step = (grid.lat[1] - grid.lat[0]) / max(grid.ny - 1, 1)
    return min(grid.ny, int((box.north - box.south) / step) + 2) if step > 0 else grid.ny


def _columns(grid: GridInfo, box: Box) -> int:
    step = (grid.lon[1] - grid.lon[0]) / max(grid.nx - 1, 1)
    width = 360.0 if box.east - box.west >= 360 else (box.east - box.west) % 360
    return min(grid.nx, int(width / step) + 2) if step > 0 else grid.nx
