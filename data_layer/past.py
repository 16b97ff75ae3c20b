"""Maps that the past alone decides, such as skill: kept like climatologies."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import xarray as xr

from data_layer.planes import Planes, PlaneStore


def kept(store: PlaneStore, key: str, compute: Callable[[], xr.DataArray]) -> xr.DataArray:
    """The map of a key, computed when it is not kept yet.

    Parameters
    ----------
    key: says everything that the map depends on.
    compute: gives dims ``(lat, lon)``.

    Returns
    -------
    The map with its ``lat`` and ``lon``, its name and its attributes; no other coordinates.
    """

    def make() -> Planes:
        field = compute().transpose("lat", "lon")
        told = json.dumps({"name": field.name, "attrs": field.attrs}, default=str)
        return {
            "map": field.values,
            "lat": field["lat"].values,
            "lon": field["lon"].values,
            "told": np.array(told),
        }

    planes = store.get_or_make(key, make)
    told = json.loads(str(planes["told"]))
    cells = {"lat": planes["lat"], "lon": planes["lon"]}
    return xr.DataArray(planes["map"], cells, ("lat", "lon"), told["name"], told["attrs"])
