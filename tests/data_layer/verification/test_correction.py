"""Bias corrections, and that none has seen the year it is applied to."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from data_layer.errors import BadRequest
from data_layer.verification.correction import Kind, apply, cross_validated, fit
from data_layer.verification.folds import LEAVE_ONE_OUT, Scheme, folds

KINDS = get_args(Kind)


def made(
    seed: int = 0, years: int = 12, members: int = 4, cells: int = 70, dtype: str = "f8"
) -> tuple[xr.DataArray, xr.DataArray]:
    """A model too warm and too lively."""
    rng = np.random.default_rng(seed)
    coords = {"init": 1981 + np.arange(years), "cell": np.arange(cells)}
    h = 290 + 3 * rng.normal(0, 1, (years, members, cells))
    o = 285 + rng.gamma(2, 1, (years, cells))
    dims = ("init", "member", "cell")
    return (
        xr.DataArray(h.astype(dtype), coords, dims, "tas", {"units": "K"}),
        xr.DataArray(o.astype(dtype), coords, ("init", "cell")),
    )


def rain(seed: int = 0) -> tuple[xr.DataArray, xr.DataArray]:
    """Months of which many are dry."""
    h, o = made(seed)
    return (h - 290).clip(0), (o - 286).clip(0)


def plain_map(x: np.ndarray, model: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Quantile mapping of the values of one cell by numpy's own quantiles."""
    levels = np.linspace(0, 1, observed.size)
    a, b = np.quantile(model, levels), np.quantile(observed, levels)
    knots = np.unique(a)
    images = np.array([b[a == k].mean() for k in knots])
    out = np.interp(x, knots, images)
    out = np.where(x < knots[0], x + images[0] - knots[0], out)
    return np.where(x > knots[-1], x + images[-1] - knots[-1], out)


def plain(x: np.ndarray, model: np.ndarray, observed: np.ndarray, kind: str) -> np.ndarray:
    """Any correction of the values of one cell, in numpy."""
    if kind == "quantile":
        return plain_map(x, model, observed)
    stretch = observed.std(ddof=1) / model.std(ddof=1) if kind == "mean_std" else 1
    return (x - model.mean()) * stretch + observed.mean()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("of", [made, rain])
def test_corrections_agree_with_plain_numpy(kind, of):
    h, o = of()
    forecast = of(5)[0].isel(init=0, drop=True)
    got = apply(forecast, fit(h, o, kind))
    assert got.dims == ("member", "cell")
    for c in (0, 1, 69):
        expected = plain(forecast.values[:, c], h.values[:, :, c].ravel(), o.values[:, c], kind)
        np.testing.assert_allclose(got[:, c], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["loo", "l3o", "none"])
def test_cross_validated_is_fitting_without_the_year_and_applying(kind, text):
    h, o = made()
    scheme = Scheme.parse(text)
    got = cross_validated(h, o, scheme, kind)
    assert got.dims == h.dims
    assert scheme.sentence in got.attrs["method"]
    fewest = min(len(train) for train, _ in folds(12, scheme))
    for train, judged in folds(12, scheme):
        if kind == "quantile" and len(train) > fewest:
            continue  # as many quantiles as the shortest training has, for all years
        by_hand = apply(h.isel(init=judged), fit(h.isel(init=train), o.isel(init=train), kind))
        np.testing.assert_allclose(got.isel(init=judged), by_hand, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["loo", "l3o", "split"])
@pytest.mark.parametrize("wild", [1e30, -1e30, np.nan])
def test_observation_of_the_judged_year_never_moves_its_correction(kind, text, wild):
    h, o = made(dtype="f4")
    changed = o.copy(deep=True)
    changed[3] = wild
    scheme = Scheme.parse(text)
    before, after = (cross_validated(h, x, scheme, kind) for x in (o, changed))
    np.testing.assert_array_equal(before[3], after[3])
    assert not np.array_equal(before[11], after[11])


@pytest.mark.parametrize("kind", KINDS)
def test_members_of_the_judged_year_never_move_its_correction(kind):
    h, o = made()
    changed = h.copy(deep=True)
    changed[3, 1:] = 1e6
    before, after = (cross_validated(x, o, LEAVE_ONE_OUT, kind) for x in (h, changed))
    np.testing.assert_array_equal(before[3, 0], after[3, 0])


@pytest.mark.parametrize("kind", KINDS)
def test_without_cross_validation_the_leak_is_there_to_be_found(kind):
    h, o = made()
    changed = o.copy(deep=True)
    changed[3] += 100
    before, after = (cross_validated(h, x, Scheme.parse("none"), kind) for x in (o, changed))
    assert not np.array_equal(before[3], after[3])


def test_mean_is_corrected_in_sample():
    h, o = made()
    got = apply(h, fit(h, o, "mean"))
    np.testing.assert_allclose(got.mean(("init", "member")), o.mean("init"), rtol=1e-9)
    np.testing.assert_allclose(got.std(("init", "member")), h.std(("init", "member")), rtol=1e-9)


