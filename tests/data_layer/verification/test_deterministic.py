"""Scores of the ensemble mean, against other people's code, closed forms and published numbers."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import xskillscore as xs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from data_layer.errors import BadRequest
from data_layer.verification import deterministic as det
from data_layer.verification.folds import LEAVE_ONE_OUT, Scheme, folds
from data_layer.verification.msss import area_msss, msss, msss_terms
from data_layer.verification.spread import spread, spread_error_ratio, total_spread

PLACE = os.environ.get("POAMA_REAL_DATA", "")
PLAIN_SCORES = {
    "pearson": (det.correlation, xs.pearson_r),
    "spearman": (lambda h, o: det.correlation(h, o, kind="spearman"), xs.spearman_r),
    "p": (det.p_value, xs.pearson_r_p_value),
    "spearman p": (lambda h, o: det.p_value(h, o, kind="spearman"), xs.spearman_r_p_value),
    "bias": (det.bias, xs.me),
    "rmse": (det.rmse, xs.rmse),
    "mae": (det.mae, xs.mae),
}
EFFECTIVE_SCORES = {
    "years": (det.effective_years, xs.effective_sample_size),
    "p": (lambda h, o: det.p_value(h, o, effective=True), xs.pearson_r_eff_p_value),
}


def made(
    seed: int = 0, years: int = 20, members: int = 5, cells: int = 40, dtype: str = "f4"
) -> tuple[xr.DataArray, xr.DataArray]:
    """A hindcast with some skill, spread and bias, persistent from year to year."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(0, 1, (years, cells))
    signal[1:] += 0.6 * signal[:-1]
    coords = {"init": 1981 + np.arange(years), "cell": np.arange(cells)}
    members_of = 2.5 + signal[:, None] + rng.normal(0, 1.5, (years, members, cells))
    observed = 2.0 + signal + rng.normal(0, 1, (years, cells))
    return (
        xr.DataArray(
            members_of.astype(dtype), coords, ("init", "member", "cell"), attrs={"units": "K"}
        ),
        xr.DataArray(observed.astype(dtype), coords, ("init", "cell"), attrs={"units": "K"}),
    )


def with_gaps(h: xr.DataArray, o: xr.DataArray, seed: int = 1) -> tuple[xr.DataArray, xr.DataArray]:
    """Missing members, whole forecasts, observations and a cell without any."""
    rng = np.random.default_rng(seed)
    h = h.where(rng.random(h.shape) > 0.05)
    h = h.where((rng.random(o.shape) > 0.1)[:, None])
    o = o.where(rng.random(o.shape) > 0.1)
    h[:, :, 7], o[:, 9] = np.nan, np.nan
    return h, o


