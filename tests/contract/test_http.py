"""HttpSource, against the real service with real readers, keeps the contract."""

from __future__ import annotations

import numpy as np
import pytest

from data_layer.client import HttpSource
from tests.contract.archive import index_values, write_indices
from tests.contract.service import running
from tests.contract.suite import ForecastSourceContract


class TestHttpSource(ForecastSourceContract):
    @pytest.fixture
    def source(self, service):
        source = HttpSource(service.url, service.token)
        yield source
        source.close()


def test_the_series_of_an_index_is_asked_for_without_a_place(service):
    answer = service.get("/v1/series/trial-index/rmm?init=2026-11-01")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["dims"], sorted(said["coords"])) == (
        ["member", "lead"],
        ["init", "lead", "member", "valid_time"],
    )
    values = np.array(said["values"], float)
    np.testing.assert_allclose(values, index_values(11, 2, 3, 3)[1], rtol=1e-6)


@pytest.mark.parametrize(
    "path",
    [
        "series/trial-index/rmm?init=2026-11-01&lat=0&lon=0",
        "series/trial-forecast/tas?init=2026-11-01",
    ],
)
def test_a_place_belongs_to_a_map_alone(service, path):
    answer = service.get(f"/v1/{path}")
    assert answer.status_code == 400
    assert answer.json()["advice"]


def test_an_archive_of_indices_alone_is_served(tmp_path):
    write_indices(tmp_path / "indices")
    with running(tmp_path / "indices", tmp_path, readers=1) as service:
        assert service.get("/v1/series/observed-index/rmm_observed").status_code == 200