def test_standard_deviation_is_corrected_in_sample():
    h, o = made()
    got = apply(h, fit(h, o, "mean_std"))
    np.testing.assert_allclose(got.mean(("init", "member")), o.mean("init"), rtol=1e-9)
    np.testing.assert_allclose(got.std(("init", "member"), ddof=1), o.std("init", ddof=1))


def test_quantiles_are_corrected_in_sample():
    h, o = made(years=40, members=25)
    got = apply(h, fit(h, o, "quantile")).quantile([0.1, 0.5, 0.9], ("init", "member"))
    np.testing.assert_allclose(got, o.quantile([0.1, 0.5, 0.9], "init"), rtol=0, atol=0.25)


def test_beyond_the_ends_values_move_as_far_as_the_end():
    h, o = made()
    parameters = fit(h, o, "quantile")
    for end in ("min", "max"):
        edge = getattr(h, end)(("init", "member"))
        far = 7.5 if end == "max" else -7.5
        moved = getattr(o, end)("init") - edge
        members = (edge + far).expand_dims("member")
        np.testing.assert_allclose(apply(members, parameters)[0], edge + far + moved, rtol=1e-9)


@given(seed=st.integers(0, 100))
@settings(max_examples=10)
def test_quantile_mapping_keeps_the_order_of_members(seed):
    h, o = rain(seed)
    got = apply(h, fit(h, o, "quantile"))
    order = np.argsort(h.stack(k=("init", "member")).values, axis=-1)
    ranked = np.take_along_axis(got.stack(k=("init", "member")).values, order, -1)
    assert (np.diff(ranked, axis=-1) >= -1e-9).all()


def test_model_that_is_the_observations_is_left_alone():
    _, o = made()
    h = o.expand_dims(member=3, axis=1).copy()
    for kind in KINDS:
        np.testing.assert_allclose(apply(h, fit(h, o, kind)), h, rtol=5e-3)
    np.testing.assert_allclose(apply(h, fit(h, o, "mean")), h, rtol=1e-9)


def test_constant_hindcast_is_only_moved():
    h, o = made()
    h[:] = 271.35
    got = apply(h + 0.5, fit(h, o, "mean_std"))
    np.testing.assert_allclose(got[0, 0], o.mean("init") + 0.5, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_missing_years_do_not_count_and_missing_cells_stay_missing(kind):
    h, o = made()
    o[2, 0] = np.nan
    h[:, :, 3], o[:, 5] = np.nan, np.nan
    h[4, :, 6] = np.nan
    got = apply(h, fit(h, o, kind))
    assert got[:, :, [3, 5]].isnull().all()
    assert got[4, :, 6].isnull().all()
    for c, year in ((0, 2), (6, 4)):
        if kind == "quantile":
            continue
        kept = [y for y in range(12) if y != year]
        expected = apply(h.isel(init=kept), fit(h.isel(init=kept), o.isel(init=kept), kind))
        np.testing.assert_allclose(got.isel(init=kept)[:, :, c], expected[:, :, c], rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_order_of_years_and_members_does_not_matter(kind):
    h, o = made()
    years = np.random.default_rng(3).permutation(12)
    got = cross_validated(h.isel(init=years, member=[3, 1, 0, 2]), o.isel(init=years), kind=kind)
    expected = cross_validated(h, o, kind=kind).isel(init=years, member=[3, 1, 0, 2])
    np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_maps_regions_and_precision_come_back(kind):
    h, o = made(dtype="f4", cells=6)
    grid = {"lat": np.arange(2.0), "lon": np.arange(3.0)}
    on_map = xr.DataArray(
        h.data.reshape(12, 4, 2, 3), grid, ("init", "member", "lat", "lon"), attrs={"units": "K"}
    ).transpose("lat", "init", "lon", "member")
    seen = xr.DataArray(o.data.reshape(12, 2, 3), grid, ("init", "lat", "lon"))
    got = cross_validated(on_map, seen, kind=kind)
    assert got.dims == on_map.dims
    assert got.dtype == np.float32
    assert got.attrs["units"] == "K"
    expected = cross_validated(h, o, kind=kind).data.reshape(12, 4, 2, 3)
    np.testing.assert_array_equal(got.transpose("init", "member", "lat", "lon"), expected)
    one = cross_validated(h[:, :, 0], o[:, 0], kind=kind)
    np.testing.assert_array_equal(one, expected[:, :, 0, 0])


def test_what_cannot_be_is_refused():
    h, o = made()
    with pytest.raises(BadRequest, match="no correction"):
        fit(h, o, "delta")  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match="at least 2 years"):
        fit(h[:1], o[:1])
    with pytest.raises(BadRequest, match="too few"):
        cross_validated(h[:2], o[:2])
    with pytest.raises(BadRequest, match="'cell'"):
        apply(h[:, :, 0].drop_vars("cell"), fit(h, o))
    with pytest.raises(BadRequest, match="same years and cells"):
        apply(h.assign_coords(cell=h["cell"] + 1), fit(h, o))
