"""Frames of maps of odd shapes, and any part of them: there is such a part or there is not."""

from __future__ import annotations

import numpy as np
import pytest

from data_layer.cuts import BLOCK
from data_layer.frames import decode, split
from tests.contract.service import running

GRIDS = {
    "one_cell": ([10.0], [20.0]),
    "one_row": ([90.0], np.arange(0.0, 360.0, 1.0)),
    "one_column": (np.arange(-90.0, 91.0, 1.0), [7.0]),
    "two_columns": ([-45.0, 45.0], [0.0, 180.0]),
    "uneven": (np.r_[-60.0:-5.0:5.0, -5.0:5.0:0.05, 5.0:60.0:5.0], np.arange(0.0, 360.0, 30.0)),
}
MISTAKES = [
    "level=9",
    "level=-1",
    "level=00",
    "level=",
    "level=1%0A",
    "rows=",
    "rows=5-3",
    "rows=0-1%0A",
    "rows=0-99999999",
    "rows=0-1&rows=0-1",
    "columns=-1-1",
    "columns=%D9%A3-%D9%A4",
    "precision=",
    "precision=FINE",
]


@pytest.fixture(scope="module")
def service(tmp_path_factory, forecast, write_file):
    folder = tmp_path_factory.mktemp("odd")
    for name, (lat, lon) in GRIDS.items():
        write_file(forecast(lat=lat, lon=lon, members=(0,), leads=(0,)), folder / f"{name}.nc")
    with running(folder, tmp_path_factory.mktemp("keys"), readers=1) as service:
        yield service


def address(service, name):
    datasets = service.get("/v1/catalogue").json()["datasets"]
    (info,) = (d for d in datasets if d["id"].replace("-", "_") == name)
    return f"/v1/frames/{info['id']}/{info['version']}/tas/value/2026-10-01/0/0"


@pytest.mark.parametrize("name", GRIDS)
def test_each_part_of_an_odd_map_is_there_or_is_refused(service, name):
    at = address(service, name)
    readers = service.readers()
    whole, _ = split(service.get(at).content)
    ny, nx = whole["shape"]
    for level in (0, 1, 3, 8):
        rows, columns = (-(-n // 2**level) for n in (ny, nx))
        last = BLOCK * ((columns - 1) // BLOCK)
        for precision in ("fine", "byte", "exact"):
            asked = f"{at}?precision={precision}&level={level}"
            assert decode(service.get(asked).content).shape == (rows, columns)
            part = service.get(f"{asked}&rows=0-{rows}&columns={last}-{columns}")
            assert decode(part.content).shape == (rows, columns - last)
            for window in (
                f"rows=0-{rows + 1}",
                f"columns=1-{columns + 1}",
                "rows=9999998-9999999",
            ):
                assert service.get(f"{asked}&{window}").status_code == 400
            around = service.get(f"{asked}&columns={last}-{columns + BLOCK}")
            assert around.status_code in (200, 400)
            assert around.status_code == 400 or decode(around.content).shape[1] > BLOCK
    assert service.readers() == readers


@pytest.mark.parametrize("query", MISTAKES)
def test_a_part_that_is_not_understood_is_refused(service, query):
    assert service.get(f"{address(service, 'one_row')}?{query}").status_code == 400
