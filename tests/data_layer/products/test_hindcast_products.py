"""Whether a forecast differs from its hindcast, against scipy's test."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.stats import mannwhitneyu

from tests.data_layer.products.made import Made, computed, forecast, hindcast, random_inputs


def test_a_p_value_is_scipys():
    inputs = random_inputs()
    found = computed("significance", inputs)
    for y, x in np.ndindex(found.shape):
        own, pool = inputs.members.values[:, y, x], inputs.past.values[:, :, y, x].ravel()
        expected = mannwhitneyu(own, pool, method="asymptotic").pvalue
        np.testing.assert_allclose(found.values[y, x], expected, rtol=1e-5)


def test_a_shift_is_significant_and_the_same_numbers_are_not():
    values = np.random.default_rng(0).normal(size=(20, 9, 1))
    same = Made(forecast(values.reshape(-1, 1)), hindcast(values))
    assert computed("significance", same).item() > 0.99
    assert computed("significance", Made(same.members + 2, same.past)).item() < 1e-6


def test_by_chance_one_in_ten_is_below_a_tenth():
    rng = np.random.default_rng(1)
    inputs = Made(forecast(rng.normal(size=(33, 3000))), hindcast(rng.normal(size=(20, 9, 3000))))
    share = float((computed("significance", inputs) < 0.1).mean())
    assert abs(share - 0.1) < 4 * np.sqrt(0.09 / 3000)


def test_percentiles_of_the_hindcast_ascend():
    inputs = random_inputs()
    fields = [computed(f"climatology_percentile:percentile={p}", inputs) for p in (1, 10, 50, 99)]
    for low, high in pairwise(fields):
        assert (low < high).all()
    pool = inputs.past.stack(pool=("init", "member"))
    np.testing.assert_allclose(fields[1], pool.quantile(0.1, "pool"), rtol=1e-6)
