"""The area by ranks is the area under the curve; published tables, oracles, properties."""

from __future__ import annotations

import numpy as np
import pytest
import scores
import xarray as xr
import xskillscore as xs
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data_layer.errors import BadRequest
from data_layer.verification.roc import roc_area, roc_curve, roc_skill_score

# Table B.2 of S. Mason's Guidance on Verification of Operational Seasonal Climate Forecasts.
BELOW = [0.45, 0.5, 0.35, 0.33, 0.25, 0.2, 0.2, 0.25]
NORMAL = [0.35, 0.3, 0.4, 0.33, 0.35, 0.35, 0.35, 0.4]
ABOVE = [0.2, 0.2, 0.25, 0.33, 0.4, 0.45, 0.45, 0.35]
MASON = xr.DataArray(np.array([BELOW, NORMAL, ABOVE]).T, dims=("init", "category"))
MASON_OBSERVED = xr.DataArray(np.array([0.0, 0, 0, 0, 1, 1, 2, 2]), dims="init")

COUNTS = hnp.arrays("i2", st.tuples(st.integers(2, 8), st.integers(2, 3), st.integers(1, 3)),
                    elements=st.integers(0, 4))  # fmt: skip


def counts_of(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("init", "category", "lat", "lon")[: values.ndim])


def numbers_of(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("init", "lat", "lon")[: values.ndim])


def random_pairs(years=12, members=11, ny=4, nx=5, seed=2):
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(members, [0.3, 0.3, 0.4], (years, ny, nx)).transpose(0, 3, 1, 2)
    numbers = rng.integers(0, 3, (years, ny, nx)) * 1.0
    # Every category is observed in every cell.
    numbers[:3] = np.arange(3.0)[:years, None, None]
    return counts_of(counts.astype("i2")), numbers_of(numbers)


def numbers_for(data, counts: np.ndarray) -> np.ndarray:
    years, many, cells = counts.shape
    of = st.sampled_from([np.nan, *(float(k) for k in range(many))])
    return data.draw(hnp.arrays("f4", (years, cells), elements=of))


def cosine(ny=4, nx=5) -> xr.DataArray:
    weight = np.cos(np.deg2rad(np.linspace(-60, 60, ny)))
    return xr.DataArray(np.repeat(weight[:, None], nx, 1), dims=("lat", "lon"))


def plain_area(p: np.ndarray, happened: np.ndarray) -> float:
    """P(p1 > p0) + P(p1 = p0) / 2, over all pairs of an event and a non-event."""
    there = ~np.isnan(p) & ~np.isnan(happened)
    p, happened = p[there], happened[there]
    yes, no = p[happened == 1][:, None], p[happened == 0]
    return float(((yes > no) + 0.5 * (yes == no)).mean()) if yes.size and no.size else np.nan


