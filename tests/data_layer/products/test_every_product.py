"""What holds of every product, whatever it computes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from data_layer.products import as_ranged, asked_for, infos, registry
from data_layer.products.base import Inputs
from data_layer.verification.scores import SCORES
from tests.data_layer.products.made import Made, computed, random_inputs

NEEDED = {
    "threshold_probability": ["threshold_probability:threshold=290.5"],
    "skill": [f"skill:score={name}" for name in SCORES],
}
CORRECTIONS = ("mean", "mean_std", "quantile")
MAPS = [info for info in infos() if info.kind != "diagram"]
PLAIN = [text for info in MAPS for text in NEEDED.get(info.name, [info.name])]
CHOSEN = [
    *(f"tercile_probability:category={c},method={m}"
      for c in ("below", "near", "above") for m in ("count", "gaussian")),
    "likely_tercile:method=gaussian",
    "hit:method=gaussian",
    *(f"extreme_probability:category={c}"
      for c in ("lowest_tenth", "lowest_fifth", "highest_fifth", "highest_tenth")),
    "percentile_probability:percentile=35,side=below",
    "climatology_percentile:percentile=5",
    "exceeded_value:chance=20",
    *(f"{p}correction={c}" for c in CORRECTIONS
      for p in ("mean:", "threshold_probability:threshold=290,", "exceeded_value:")),
    "skill:score=roc,category=near,validation=l3o",
    "skill:score=bss,category=below,validation=split",
]  # fmt: skip
ALL = [*PLAIN, *CHOSEN]
# Serial correlation of the years is part of the test behind it.
ORDERED = {"skill:score=p_value", "significant_skill"}
# Its false discoveries are those of the whole map.
CELL_BY_CELL = [text for text in ALL if text != "significant_skill"]


def test_made_inputs_are_inputs():
    inputs: Inputs = random_inputs()
    assert inputs.climatology().size == (12, 7)


@pytest.mark.parametrize("text", ALL)
def test_a_result_has_the_cells_name_and_precision_of_the_forecast(text):
    inputs = random_inputs()
    out = computed(text, inputs)
    info = asked_for(text)[1].info
    assert out.dims == (("member", "lat", "lon") if info.per_member else ("lat", "lon"))
    assert (out.name, out.dtype) == ("tas", np.float32)
    assert out.notnull().any()
    for coord in ("lat", "lon", "init"):
        np.testing.assert_array_equal(out[coord], inputs.members[coord])
    if info.span is not None:
        assert info.span[0] <= out.min()
        assert out.max() <= info.span[1]


@pytest.mark.parametrize("text", ALL)
def test_units_are_those_that_the_product_tells(text):
    out = computed(text, random_inputs())
    info = asked_for(text)[1].info
    if info.name == "skill":
        score = SCORES[asked_for(text)[1]["score"]]
        wanted = "K" if score.of_variable else "%" if score.name == "consistent" else "1"
        assert out.attrs["units"] == wanted
    else:
        assert out.attrs["units"] == (info.units or "K")


@pytest.mark.parametrize("text", CELL_BY_CELL)
def test_leads_are_worked_on_one_by_one(text):
    one, two = random_inputs(1), random_inputs(2)
    both = Made(
        *(
            xr.concat([getattr(i, name) for i in (one, two)], "lead").assign_coords(
                lead=("lead", [0, 1], {"units": "months"})
            )
            for name in ("members", "past", "seen", "happened")
        )
    )
    order = ("init", "member", "lead", "lat", "lon")
    both = Made(*(x.transpose(*order, missing_dims="ignore") for x in vars(both).values()))
    out = computed(text, both)
    for lead, inputs in enumerate((one, two)):
        expected = computed(text, inputs)
        np.testing.assert_allclose(
            out.isel(lead=lead).transpose(*expected.dims), expected, rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("text", [t for t in ALL if t not in ORDERED])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_members_and_years_does_not_matter(text, seed):
    inputs, random = random_inputs(3), np.random.default_rng(seed)
    neighbours_count = "split" in text or "l3o" in text
    years = np.arange(12) if neighbours_count else random.permutation(12)
    own, past = random.permutation(9), random.permutation(7)
    other = Made(
        inputs.members.isel(member=own),
        inputs.past.isel(init=years, member=past),
        inputs.seen.isel(init=years),
        inputs.happened,
    )
    expected, out = computed(text, inputs), computed(text, other)
    if "member" in out.dims:
        out = out.sortby("member")
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("text", CELL_BY_CELL)
def test_a_cell_that_is_missing_everywhere_stays_missing_and_others_do_not_notice(text):
    inputs = random_inputs(4)
    sea = xr.DataArray([[True, False, True], [True, True, True]], dims=("lat", "lon"))
    masked = Made(*(x.where(sea).transpose(*x.dims) for x in vars(inputs).values()))
    out, whole = computed(text, masked), computed(text, inputs)
    assert np.isnan(out.isel(lat=0, lon=1)).all()
    np.testing.assert_allclose(out.where(sea), whole.where(sea), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("text", ALL)
def test_a_forecast_whose_members_are_all_missing_is_missing(text):
    inputs = random_inputs(5)
    info = asked_for(text)[1].info
    out = computed(text, replace(inputs, members=inputs.members * np.nan))
    if info.name in ("climatology", "climatology_percentile", "observed", "observed_anomaly"):
        assert out.notnull().all()
    elif info.name in ("skill", "significant_skill"):
        assert out.notnull().any()
    else:
        assert out.isnull().all()


@pytest.mark.parametrize("text", ALL)
def test_nothing_given_is_changed(text):
    inputs = random_inputs(6)
    before = [x.copy(deep=True) for x in vars(inputs).values()]
    computed(text, inputs)
    for one, other in zip(vars(inputs).values(), before, strict=True):
        xr.testing.assert_identical(one, other)


@pytest.mark.parametrize("text", PLAIN)
def test_nothing_is_asked_for_that_is_not_needed(text):
    inputs, info = random_inputs(), asked_for(text)[1].info
    observes = "observations" in info.needs
    looks_back = observes or "climatology" in info.needs or "hindcast" in info.needs
    lean = replace(
        inputs,
        past=inputs.past if looks_back else None,
        seen=inputs.seen if observes else None,
        happened=inputs.happened if observes else None,
    )
    np.testing.assert_array_equal(computed(text, lean), computed(text, inputs))


def test_every_option_of_every_product_has_a_default_or_is_an_amount():
    for info in infos():
        for option in info.options:
            if option.default:
                assert option.checked(option.default) == option.default
            else:
                assert option.years or option.units == "variable"


def test_a_range_shared_is_that_of_a_product_of_the_same_kind():
    for info in infos():
        if info.range_of:
            other = registry()[info.range_of].info
            assert other.kind == info.kind
            assert not other.range_of
    asked = asked_for("observed_anomaly:window=3,years=1991-2000")[1]
    assert as_ranged(asked).text == "anomaly:window=3,years=1991-2000"
    assert as_ranged(asked_for("spread")[1]).text == "spread"
