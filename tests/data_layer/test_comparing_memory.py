"""A hindcast larger than memory: what is held at once is a band of it, however large it is."""

from __future__ import annotations

import tracemalloc

import pytest

from data_layer import comparing
from data_layer.api import ProductRequest
from data_layer.demo.synthetic import write_archive
from data_layer.local import LocalSource

BLOCK = 1 << 20
# Maps of the result, its parts and the coordinates, and what the libraries take for a call.
BESIDES = 1 << 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """20 starts of 11 members on 61 × 120 cells: 6.4 MB in single precision."""
    place = tmp_path_factory.mktemp("archive")
    write_archive(
        place,
        years=(1991, 2010),
        start_months=(11,),
        members=11,
        realtime=("2026-11-01",),
        realtime_members=5,
        leads=1,
        nlat=61,
        nlon=120,
    )
    return place


@pytest.mark.parametrize("product", ["anomaly", "tercile_probability", "skill:score=acc"])
def test_twice_a_block_is_held_and_not_the_hindcast(folder, tmp_path, monkeypatch, product):
    monkeypatch.setattr(comparing, "BLOCK_BYTES", BLOCK)
    source = LocalSource.open(folder, tmp_path)
    info = next(d for d in source.catalogue().datasets if d.role == "forecast")
    small = ProductRequest(info.id, "pr", product, init="2026-11-01", lead=0)
    source.fetch(small)  # what is loaded and compiled once is no part of it
    tracemalloc.start()
    try:
        source.fetch(ProductRequest(info.id, "tas", product, init="2026-11-01", lead=0))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * BLOCK + BESIDES
