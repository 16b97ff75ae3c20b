"""GRIB: months counted from nominal starts, days by their windows, hours; what makes no array."""

from __future__ import annotations

import builtins
import os

import cfgrib
import numpy as np
import pytest

from data_layer.api import ProductRequest
from data_layer.errors import LeftOut, UnreadableFile
from data_layer.layouts import messages
from data_layer.layouts.grib import LAYOUT
from data_layer.layouts.messages import open_grib
from data_layer.local import LocalSource
from data_layer.opening import choose_layout, inspect
from tests.layouts import truth
from tests.layouts.gribs import C3S_MONTHLY, message, month, on
from tests.layouts.suite import LayoutTests
from tests.layouts.truth import Traps, Truth


def monthly(made: Truth, i: int, m: int, k: int, **more: object) -> bytes:
    """The message of a start, a member and a lead, all by position; ``None`` leaves a key out."""
    start = made.da["init"].values[i]
    number, lead = int(made.da["member"][m]), int(made.da["lead"][k])
    keys = {**C3S_MONTHLY, "dataDate": on(start), "indexingDate": on(start), "number": number}
    keys = {**keys, **month(start, lead), **more}
    return message(made.as_written(i, m)[k], {k: v for k, v in keys.items() if v is not None})


def places(made: Truth):
    """Positions of all that the archive has."""
    for i, m in np.ndindex(made.da.shape[:2]):
        if made.has(i, m):
            yield from ((i, m, k) for k in range(made.da.sizes["lead"]))


class GribTests(LayoutTests):
    layout = LAYOUT
    variable = "t2m"
    suffix = ".grib"

    @pytest.fixture(params=(1, 3, 10))  # of the traps, those that GRIB knows
    def case(self, request, tmp_path):
        made = self.make(request.param)
        self.write(tmp_path, made)
        return tmp_path, made

    def test_nothing_is_written_into_the_archive(self, case):
        folder, _ = case
        before = sorted(folder.rglob("*"))
        self.source(folder)
        assert sorted(folder.rglob("*")) == before


class TestMonthsOfAllStartsInOneFile(GribTests):
    def write(self, folder, truth):
        parts = [monthly(truth, *place) for place in places(truth)]
        np.random.default_rng(1).shuffle(parts)
        (folder / "t2m.grib").write_bytes(b"".join(parts))


class TestMonthsInAFileForEachStart(GribTests):
    def write(self, folder, truth):
        for i in range(truth.da.sizes["init"]):
            place = folder / f"year{i}"
            place.mkdir()
            parts = [monthly(truth, *at) for at in places(truth) if at[0] == i]
            # ECMWF's archive pads messages to multiples of 120 bytes.
            padded = (p + b"\0" * (-len(p) % 120) for p in parts)
            (place / "data.grib").write_bytes(b"".join(padded))


class Steps(GribTests):
    """Edition 2, as in the S2S archive."""

    unit: str
    keys: dict[str, object]

    def make(self, seed):
        inits = ("2026-09-03", "2026-09-17")
        leads = (0, 1, 5) if self.unit == "days" else (0, 6, 24)
        traps = Traps.random(seed)
        return truth.make(seed=seed, inits=inits, leads=leads, unit=self.unit, traps=traps)

    def write(self, folder, truth):
        parts = []
        for i, m, k in places(truth):
            lead = int(truth.da["lead"][k])
            steps = {"startStep": lead * 24, "endStep": lead * 24 + 24}
            if self.unit == "hours":
                steps = {"step": lead}
            start, member = on(truth.da["init"].values[i]), int(truth.da["member"][m])
            keys = {**self.keys, "paramId": 167, "dataDate": start, "dataTime": 0}
            keys |= {"perturbationNumber": member, **steps}
            parts.append(message(truth.as_written(i, m)[k], keys, edition=2))
        (folder / "s2s.grib").write_bytes(b"".join(parts))


class TestMeansOfDays(Steps):
    variable = "avg_2t"
    unit = "days"
    keys = {"productDefinitionTemplateNumber": 11, "typeOfStatisticalProcessing": 0}


class TestInstants(Steps):
    unit = "hours"
    keys = {"productDefinitionTemplateNumber": 1}


# ---------------------------------------------------------------------- this archive's traps


@pytest.fixture
def made() -> Truth:
    return truth.make(inits=("2026-09-01",), leads=(0, 1))


def written(path, *parts: bytes):
    path.write_bytes(b"".join(parts))
    return path


def lagged(made: Truth, i: int = 0) -> list[bytes]:
    """Members that started on days of their own, indexed by a nominal start."""
    start = made.da["init"].values[i].astype("datetime64[M]")
    return [
        monthly(made, i, m, k, dataDate=on(start - np.timedelta64(1, "M")) * 100 + 9 + m)
        for at, m, k in places(made)
        if at == i
    ]


def test_members_of_a_lagged_ensemble_keep_their_own_starts(tmp_path, made):
    written(tmp_path / "lagged.grib", *lagged(made))
    source = LocalSource.open(tmp_path)
    (info,) = source.catalogue().datasets
    assert info.inits == ("2026-09-01",)
    assert info.leads == (0, 1)
    assert info.member_inits == ("2026-08-09", "2026-08-10", "2026-08-11")
    got = source.fetch(ProductRequest(info.id, "t2m", init="2026-09-01", member=2, lead=1))
    np.testing.assert_allclose(got.values, made.da[0, 1, 1].values, atol=1e-4)


