"""Differences from the hindcast's mean."""

from __future__ import annotations

import numpy as np
import pytest

from data_layer.errors import BadRequest
from tests.data_layer.products.made import Made, computed, forecast, hindcast, random_inputs


def test_an_anomaly_by_hand():
    inputs = Made(forecast([[5.0], [7.0]]), hindcast([[[1.0], [2.0]], [[3.0], [6.0]]]))
    assert computed("anomaly", inputs).item() == 3.0
    spread = np.std([1, 2, 3, 6], ddof=1)
    assert computed("standardised_anomaly", inputs).item() == pytest.approx(3 / spread)
    assert computed("climatology", inputs).item() == 3.0
    assert computed("climatology_percentile:percentile=50", inputs).item() == 2.5


def test_the_anomaly_of_the_climatology_is_0():
    values = np.random.default_rng(1).normal(285, 4, (25, 11, 2, 3))
    inputs = Made(forecast(values.reshape(-1, 2, 3)), hindcast(values))
    np.testing.assert_allclose(computed("anomaly", inputs), 0, atol=1e-4)
    np.testing.assert_allclose(computed("standardised_anomaly", inputs), 0, atol=1e-4)


def test_a_drift_in_both_cancels_out():
    inputs = random_inputs()
    warmer = Made(inputs.members + 7, inputs.past + 7)
    np.testing.assert_allclose(computed("anomaly", warmer), computed("anomaly", inputs), atol=1e-4)


def test_another_unit_scales_an_anomaly_and_not_a_standardised_one():
    inputs = random_inputs()
    larger = Made(inputs.members * 1.8, inputs.past * 1.8)
    for text, factor in (("anomaly", 1.8), ("standardised_anomaly", 1.0)):
        np.testing.assert_allclose(
            computed(text, larger), factor * computed(text, inputs), rtol=1e-3
        )


def test_where_the_hindcast_does_not_vary_there_are_no_standard_deviations():
    inputs = Made(forecast([[5.0], [7.0]]), hindcast(np.full((3, 2, 1), 4.0)))
    assert computed("anomaly", inputs).item() == 2.0
    assert np.isnan(computed("standardised_anomaly", inputs)).all()


def test_one_member_is_an_ensemble_for_an_anomaly():
    inputs = Made(forecast([[5.0]]), hindcast([[[1.0]], [[3.0]]]))
    assert computed("anomaly", inputs).item() == 3.0


@pytest.mark.parametrize(
    "text", ["anomaly", "standardised_anomaly", "above_median", "tercile_probability",
             "likely_tercile", "extreme_probability", "percentile_probability", "climatology",
             "climatology_percentile"]
)  # fmt: skip
def test_one_year_is_no_climatology(text):
    inputs = random_inputs()
    inputs.past = inputs.past.isel(init=[0])
    with pytest.raises(BadRequest, match="at least 2 years; there are 1"):
        computed(text, inputs)


def test_the_climatology_is_told():
    told = "hindcast 1990-2001, 12 starts of 7 members, 84 values"
    for text in ("anomaly", "standardised_anomaly", "climatology", "climatology_percentile"):
        assert computed(text, random_inputs()).attrs["climatology"] == told


def test_attributes_of_the_variable_are_kept():
    inputs = random_inputs()
    assert computed("anomaly", inputs).attrs["cell_methods"] == "time: mean realization: mean"
    assert computed("standardised_anomaly", inputs).attrs["units"] == "1"
