"""Published scores of real hindcasts. Runs where POAMA_REAL_DATA names a folder with them."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer.verification.categories import category_counts, category_numbers
from data_layer.verification.contingency import contingency_table
from data_layer.verification.crps import crps
from data_layer.verification.probabilistic import brier, rps
from data_layer.verification.ranks import rank_histogram

PLACE = os.environ.get("POAMA_REAL_DATA", "")
pytestmark = pytest.mark.skipif(not PLACE, reason="POAMA_REAL_DATA names no folder")

EDGES = (-0.5, 0.0, 0.5, 1.0)


# --- climpred's CESM-DP, global mean SST, same 52 verification years for all leads -------


@pytest.fixture(scope="module")
def decadal():
    """lead → members (init, member) and observations (init), each less its 1964-2014 mean."""
    folder = Path(PLACE) / "climpred"
    open_ = {"decode_times": False}
    members = xr.load_dataset(folder / "CESM-DP-LE.SST.global.nc", **open_)["SST"]
    observed = xr.load_dataset(folder / "ERSSTv4.global.mean.nc", **open_)["SST"].astype("f8")
    members = members - members.sel(init=slice(1964, 2014)).mean("init")
    observed = observed - observed.sel(time=slice(1964, 2014)).mean()

    def at(lead: int) -> tuple[xr.DataArray, xr.DataArray]:
        init = np.arange(1964, 2016) - lead
        verifying = observed.sel(time=init + lead).rename(time="init").assign_coords(init=init)
        return members.sel(lead=lead, init=init, drop=True), verifying

    return at


def above(pairs, *edges: float):
    bounds = xr.DataArray(list(edges), dims="quantile")
    return category_counts(pairs[0], bounds), category_numbers(pairs[1], bounds)


@pytest.mark.parametrize(
    ("lead", "expected"),
    [(1, 0.115), (2, 0.1121), (3, 0.1363), (8, 0.1654), (9, 0.1675), (10, 0.1873)],
)
def test_decadal_brier_score_above_zero(decadal, lead, expected):
    score = float(brier(*above(decadal(lead), 0.0)).mean("init")[1])
    assert score == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(("lead", "expected"), [(1, 0.115), (2, 0.1123), (10, 0.1875)])
def test_decadal_rps(decadal, lead, expected):
    assert float(rps(*above(decadal(lead), *EDGES)).mean()) == pytest.approx(expected, abs=6e-5)


def test_decadal_crps_by_lead(decadal):
    expected = [
        0.05208, 0.05009, 0.05489, 0.0541, 0.06085, 0.06866, 0.08205, 0.09261, 0.10832, 0.11759,
    ]  # fmt: skip
    got = [float(crps(*decadal(lead)).mean()) for lead in range(1, 11)]
    np.testing.assert_allclose(got, expected, atol=6e-6)


def test_decadal_roc_area_of_member_categories(decadal):
    expected = [
        0.84385185, 0.82841667, 0.81358547, 0.8393463, 0.82551752,
        0.81987778, 0.80719573, 0.80081909, 0.79046553, 0.78037564,
    ]  # fmt: skip
    got = []
    for lead in range(1, 11):
        # climpred moves one threshold through forecasts and observations alike; beyond the
        # values of either it takes 1 for a rate of nothing at all, or 0 for hits.
        points = [(1.0, 1.0)]
        for edge in EDGES:
            table = contingency_table(*above(decadal(lead), edge)).values
            no, yes = table.sum(0)
            points.append((table[1, 0] / no if no else 1.0, table[1, 1] / yes if yes else 0.0))
        false, hit = np.array([*points, (0.0, 0.0)]).T
        got.append(abs(np.trapezoid(hit, false)))
    np.testing.assert_allclose(got, expected, atol=6e-9)


def test_decadal_contingency_of_members(decadal):
    table = contingency_table(*above(decadal(1), *EDGES))
    inner = table[1:4, 1:4].transpose("observed_category", "forecast_category")
    np.testing.assert_array_equal(inner, [[221, 29, 0], [53, 217, 0], [0, 0, 0]])
    assert int(table.sum()) == 520


@pytest.mark.parametrize(
    ("lead", "expected"),
    [(1, [12, 3, 2, 1, 1, 3, 1, 2, 6, 5, 16]), (10, [0, 0, 1, 0, 0, 3, 0, 2, 6, 6, 34])],
)
def test_decadal_rank_histogram(decadal, lead, expected):
    np.testing.assert_array_equal(rank_histogram(*decadal(lead))["count"], expected)


# --- SEAS5 against ERA5 over the Mediterranean, scored by R's SpecsVerification ----------


@pytest.fixture(scope="module")
def seasonal() -> tuple[xr.DataArray, xr.DataArray]:
    folder = Path(PLACE) / "seas5_medit"
    names = {"forecast_reference_time": "init", "latitude": "lat", "longitude": "lon"}
    members = xr.load_dataset(folder / "seas5_tas_nov2000-2005.nc")["tas"]
    observed = xr.load_dataset(folder / "era5_tas_nov2000-2005.nc")["tas"]
    return (
        members.rename(names).rename(realization="member").astype("f8"),
        observed.rename(names).astype("f8"),
    )


def anomalies(members, observed):
    return members - members.mean(("init", "member")), observed - observed.mean("init")


def area_mean(array: xr.DataArray) -> xr.DataArray:
    return array.weighted(np.cos(np.deg2rad(array["lat"]))).mean(("lat", "lon"))


def test_seasonal_crps_of_the_area_mean(seasonal):
    members, observed = (area_mean(a) for a in seasonal)
    pairs = anomalies(members, observed)
    for got, expected in (
        (crps(members, observed), [0.83201584, 0.73180525, 0.76373132]),
        (crps(*pairs), [0.25378343, 0.41974332, 0.51421507]),
        (crps(*pairs, estimator="fair"), [0.23379262, 0.38412252, 0.47849051]),
    ):
        np.testing.assert_allclose(got.mean("init"), expected, atol=2e-5)


def test_seasonal_crps_of_each_cell(seasonal):
    pairs = anomalies(*seasonal)
    plain = crps(*pairs).mean("init")
    fair = crps(*pairs, estimator="fair").mean("init")
    with (Path(PLACE) / "seas5_medit/reference_scores_SpecsVerification.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == plain.size
    lead, lat, lon = (
        xr.DataArray([float(r[k]) for r in rows], dims="row") for k in ("lead", "lat", "lon")
    )
    place = {"lead": lead, "lat": lat, "lon": (lon + 180) % 360 - 180}
    for got, column in ((plain, "crps_anom"), (fair, "faircrps_anom")):
        expected = [float(r[column]) for r in rows]
        np.testing.assert_allclose(got.sel(place), expected, atol=2e-5)
