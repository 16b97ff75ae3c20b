"""Two-dimensional coordinates on regular axes: the right cell, the seams, and what is read."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from xarray.backends import BackendArray
from xarray.core.indexing import (
    IndexingSupport,
    LazilyIndexedArray,
    explicit_indexing_adapter,
)

from data_layer import schema
from data_layer.errors import UnreadableFile
from data_layer.layouts import curvilinear, nearest
from data_layer.layouts.cf import LAYOUT
from data_layer.layouts.curvilinear import on_axes
from tests.layouts.curved import angle, bent, nearest_by_hand, tripolar, unit


class Recorder(BackendArray):
    """An array that remembers which parts of it were read."""

    def __init__(self, values):
        self._values = values
        self.shape, self.dtype = values.shape, values.dtype
        self.read = []

    def __getitem__(self, key):
        return explicit_indexing_adapter(key, self.shape, IndexingSupport.OUTER, self._read)

    def _read(self, key):
        part = self._values
        for axis in reversed(range(len(key))):
            part = part[(slice(None),) * axis + (key[axis],)]
        self.read.append(part.size)
        return part


def dataset(lat, lon, values, **attrs) -> xr.Dataset:
    """A variable ``sst`` on ``(time, y, x)`` and its two-dimensional coordinates."""
    data = values if isinstance(values, xr.Variable) else xr.Variable(("time", "y", "x"), values)
    return xr.Dataset(
        {"sst": data},
        {
            "nav_lat": (("y", "x"), lat, {"standard_name": "latitude"}),
            "nav_lon": (("y", "x"), lon, {"standard_name": "longitude"}),
        },
        attrs,
    )


def on_regular(ds: xr.Dataset) -> xr.DataArray:
    """``sst`` with its axes called lat and lon, in memory."""
    out, axes = on_axes(ds, "nav_lat", "nav_lon")
    return out["sst"].rename({axes["lat"]: "lat", axes["lon"]: "lon"}).load()


def check_against_hand(got: xr.DataArray, lat, lon, diagonal: float) -> None:
    """Each cell holds a nearest cell's number (here its position), or none is near."""
    y, x = (v.ravel() for v in np.meshgrid(got["lat"].values, got["lon"].values, indexing="ij"))
    _, away = nearest_by_hand(y, x, lat, lon)
    held = np.isfinite(got.values.ravel())
    at = got.values.ravel()[held].astype(int)
    own = angle(y[held], x[held], lat.ravel()[at], lon.ravel()[at])
    np.testing.assert_allclose(own, away[held], atol=1e-6)
    assert (away[held] < diagonal).all()
    assert (away[~held] > 0.4 * diagonal).all()


LAT, LON = tripolar(60)
# Each cell its position; copies of a cell hold the same.
_, first, copy = np.unique(
    np.round(unit(LAT.ravel(), LON.ravel()), 6), axis=0, return_index=True, return_inverse=True
)
NUMBERS = first[copy].astype("f8").reshape(1, *LAT.shape)


def test_a_tripolar_ocean_closes_the_circle_and_has_no_holes():
    got = on_regular(dataset(LAT, LON, NUMBERS))
    assert schema.wraps(got["lon"].values)
    assert got["lat"].values[-1] > 87
    assert np.isfinite(got.values).all()
    check_against_hand(got[0], LAT, LON, 6 * 2**0.5)


def test_the_copies_of_a_tripolar_overlap_are_not_shown():
    """Halos may be left unfilled: the inner cells at the same places hold the numbers."""
    values = NUMBERS.copy()
    values[:, :, [0, -1]] = -1
    values[:, -1] = -1
    got = on_regular(dataset(LAT, LON, values))
    assert (got.values >= 0).all()


