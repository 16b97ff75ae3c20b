"""An archive to compare in, and how it is asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from data_layer.api import Box, ProductRequest
from data_layer.demo.synthetic import write_archive
from data_layer.local import LocalSource
from data_layer.products import asked_for, infos
from data_layer.verification.scores import SCORES

YEARS = range(1991, 2000)
NOW, THEN = "2026-10-01", "1995-10-01"
FORECAST, HINDCAST = "synthetic-s2-forecast", "synthetic-s2-hindcast"

TEXTS = {
    "threshold_probability": ["threshold_probability:threshold=290"],
    "skill": [f"skill:score={name}" for name in SCORES],
    "mean": ["mean", "mean:correction=quantile"],
    "exceeded_value": ["exceeded_value", "exceeded_value:chance=20,correction=mean"],
    "percentile_probability": ["percentile_probability", "percentile_probability:percentile=37"],
}
MAPS = [info for info in infos() if info.kind != "diagram"]
PRODUCTS = [text for info in MAPS for text in TEXTS.get(info.name, [info.name])]
# False discoveries are those of the whole map that is asked for.
CELL_BY_CELL = [text for text in PRODUCTS if text != "significant_skill"]
POOLED = [t for t in PRODUCTS if "climatology" in asked_for(t)[1].needs]
# At once: none of these hindcasts fits, so every row is a band of its own.
TINY = 1000

BOXES = [
    Box(-60, 60, 90, 270),
    Box(-61, 31, 300, 60),  # across Greenwich
    Box(-30, 90, 0, 360),
    Box(-10, 10, 100, 200),  # one row
]
NEEDY = [t for t in PRODUCTS if asked_for(t)[1].needs]


def write(folder: Path) -> None:
    """The whole archive: a hindcast of nine years, their observations, a forecast of today."""
    write_archive(
        folder,
        years=(YEARS[0], YEARS[-1]),
        start_months=(10,),
        members=5,
        realtime=(NOW,),
        realtime_members=6,
        leads=4,
        nlat=7,
        nlon=12,
    )


def ask(source: LocalSource, product: str, dataset: str = HINDCAST, **place) -> xr.DataArray:
    init = place.pop("init", NOW if dataset == FORECAST else THEN)
    return source.fetch(ProductRequest(dataset, "tas", product=product, init=init, **place))


def same(one: xr.DataArray, other: xr.DataArray) -> None:
    """The same cells, names and numbers but for the last digits of single precision."""
    assert one.dims == other.dims
    assert (one.name, one.attrs.get("method")) == (other.name, other.attrs.get("method"))
    for d in one.dims:
        np.testing.assert_array_equal(one[d], other[d])
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=2e-4)
