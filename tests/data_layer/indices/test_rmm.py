"""Phase, amplitude and skill of the Madden-Julian Oscillation."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from data_layer.errors import BadRequest
from data_layer.indices.rmm import amplitude, bivariate_correlation, bivariate_rmse, phase


def at(degrees, size=1.0) -> xr.DataArray:
    angle = np.radians(np.atleast_1d(np.asarray(degrees, float)))
    values = size * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return xr.DataArray(values, {"mode": [1, 2]}, ("init", "mode"), "rmm")


def test_phases_count_counter_clockwise_from_the_west():
    angles = 202.5 + 45.0 * np.arange(8)
    assert phase(at(angles)).values.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_border_belongs_to_the_phase_after_it():
    # Exact pairs: the cosine of 90° is not quite 0.
    pairs = xr.DataArray(
        [[-1.0, -0.0], [0.0, -1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]],
        {"mode": [1, 2]},
        ("init", "mode"),
    )
    assert phase(pairs).values.tolist() == [1, 3, 5, 7, 6]


def test_no_oscillation_has_no_phase_and_a_missing_number_no_amplitude():
    calm = at([0.0], size=0.0)
    assert np.isnan(phase(calm)).all()
    assert amplitude(calm).item() == 0.0
    half = at([30.0]).where(lambda d: d.mode == 1)
    assert np.isnan(phase(half)).all()
    assert np.isnan(amplitude(half)).all()


@given(degrees=st.floats(0, 359.9), size=st.floats(0.01, 9))
def test_amplitude_and_phase_find_again_what_was_put_in(degrees, size):
    pair = at([degrees], size)
    assert amplitude(pair).item() == pytest.approx(size)
    if abs(degrees / 45 - round(degrees / 45)) > 1e-6:
        assert phase(pair).item() == int(((degrees + 180) % 360) // 45) + 1


def test_a_perfect_forecast_and_its_opposite():
    truth = at(np.arange(0, 360, 25.0), 1.5)
    assert bivariate_correlation(truth, truth).item() == pytest.approx(1.0)
    assert bivariate_correlation(2 * truth, truth).item() == pytest.approx(1.0)
    assert bivariate_correlation(-truth, truth).item() == pytest.approx(-1.0)
    assert bivariate_rmse(truth, truth).item() == 0.0
    assert bivariate_rmse(0 * truth, truth).item() == pytest.approx(1.5)


@given(error=st.floats(-180, 180))
def test_a_forecast_that_runs_ahead_has_the_cosine_of_its_lead(error):
    angles = np.arange(0, 360, 40.0)
    forecast, truth = at(angles + error), at(angles)
    assert bivariate_correlation(forecast, truth).item() == pytest.approx(
        np.cos(np.radians(error)), abs=1e-9
    )
    assert bivariate_rmse(forecast, truth).item() == pytest.approx(
        2 * abs(np.sin(np.radians(error / 2))), abs=1e-9
    )


def test_pairs_that_are_not_whole_are_left_out():
    truth, forecast = at([0.0, 90.0, 200.0]), at([10.0, 90.0, 100.0])
    hole = forecast.where(~((forecast.init == 2) & (forecast.mode == 1)))
    for score in (bivariate_correlation, bivariate_rmse):
        wanted = score(forecast.isel(init=[0, 1]), truth.isel(init=[0, 1])).item()
        assert score(hole, truth).item() == pytest.approx(wanted)
        assert np.isnan(score(forecast * np.nan, truth).item())


def test_leads_and_members_are_kept():
    truth = at([0.0, 90.0, 200.0])
    forecast = truth * xr.DataArray(np.ones((2, 4)), dims=("lead", "member"))
    assert set(bivariate_correlation(forecast, truth).dims) == {"lead", "member"}
    both = bivariate_rmse(forecast, truth, ("init", "member"))
    assert both.dims == ("lead",)
    assert np.allclose(both, 0)


def test_what_is_no_pair_is_refused():
    with pytest.raises(BadRequest, match="pair"):
        phase(at([0.0]).sel(mode=1))
    with pytest.raises(BadRequest, match="no dim 'year'"):
        bivariate_rmse(at([0.0]), at([0.0]), "year")