def test_a_lagged_ensemble_of_several_nominal_starts_has_those_starts(tmp_path):
    made = truth.make(leads=(0, 1))
    written(tmp_path / "both.grib", *lagged(made, 0), *lagged(made, 1))
    (info,) = LocalSource.open(tmp_path).catalogue().datasets
    assert info.inits == ("2026-09-01", "2026-10-01")
    assert info.members == (1, 2, 3)
    assert info.member_inits == ()


def test_a_start_within_a_month_has_the_next_as_its_first_whole_one(tmp_path, made):
    keys = {"dataDate": 20260910, "indexingDate": 20260910, "forecastMonth": 1}
    path = written(tmp_path / "x.grib", monthly(made, 0, 0, 1, **keys))
    with LAYOUT.open(path) as ds:
        assert ds["lead"].values.tolist() == [1]
        assert ds["lead"].attrs["units"] == "months"


def test_one_map_is_one_message(tmp_path, made, monkeypatch):
    path = written(tmp_path / "x.grib", *(monthly(made, *at) for at in places(made)))
    read = []
    original = cfgrib.FileStream.__getitem__

    def noted(stream, at):
        read.append(at)
        return original(stream, at)

    with LAYOUT.open(path) as ds:
        monkeypatch.setattr(cfgrib.FileStream, "__getitem__", noted)
        found = ds["t2m"][0, 1, -1].load()
    assert len(read) == 1
    np.testing.assert_allclose(found.sortby("lat").values, made.da[0, 1, -1].values, atol=1e-4)


def test_temperature_at_two_metres_and_wind_at_ten_are_read_together(tmp_path, made):
    wind = {"paramId": 165}
    parts = [monthly(made, *at) for at in places(made)]
    parts += [monthly(made, *at, **wind) for at in places(made)]
    with LAYOUT.open(written(tmp_path / "x.grib", *parts)) as ds:
        assert set(ds.data_vars) == {"t2m", "u10"}


def test_levels_become_variables(tmp_path, made):
    keys = {"paramId": 130, "levtype": "pl"}
    parts = [monthly(made, *at, **keys, level=level) for at in places(made) for level in (850, 500)]
    with LAYOUT.open(written(tmp_path / "x.grib", *parts)) as ds:
        assert set(ds.data_vars) == {"t_850", "t_500"}
        assert ds["t_500"].attrs["long_name"].endswith("at 500 hPa")
        assert "window_hours" not in ds["t_500"].attrs


def test_control_and_perturbed_members_are_one_ensemble(tmp_path, made):
    keys = {"stream": "mmsf", "forecastMonth": 1}
    parts = [
        monthly(made, 0, m, 0, type=kind, **keys) for m, kind in ((0, "cf"), (1, "pf"), (2, "pf"))
    ]
    with LAYOUT.open(written(tmp_path / "x.grib", *parts)) as ds:
        assert ds["member"].values.tolist() == [1, 2, 3]


def test_a_mean_beside_the_members_is_not_one_of_them(tmp_path, made):
    parts = [monthly(made, *at) for at in places(made)]
    mean = monthly(made, 0, 0, 0, type="em", number=0)
    with LAYOUT.open(written(tmp_path / "x.grib", *parts, mean)) as ds:
        assert ds["member"].values.tolist() == [1, 2, 3]
    alone = written(tmp_path / "mean.grib", mean)
    with pytest.raises(LeftOut, match="computed from members"):
        inspect(alone)


def test_a_name_that_says_netcdf_does_not_hide_grib(tmp_path, made):
    path = written(tmp_path / "x.nc", monthly(made, 0, 0, 0))
    assert choose_layout(path).name == "grib"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"system": 15}, "system 14, 15"),
        ({"type": "fcmax"}, "type fcmean, fcmax"),
        ({}, "messages of 't2m' for"),
    ],
)
def test_messages_that_take_the_same_place_are_refused(tmp_path, made, more, reason):
    parts = [monthly(made, *at) for at in places(made)]
    path = written(tmp_path / "x.grib", *parts, monthly(made, 0, 0, 0, **more))
    with pytest.raises(UnreadableFile, match=reason):
        inspect(path)


def test_variables_with_other_leads_are_refused(tmp_path, made):
    parts = [monthly(made, *at) for at in places(made)]
    path = written(tmp_path / "x.grib", *parts, monthly(made, 0, 0, 0, paramId=165))
    with pytest.raises(UnreadableFile, match=r"'u10' has another|a file of each variable"):
        inspect(path)


def test_own_starts_alone_are_no_axis_of_months(tmp_path, made):
    keys = {"localDefinitionNumber": 16, "indexingDate": None}
    mixed = [
        monthly(made, 0, m, 0, **keys, dataDate=day) for m, day in enumerate((20260809, 20260901))
    ]
    path = written(tmp_path / "x.grib", *mixed)
    with pytest.raises(UnreadableFile, match="nominal start"):
        inspect(path)


def test_a_truncated_file_is_refused(tmp_path, made):
    path = written(tmp_path / "x.grib", *(monthly(made, *at) for at in places(made)))
    os.truncate(path, path.stat().st_size - 1)
    (refused,) = LocalSource.open(tmp_path).catalogue().refused
    assert "cut short" in refused.reason


def test_without_the_extra_the_refusal_says_what_to_install(tmp_path, made, monkeypatch):
    original = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("cfgrib"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    path = written(tmp_path / "x.grib", monthly(made, 0, 0, 0))
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UnreadableFile, match=r"poama-panel\[grib\]"):
        inspect(path)


def test_a_map_too_large_to_read_is_refused(tmp_path, made, monkeypatch):
    path = written(tmp_path / "x.grib", monthly(made, 0, 0, 0))
    monkeypatch.setattr(messages, "LARGEST_MAP", 95)
    with pytest.raises(UnreadableFile, match="96 cells"):
        open_grib(path)
