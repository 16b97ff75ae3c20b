"""Products of an index that has a hindcast and observations: of one place, all of them answer."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data_layer.api import ProductRequest
from data_layer.local import LocalSource
from data_layer.products import infos
from tests.data_layer.compared import TEXTS

NOW = "2020-10-01"
TEXT = {name: texts[0] for name, texts in TEXTS.items()}
PRODUCTS = [TEXT.get(info.name, info.name) for info in infos()]
DIAGRAMS = [info.name for info in infos() if info.kind == "diagram"]
OF_ONE_LEAD = ("distribution", "past_forecasts")


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> LocalSource:
    folder = tmp_path_factory.mktemp("archive")
    for year in range(1991, 1999):
        _write(folder / f"soih_{year}1001.nc", f"{year}-10-01", "hindcast", year)
    _write(folder / f"soif_{NOW.replace('-', '')}.nc", NOW, "forecast", 0)
    days = np.arange("1991-01-01", "2021-01-01", dtype="datetime64[D]")
    values = np.random.default_rng(1).normal(size=days.size).astype("f4")
    seen = xr.Dataset(
        {"soi": ("time", values, {"units": "1"})},
        {"time": ("time", days.astype("datetime64[ns]"), {"standard_name": "time"})},
        {"title": "observed", "forecast_role": "observations"},
    )
    seen.to_netcdf(folder / "soi_observed.nc")
    return LocalSource.open(folder, tmp_path_factory.mktemp("index"))


def _write(path, start: str, role: str, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(1, 4, 5)).astype("f4")
    xr.Dataset(
        {"soi": (("init", "member", "lead"), values, {"units": "1"})},
        {
            "init": (
                "init",
                np.array([start], "datetime64[ns]"),
                {"standard_name": "forecast_reference_time"},
            ),
            "member": ("member", np.arange(4), {"standard_name": "realization"}),
            "lead": ("lead", np.arange(5, dtype="i4"), {"units": "days"}),
        },
        {"title": f"Index {role}", "system": "Index", "forecast_role": role},
    ).to_netcdf(path)


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_product_of_an_index_answers_and_is_of_no_place(source, product):
    (forecast,) = (d for d in source.catalogue().datasets if d.role == "forecast")
    assert forecast.gridless
    assert forecast.hindcast
    assert forecast.observations
    found = source.fetch(ProductRequest(forecast.id, "soi", product=product, init=NOW, lead=1))
    assert {"lat", "lon"}.isdisjoint({*found.dims, *found.coords})
    assert found.notnull().any()


@pytest.mark.parametrize("product", [d for d in DIAGRAMS if d not in OF_ONE_LEAD])
def test_diagrams_of_all_leads_of_an_index(source, product):
    (forecast,) = (d for d in source.catalogue().datasets if d.role == "forecast")
    found = source.fetch(ProductRequest(forecast.id, "soi", product=product, init=NOW))
    assert found.sizes["lead"] == 5
    assert {"lat", "lon"}.isdisjoint(found.dims)