@pytest.mark.parametrize("name", PLAIN_SCORES)
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_scores_agree_with_xskillscore(name, gaps):
    ours, theirs = PLAIN_SCORES[name]
    h, o = made(dtype="f8")
    if gaps:
        h, o = with_gaps(h, o)
    expected = theirs(h.mean("member"), o, dim="init", skipna=True)
    if gaps:
        # xskillscore ranks each side before it drops what has no partner.
        both = h.mean("member").notnull() & o.notnull()
        expected = theirs(h.mean("member").where(both), o.where(both), dim="init", skipna=True)
    np.testing.assert_allclose(ours(h, o), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", EFFECTIVE_SCORES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.filterwarnings("ignore:.*is not 'time':UserWarning")
def test_effective_years_agree_with_xskillscore(name):
    ours, theirs = EFFECTIVE_SCORES[name]
    h, o = made(dtype="f8")
    expected = theirs(h.mean("member"), o, dim="init")
    np.testing.assert_allclose(ours(h, o), expected, rtol=1e-5)


def test_persistence_makes_fewer_years_and_weaker_evidence():
    h, o = made(years=40)
    assert float(det.effective_years(h, o).mean()) < 38
    assert (det.p_value(h, o, effective=True) >= det.p_value(h, o)).all()


@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_correlation_and_p_value_agree_with_scipy(kind):
    h, o = made(years=9)
    r = det.correlation(h, o, kind=kind)
    p = det.p_value(h, o, kind=kind)
    of = {"pearson": stats.pearsonr, "spearman": stats.spearmanr}[kind]
    for c in range(h.sizes["cell"]):
        expected = of(h.mean("member", dtype="f8")[:, c], o[:, c])
        np.testing.assert_allclose((r[c], p[c]), expected, rtol=1e-5)


def test_spearman_shares_ties():
    h, o = made(years=12)
    h, o = h.round(0), o.round(0)
    expected = [stats.spearmanr(h.mean("member")[:, c], o[:, c])[0] for c in range(40)]
    np.testing.assert_allclose(det.correlation(h, o, kind="spearman"), expected, rtol=1e-6)


@pytest.mark.parametrize("text", ["loo", "l3o", "split"])
def test_anomalies_are_against_training_years_alone(text):
    h, o = made()
    mean = h.mean("member", dtype="f8")
    f, x = mean.copy(), o.astype("f8")
    for train, judged in folds(20, Scheme.parse(text)):
        f[judged] = mean[judged] - mean[train].mean("init")
        x[judged] = o[judged] - o[train].mean("init", dtype="f8")
    scheme = Scheme.parse(text)
    for ours, theirs in ((det.correlation, xs.pearson_r), (det.rmse, xs.rmse), (det.mae, xs.mae)):
        got = ours(h, o, anomalies=scheme)
        np.testing.assert_allclose(got, theirs(f, x, dim="init"), rtol=1e-5)
        assert scheme.sentence in got.attrs["method"]


def test_leaving_one_out_does_not_change_the_correlation():
    h, o = made()
    np.testing.assert_allclose(
        det.correlation(h, o, anomalies=LEAVE_ONE_OUT), det.correlation(h, o), rtol=1e-9
    )


def test_trend_makes_anomalies_of_both_sides_of_a_split_record_jump_together():
    years = np.arange(20.0)
    rng = np.random.default_rng(0)
    h = xr.DataArray(years[:, None] + rng.normal(0, 3, (20, 10)), dims=("init", "member"))
    o = xr.DataArray(years, dims="init")
    assert det.correlation(h, o, anomalies=Scheme.parse("split")) > det.correlation(h, o)


@pytest.mark.parametrize("gaps", [False, True])
def test_skill_score_is_the_sum_of_its_terms_and_what_it_says(gaps):
    h, o = made()
    if gaps:
        h, o = with_gaps(h, o)
    t = msss_terms(h, o)
    by_terms = (t["phase"] - t["amplitude"] - t["bias"] + t["size"]) / (1 + t["size"])
    np.testing.assert_allclose(msss(h, o), by_terms, rtol=1e-9)
    f = h.mean("member", dtype="f8")
    for c in (0, 7, 9, 20):
        both = (f[:, c].notnull() & o[:, c].notnull()).values
        fc, xc = f.values[both, c], o.values[both, c].astype("f8")
        others = [np.delete(xc, i).mean() for i in range(xc.size)]
        expected = np.nan
        if xc.size > 1:
            expected = 1 - ((fc - xc) ** 2).sum() / ((others - xc) ** 2).sum()
        np.testing.assert_allclose(msss(h, o)[c], expected, rtol=1e-9)


def test_skill_score_of_perfection_and_of_climatology():
    _, o = made()
    np.testing.assert_allclose(msss(o.expand_dims(member=1, axis=1), o), 1.0)
    n = o.sizes["init"]
    others = ((o.sum("init") - o) / (n - 1)).expand_dims(member=1, axis=1)
    np.testing.assert_allclose(msss(others, o), 0.0, atol=1e-4)


def test_area_skill_score_weights_errors_and_not_skill():
    h, o = made(cells=6)
    grid = {"lat": [-80.0, 0.0, 60.0], "lon": [10.0, 20.0]}
    h = xr.DataArray(h.data.reshape(20, 5, 3, 2), grid, ("init", "member", "lat", "lon"))
    o = xr.DataArray(o.data.reshape(20, 3, 2), grid, ("init", "lat", "lon"))
    f = h.mean("member", dtype="f8")
    mse = ((f - o) ** 2).mean("init")
    reference = (20 / 19) ** 2 * o.astype("f8").var("init")
    w = np.cos(np.deg2rad(o["lat"]))
    expected = 1 - (w * mse).sum() / (w * reference).sum()
    np.testing.assert_allclose(area_msss(h, o), expected, rtol=1e-6)
    missing = o.where(o["lat"] < 50)
    rows = mse["lat"] < 50
    expected = 1 - (w * mse).where(rows).sum() / (w * reference).where(rows).sum()
    np.testing.assert_allclose(area_msss(h, missing), expected, rtol=1e-6)
    by_lat = area_msss(h, o, xr.ones_like(o["lon"]))
    np.testing.assert_allclose(by_lat, 1 - mse.sum("lon") / reference.sum("lon"), rtol=1e-6)


def test_area_skill_score_needs_latitudes_or_weights():
    with pytest.raises(BadRequest, match="needs weights"):
        area_msss(*made())


def test_spread_is_the_root_of_the_mean_variance():
    h, _ = made()
    expected = np.sqrt(h.astype("f8").var("member", ddof=1).mean("init"))
    np.testing.assert_allclose(spread(h), expected, rtol=1e-9)
    assert spread(h).attrs["units"] == "K"
    gappy = h.where(np.random.default_rng(0).random(h.shape) > 0.3)
    expected = np.sqrt(gappy.astype("f8").var("member", ddof=1).mean("init"))
    np.testing.assert_allclose(spread(gappy), expected, rtol=1e-9)


def test_total_spread_holds_the_years_too():
    h, _ = made()
    np.testing.assert_allclose(total_spread(h), h.std(("init", "member")), rtol=1e-5)
    assert (total_spread(h) > spread(h)).all()


def test_spread_error_ratio():
    h, o = made()
    f = h.mean("member", dtype="f8")
    variance = h.astype("f8").var("member", ddof=1).mean("init")
    expected = np.sqrt(6 / 5 * variance / ((f - o) ** 2).mean("init"))
    np.testing.assert_allclose(spread_error_ratio(h, o), expected, rtol=1e-9)
    assert "sqrt((M + 1) / M)" in spread_error_ratio(h, o).attrs["method"]


@pytest.mark.parametrize("members", [2, 4, 20])
def test_spread_error_ratio_is_one_for_a_statistically_consistent_ensemble(members):
    rng = np.random.default_rng(members)
    signal = rng.normal(0, 1, 40_000)
    h = xr.DataArray(signal[:, None] + rng.normal(0, 1, (40_000, members)), dims=("init", "member"))
    o = xr.DataArray(signal + rng.normal(0, 1, 40_000), dims="init")
    assert float(spread_error_ratio(h, o)) == pytest.approx(1, abs=0.02)


EVERY = [
    *(ours for ours, _ in PLAIN_SCORES.values()),
    *(ours for ours, _ in EFFECTIVE_SCORES.values()),
    lambda h, o: det.correlation(h, o, anomalies=Scheme.parse("l3o")),
    det.sample_size,
    msss,
    spread_error_ratio,
]


@pytest.mark.parametrize("score", EVERY)
def test_missing_cells_stay_missing_and_map_dims_come_back(score):
    h, o = made()
    h[:, :, 7], o[:, 9] = np.nan, np.nan
    h, o = (x.expand_dims("lev", -1) for x in (h, o))
    got = score(h, o)
    assert got.dims == ("cell", "lev")
    np.testing.assert_array_equal(got["cell"], h["cell"])
    if score is det.sample_size:
        assert set(np.unique(got)) == {0, 20}
    else:
        assert got.isel(cell=[7, 9]).isnull().all()
        assert got.drop_isel(cell=[7, 9]).notnull().all()
    assert {"long_name", "units", "method"} <= got.attrs.keys()


@pytest.mark.parametrize("score", [*(ours for ours, _ in PLAIN_SCORES.values()), msss])
@given(seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_order_of_years_and_members_does_not_matter(score, seed):
    h, o = with_gaps(*made(cells=12))
    rng = np.random.default_rng(seed)
    years, members = rng.permutation(20), rng.permutation(5)
    got = score(h.isel(init=years, member=members), o.isel(init=years))
    np.testing.assert_allclose(got, score(h, o), rtol=1e-7, atol=1e-10)


def test_constant_sides_have_no_correlation():
    h, o = made()
    o[:, 3] = np.float32(0.1)
    h[:, :, 5] = np.float32(287.3)
    for anomalies in (None, LEAVE_ONE_OUT, Scheme.parse("l3o")):
        got = det.correlation(h.astype("f8"), o.astype("f8"), anomalies=anomalies)
        np.testing.assert_array_equal(got.isnull().values.nonzero()[0], [3, 5])
    assert msss(h, o)[3].isnull()


def test_too_little_is_said():
    h, o = made()
    with pytest.raises(BadRequest, match="at least 3 years"):
        det.correlation(h[:2], o[:2])
    with pytest.raises(BadRequest, match="at least 2 members"):
        spread_error_ratio(h[:, :1], o)
    with pytest.raises(BadRequest, match="at least 2 members"):
        spread(h[:, :1])
    with pytest.raises(BadRequest, match="at least 1 members"):
        det.bias(h[:, :0], o)
    with pytest.raises(BadRequest, match="no dim 'member'"):
        spread(o)
    with pytest.raises(BadRequest, match="too few"):
        det.correlation(h[:4], o[:4], anomalies=Scheme.parse("l3o"))
    with pytest.raises(BadRequest, match="not of the same years"):
        det.correlation(h, o.assign_coords(init=o["init"] + 1))


def test_one_member_and_one_year_have_a_bias():
    h, o = made()
    got = det.bias(h[:1, :1], o[:1])
    np.testing.assert_allclose(got, (h[0, 0] - o[0]).astype("f8"), rtol=1e-6)


def test_result_names_its_method():
    h, o = made()
    assert det.rmse(h, o).attrs["units"] == "K"
    assert det.correlation(h, o).attrs["units"] == "1"
    assert "20 years" in det.correlation(h, o).attrs["method"]
    assert "Spearman" in det.p_value(h, o, kind="spearman").attrs["method"]
    assert "Bretherton" in det.p_value(h, o, effective=True).attrs["method"]
    assert "leave-one-out" in msss(h, o).attrs["method"]


# climpred 2.6.0's documented numbers for CESM-DP against ERSSTv4, leads 1, 2, 3 and 8, 9, 10.
PUBLISHED = {
    "pearson_r": [0.9272, 0.9145, 0.9127, 0.9315, 0.9185, 0.9112],
    "rmse": [0.07875, 0.08085, 0.08815, 0.1371, 0.1555, 0.1664],
    "mse": [0.006202, 0.006536, 0.007771, np.nan, 0.02417, 0.02769],
    "mae": [0.06484, 0.06684, 0.07407, 0.1193, 0.1361, 0.1462],
    "bias": [-0.01158, -0.02512, -0.0408, np.nan, -0.1322, -0.1445],
    "msess": [0.8268, 0.8175, 0.783, 0.4753, 0.3251, 0.2268],
    "spearman_r": [0.9336, 0.9311, 0.9293, 0.9465, 0.9346, 0.9328],
    "spread": [0.1468, 0.1738, 0.1922, 0.2142, 0.2178, 0.2098],
    "std_ratio": [0.7567, 0.8801, 0.9726, 1.075, 1.094, 1.055],
    "bias_slope": [0.7016, 0.8049, 0.8877, 1.002, 1.004, 0.961],
}


@pytest.mark.skipif(not PLACE, reason="POAMA_REAL_DATA names no folder")
def test_published_scores_of_a_decadal_hindcast():
    folder = Path(PLACE) / "climpred"
    with (
        xr.open_dataset(folder / "CESM-DP-LE.SST.global.nc", decode_times=False) as model,
        xr.open_dataset(folder / "ERSSTv4.global.mean.nc", decode_times=False) as seen,
    ):
        h, o = model["SST"].load(), seen["SST"].load()
    h = h - h.sel(init=slice(1964, 2014)).mean("init")
    o = o - o.sel(time=slice(1964, 2014)).mean()
    verified = np.arange(1964, 2016)
    got: dict[str, list[float]] = {name: [] for name in PUBLISHED}
    for lead in (1, 2, 3, 8, 9, 10):
        one = h.sel(lead=lead, init=verified - lead)
        truth = o.sel(time=verified).rename(time="init").assign_coords(init=one["init"])
        terms = msss_terms(one, truth)
        found = {
            "pearson_r": det.correlation(one, truth),
            "rmse": det.rmse(one, truth),
            "mse": det.rmse(one, truth) ** 2,
            "mae": det.mae(one, truth),
            "bias": det.bias(one, truth),
            "msess": terms["phase"] - terms["amplitude"] - terms["bias"],
            "spearman_r": det.correlation(one, truth, kind="spearman"),
            "spread": total_spread(one),
            "std_ratio": np.sqrt(terms["amplitude"]),
            "bias_slope": terms["phase"] / 2,
        }
        for name, value in found.items():
            got[name].append(float(value))
    for name, published in PUBLISHED.items():
        there = np.isfinite(published)
        rounded = [float(f"{v:.4g}") for v in np.array(got[name])[there]]
        np.testing.assert_allclose(rounded, np.array(published)[there], rtol=2e-4, err_msg=name)