@pytest.mark.parametrize("fill", [0.0, -1.0, np.nan, 9.96921e36])
def test_coordinates_left_out_over_land_place_no_cell(fill):
    land = np.zeros(LAT.shape, bool)
    land[12:22, 20:30] = True
    land[26, 40] = True  # an island of one cell
    lat, lon = np.where(land, fill, LAT), np.where(land, fill, LON)
    values = np.where(land, -1.0, NUMBERS)
    got = on_regular(dataset(lat, lon, values))
    assert not (got.values == -1).any()
    inside = got.sel(lat=float(LAT[17, 25]), lon=float(LON[17, 25]) % 360, method="nearest")
    assert np.isnan(inside).all()
    whole = on_regular(dataset(LAT, LON, NUMBERS)).values
    sea = ~land.ravel()[whole.astype(int)]
    np.testing.assert_array_equal(got.values[sea], whole[sea])
    assert np.isnan(got.values[~sea]).mean() > 0.6  # the rest are coasts


def test_a_region_across_greenwich_stays_in_one_piece():
    lat, lon = bent(np.arange(40.0, 60, 2), np.arange(-20.0, 20, 2))
    got = on_regular(dataset(lat, lon % 360, np.zeros((1, *lat.shape))))
    _, east = schema.lon_order(got["lon"].values)
    assert 335 < east[0] < 345
    assert 375 < east[-1] < 385
    assert not schema.wraps(east)


def test_cells_beyond_the_edge_of_a_region_are_missing():
    lat, lon = np.meshgrid(np.arange(-40.0, -9.5, 0.5), np.arange(110.0, 155.5, 0.5), indexing="ij")
    lon = lon + 0.5 * (lat + 25)  # a slanted region
    values = np.arange(lat.size, dtype="f8").reshape(1, *lat.shape)
    got = on_regular(dataset(lat, lon, values))
    check_against_hand(got[0], lat, lon, 0.5 * 2**0.5)
    assert np.isnan(got.sel(lat=-39.5, lon=150, method="nearest")).all()


@pytest.mark.parametrize("angle", [0, 30, 45, 90])
def test_spacing_is_that_of_the_cells_whichever_way_the_rows_run(angle):
    turn = np.exp(1j * np.deg2rad(angle))
    z = np.add.outer(1j * np.arange(-10, 11), np.arange(-10, 11)) * 0.25 * turn
    found = nearest.place(z.imag.copy(), 130 + z.real)
    assert found.spacing == (0.25, 0.25)


def test_a_grid_that_is_too_fine_for_a_map_is_shown_coarser(monkeypatch):
    monkeypatch.setattr(nearest, "_MOST_CELLS", 500)
    found = nearest.place(LAT, LON)
    assert found.source.size <= 500
    assert found.spacing[0] / found.spacing[1] == pytest.approx(4 / 6, rel=0.3)
    assert (found.source >= 0).all()


def test_a_grid_that_is_too_large_to_search_is_refused(monkeypatch):
    monkeypatch.setattr(nearest, "_MOST_SOURCE_CELLS", 500)
    with pytest.raises(UnreadableFile, match=f"has {LAT.size} cells; up to 500"):
        nearest.place(LAT, LON)


def test_a_regular_grid_in_two_dimensions_keeps_its_cells():
    lat, lon = np.meshgrid([-10.0, 1, 13, 14], [100.0, 120, 121], indexing="ij")
    got, axes = on_axes(dataset(lat, lon, NUMBERS[:, :4, :3]), "nav_lat", "nav_lon")
    assert got[axes["lat"]].values.tolist() == [-10, 1, 13, 14]
    assert got[axes["lon"]].values.tolist() == [100, 120, 121]
    np.testing.assert_array_equal(got["sst"].values, NUMBERS[:, :4, :3])
    assert "comment" not in got.attrs


def test_a_single_cell_of_a_curved_grid_is_shown_where_it_lies():
    got, _ = on_axes(dataset([[-77.9]], [[80.5]], np.ones((1, 1, 1))), "nav_lat", "nav_lon")
    assert (got["y"].item(), got["x"].item(), got["sst"].item()) == (-77.9, 80.5, 1)


def test_the_order_of_the_dims_does_not_matter():
    whole = on_regular(dataset(LAT, LON, NUMBERS))
    turned = dataset(LAT, LON, NUMBERS).transpose("x", "time", "y")
    got = on_regular(turned.assign_coords(nav_lat=turned["nav_lat"].T))
    np.testing.assert_array_equal(got.transpose(*whole.dims).values, whole.values)


