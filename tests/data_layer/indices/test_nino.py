"""SST indices: their definitions, arithmetic, and a real forecast's figures."""

from __future__ import annotations

import os
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer.api import ProductRequest
from data_layer.errors import BadRequest
from data_layer.indices.nino import INDICES, NINO34, definition, scale_to, sst_index
from data_layer.indices.regions import area_mean, box
from data_layer.local import LocalSource
from data_layer.opening import scan

REAL = os.environ.get("POAMA_REAL_DATA", "")
LAT, LON = np.arange(-88.75, 90, 2.5), np.arange(1.25, 360, 2.5)


def where(south: float, north: float, west: float, east: float) -> xr.DataArray:
    """1 K in a box of whole cells, 0 elsewhere."""
    lat, lon = xr.DataArray(LAT, dims="lat"), xr.DataArray(LON, dims="lon")
    inside = (lat > south) & (lat < north) & (lon > west) & (lon < east)
    return xr.DataArray(
        inside.astype(float).values, {"lat": LAT, "lon": LON}, ("lat", "lon"), "sst", {"units": "K"}
    )


@pytest.mark.parametrize(
    ("name", "warm"),
    [
        ("nino12", (-10, 0, 270, 280)),
        ("nino3", (-5, 5, 210, 270)),
        ("nino34", (-5, 5, 190, 240)),
        ("nino4", (-5, 5, 160, 210)),
        ("iod_west", (-10, 10, 50, 70)),
        ("iod_east", (-10, 0, 90, 110)),
    ],
)
def test_an_index_is_the_mean_over_its_box_alone(name, warm):
    index = sst_index(where(*warm), definition(name))
    assert index.item() == pytest.approx(1.0)
    assert sst_index(1 - where(*warm), definition(name)).item() == pytest.approx(0.0)
    assert index.name == name
    assert index.attrs["units"] == "K"
    assert "doi" in index.attrs["references"]


def test_the_dipole_is_west_less_east():
    west, east = where(-10, 10, 50, 70), where(-10, 0, 90, 110)
    assert sst_index(west * 0.7 + east * 0.2, definition("dmi")).item() == pytest.approx(0.5)


def test_the_relative_index_is_untouched_by_a_warmer_world():
    rng = np.random.default_rng(5)
    anomalies = where(-5, 5, 190, 240) * xr.DataArray(rng.normal(size=6), dims="init")
    of = definition("relative_nino34")
    assert np.allclose(sst_index(anomalies + 1.3, of), sst_index(anomalies, of))
    share = area_mean(where(-5, 5, 190, 240), of.parts[1][1]).item()
    full = sst_index(anomalies, definition("nino34"))
    assert np.allclose(sst_index(anomalies, of), full * (1 - share))


def test_the_rescaled_index_has_the_standard_deviation_of_the_absolute_one():
    rng = np.random.default_rng(6)
    anomalies = xr.DataArray(
        rng.normal(size=(12, 3, LAT.size, LON.size)),
        {"lead": np.arange(3), "lat": LAT, "lon": LON},
        ("init", "lead", "lat", "lon"),
    )
    anomalies += 2 * where(-10, 10, 180, 280) * xr.DataArray(rng.normal(size=12), dims="init")
    relative, absolute = (
        sst_index(anomalies, definition(n)) for n in ("relative_nino34", "nino34")
    )
    scale = scale_to(relative, absolute, "init")
    assert scale.dims == ("lead",)
    assert (scale > 1).all()
    scaled = sst_index(anomalies, definition("relative_nino34"), scale=scale)
    assert scaled.dims == ("init", "lead")
    assert scaled.name == "relative_nino34_rescaled"
    assert "rescaled" in scaled.attrs["method"]
    assert np.allclose(scaled.std("init", ddof=1), absolute.std("init", ddof=1))


def test_a_scale_needs_two_pairs_and_a_dim():
    values = xr.DataArray([1.0, 2.0, np.nan], dims="init")
    assert scale_to(values, values * [3, 3, np.nan], "init").item() == pytest.approx(3.0)
    assert np.isnan(scale_to(values.where(values > 1), values, "init").item())
    assert np.isnan(scale_to(values * 0, values, "init").item())
    with pytest.raises(BadRequest, match="no dim 'year'"):
        scale_to(values, values, "year")


def test_land_is_left_out_and_a_box_mostly_of_land_is_missing():
    anomalies = where(-5, 5, 190, 240)
    some = anomalies.where(anomalies.lon < 216)
    assert sst_index(some, definition("nino34")).item() == pytest.approx(1.0)
    most = anomalies.where(anomalies.lon < 213)
    assert np.isnan(sst_index(most, definition("nino34")).item())


def test_other_quantities_and_other_places_are_refused():
    rain = where(-5, 5, 190, 240).assign_attrs(units="mm day-1")
    with pytest.raises(BadRequest, match="mm day-1"):
        sst_index(rain, definition("nino34"))
    with pytest.raises(BadRequest, match="outside"):
        sst_index(where(-5, 5, 190, 240).sel(lon=slice(100, 150)), definition("nino34"))
    with pytest.raises(BadRequest, match="nino34"):
        definition("nino5")


