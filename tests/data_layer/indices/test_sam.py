"""The Southern Annular Mode: zonal means, normalisation, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.indices.sam import sam, zonal_pressure

LON = np.arange(0.0, 360.0, 30.0)


def pressure(lat, **dims: int) -> xr.DataArray:
    """Pressure that rises by 2 Pa a degree of latitude, and is wavy along longitude."""
    lat = xr.DataArray(np.asarray(lat, float), dims="lat", coords={"lat": lat})
    lon = xr.DataArray(LON, dims="lon", coords={"lon": LON})
    da = 100000 + 2 * lat + 50 * np.cos(np.radians(3 * lon))
    return da.expand_dims(dims).rename("mslp").assign_attrs(units="Pa")


@pytest.mark.parametrize(
    "lat", [np.arange(-90, 91, 5.0), np.arange(90, -91, -5.0), [-70.0, -61.0, -42.0, -39.0]]
)
def test_zonal_means_are_linear_between_rows_in_any_order(lat):
    bands = zonal_pressure(pressure(lat, member=3))
    assert bands.dims == ("member", "band")
    assert np.allclose(bands, [[99920.0, 99870.0]] * 3)
    assert bands.attrs["units"] == "Pa"


def test_a_row_at_the_very_edge_of_the_grid_will_do():
    assert np.allclose(zonal_pressure(pressure([-65.0, -50.0, -40.0])), [99920.0, 99870.0])


def test_a_missing_cell_leaves_its_band_missing():
    da = pressure([-70.0, -60.0, -45.0, -35.0])
    da[0, 3] = np.nan
    assert np.isnan(zonal_pressure(da)).values.tolist() == [False, True]


def test_the_index_is_the_difference_of_the_normalised_pressures():
    bands = zonal_pressure(pressure([-70.0, -60.0, -45.0, -35.0], lead=2))
    mean = bands - xr.DataArray([[300.0, -100.0], [0.0, 400.0]], dims=("lead", "band"))
    spread = xr.DataArray([200.0, 400.0], dims="band", coords={"band": bands.band})
    index = sam(bands, mean, spread)
    assert index.dims == ("lead",)
    assert np.allclose(index, [300 / 200 + 100 / 400, -400 / 400])
    assert index.attrs["units"] == "1"


def test_the_index_of_a_hindcast_about_itself_has_no_mean():
    rng = np.random.default_rng(2)
    noise = xr.DataArray(rng.normal(size=(20, 4, 4)), dims=("init", "lead", "lat"))
    bands = zonal_pressure(pressure([-70.0, -60.0, -45.0, -35.0]) + 300 * noise)
    index = sam(bands, bands.mean("init"), bands.std("init"))
    assert index.dims == ("init", "lead")
    assert np.allclose(index.mean("init"), 0, atol=1e-9)
    flat = sam(bands, bands.mean("init"), bands.std("init") * 0)
    assert np.isnan(flat).all()


def test_grids_and_climatologies_that_do_not_fit_are_refused():
    da = pressure(np.arange(-90, 91, 5.0))
    with pytest.raises(BadRequest, match="zonal means"):
        zonal_pressure(da.isel(lon=slice(0, 6)))
    with pytest.raises(BadRequest, match="zonal means"):
        zonal_pressure(da.sel(lat=slice(-60, 90)))
    with pytest.raises(BadRequest, match="on a grid"):
        zonal_pressure(da.mean("lon"))
    bands = zonal_pressure(da)
    with pytest.raises(BadRequest, match="65°S"):
        sam(bands, bands.isel(band=[0]), bands)
    with pytest.raises(BadRequest, match="Average"):
        sam(bands, bands.expand_dims(init=2), bands)
