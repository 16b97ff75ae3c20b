"""What every ForecastSource does: inherit this and give it a source on the archive."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import xarray as xr

from data_layer import errors, frames
from data_layer.api import Box, ForecastSource, Point, ProductRequest
from data_layer.cuts import Cut
from data_layer.local import LocalSource
from tests.contract.archive import LAT, LON, field, index_values

TAS = ProductRequest("trial-forecast", "tas", init="2026-11-01", lead=1, member=2)
TS = ProductRequest("lagged-ensemble", "ts", init="2011-07-24", lead=2, member=7)
PR = ProductRequest("observed-rain", "pr")
RMM = ProductRequest("trial-index", "rmm", init="2026-11-01")
SEEN = ProductRequest("observed-index", "rmm_observed")

QUESTIONS = {
    "one map": TAS,
    "one map of a lagged member": TS,
    "all leads and members": replace(TAS, lead=None, member=None),
    "all starts": replace(TAS, init=None, lead=0),
    "mean": replace(TAS, product="mean", member=None),
    "spread of all leads": replace(TAS, product="spread", member=None, lead=None),
    "place": replace(TAS, lead=None, member=None, point=Point(-37.8, 144.9)),
    "place given west of Greenwich": replace(TAS, lead=None, point=Point(10.0, -170.0)),
    "region across Greenwich": replace(TAS, box=Box(-45, 10, -20, 40)),
    "region across the date line": replace(TAS, box=Box(-45, 10, 150, -150)),
    "whole circle": replace(TAS, box=Box(-30, 30, -180, 180)),
    "observations": PR,
    "observations at a place": replace(PR, point=Point(0, 0)),
    "pinned to no version": replace(TS, member=None, lead=None),
    "index": RMM,
    "index of all starts": replace(RMM, init=None, product="mean"),
    "one number of an index": replace(RMM, lead=1, member=2),
    "observed index": SEEN,
}

MISTAKES = {
    "dataset": (replace(TAS, dataset="nothing"), errors.UnknownDataset),
    "dataset with a slash": (replace(TAS, dataset="../../etc/passwd"), errors.UnknownDataset),
    "variable": (replace(TAS, variable="__class__"), errors.UnknownVariable),
    "look-alike variable": (replace(TAS, variable="tаs"), errors.UnknownVariable),
    "product": (replace(TAS, product="magic"), errors.UnknownProduct),
    "init": (replace(TAS, init="1999-01-01"), errors.UnknownInit),
    "lead": (replace(TAS, lead=99), errors.UnknownLead),
    "negative lead": (replace(TAS, lead=-1), errors.UnknownLead),
    "member": (replace(TAS, member=99), errors.UnknownMember),
    "member of a mean": (replace(TAS, product="mean"), errors.BadRequest),
    "version": (replace(TAS, version="0" * 16), errors.SupersededVersion),
    "lead of observations": (replace(PR, lead=1), errors.BadRequest),
    "mean of observations": (replace(PR, product="mean"), errors.BadRequest),
    "place off the grid": (replace(TAS, point=Point(-89, 0)), errors.BadRequest),
    "region without a cell": (replace(TAS, box=Box(1, 2, 1, 2)), errors.BadRequest),
    "place of an index": (replace(RMM, point=Point(0, 0)), errors.BadRequest),
    "region of an observed index": (replace(SEEN, box=Box(-5, 5, 0, 360)), errors.BadRequest),
}


class ForecastSourceContract:
    """Compared with a LocalSource on the same folder, and with the numbers in the files."""

    @pytest.fixture
    def source(self) -> ForecastSource:
        raise NotImplementedError("a subclass gives its source")

    @pytest.fixture
    def reference(self, archive) -> LocalSource:
        return LocalSource.open(archive)

    def test_it_is_a_source(self, source):
        assert isinstance(source, ForecastSource)

    def test_catalogue_lists_everything_and_names_the_damaged_file(self, source, reference):
        catalogue = source.catalogue()
        assert catalogue == reference.catalogue()
        assert [d.id for d in catalogue.datasets] == [
            "observed-index",
            "trial-index",
            "lagged-ensemble",
            "observed-rain",
            "trial-forecast",
        ]
        (refused,) = catalogue.refused
        assert refused.path == "damaged.nc"
        assert refused.reason

    def test_products_are_the_same(self, source, reference):
        assert source.products() == reference.products()
        assert {"value", "mean", "spread"} <= {p.name for p in source.products()}

    def test_values_are_those_in_the_file(self, source):
        got = source.fetch(replace(TAS, lead=None, member=None))
        assert got.dims == ("member", "lead", "lat", "lon")
        written = field(1, 1, 4, 3, LAT.size, LON.size)[0]
        east = np.argsort(LON % 360, kind="stable")
        np.testing.assert_array_equal(got.values, written[:, :, ::-1][..., east])
        np.testing.assert_array_equal(got["lon"].values, np.sort(LON % 360))
        assert np.isnan(got.values).any()

    def test_an_index_has_no_place_and_no_map(self, source):
        got = source.fetch(RMM)
        assert got.dims == ("member", "lead")
        np.testing.assert_array_equal(got, index_values(11, 2, 3, 3)[1])
        seen = source.fetch(SEEN)
        assert seen.dims == ("time",)
        np.testing.assert_array_equal(seen, index_values(12, 35))
        for array in (got, seen):
            assert {"lat", "lon"}.isdisjoint(array.coords)
        for question in (RMM, SEEN):
            assert source.catalogue().dataset(question.dataset).gridless
        with pytest.raises(errors.BadRequest, match="an index has no map"):
            source.frame(replace(RMM, lead=0, member=1))
        with pytest.raises(errors.BadRequest, match="not of places"):
            source.fetch(replace(RMM, point=Point(0, 0)))

    @pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
    def test_arrays_agree_bit_for_bit(self, source, reference, question):
        same_array(source.fetch(question), reference.fetch(question))

    @pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
    def test_files_hold_the_same_as_arrays(self, source, question, tmp_path):
        path = tmp_path / "subset.nc"
        path.write_bytes(source.netcdf(question))
        array = source.fetch(question)
        with xr.open_dataset(path, decode_timedelta=False) as ds:
            assert ds.attrs["dataset"] == question.dataset
            assert ("lat" in ds.variables) == ("lat" in array.coords)
            np.testing.assert_array_equal(ds[array.name].values, array.values)
            assert ds[array.name].attrs["units"] == array.attrs["units"]

    @pytest.mark.parametrize(
        "question",
        [TAS, TS, replace(TAS, product="mean", member=None), QUESTIONS["region across Greenwich"]],
    )
    def test_frames_agree_byte_for_byte(self, source, reference, question):
        frame = source.frame(question)
        assert frame == reference.frame(question)
        shown, array = frames.decode(frame), reference.fetch(question)
        assert shown.shape == array.shape
        assert np.array_equal(np.isnan(shown), np.isnan(array))

    @pytest.mark.parametrize(
        "cut",
        [Cut(1), Cut(2, precision="byte"), Cut(0, (0, 13)), Cut(1, None, (0, 12), "exact")],
    )
    def test_parts_of_a_map_agree_byte_for_byte(self, source, reference, cut):
        part = source.frame(TAS, cut)
        assert part == reference.frame(TAS, cut)
        shown, whole = frames.decode(part), reference.fetch(TAS)
        assert shown.shape == cut.shape(*whole.shape)
        low, high = float(whole.min()), float(whole.max())
        assert low - shown.step <= shown.min() <= shown.max() <= high + shown.step

    def test_an_exact_frame_is_what_is_fetched(self, source):
        shown = frames.decode(source.frame(TAS, Cut(precision="exact")))
        np.testing.assert_array_equal(shown, source.fetch(TAS).astype("f8"))

    @pytest.mark.parametrize("cut", [Cut(0, (0, 256)), Cut(0, None, (1, 24)), Cut(1, (256, 512))])
    def test_a_part_that_is_none_is_refused_alike(self, source, reference, cut):
        same_error(
            lambda question: source.frame(question, cut),
            lambda question: reference.frame(question, cut),
            TAS,
            errors.BadRequest,
        )

    @pytest.mark.parametrize(
        "question",
        [replace(TAS, lead=None), replace(TAS, member=None), PR, SEEN, replace(RMM, lead=0)],
    )
    def test_a_frame_is_one_map(self, source, reference, question):
        same_error(source.frame, reference.frame, question, errors.BadRequest)

    @pytest.mark.parametrize(
        "question",
        [TAS, TS, PR, RMM, SEEN, replace(TAS, member=None, product="spread"), replace(TAS, lead=9)],
    )
    def test_limits_agree(self, source, reference, question):
        if question.lead == 9:
            same_error(source.limits, reference.limits, question, errors.UnknownLead)
            return
        got, expected = asdict(source.limits(question)), asdict(reference.limits(question))
        assert got == expected
        assert got["minimum"] <= got["low"] <= got["high"] <= got["maximum"]

    def test_limits_of_a_region_without_values_are_not_numbers(self, source):
        corner = Box(45, 65, -185, -149)
        assert np.isnan(source.fetch(replace(TAS, box=corner)).values).all()
        limits = source.limits(replace(TAS, box=corner))
        assert all(math.isnan(v) for v in (limits.minimum, limits.maximum, limits.low, limits.high))

    @pytest.mark.parametrize(("question", "kind"), MISTAKES.values(), ids=MISTAKES.keys())
    def test_mistakes_are_answered_alike(self, source, reference, question, kind):
        same_error(source.fetch, reference.fetch, question, kind)

    @pytest.mark.parametrize("question", [TAS, TS])
    def test_a_pinned_version_is_answered_while_it_is_current(self, source, question):
        version = source.catalogue().dataset(question.dataset).version
        same_array(source.fetch(replace(question, version=version)), source.fetch(question))
        assert source.frame(replace(question, version=version)) == source.frame(question)

    def test_what_was_fetched_may_be_written_to(self, source):
        array = source.fetch(TAS)
        array[...] = 0.0
        assert not (source.fetch(TAS) == 0.0).any()


def same_array(got: xr.DataArray, expected: xr.DataArray) -> None:
    """Equal in everything that is carried: bits, dtypes, dims, names, coordinates, attributes."""
    assert got.name == expected.name
    assert got.dims == expected.dims
    assert list(got.coords) == list(expected.coords)
    for one, other in [
        (got, expected),
        *((got[name], expected[name]) for name in expected.coords),
    ]:
        assert one.dims == other.dims
        assert one.dtype == other.dtype
        assert one.values.tobytes() == other.values.tobytes()
        assert one.attrs == other.attrs


def same_error(ask, ask_reference, question, kind) -> None:
    """The same class with the same fields."""
    with pytest.raises(kind) as got:
        ask(question)
    with pytest.raises(kind) as expected:
        ask_reference(question)
    assert type(got.value) is type(expected.value)
    for name in ("message", "asked", "exists", "advice"):
        assert getattr(got.value, name) == getattr(expected.value, name)
    assert got.value.advice