def test_the_areas_of_masons_table():
    expected = [1.0, 0.5, 0.791667]
    np.testing.assert_allclose(roc_area(MASON, MASON_OBSERVED), expected, atol=5e-7)
    np.testing.assert_allclose(roc_curve(MASON, MASON_OBSERVED)["area"], expected, atol=5e-7)
    skill = roc_skill_score(MASON, MASON_OBSERVED)
    np.testing.assert_allclose(skill, 2 * np.array(expected) - 1, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Converting input from bool")
def test_the_oracles_agree_on_masons_table():
    for k in range(3):
        happened = MASON_OBSERVED.isin([k]).astype(float)
        chance = MASON[:, k]
        ours = float(roc_area(chance, happened))
        assert ours == pytest.approx(float(xs.roc(happened == 1, chance, dim="init")))
        theirs = scores.probability.roc_curve_data(
            chance, happened, np.unique(np.append([0, 1], chance))
        )
        assert ours == pytest.approx(float(theirs["AUC"]))


def test_a_curve_worked_by_hand():
    chance = xr.DataArray([0.9, 0.9, 0.5, 0.1], dims="init")
    happened = xr.DataArray([1.0, 0.0, 1.0, 0.0], dims="init")
    curve = roc_curve(chance, happened)
    np.testing.assert_array_equal(curve["threshold"], [np.inf, 0.9, 0.5, 0.1])
    np.testing.assert_array_equal(curve["hit_rate"], [0, 0.5, 1, 1])
    np.testing.assert_array_equal(curve["false_alarm_rate"], [0, 0.5, 0.5, 1])
    assert float(curve["area"]) == 0.625
    assert (int(curve["events"]), int(curve["non_events"])) == (2, 2)


@given(COUNTS, st.data())
def test_the_kernel_its_twin_and_the_curve_agree(values, data):
    observed = numbers_for(data, values)
    counts, numbers = counts_of(values), numbers_of(observed)
    size = values.sum(1, keepdims=True)
    with np.errstate(invalid="ignore"):
        p = np.where(size > 0, values / size.astype("f8"), np.nan)
    expected = [
        [plain_area(p[:, k, c], np.where(np.isnan(o := observed[:, c]), np.nan, o == k))
         for c in range(values.shape[2])]
        for k in range(values.shape[1])
    ]  # fmt: skip
    np.testing.assert_allclose(roc_area(counts, numbers), expected, rtol=1e-5)
    curve = roc_curve(counts, numbers)
    np.testing.assert_allclose(curve["area"], expected, rtol=1e-5)
    known = ~np.isnan(curve["area"].values)
    for rate in (curve["hit_rate"], curve["false_alarm_rate"]):
        assert (rate.values[0][known] == 0).all()
        assert (rate.values[-1][known] == 1).all()
        assert (np.diff(rate.values[:, known], axis=0) >= 0).all()


@pytest.mark.filterwarnings("ignore:Converting input from bool")
def test_a_map_agrees_with_xskillscore():
    counts, numbers = random_pairs()
    ours = roc_area(counts, numbers)
    for k in range(3):
        theirs = xs.roc(numbers == k, counts[:, k] / 11, np.arange(13) / 11 - 1e-6, dim="init")
        np.testing.assert_allclose(ours[k], theirs, rtol=1e-6)


def test_a_region_is_one_curve_of_all_its_pairs():
    counts, numbers = random_pairs()
    everywhere = xr.ones_like(cosine())
    stacked = [a.stack(all=("lat", "lon")).transpose(..., "all") for a in (counts, numbers)]
    long = [np.concatenate(list(np.moveaxis(a.values, -1, 0))) for a in stacked]
    together = roc_area(counts_of(long[0]), numbers_of(long[1]))
    np.testing.assert_allclose(roc_area(counts, numbers, everywhere), together, rtol=1e-6)
    assert not np.allclose(roc_area(counts, numbers).mean(("lat", "lon")), together, rtol=1e-4)


def test_weights_are_worth_as_many_pairs():
    counts, numbers = random_pairs(ny=1, nx=2)
    doubled = [xr.concat([a[..., :1], a[..., :1], a[..., 1:]], "lon") for a in (counts, numbers)]
    weights = xr.DataArray([[2.0, 1.0]], dims=("lat", "lon"))
    ones = xr.DataArray(np.ones((1, 3)), dims=("lat", "lon"))
    np.testing.assert_allclose(roc_area(counts, numbers, weights), roc_area(*doubled, ones))


def test_cells_of_no_weight_do_not_count():
    counts, numbers = random_pairs()
    weights = cosine().where(xr.DataArray(np.arange(4), dims="lat") < 2, 0)
    np.testing.assert_allclose(
        roc_area(counts, numbers, weights),
        roc_area(counts[:, :, :2], numbers[:, :2], cosine()[:2]),
    )
    curve = roc_curve(counts, numbers, weights)
    np.testing.assert_array_equal(curve["events"] + curve["non_events"], 12 * 2 * 5)


def test_the_order_of_years_does_not_matter():
    counts, numbers = random_pairs()
    order = np.random.default_rng(0).permutation(12)
    np.testing.assert_array_equal(
        roc_area(counts[order], numbers[order]), roc_area(counts, numbers)
    )


def test_events_that_always_or_never_happen_and_missing_cells_are_missing():
    counts, numbers = random_pairs()
    numbers[:, 0, 0] = 1
    numbers[:, 0, 1] = np.nan
    counts[:, :, 0, 2] = 0
    area = roc_area(counts, numbers)
    assert area[:, 0, :3].isnull().all()
    assert area[:, 1:].notnull().all()
    xr.testing.assert_equal(area.isnull(), roc_curve(counts, numbers)["area"].isnull())


def test_missing_years_are_left_out():
    counts, numbers = random_pairs()
    numbers[3] = np.nan
    counts[7] = 0
    kept = [y for y in range(12) if y not in (3, 7)]
    np.testing.assert_array_equal(roc_area(counts, numbers), roc_area(counts[kept], numbers[kept]))
    np.testing.assert_allclose(
        roc_area(counts, numbers, cosine()), roc_area(counts[kept], numbers[kept], cosine())
    )


def test_one_year_is_refused():
    counts, numbers = random_pairs(years=1)
    for score in (roc_area, roc_curve, roc_skill_score):
        with pytest.raises(BadRequest, match="at least 2 years"):
            score(counts, numbers)


def test_one_member_is_a_forecast_of_yes_or_no():
    chance = xr.DataArray([1.0, 1.0, 0.0, 0.0], dims="init")
    happened = xr.DataArray([1.0, 0.0, 1.0, 1.0], dims="init")
    # Hit rate 1/3, false alarm rate 1.
    assert float(roc_area(chance, happened)) == pytest.approx((1 / 3 + 1 - 1) / 2)


def test_results_say_what_they_are():
    counts, numbers = random_pairs()
    area = roc_area(counts.assign_coords(lat=np.arange(4.0)), numbers)
    assert area.dims == ("category", "lat", "lon")
    assert area.attrs["units"] == "1"
    assert "P(p1 > p0)" in area.attrs["method"]
    assert "weighted" in roc_area(counts, numbers, cosine()).attrs["method"]