def test_whole_numbers_that_cannot_be_missing_become_decimals():
    got = on_regular(dataset(LAT[:30], LON[:30], NUMBERS[:, :30].astype("i4")))
    assert got.dtype == np.float64
    check_against_hand(got[0], LAT[:30], LON[:30], 6 * 2**0.5)


def test_what_is_shown_is_told():
    ds = dataset(LAT, LON, NUMBERS, comment="Of one run.")
    ds["sst"].attrs |= {"grid_mapping": "crs", "coordinates": "nav_lat nav_lon", "units": "K"}
    ds["crs"] = ((), 0, {"grid_mapping_name": "lambert_conformal_conic"})
    got, _ = on_axes(ds, "nav_lat", "nav_lon")
    assert got.attrs["comment"].startswith("Shown on a regular grid of 4° of latitude by 6°")
    assert got.attrs["comment"].endswith("Of one run.")
    assert "lambert conformal conic, nav_lat(y, x), " in got.attrs["comment"]
    assert got["sst"].attrs == {"units": "K"}


def test_variables_on_other_points_of_the_grid_are_not_shown_on_these():
    ds = dataset(LAT, LON, NUMBERS)
    for name, of in (("u_lat", LAT), ("u_lon", LON)):
        ds[name] = (("y", "x"), of + 3, ds["nav" + name[1:]].attrs)
    ds["sst"].attrs["coordinates"] = "nav_lat nav_lon"
    ds["u"] = ds["sst"].assign_attrs(coordinates="u_lat u_lon")
    ds["area"] = ds["sst"].isel(time=0).drop_attrs()
    got, _ = on_axes(ds, "nav_lat", "nav_lon")
    assert {"sst", "area"} <= set(got.data_vars)
    assert "u" not in got


@pytest.mark.parametrize(
    ("lat", "lon", "reason"),
    [
        (np.zeros((5, 6)), np.zeros((5, 6)), "make no grid"),
        (np.full((5, 6), np.nan), np.zeros((5, 6)), "make no grid"),
        (np.zeros((0, 6)), np.zeros((0, 6)), "empty"),
    ],
)
def test_coordinates_of_no_grid_are_refused(lat, lon, reason):
    with pytest.raises(UnreadableFile, match=reason):
        on_axes(dataset(lat, lon, np.zeros((1, *lat.shape))), "nav_lat", "nav_lon")


def test_points_in_a_row_are_refused():
    ds = xr.Dataset(
        {"t": ("cell", [1.0, 2])}, {"lat": ("cell", [1.0, 2]), "lon": ("cell", [1.0, 2])}
    )
    with pytest.raises(UnreadableFile, match=r"lat\(cell\).*axes of their own"):
        on_axes(ds, "lat", "lon")


# What is read


def recorded() -> tuple[xr.Dataset, Recorder]:
    array = Recorder(np.concatenate([NUMBERS, NUMBERS, NUMBERS]))
    lazy = xr.Variable(("time", "y", "x"), LazilyIndexedArray(array))
    return on_axes(dataset(LAT, LON, lazy), "nav_lat", "nav_lon")[0], array


def test_opening_reads_nothing_and_a_map_reads_a_map():
    ds, array = recorded()
    assert array.read == []
    ds["sst"].isel(time=1).load()
    assert array.read == [LAT.size]


def test_a_place_reads_one_cell_of_each_time():
    ds, array = recorded()
    series = ds["sst"].isel(y=20, x=[17]).load()
    assert array.read == [3]
    assert series.shape == (3, 1)
    assert ds["sst"].isel(y=20, x=17).load().shape == (3,)
    np.testing.assert_array_equal(series.values, ds["sst"].values[:, 20, [17]])


@pytest.mark.parametrize(
    "at",
    [
        {"y": slice(3, 9), "x": slice(40, 50)},
        {"y": slice(30, None), "x": slice(5, 9)},
        {"y": np.array([5, 2, 9]), "x": np.array([59, 0, 1])},
        {"y": slice(None, None, -1), "x": slice(1, 30, 3)},
        {"time": np.array([2, 0]), "y": 4},
        {"time": 2, "y": -1, "x": -1},
    ],
)
def test_a_part_is_that_of_the_whole_and_reads_no_more_than_it(at):
    ds, array = recorded()
    part = ds["sst"].isel(at).load()
    (read,) = array.read
    assert read <= 3 * LAT.size
    np.testing.assert_array_equal(part.values, ds["sst"].load().isel(at).values)


