"""Forecasts beside their hindcast and observations, from an archive of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer import comparing
from data_layer.api import Box, Point, ProductRequest
from data_layer.errors import BadRequest, NotComparable
from data_layer.local import LocalSource
from data_layer.planes import PlaneStore
from data_layer.products import asked_for
from data_layer.verification.folds import LEAVE_ONE_OUT
from data_layer.verification.scores import Past, score_of
from tests.data_layer.compared import (
    BOXES,
    CELL_BY_CELL,
    FORECAST,
    HINDCAST,
    NEEDY,
    POOLED,
    PRODUCTS,
    THEN,
    TINY,
    YEARS,
    ask,
    same,
    write,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("comparing")
    write(folder)
    return folder


@pytest.fixture(scope="module")
def source(folder) -> LocalSource:
    """Keeps nothing: every climatology is computed when it is asked for."""
    return LocalSource.open(folder)


@pytest.fixture(scope="module")
def keeping(folder, tmp_path_factory) -> LocalSource:
    return LocalSource.open(folder, tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def truth(folder) -> dict[str, xr.DataArray]:
    """What plain xarray reads: hindcast and forecast of temperature, and observations."""
    found = {}
    for role in ("hindcast", "forecast"):
        parts = []
        for path in sorted((folder / role).glob("*.nc")):
            with xr.open_dataset(path, decode_timedelta=False) as ds:
                parts.append(ds["tas"].load().drop_vars("valid_time"))
        whole = xr.concat(parts, "forecast_reference_time")
        found[role] = whole.rename(
            forecast_reference_time="init", realization="member", latitude="lat", longitude="lon"
        )
    with xr.open_dataset(folder / "observations" / "synthetic_s2_observations.nc") as ds:
        found["observations"] = ds["tas"].load().rename(latitude="lat", longitude="lon")
    return found


def test_the_archive_knows_what_belongs_together(source):
    for id_ in (FORECAST, HINDCAST):
        info = source.catalogue().dataset(id_)
        assert info.hindcast == HINDCAST
        assert info.observations == "synthetic-s2-observations"


def test_the_fan_of_a_map_is_that_of_its_places(source, keeping):
    for of in (source, keeping):
        whole = ask(of, "fan", lead=1)
        assert whole.sizes["lat"] == 7
        place = ask(of, "fan", point=Point(30, 240), lead=1)
        np.testing.assert_allclose(whole.sel(lat=30, lon=240), place, rtol=1e-5, atol=2e-4)


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_product_answers_for_a_map_a_place_and_a_region(source, product):
    member = ("member",) if asked_for(product)[1].info.per_member else ()
    whole = ask(source, product, lead=1)
    assert whole.dims == (*member, "lat", "lon")
    assert whole.shape[-2:] == (7, 12)
    place = ask(source, product, point=Point(-30, 150))
    assert place.dims == (*member, "lead")
    np.testing.assert_array_equal(place["lead"], [0, 1, 2, 3])
    region = ask(source, product, lead=1, box=BOXES[1])
    assert region.dims == (*member, "lat", "lon")
    np.testing.assert_array_equal(region["lon"] % 360, [300, 330, 0, 30, 60])
    np.testing.assert_array_equal(region["lat"], [-60, -30, 0, 30])
    for answer in (whole, place, region):
        assert answer.name == "tas"
        assert answer.dtype == np.float32
        assert answer["init"].values == np.datetime64(THEN)
        assert "valid_time" in answer.coords
        assert answer.attrs["method"]
        assert answer.attrs["product"] == asked_for(product)[1].text
        assert answer.notnull().mean() > 0.5


@pytest.mark.parametrize(
    "product", [t for t in PRODUCTS if not {"observed", "observed_anomaly", "error", "hit"} & {t}]
)
def test_a_forecast_of_today_answers_what_needs_no_outcome(source, product):
    assert ask(source, product, FORECAST, lead=1).notnull().mean() > 0.5


@pytest.mark.parametrize("product", CELL_BY_CELL)
def test_a_cell_of_the_map_is_the_answer_for_its_place(source, keeping, product):
    point = Point(30, 240)
    for of in (source, keeping):
        maps = ask(of, product).sel(lat=30, lon=240)
        place = ask(of, product, point=point)
        np.testing.assert_allclose(maps, place, rtol=1e-5, atol=2e-4)
        np.testing.assert_allclose(
            ask(of, product, point=point, lead=2), place.sel(lead=2), rtol=1e-5, atol=2e-4
        )


@pytest.mark.parametrize("product", [t for t in CELL_BY_CELL if "skill" not in t])
def test_a_region_is_cut_out_of_the_map(source, keeping, product):
    whole = ask(source, product, lead=1)
    for box in BOXES:
        for of in (source, keeping):
            region = ask(of, product, lead=1, box=box)
            columns = region["lon"].values % 360
            expected = whole.sel(lat=region["lat"], lon=columns)
            np.testing.assert_allclose(region, expected, rtol=1e-5, atol=2e-4)


@pytest.mark.parametrize("product", POOLED)
def test_a_climatology_kept_is_the_one_computed(source, keeping, product):
    for dataset in (FORECAST, HINDCAST) if product != "hit" else (HINDCAST,):
        for place in ({}, {"lead": 2}, {"lead": 0, "box": BOXES[1]}, {"box": BOXES[0]}):
            expected = ask(source, product, dataset, **place)
            for _ in range(2):  # made, and found
                same(ask(keeping, product, dataset, **place), expected)


# All scores are worked out cell by cell in the same way; some of each family are enough.
BANDED = [t for t in NEEDY if not t.startswith("skill:") or t[12:] in ("acc", "rpss", "gerrity")]


@pytest.mark.parametrize("product", BANDED)
def test_in_bands_comes_the_same_as_in_one_piece(source, product, monkeypatch):
    places = [{"lead": 1}, {}, *({"lead": 1, "box": box} for box in BOXES[:2])]
    expected = [ask(source, product, **place) for place in places]
    monkeypatch.setattr(comparing, "BLOCK_BYTES", TINY)
    for place, whole in zip(places, expected, strict=True):
        same(ask(source, product, **place), whole)


@pytest.mark.parametrize("size", [1, 5000, 20_000, 40_000])
def test_planes_made_in_bands_are_the_same(source, folder, tmp_path, size, monkeypatch):
    expected = ask(source, "tercile_probability", FORECAST)
    monkeypatch.setattr(comparing, "BLOCK_BYTES", size)
    same(ask(LocalSource.open(folder, tmp_path), "tercile_probability", FORECAST), expected)


def test_bands_hold_every_row_once(source, monkeypatch):
    _, asked = asked_for("significance")
    for box in (None, *BOXES, Box(-90, 90, 0, 360), Box(-89, 1, 10, 50)):
        request = ProductRequest(HINDCAST, "tas", "significance", init=THEN, lead=1, box=box)

        def rows(size: int, request=request) -> list[list[float]]:
            monkeypatch.setattr(comparing, "BLOCK_BYTES", size)
            whole = comparing.Comparison(source._reading, source.index, request, asked, None)
            return [b.members["lat"].values.tolist() for b in whole.bands()]

        (expected,) = rows(1 << 30)
        for size in (1, 3000, 9000, 20_000):
            assert sum(rows(size), []) == expected  # noqa: RUF017


def test_each_climatology_is_made_once_and_shared(folder, tmp_path):
    source = LocalSource.open(folder, tmp_path)
    place = tmp_path / "climatologies"

    def kept() -> int:
        return len(list(place.glob(f"*{PlaneStore.suffix}")))

    ask(source, "anomaly", FORECAST, lead=1)
    assert kept() == 1
    for product in ("tercile_probability", "likely_tercile", "above_median", "climatology"):
        ask(source, product, FORECAST, lead=1)
        ask(source, product, HINDCAST, lead=1, box=BOXES[0])
    assert kept() == 1
    ask(source, "anomaly", FORECAST)
    assert kept() == 4
    ask(source, "anomaly:window=2", FORECAST, lead=1)
    ask(source, "anomaly:years=1991-1995", FORECAST, lead=1)
    ask(source, "percentile_probability:percentile=37", FORECAST, lead=1)
    assert kept() == 7
    ask(source, "anomaly", FORECAST, point=Point(0, 0))
    ask(LocalSource.open(folder, tmp_path), "anomaly", FORECAST)
    assert kept() == 7


def test_an_anomaly_is_xarrays(source, truth):
    past, now = truth["hindcast"].sel(lead=2), truth["forecast"].isel(init=0).sel(lead=2)
    expected = now.mean("member", dtype="f8") - past.mean(("init", "member"), dtype="f8")
    np.testing.assert_allclose(ask(source, "anomaly", FORECAST, lead=2), expected, atol=1e-4)


def test_a_tercile_chance_is_xarrays(source, truth):
    past, now = truth["hindcast"].sel(lead=0), truth["forecast"].isel(init=0).sel(lead=0)
    upper = past.astype("f4").quantile(2 / 3, ("init", "member"))
    # Packed values meet their own quantiles; single precision decides on which side.
    expected = 100 * (now > upper.astype("f4")).mean("member")
    np.testing.assert_allclose(
        ask(source, "tercile_probability", FORECAST, lead=0), expected, atol=1e-3
    )


def test_observations_are_those_of_the_valid_time(source, truth):
    for lead, month in enumerate(("1995-10", "1995-11", "1995-12", "1996-01")):
        expected = truth["observations"].sel(time=month).isel(time=0)
        np.testing.assert_allclose(ask(source, "observed", lead=lead), expected, rtol=1e-6)
        error = ask(source, "mean", lead=lead) - expected
        np.testing.assert_allclose(ask(source, "error", lead=lead), error, atol=1e-4)


def test_a_window_is_averaged_before_anything_is_compared(source, truth):
    past, seen = truth["hindcast"].sel(lead=[1, 2, 3]).mean("lead"), truth["observations"]
    own = past.sel(init=THEN).mean("member")
    found = ask(source, "anomaly:window=3", lead=1)
    np.testing.assert_allclose(found, own - past.mean(("init", "member")), atol=1e-3)
    assert found["lead"] == 1
    assert found["valid_time"].values == np.datetime64("1995-11-01")
    assert "of means over 3 leads" in found.attrs["method"]
    season = seen.sel(time=slice("1995-11", "1996-01")).mean("time")
    np.testing.assert_allclose(ask(source, "observed:window=3", lead=1), season, rtol=1e-6)
    both = ask(source, "anomaly:window=3", point=Point(0, 0))
    np.testing.assert_array_equal(both["lead"], [0, 1])


def test_skill_is_that_of_its_own_selection(source, truth):
    past = truth["hindcast"].sel(lead=1)
    times = [np.datetime64(f"{y}-11-16") for y in YEARS]
    seen = truth["observations"].sel(time=times, method="nearest")
    seen = seen.rename(time="init").assign_coords(init=past["init"])
    for name in ("acc", "rpss", "crpss", "bias"):
        expected = score_of(name, Past(past, seen, LEAVE_ONE_OUT))
        found = ask(source, f"skill:score={name}", FORECAST, lead=1)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
        assert found.attrs["climatology"] == "hindcast 1991-1999, 9 years observed"
        assert found.attrs["sample_size"] == 9


def test_years_narrow_the_climatology(source, keeping, truth):
    for of in (source, keeping):
        found = ask(of, "climatology:years=1993-1996", FORECAST, lead=1)
        some = truth["hindcast"].sel(lead=1, init=slice("1993", "1996"))
        np.testing.assert_allclose(found, some.mean(("init", "member")), rtol=1e-5)
        assert "hindcast 1993-1996, 4 starts of 5 members, 20 values" in found.attrs["method"]
        more = ask(of, "climatology:years=1900-2100", FORECAST, lead=1)
        same(more, ask(of, "climatology", FORECAST, lead=1))
        skill = ask(of, "skill:years=1993-1998", FORECAST, lead=1)
        assert skill.attrs["sample_size"] == 6


def test_years_without_a_start_are_refused_with_those_there_are(source):
    with pytest.raises(NotComparable) as caught:
        ask(source, "anomaly:years=1960-1970", FORECAST, lead=1)
    assert caught.value.message == (
        f"The hindcast {HINDCAST!r} has no start on 10-01 in 1960-1970."
    )
    assert caught.value.exists == tuple(f"{y}-10-01" for y in YEARS)
    with pytest.raises(BadRequest, match="at least 2 years; there are 1"):
        ask(source, "anomaly:years=1995-1995", FORECAST, lead=1)
