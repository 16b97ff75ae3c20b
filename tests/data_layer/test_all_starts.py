"""All starts at once: those that cannot answer are left out, and the past is read once."""

from __future__ import annotations

import numpy as np
import pytest

from data_layer.api import Point, ProductRequest
from data_layer.ensembles import Ensembles
from data_layer.errors import NotComparable
from data_layer.local import LocalSource
from data_layer.remembering import Remembering
from tests.data_layer import compared
from tests.data_layer.compared import FORECAST, HINDCAST, THEN, YEARS, ask

HERE = Point(0, 0)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    compared.write(folder)
    return LocalSource.open(folder)


def test_a_start_that_is_not_observed_yet_does_not_spoil_the_others(
    tmp_path, forecast, observations, write
):
    for start in ("2025-10-01", "2026-10-01"):
        write(forecast(inits=(start,)), f"tas_{start.replace('-', '')}.nc")
    months = np.arange("2025-01", "2026-06", dtype="datetime64[M]").astype("datetime64[ns]")
    seen = observations(times=months).rename(sst="tas")
    write(seen.assign_attrs(forecast_role="observations"), "seen.nc")
    source = LocalSource.open(tmp_path)
    (info,) = (d for d in source.catalogue().datasets if d.inits)
    assert len(info.inits) == 2
    request = ProductRequest(info.id, "tas", product="observed", lead=1, point=HERE)
    found = source.fetch(request)
    assert found["init"].values.astype("datetime64[D]").tolist() == [
        np.datetime64("2025-10-01").item()
    ]
    with pytest.raises(NotComparable):
        source.fetch(ProductRequest(info.id, "tas", "observed", init="2026-10-01", point=HERE))


def test_nothing_in_any_start_is_an_error_all_the_same(tmp_path, forecast, write):
    write(forecast(inits=("2025-10-01", "2026-10-01")), "tas.nc")
    source = LocalSource.open(tmp_path)
    with pytest.raises(NotComparable):
        source.fetch(ProductRequest("tas", "tas", product="observed", lead=1, point=HERE))


@pytest.mark.parametrize("place", [{"point": HERE}, {"region": "nino34"}])
@pytest.mark.parametrize("product", ["anomaly", "tercile_probability"])
def test_what_all_starts_are_compared_with_is_read_once(source, monkeypatch, place, product):
    read = []
    plainly = Ensembles._read

    def counted(self, part, request, leads):
        read.append(part.start)
        return plainly(self, part, request, leads)

    monkeypatch.setattr(Ensembles, "_read", counted)
    found = ask(source, product, HINDCAST, init=None, lead=1, **place)
    assert len(read) == len(set(read)) == len(YEARS)
    one = ask(source, product, HINDCAST, lead=1, **place)
    np.testing.assert_array_equal(found.sel(init=THEN), one)
    assert found["init"].to_index().is_monotonic_increasing


def test_what_is_remembered_is_within_a_limit_and_is_not_the_readers_own(source):
    dataset = source.index.dataset(FORECAST)
    request = ProductRequest(FORECAST, "tas", init=compared.NOW, point=HERE)
    first = source._reading.members(dataset, request)
    for most in (first.nbytes, first.nbytes - 1):
        reading = Remembering(source._reading, most)
        given = reading.members(dataset, request)
        given.attrs["method"] = "described by who got it"
        again = reading.members(dataset, request)
        assert "method" not in again.attrs
        assert np.shares_memory(given.values, again.values) == (most == first.nbytes)