def test_a_small_box_reads_only_what_lies_around_it():
    ds, array = recorded()
    ds["sst"].isel(y=slice(5, 8), x=slice(20, 24)).load()
    assert array.read[0] <= 3 * 6 * 8


def test_a_region_without_cells_reads_no_map():
    lat, lon = LAT.copy(), LON.copy()
    lat[10:25, 10:30] = np.nan
    array = Recorder(NUMBERS)
    ds, _ = on_axes(
        dataset(lat, lon, xr.Variable(("time", "y", "x"), LazilyIndexedArray(array))),
        "nav_lat",
        "nav_lon",
    )
    y = int(np.abs(ds["y"].values - LAT[17, 20]).argmin())
    x = int(np.abs(ds["x"].values - LON[17, 20] % 360).argmin())
    assert np.isnan(ds["sst"].isel(y=slice(y, y + 2), x=slice(x, x + 2)).values).all()
    assert array.read == [1]


def test_files_of_one_grid_share_one_search(monkeypatch):
    searched = []
    monkeypatch.setattr(
        curvilinear, "place", lambda *grid: searched.append(1) or nearest.place(*grid)
    )
    lat, lon = bent(np.arange(0.0, 30, 3), np.arange(40.0, 70, 3))
    for n in range(3):
        on_axes(dataset(lat, lon, np.full((1, *lat.shape), float(n))), "nav_lat", "nav_lon")
    on_axes(dataset(lat + 0.5, lon, np.zeros((1, *lat.shape))), "nav_lat", "nav_lon")
    assert len(searched) == 2


# Through the generic layout


def test_a_forecast_on_a_bent_grid_opens(forecast, write):
    ds = forecast().astype("f4")
    lat, lon = bent(np.arange(-30.0, 30, 15), np.arange(0.0, 90, 15))
    ds = ds.drop_vars(["lat", "lon"]).rename_dims(lat="y", lon="x")
    ds["lat"] = (("y", "x"), lat, {"standard_name": "latitude"})
    ds["lon"] = (("y", "x"), lon, {"standard_name": "longitude"})
    with LAYOUT.open(write(ds, "tas.nc")) as got:
        schema.validate(got)
        assert got["lat"].values.tolist() == [-30, -15, 0, 15]
        assert got["lon"].values.tolist() == [0, 15, 30, 45, 60, 75]
        np.testing.assert_array_equal(got["tas"].values, ds["tas"].transpose(..., "y", "x").values)
        assert "nearest cell of the model's own grid" in got.attrs["comment"]


def test_a_rotated_pole_is_turned_back(observations, write):
    """The United Kingdom's grid: its origin lies at 52.5 N, 2.5 W."""
    axis = np.arange(-6.0, 7, 3)
    ds = xr.Dataset(
        {
            "t": (
                ("time", "rlat", "rlon"),
                np.arange(25.0).reshape(1, 5, 5),
                {"grid_mapping": "pole"},
            )
        },
        {
            "time": ("time", np.array(["2026-01-01"], "datetime64[ns]"), {"standard_name": "time"}),
            "rlat": ("rlat", axis, {"standard_name": "grid_latitude", "units": "degrees"}),
            "rlon": ("rlon", axis, {"standard_name": "grid_longitude", "units": "degrees"}),
            "pole": (
                (),
                0,
                {
                    "grid_mapping_name": "rotated_latitude_longitude",
                    "grid_north_pole_latitude": 37.5,
                    "grid_north_pole_longitude": 177.5,
                },
            ),
        },
    )
    with LAYOUT.open(write(ds, "t.nc")) as got:
        cell = got["t"].sel(lat=52.5, lon=357.5, method="nearest")
        assert cell.item() == 12
        north = got["t"].sel(lat=55.5, lon=357.5, method="nearest")
        assert north.item() == 17
        east = got["t"].sel(lat=52.5, lon=357.5 + 3 / np.cos(np.deg2rad(52.5)), method="nearest")
        assert east.item() == 13
