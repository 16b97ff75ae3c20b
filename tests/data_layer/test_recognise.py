"""Which coordinate is which."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer.layouts.recognise import coordinates, member_from_name, member_number


def dataset(**coords: tuple[tuple[str, ...], dict[str, str]]) -> xr.Dataset:
    """A dataset of nothing but coordinates: name → dims (each of two) and attributes."""
    variables = {
        name: xr.Variable(dims, np.zeros((2,) * len(dims)), attrs)
        for name, (dims, attrs) in coords.items()
    }
    return xr.Dataset(variables)


def test_standard_names_decide_whatever_the_names_are():
    ds = dataset(
        a=(("a",), {"standard_name": "forecast_reference_time"}),
        b=(("b",), {"standard_name": "forecast_period"}),
        c=(("c",), {"standard_name": "realization"}),
        d=(("d",), {"standard_name": "time"}),
        e=(("e",), {"standard_name": "latitude"}),
        f=(("f",), {"standard_name": "longitude"}),
    )
    assert coordinates(ds) == {
        "init": "a",
        "lead": "b",
        "member": "c",
        "valid": "d",
        "lat": "e",
        "lon": "f",
    }


@pytest.mark.parametrize("units", ["degrees_north", "degree_north", "degrees_N", "degreeN"])
def test_units_tell_a_latitude(units):
    assert coordinates(dataset(what=(("what",), {"units": units}))) == {"lat": "what"}


def test_axis_and_name_tell_when_nothing_else_does():
    ds = dataset(
        S=(("S",), {}),
        L=(("L",), {}),
        M=(("M",), {}),
        Y=(("Y",), {"axis": "Y"}),
        X=(("X",), {"axis": "X"}),
        T=(("T",), {"axis": "T"}),
    )
    assert coordinates(ds) == {
        "init": "S",
        "lead": "L",
        "member": "M",
        "valid": "T",
        "lat": "Y",
        "lon": "X",
    }


def test_a_rotated_pole_is_no_latitude():
    ds = dataset(
        rlat=(("rlat",), {"standard_name": "grid_latitude", "units": "degrees", "axis": "Y"}),
        lat=(("lat",), {"standard_name": "grid_latitude"}),
        y=(("y",), {"standard_name": "projection_y_coordinate", "units": "m"}),
    )
    assert "lat" not in coordinates(ds)


@pytest.mark.parametrize("attrs", [{}, {"axis": "Y"}, {"units": "km"}, {"units": "1"}])
def test_a_two_dimensional_latitude_outweighs_a_count_of_rows(attrs):
    ds = dataset(y=(("y",), attrs), lat=(("y", "x"), {"units": "degrees_north"}))
    assert coordinates(ds)["lat"] == "lat"


def test_an_axis_is_preferred_to_a_coordinate_beside_it():
    ds = dataset(
        time=(("time",), {"standard_name": "time"}),
        also=(("time",), {"standard_name": "time"}),
    )
    assert coordinates(ds)["valid"] == "time"


def test_no_variable_plays_two_roles():
    ds = dataset(reftime=(("reftime",), {"axis": "T"}), time=(("time",), {"axis": "T"}))
    assert coordinates(ds) == {"init": "reftime", "valid": "time"}


def test_bounds_are_no_coordinates():
    ds = dataset(time_bnds=(("t", "n"), {}), lat_bounds=(("y", "n"), {"units": "degrees_north"}))
    assert coordinates(ds) == {}


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("ensemble_003.nc", 3),
        ("ensemble003.nc", 3),
        ("tas_20200101_e07.nc", 7),
        ("tas-m12.nc", 12),
        ("tas.mem4.nc", 4),
        ("tas_member_11.nc", 11),
        ("tas_ENS05.nc", 5),
        ("r1.nc", 1),
        ("tas.nc", None),
        ("tas_20200101.nc", None),
        ("tas_2020_11.nc", None),  # a month
        ("tas_20200101_12.nc", None),  # an hour
        ("era5.nc", None),
        ("tas_q5.nc", None),
        ("some1.nc", None),
        ("tas_e07_final.nc", None),
    ],
)
def test_members_are_numbered_by_names_that_say_so(name, number):
    assert member_from_name(Path("archive", name)) == number


@pytest.mark.parametrize(
    ("label", "number"),
    [
        ("e07", 7),
        (b"e01", 1),
        ("r01i00p00", 1),
        (b"r12i1p1f1", 12),
        (" member_5 ", 5),
        ("31", 31),
        (np.str_("m3"), 3),
        ("emn", None),
        ("", None),
        ("mean of 5", None),
    ],
)
def test_labels_of_members(label, number):
    assert member_number(label) == number
