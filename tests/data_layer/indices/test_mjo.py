"""RMM1 and RMM2: recent means, projection, patterns with a planted wave, and another's EOFs."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from data_layer.errors import BadRequest
from data_layer.indices.mjo import (
    FIELDS,
    Patterns,
    days_before,
    derive,
    project,
    tropical_band,
    without_recent_mean,
)
from data_layer.indices.rmm import amplitude, phase

LON = np.arange(0.0, 360.0, 10.0)
SIZES = {"olr": 15.0, "u850": 1.8, "u200": 4.8}
# Where, beside the convection, each field is strongest, and with which sign.
SHIFTS = {"olr": (0.0, -1.0), "u850": (40.0, -1.0), "u200": (40.0, 1.0)}


def wave(
    days: int = 480, *, eastward: bool = True, noise: float = 0.0, uneven: float = 1.2
) -> dict[str, xr.DataArray]:
    """A wave around the Earth in 48 days, its convection at 120°E on day 0."""
    rng = np.random.default_rng(11)
    day, lon = np.arange(days), LON[None, :]
    turn = 2 * np.pi * day[:, None] / 48.0 * (1 if eastward else -1)
    fields = {}
    for name in FIELDS:
        shift, sign = SHIFTS[name]
        angle = np.radians(lon - 120.0 - shift)
        # Of uneven halves, so that the two patterns have an order.
        values = uneven * np.cos(turn) * np.cos(angle) + np.sin(turn) * np.sin(angle)
        values = sign * SIZES[name] * (values + noise * rng.normal(size=values.shape))
        fields[name] = xr.DataArray(values, {"time": day, "lon": LON}, ("time", "lon"), name)
    return fields


def test_the_band_is_the_weighted_mean_of_its_rows_at_each_longitude():
    lat = np.arange(-30.0, 31.0, 5.0)
    rng = np.random.default_rng(1)
    da = xr.DataArray(
        rng.normal(size=(3, lat.size, LON.size)),
        {"lat": lat, "lon": LON},
        ("time", "lat", "lon"),
        "olr",
        {"units": "W m-2"},
    )
    rows = da.sel(lat=slice(-15, 15))
    weights = np.cos(np.radians(rows.lat.values)) * np.array([0.5, 1, 1, 1, 1, 1, 0.5])
    band = tropical_band(da)
    assert band.dims == ("time", "lon")
    assert band.attrs["units"] == "W m-2"
    assert np.allclose(band, np.average(rows.values, axis=1, weights=weights))


def test_the_recent_mean_goes_from_observations_into_the_forecast():
    rng = np.random.default_rng(3)
    observed = xr.DataArray(
        rng.normal(size=(300, 4)),
        {"time": np.datetime64("2000-01-01", "ns") + np.arange(300) * np.timedelta64(1, "D")},
        ("time", "lon"),
    )
    starts = observed.time.values[[130, 200]]
    forecast = xr.DataArray(
        rng.normal(size=(2, 3, 5, 4)),
        {"init": starts, "lead": np.arange(5)},
        ("init", "member", "lead", "lon"),
    )
    before = days_before(observed, starts)
    assert before.dims == ("init", "lead", "lon")
    out = without_recent_mean(forecast, before)
    assert out.dims == forecast.dims
    for i, at in enumerate((130, 200)):
        for member in range(3):
            whole = np.concatenate([observed.values[at - 120 : at], forecast.values[i, member]])
            for lead in range(5):
                wanted = whole[120 + lead] - whole[lead : 120 + lead].mean(axis=0)
                assert np.allclose(out.values[i, member, lead], wanted)


def test_a_constant_leaves_nothing_and_the_start_may_have_an_hour():
    times = np.datetime64("2000-01-01", "ns") + np.arange(120) * np.timedelta64(1, "D")
    observed = xr.DataArray(np.full((120, 2), 5.0), {"time": times}, ("time", "lon"))
    start = np.array(["2000-04-30T06"], "datetime64[ns]")
    forecast = xr.DataArray(
        np.full((1, 10, 2), 5.0), {"init": start, "lead": np.arange(10)}, ("init", "lead", "lon")
    )
    out = without_recent_mean(forecast, days_before(observed, start))
    assert np.allclose(out, 0)
    assert out.init.values == start


def test_missing_days_make_missing_forecasts_unless_fewer_will_do():
    leads = np.arange(-4, 0)
    before = xr.DataArray([1.0, np.nan, 3.0, 5.0], {"lead": leads}, ("lead",))
    forecast = xr.DataArray([10.0, 2.0, 0.0], {"lead": np.arange(3)}, ("lead",))
    strict = without_recent_mean(forecast, before, days=4)
    # The gap is behind by lead 2, whose mean is of -2 … 1.
    assert np.isnan(strict).values.tolist() == [True, True, False]
    assert strict[2].item() == pytest.approx(0 - (3 + 5 + 10 + 2) / 4)
    lenient = without_recent_mean(forecast, before, days=4, least=3)
    assert lenient.values == pytest.approx([10 - 3, 2 - 6, -5])


def test_leads_that_are_not_every_day_are_refused():
    before = xr.DataArray(np.zeros(120), {"lead": np.arange(-120, 0)}, ("lead",))
    forecast = xr.DataArray(np.zeros(3), {"lead": [0, 1, 3]}, ("lead",))
    with pytest.raises(BadRequest, match="every day"):
        without_recent_mean(forecast, before)
    with pytest.raises(BadRequest, match="every day"):
        without_recent_mean(forecast.assign_coords(lead=[0, 1, 2]), before[1:])
    twice = xr.DataArray([1.0, 2.0], {"time": ["2000-01-01", "2000-01-01"]}, ("time",))
    with pytest.raises(BadRequest, match="several values"):
        days_before(twice.astype(float).assign_coords(time=twice.time.astype("M8[ns]")), [])


def test_an_eastward_wave_goes_counter_clockwise_and_a_westward_one_back():
    patterns = derive(wave(noise=0.1))
    for eastward, step in ((True, 1), (False, -1)):
        rmm = project(wave(eastward=eastward, uneven=1.0), patterns)
        angle = np.unwrap(np.arctan2(rmm.sel(mode=2), rmm.sel(mode=1)))
        assert np.all(step * np.diff(angle) > 0)
        assert angle[-1] - angle[0] == pytest.approx(step * 2 * np.pi * 479 / 48, rel=0.05)


def test_the_convection_is_where_its_phase_says():
    patterns = derive(wave())
    rmm = project(wave(), patterns)
    # The wave's convection is at 120°E on day 0, and 7.5° further east each day.
    assert phase(rmm.isel(time=[1])).item() == 5  # 127.5°E, past the Maritime Continent's middle
    assert phase(rmm.isel(time=[47])).item() == 4  # 112.5°E
    assert phase(rmm.isel(time=[8])).item() in (6, 7)  # 180°E, western Pacific
    assert phase(rmm.isel(time=[40])).item() in (2, 3)  # 60°E, Indian Ocean
    assert phase(rmm.isel(time=[24])).item() in (8, 1)  # 300°E


def test_patterns_are_orthonormal_and_give_numbers_of_variance_one():
    fields = wave(noise=0.5)
    patterns = derive(fields)
    eofs = patterns.eofs.values.reshape(2, -1)
    assert np.allclose(eofs @ eofs.T, np.eye(2))
    rmm = project(fields, patterns)
    assert np.allclose(rmm.std("time", ddof=1), 1.0)
    assert np.corrcoef(rmm.values.T)[0, 1] == pytest.approx(0.0, abs=1e-9)
    for name in FIELDS:
        wanted = np.sqrt(fields[name].var("time").mean())
        assert patterns.deviations.sel(field=name).item() == pytest.approx(wanted.item())
    assert 0 < patterns.explained.sum().item() < 1


def test_a_pure_wave_of_even_halves_keeps_its_amplitude():
    patterns = derive(wave(uneven=1.01))
    size = amplitude(project(wave(uneven=1.01), patterns))
    assert np.allclose(size, np.sqrt(2), rtol=0.01)


def test_the_patterns_are_those_that_xeofs_finds():
    xeofs = pytest.importorskip("xeofs")
    fields = wave(noise=1.0)
    patterns = derive(fields)
    stacked = xr.concat(
        [fields[f] / patterns.deviations.sel(field=f) for f in FIELDS],
        xr.DataArray(list(FIELDS), dims="field", name="field"),
        coords="minimal",
        compat="override",
        join="exact",
    )
    model = xeofs.single.EOF(n_modes=2, solver="full").fit(stacked, dim="time")
    theirs = model.components().transpose("mode", "field", "lon").sel(field=list(FIELDS))
    overlap = np.abs(np.einsum("mfx,mfx->m", theirs.values, patterns.eofs.values))
    assert np.allclose(overlap, 1.0, atol=1e-6)
    assert np.allclose(model.explained_variance_ratio(), patterns.explained, atol=1e-6)


def test_projection_does_not_mind_the_order_and_writing_of_longitudes():
    fields = wave(60)
    patterns = derive(fields)
    wanted = project(fields, patterns)
    turned = {
        f: da.assign_coords(lon=(da.lon + 180) % 360 - 180).sortby("lon")
        for f, da in fields.items()
    }
    assert np.allclose(project(turned, patterns), wanted)


def test_members_and_leads_are_kept_and_a_gap_in_a_field_is_missing():
    patterns = derive(wave())
    fields = {f: da.isel(time=[0, 1]).rename(time="lead") for f, da in wave().items()}
    fields = {f: da.expand_dims(member=3).copy() for f, da in fields.items()}
    fields["u850"][1, 0, 5] = np.nan
    rmm = project(fields, patterns)
    assert rmm.dims == ("member", "lead", "mode")
    gaps = np.isnan(rmm).any("mode").values
    assert gaps.tolist() == [[False, False], [True, False], [False, False]]


def test_what_cannot_be_projected_is_refused():
    fields = wave(60)
    patterns = derive(fields)
    with pytest.raises(BadRequest, match="u200"):
        project({f: fields[f] for f in FIELDS[:2]}, patterns)
    with pytest.raises(BadRequest, match="other longitudes"):
        project({f: da.isel(lon=slice(0, 30)) for f, da in fields.items()}, patterns)
    with pytest.raises(BadRequest, match="differ"):
        project(fields | {"olr": fields["olr"].isel(lon=slice(0, 30))}, patterns)
    with pytest.raises(BadRequest, match="along longitudes"):
        project({f: da.mean("lon") for f, da in fields.items()}, patterns)
    with pytest.raises(BadRequest, match="dims mode"):
        Patterns(patterns.eofs.transpose(), patterns.deviations, patterns.pc_deviations)


def test_patterns_need_days_that_differ_and_the_whole_circle():
    fields = wave(60)
    with pytest.raises(BadRequest, match="many days"):
        derive({f: da.isel(time=[0, 1]) for f, da in fields.items()})
    with pytest.raises(BadRequest, match="constant"):
        derive(fields | {"olr": fields["olr"] * 0})
    with pytest.raises(BadRequest, match="go around"):
        derive({f: da.sel(lon=slice(200, 350)) for f, da in fields.items()})
