"""What observations answer: themselves, at a place or of a region, and nothing that is computed."""

from __future__ import annotations

import numpy as np
import pytest

from data_layer import local
from data_layer.api import Point, ProductRequest
from data_layer.errors import BadRequest
from data_layer.local import LocalSource
from data_layer.places import place

TIMES = np.arange("2020-01", "2022-07", dtype="datetime64[M]").astype("datetime64[ns]")
SST = ProductRequest("seen", "sst")


@pytest.fixture
def source(observations, write) -> LocalSource:
    """Two and a half years in three files, the last of them written first."""
    whole = observations(times=TIMES)
    for name, part in (("a", slice(20, None)), ("b", slice(0, 12)), ("c", slice(12, 20))):
        folder = write(whole.isel(time=part), f"seen/{name}.nc").parent.parent
    (folder / "catalogue.yml").write_text("datasets: [{files: seen/*.nc, id: seen}]")
    return LocalSource.open(folder)


@pytest.mark.parametrize("product", ["member_anomaly", "value:window=3", "mean", "climatology"])
def test_nothing_is_computed_of_them(source, product):
    request = ProductRequest("seen", "sst", product=product, point=Point(0, 0))
    with pytest.raises(BadRequest, match="observations") as refused:
        source.fetch(request)
    assert refused.value.exists == ("value",)


@pytest.mark.parametrize("product", ["value", "value:window=1"])
def test_they_are_said_to_be_observed_and_of_no_member(source, product):
    found = source.fetch(ProductRequest("seen", "sst", product=product))
    assert found.sizes["time"] == TIMES.size
    assert "member" not in found.attrs["method"]


@pytest.mark.parametrize("most", [1, 4 * 24 * 7, 4 * 24 * 1000])
def test_a_region_of_them_is_reduced_a_few_times_after_the_others(source, monkeypatch, most):
    whole = place("-20,20,0,360").reduced(source.fetch(SST))
    monkeypatch.setattr(local, "_BLOCK_BYTES", most)
    sizes = []
    read = source._reading.observations
    monkeypatch.setattr(
        source._reading,
        "observations",
        lambda *asked: sizes.append((found := read(*asked)).nbytes) or found,
    )
    found = source.fetch(ProductRequest("seen", "sst", region="-20,20,0,360"))
    np.testing.assert_array_equal(found["time"], TIMES)
    np.testing.assert_allclose(found, whole)
    assert max(sizes) <= max(most, 4 * 24)
