"""Latitudes and longitudes of a rotated pole's axes, where a file leaves them to be worked out."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

_AXES = ("grid_latitude", "grid_longitude")


def _said(ds: xr.Dataset) -> tuple[dict[Any, Any], xr.DataArray, xr.DataArray] | None:
    """The grid mapping's attributes and the two axes, or ``None`` when there is nothing to do."""
    named = {str(v.attrs.get("standard_name", "")): name for name, v in ds.variables.items()}
    if {"latitude", "longitude"} & named.keys() or not named.keys() >= set(_AXES):
        return None
    y, x = (ds[named[axis]] for axis in _AXES)
    for v in ds.variables.values():
        if v.attrs.get("grid_mapping_name") == "rotated_latitude_longitude":
            return (v.attrs, y, x) if y.ndim == x.ndim == 1 else None
    return None


def is_rotated(ds: xr.Dataset) -> bool:
    """Whether :func:`with_places` finds something to do; no values are read."""
    return _said(ds) is not None


def with_places(ds: xr.Dataset) -> xr.Dataset:
    """``ds`` with ``latitude`` and ``longitude`` of two dimensions, degrees.

    As it is when its axes are not those of a rotated pole (CF's grid mapping
    ``rotated_latitude_longitude``), or when it has coordinates of these standard names.
    Source of the names: CF conventions, appendix F; the formula is the rotation that
    takes the one pole to the other.
    """
    said = _said(ds)
    if said is None:
        return ds
    mapping, y, x = said
    pole = np.deg2rad(float(mapping["grid_north_pole_latitude"]))
    phi = np.deg2rad(y.values.astype(np.float64))[:, None]
    lam = np.deg2rad(x.values - float(mapping.get("north_pole_grid_longitude", 0.0)))[None, :]
    sine = np.cos(pole) * np.cos(phi) * np.cos(lam) + np.sin(pole) * np.sin(phi)
    turned = np.arctan2(
        np.cos(phi) * np.sin(lam),
        np.sin(pole) * np.cos(phi) * np.cos(lam) - np.cos(pole) * np.sin(phi),
    )
    lon = np.rad2deg(turned) + float(mapping["grid_north_pole_longitude"]) + 180.0
    lat = np.rad2deg(np.arcsin(np.clip(sine, -1.0, 1.0)))
    dims = (*y.dims, *x.dims)
    return ds.assign_coords(
        latitude=(dims, lat, {"standard_name": "latitude", "units": "degrees_north"}),
        longitude=(dims, lon % 360, {"standard_name": "longitude", "units": "degrees_east"}),
    )