def test_celsius_will_do_for_anomalies():
    anomalies = where(-5, 5, 190, 240).assign_attrs(units="degC")
    assert sst_index(anomalies, definition("nino34")).attrs["units"] == "K"


def test_thresholds_are_those_in_use():
    assert dict(INDICES["nino34"].thresholds) == {"BoM": 0.8, "NOAA": 0.5}
    assert dict(INDICES["dmi"].thresholds) == {"BoM": 0.4}


@pytest.fixture(scope="module")
def glosea4(tmp_path_factory) -> xr.DataArray:
    """The demo's real forecast near the equator, dims (lead, member, lat, lon), in °C."""
    folder = tmp_path_factory.mktemp("glosea4")
    with as_file(files("data_layer.demo") / "glosea4_201107.nc") as file:
        shutil.copy(file, folder)
    source = LocalSource(scan(folder))
    (info,) = source.catalogue().datasets
    maps = [
        source.fetch(ProductRequest(info.id, "ts", init=info.inits[0], lead=lead))
        for lead in info.leads
    ]
    return xr.concat(maps, "lead", join="exact", coords="different", compat="equals") - 273.15


def test_glosea4_has_the_published_nino34_where_whole_cells_are_counted(glosea4):
    # The reference takes each cell whose centre is within the box, so the rows at
    # 5°S and 5°N as a whole: this is the box along the edges of those cells.
    cells = box("nino34_cells", "Cells of Niño 3.4", -5.625, 5.625, 190.3125, 240.9375)
    index = area_mean(glosea4, cells)
    assert index.dims == ("lead", "member")
    mean = [25.97, 25.06, 24.50, 24.29, 24.17, 24.00]
    assert np.allclose(index.mean("member"), mean, atol=0.006)
    assert np.allclose(
        index.std("member", ddof=1), [0.12, 0.26, 0.33, 0.44, 0.42, 0.38], atol=0.006
    )


def test_glosea4_has_its_rows_at_the_edge_counted_half(glosea4):
    rows = glosea4.sel(lat=slice(-5, 5), lon=slice(189, 241))
    by_row = np.cos(np.radians(rows.lat)) * xr.where(abs(rows.lat) == 5, 0.5, 1.0)
    # Columns are 1.875° wide: 189.375 reaches to 190.3125, 240 to 240.9375.
    by_column = xr.ones_like(rows.lon)
    by_column[0], by_column[-1] = 0.3125 / 1.875, 0.9375 / 1.875
    assert rows.lon.values[[0, -1]].tolist() == [189.375, 240.0]
    wanted = rows.weighted(by_row * by_column).mean(("lat", "lon"))
    assert np.allclose(area_mean(glosea4, NINO34), wanted, atol=1e-6)


@pytest.mark.skipif(not REAL, reason="POAMA_REAL_DATA names no folder")
def test_glosea4_drifts_from_the_observed_climate_as_published(glosea4):
    file = Path(REAL) / "climpred/Reyn_SmithOIv2_Nino34_sst.nc"
    with xr.open_dataset(file, decode_times=False) as ds:
        sst = ds["sst"].values
    # The series begins in January 1982, a value for each month.
    base = sst[: 29 * 12].reshape(29, 12).mean(axis=0)
    target = (2011 - 1982) * 12 + 7 + np.arange(6)
    observed = sst[target]
    climate = base[target % 12]
    assert np.allclose(observed, [26.27, 26.06, 25.83, 25.71, 25.62, 25.58], atol=0.006)
    cells = box("nino34_cells", "Cells of Niño 3.4", -5.625, 5.625, 190.3125, 240.9375)
    drift = area_mean(glosea4, cells).mean("member").values - climate
    assert np.allclose(drift[[0, -1]], [-0.94, -2.66], atol=0.011)


@pytest.mark.skipif(not REAL, reason="POAMA_REAL_DATA names no folder")
@pytest.mark.parametrize("writing", ["", "_aslon0-360wrapped"])
def test_seas5_has_the_published_mean_over_the_mediterranean(tmp_path, writing):
    shutil.copy(Path(REAL) / f"seas5_medit/seas5_tas_nov2000-2005{writing}.nc", tmp_path)
    source = LocalSource(scan(tmp_path))
    (info,) = source.catalogue().datasets
    means = []
    for lead in info.leads[:3]:
        maps = [source.fetch(ProductRequest(info.id, "tas", init=i, lead=lead)) for i in info.inits]
        edges = box("medit", "Mediterranean", *around(maps[0], "lat"), *around(maps[0], "lon"))
        means.append(np.mean([area_mean(da, edges).values for da in maps]))
    assert means == pytest.approx([285.896382, 282.163771, 280.899728], abs=2e-4)


def around(da: xr.DataArray, dim: str) -> tuple[float, float]:
    """The outer edges of the grid."""
    values = da[dim].values
    half = float(np.diff(values).mean()) / 2
    return float(values[0]) - half, float(values[-1]) + half
