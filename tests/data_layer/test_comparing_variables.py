"""A hindcast that calls its variable otherwise, or gives it in another unit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer.api import Point
from data_layer.errors import NotComparable
from data_layer.local import LocalSource
from tests.data_layer.compared import FORECAST, HINDCAST, YEARS, ask, write

PLACES = ({"lead": 1}, {"point": Point(30, 30)})
TEXTS = ("climatology", "anomaly", "skill", "skill:score=bias", "mean:correction=mean", "fan")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("variables")
    write(folder)
    return folder


@pytest.fixture(scope="module")
def source(folder) -> LocalSource:
    return LocalSource.open(folder)


@pytest.fixture
def changed(folder, tmp_path) -> Callable[..., Path]:
    """``changed(how, "hindcast", …)``: a copy of the archive, ``how`` done to those files."""

    def change(how: Callable[[xr.Dataset], xr.Dataset], pattern: str = "hindcast/*.nc") -> Path:
        place = tmp_path / "copy"
        shutil.copytree(folder, place, dirs_exist_ok=True)
        for path in place.glob(pattern):
            with xr.open_dataset(path, decode_timedelta=False) as ds:
                other = how(ds.load())
            for v in other.data_vars.values():
                if "latitude" in v.dims:
                    v.encoding = {}  # packed numbers hold no other units
            other.to_netcdf(path)
        return place

    return change


def celsius(ds: xr.Dataset) -> xr.Dataset:
    return ds.assign(tas=(ds["tas"] - 273.15).assign_attrs(ds["tas"].attrs | {"units": "degC"}))


def t2m(ds: xr.Dataset) -> xr.Dataset:
    return ds.rename(tas="t2m")


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("how", [celsius, t2m])
def test_a_hindcast_of_another_unit_or_name_answers_as_one_of_the_forecasts(
    changed, source, tmp_path, how, kept
):
    other = LocalSource.open(changed(how), tmp_path / "index" if kept else None)
    for product in TEXTS:
        for where in PLACES:
            found, expected = (
                ask(other, product, FORECAST, **where),
                ask(source, product, FORECAST, **where),
            )
            assert found.name == "tas"
            assert found.attrs["units"] == expected.attrs["units"]
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-3)


def test_forecasts_in_different_units_have_climatologies_of_their_own(changed, tmp_path):
    place = changed(lambda ds: celsius(ds).assign_attrs(title="Second"), "forecast/*.nc")
    first = next((place / "hindcast").parent.glob("forecast/*.nc"))
    second = first.with_name("second_20261001.nc")
    first.rename(second)
    changed(lambda ds: ds, "forecast/*s2_forecast*.nc")  # and the one in kelvin again
    source = LocalSource.open(place, tmp_path / "index")
    ids = [d.id for d in source.catalogue().datasets if d.role == "forecast"]
    assert len(ids) == 2
    for product in ("climatology", "skill:score=bias"):
        units = {}
        for id_ in ids:
            found = ask(source, product, id_, init="2026-10-01", lead=1)
            units[found.attrs["units"]] = float(found.mean())
        off = 273.15 if product == "climatology" else 0.0
        np.testing.assert_allclose(units["K"] - units["degC"], off, atol=1e-3)


def test_a_hindcast_of_another_quantity_is_refused(changed):
    def wrong(ds: xr.Dataset) -> xr.Dataset:
        return ds.assign(tas=ds["tas"].assign_attrs(units="Pa"))

    source = LocalSource.open(changed(wrong))
    for product in ("anomaly", "skill"):
        with pytest.raises(NotComparable) as caught:
            ask(source, product, FORECAST, lead=1)
        assert caught.value.message.startswith(
            f"'tas' of the hindcast {HINDCAST!r} cannot be brought to the forecast's units: "
            "'Pa' cannot be converted to 'K'"
        )
        assert "catalogue.yml" in caught.value.advice


def test_observations_of_another_quantity_are_refused(changed):
    def wrong(ds: xr.Dataset) -> xr.Dataset:
        return ds.assign(tas=ds["tas"].assign_attrs(units="Pa"))

    source = LocalSource.open(changed(wrong, "observations/*.nc"))
    with pytest.raises(NotComparable, match=r"'tas' of the observations .* cannot be brought"):
        ask(source, "observed", lead=1)


@pytest.mark.parametrize("kept", [False, True])
def test_a_variable_that_the_hindcast_has_not_is_named(changed, tmp_path, kept):
    place = changed(lambda ds: ds.drop_vars("tas"))
    source = LocalSource.open(place, tmp_path / "index" if kept else None)
    for product in ("anomaly", "skill"):
        with pytest.raises(NotComparable) as caught:
            ask(source, product, FORECAST, lead=1)
        assert caught.value.message == f"The hindcast {HINDCAST!r} has no 'tas'."
        assert caught.value.exists == ("pr",)


def test_a_year_without_the_variable_is_left_out_of_both_sides(changed):
    place = changed(lambda ds: ds.drop_vars("tas"), "hindcast/*1995*.nc")
    (place / "catalogue.yml").write_text(f"datasets: [{{files: 'hindcast/*.nc', id: {HINDCAST}}}]")
    source = LocalSource.open(place)
    for product in ("anomaly", "skill"):
        found = ask(source, product, FORECAST, lead=1)
        assert f"{len(YEARS) - 1} " in found.attrs["climatology"]
