"""A product of one start: in one piece, in bands of latitude, or as it was kept."""

from __future__ import annotations

import xarray as xr

from data_layer import schema
from data_layer.api import ProductRequest
from data_layer.comparing import Comparison
from data_layer.ensembles import Ensembles
from data_layer.errors import TooLarge
from data_layer.indexed import ArchiveIndex
from data_layer.offers import Asked
from data_layer.past import kept
from data_layer.planes import PlaneStore
from data_layer.products.base import Product


def computed(
    reading: Ensembles,
    index: ArchiveIndex,
    request: ProductRequest,
    chosen: Product,
    asked: Asked,
    planes: PlaneStore | None,
) -> xr.DataArray:
    """What a product says of one start.

    Parameters
    ----------
    request: names the start.
    planes: where what takes long is kept, or nowhere.

    Returns
    -------
    Dims of the product, with ``init`` (and ``lead``, when one is asked for) as scalars;
    ``method`` tells product, window and climatology.
    """
    comparison = Comparison(reading, index, request, asked, planes)
    somewhere = (request.point, request.box, request.region)
    whole_map = request.lead is not None and all(place is None for place in somewhere)
    takes_long = asked.info.of_past and "hindcast" in asked.needs and not chosen.whole
    if planes is not None and whole_map and takes_long:
        field = kept(planes, comparison.key, lambda: _in_bands(comparison, chosen, asked))
        return field.assign_coords(comparison.scalars)
    return _in_bands(comparison, chosen, asked)


def _in_bands(comparison: Comparison, chosen: Product, asked: Asked) -> xr.DataArray:
    bands = comparison.bands() if "hindcast" in asked.needs else [comparison]
    if chosen.whole and len(bands) > 1:
        raise TooLarge(
            f"The {chosen.info.title.lower()} is of all cells at once, and these are too many.",
            asked=asked.text,
            advice="Ask for a place, a region or a smaller box, and for one lead.",
        )
    # Each is let go of, and the hindcast that it read with it, before the next one reads.
    parts = [chosen.compute(bands.pop(0), asked) for _ in range(len(bands))]
    whole = parts[0] if len(parts) == 1 else _joined(parts)
    if chosen.finish is not None:
        whole = chosen.finish(whole, asked)
    if "init" not in whole.coords:
        whole = whole.assign_coords(comparison.scalars)
    return with_method(whole, asked)


def _joined(bands: list[xr.DataArray]) -> xr.DataArray:
    """The whole map, told of as the band of the largest sample is: ``sample_size`` is of the
    cell that has most."""
    most = max(bands, key=lambda band: int(band.attrs.get("sample_size", 0)))
    return schema.arrange(schema.along(bands, "lat")).assign_attrs(most.attrs)


def with_method(da: xr.DataArray, asked: Asked) -> xr.DataArray:
    """The array with what was computed: product, method, window and climatology."""
    da = da.copy(deep=False)
    told = [str(da.attrs.get("method") or asked.info.method)]
    if asked.window > 1:
        told.append(f"of means over {asked.window} leads")
    if "climatology" in da.attrs:
        told.append(str(da.attrs["climatology"]))
    da.attrs = {**da.attrs, "method": "; ".join(told), "product": asked.text}
    return da
