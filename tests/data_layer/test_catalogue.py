"""Which files belong together, and what their dataset is called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_layer.api import GridInfo, VariableInfo
from data_layer.catalogue import build
from data_layer.errors import LeftOut, UnknownDataset
from data_layer.indexed import ArchiveIndex
from data_layer.opening import scan
from data_layer.records import FileRecord, FileStat, FileSummary

TAS = VariableInfo("tas", "Temperature", "K")
GRID = GridInfo(4, 6, (-30.0, 30.0), (0.0, 300.0), wraps=True)
ONE = FileSummary("cf", "forecast", (TAS,), GRID, "months", ("2026-10-01",), (0, 1), (0,))


def record(path: str, **summary: object) -> FileRecord:
    return FileRecord(FileStat(path, 100, 1), replace(ONE, **summary))


def built(*records: FileRecord) -> ArchiveIndex:
    return build(Path("archive"), records, [])


def ids(index: ArchiveIndex) -> list[str]:
    return [d.info.id for d in index.datasets]


# Which files belong together


def test_starts_in_files_of_their_own_are_one_dataset():
    starts = ("2026-10-01", "2026-11-01", "2026-12-01")
    index = built(*(record(f"tas_{s.replace('-', '')}.nc", inits=(s,)) for s in starts[::-1]))
    (dataset,) = index.datasets
    assert (dataset.info.id, dataset.info.inits, dataset.info.files) == ("tas", starts, 3)
    assert dataset.nominal == ""
    assert [f.stat.path for f in dataset.files_for("tas", "2026-11-01")] == ["tas_20261101.nc"]


@pytest.mark.parametrize(
    "form",
    ["{}", "e{:02d}", "m{}", "mem{:03d}", "ens{}", "r{}", "member{}", "ensemble{:02d}"],
)
def test_members_in_files_of_their_own_are_one_dataset(form):
    index = built(*(record(f"tas_{form.format(m)}.nc", members=(m,)) for m in (3, 1, 2)))
    (dataset,) = index.datasets
    assert (dataset.info.id, dataset.info.members) == ("tas", (1, 2, 3))
    assert [f.summary.members for f in dataset.files_for("tas", None, 2)] == [(2,)]


@pytest.mark.parametrize("form", ["20261001T00", "2026100100", "2026-10-01_00", "20261001T00z"])
def test_starts_with_an_hour_in_their_names_are_one_dataset(form):
    names = [form, form.replace("10", "11", 1) if "-" not in form else "2026-11-01_12"]
    index = built(
        record(f"tas_{names[0]}.nc"), record(f"tas_{names[1]}.nc", inits=("2026-11-01T12",))
    )
    assert ids(index) == ["tas"]


@pytest.mark.parametrize(
    "other",
    [
        {"variables": (VariableInfo("pr", "Rain", "mm"),)},
        {"variables": (replace(TAS, units="degC"),)},
        {"grid": replace(GRID, ny=8)},
        {"grid": replace(GRID, lon=(0.0, 301.0))},
        {"lead_unit": "days"},
        {"system": "another"},
        {"role": "hindcast"},
        {"synthetic": True},
        {"layout": "strange"},
    ],
    ids=lambda o: next(iter(o)),
)
def test_files_of_another_kind_are_not_merged(other):
    index = built(record("tas_1.nc"), record("tas_2.nc", inits=("2026-11-01",), **other))
    assert len(index.datasets) == 2
    assert len(set(ids(index))) == 2


@pytest.mark.parametrize("paths", [("tas_1.nc", "pr_2.nc"), ("a/tas_1.nc", "b/tas_2.nc")])
def test_files_of_other_names_or_folders_are_not_merged(paths):
    index = built(record(paths[0]), record(paths[1], inits=("2026-11-01",)))
    assert {d.info.inits for d in index.datasets} == {("2026-10-01",), ("2026-11-01",)}


def test_two_files_of_the_same_start_and_member_are_not_merged():
    index = built(record("tas_1.nc"), record("tas_2.nc"))
    assert ids(index) == ["tas-1", "tas-2"]
    assert [d.info.files for d in index.datasets] == [1, 1]


def test_observations_are_joined_when_their_times_are_different():
    def year(path: str, *times: str) -> FileRecord:
        return record(path, role="observations", inits=(), leads=(), members=(), times=times)

    index = built(year("sst_2020.nc", "2020-01-01"), year("sst_2021.nc", "2021-01-01"))
    assert [d.info.times for d in index.datasets] == [("2020-01-01", "2021-01-01")]
    index = built(year("sst_2020.nc", "2020-01-01"), year("sst_2021.nc", "2020-01-01"))
    assert len(index.datasets) == 2


# Lagged ensembles


def lagged(month: int = 7, path: str = "ensemble_{:03d}.nc") -> list[FileRecord]:
    days = {0: 18, 1: 18, 2: 20, 7: 24, 8: 22}
    return [
        record(path.format(m), members=(m,), inits=(f"2011-{month:02d}-{day}",), leads=(1, 2))
        for m, day in days.items()
    ]


def test_members_that_started_on_different_days_are_one_ensemble_at_the_last_start():
    (dataset,) = built(*lagged()).datasets
    assert dataset.nominal == "2011-07-24"
    assert dataset.info.inits == ("2011-07-24",)
    assert dataset.info.members == (0, 1, 2, 7, 8)
    assert [m[-2:] for m in dataset.info.member_inits] == ["18", "18", "20", "24", "22"]
    assert dataset.info.leads == (1, 2)
    assert [f.stat.path for f in dataset.files_for("tas", "2011-07-24", 2)] == ["ensemble_002.nc"]
    assert len(dataset.files_for("tas", "2011-07-24")) == 5


def test_leads_of_a_lagged_ensemble_are_counted_from_its_nominal_start():
    early = record("e_1.nc", members=(1,), inits=("2011-07-30",), leads=(1, 2))
    late = record("e_2.nc", members=(2,), inits=("2011-08-02",), leads=(0, 1))
    (dataset,) = built(early, late).datasets
    assert (dataset.info.inits, dataset.info.leads) == (("2011-08-02",), (0, 1))


def test_members_more_than_a_month_apart_are_not_lagged():
    index = built(
        record("e_1.nc", members=(1,), inits=("2011-07-01",)),
        record("e_2.nc", members=(2,), inits=("2011-08-02",)),
    )
    (dataset,) = index.datasets
    assert (dataset.nominal, dataset.info.inits) == ("", ("2011-07-01", "2011-08-02"))


def test_the_same_members_at_two_starts_are_two_forecasts_and_not_lagged():
    index = built(
        record("tas_20110701.nc", members=(0, 1), inits=("2011-07-01",)),
        record("tas_20110708.nc", members=(0, 1), inits=("2011-07-08",)),
    )
    (dataset,) = index.datasets
    assert (dataset.nominal, dataset.info.member_inits) == ("", ())
    assert dataset.info.inits == ("2011-07-01", "2011-07-08")


def test_monthly_starts_in_files_named_by_month_are_not_members(forecast, write, tmp_path):
    for month in (10, 11):
        ds = forecast(inits=(f"2026-{month}-01",)).isel(member=0, drop=True)
        write(ds, f"tas_2026_{month}.nc")
    (dataset,) = scan(tmp_path).datasets
    assert dataset.info.inits == ("2026-10-01", "2026-11-01")
    assert dataset.info.members == (0,)


def test_a_file_that_is_a_lagged_ensemble_by_itself_stays_one():
    inside = {"members": (0, 1), "member_inits": ("2011-07-18", "2011-07-24")}
    index = built(
        record("lag_1.nc", inits=("2011-07-24",), **inside),
        record("lag_2.nc", inits=("2011-08-24",), **inside),
    )
    assert [d.info.member_inits for d in index.datasets] == [inside["member_inits"]] * 2


# Ids and versions


def test_an_id_stays_when_starts_arrive_and_leave():
    first, second = record("tas_20261001.nc"), record("tas_20261101.nc", inits=("2026-11-01",))
    assert ids(built(first)) == ids(built(first, second)) == ids(built(second)) == ["tas"]


def test_an_id_stays_in_an_archive_with_equal_names_in_several_folders():
    def both(*starts: str) -> list[str]:
        return ids(
            built(*(record(f"{p}/tas_{s}.nc", inits=(s,)) for p in ("low", "high") for s in starts))
        )

    assert both("2026-10-01") == ["high-tas", "low-tas"]
    assert both("2026-10-01", "2026-11-01") == both("2026-11-01") == ["high-tas", "low-tas"]


def test_ids_are_unique_and_fit_an_address_whatever_the_names():
    paths = ["x.nc", "x.nc4", "x_2.nc", "прогноз.nc", "預報.nc", "1.nc", "a b/ü&?.nc", "___.nc"]
    paths += ["y" * 80 + "1.nc", "y" * 80 + "2.nc", "A/x.nc", "a/x.nc"]
    found = ids(built(*(record(p, system=str(n)) for n, p in enumerate(paths))))
    assert len(set(found)) == len(paths)
    assert all(i and set(i) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for i in found)


def test_what_is_known_of_a_dataset_comes_from_its_file_or_its_name():
    (plain,) = built(record("near_surface_20261001.nc")).datasets
    assert plain.info.title == "near surface"
    (told,) = built(record("x.nc", title="Trial", notes=("a",), system="Model")).datasets
    assert (told.info.title, told.info.notes, told.info.system) == ("Trial", ("a",), "Model")


def test_a_version_changes_with_any_of_its_files_and_with_no_other():
    tas, pr = record("tas_1.nc"), record("pr_1.nc")
    more = record("tas_2.nc", inits=("2026-11-01",))
    touched = replace(tas, stat=replace(tas.stat, mtime_ns=2))
    grown = replace(tas, stat=replace(tas.stat, size=101))

    def versions(*records: FileRecord) -> dict[str, str]:
        return {d.info.id: d.info.version for d in built(*records).datasets}

    before = versions(tas, pr)
    assert len({versions(r, pr)["tas"] for r in (tas, touched, grown)}) == 3
    assert versions(tas, more, pr)["tas"] != before["tas"]
    for change in ((touched, pr), (grown, pr), (tas, more, pr)):
        assert versions(*change)["pr"] == before["pr"]
    assert versions(pr, tas) == before


def test_an_unknown_dataset_names_those_there_are():
    with pytest.raises(UnknownDataset) as caught:
        built(record("tas_1.nc")).dataset("pr")
    assert caught.value.exists == ("tas",)
    assert built(record("tas_1.nc")).dataset("tas").info.id == "tas"


# Series


def test_a_series_is_one_dataset_across_folders_and_variables():
    pr = VariableInfo("pr", "Rain", "mm/day")
    index = built(
        record("pr/e01/ma_pr_20261001_e01.nc", series="S", variables=(pr,), members=(1,)),
        record("tas/e01/ma_tas_20261001_e01.nc", series="S", members=(1,)),
        record("tas/e02/ma_tas_20261001_e02.nc", series="S", members=(2,)),
        record("other/ma_tas_20261001_e02.nc", series="other", members=(2,)),
    )
    assert [(d.info.id, d.info.members, len(d.files)) for d in index.datasets] == [
        ("other", (2,), 1),
        ("s", (1, 2), 3),
    ]
    series = index.dataset("s")
    assert [v.name for v in series.info.variables] == ["pr", "tas"]
    assert [f.stat.path for f in series.files_for("tas", "2026-10-01", 1)] == [
        "tas/e01/ma_tas_20261001_e01.nc"
    ]


def test_a_file_that_repeats_another_of_its_series_is_refused_until_the_other_goes():
    one, copy = record("a/x.nc", series="S"), record("b/x.nc", series="S")
    index = built(copy, one)
    assert [f.stat.path for f in index.dataset("s").files] == ["a/x.nc"]
    (refused,) = index.refused
    assert (refused.path, "a/x.nc" in refused.reason) == ("b/x.nc", True)
    assert set(index.known()) == {one.stat, copy.stat}
    again = build(Path("archive"), [index.known()[copy.stat]], [])
    assert (ids(again), again.refused) == (["s"], ())


def test_a_file_in_other_units_than_its_series_is_refused():
    degrees = VariableInfo("tas", "Temperature", "degC")
    index = built(
        record("a.nc", series="S", members=(1,)),
        record("b.nc", series="S", members=(2,), variables=(degrees,)),
    )
    (refused,) = index.refused
    assert refused.path == "b.nc"
    assert "'degC'" in refused.reason
    assert "'K'" in refused.reason


def test_what_is_left_out_is_not_called_refused():
    stat = FileStat("emn/x.nc", 1, 1)
    index = build(Path("archive"), [record("a.nc")], [(stat, LeftOut("a mean of members"))])
    assert index.refused == ()
    assert [(f.path, f.reason) for f in index.left_out] == [("emn/x.nc", "a mean of members")]
    assert stat in index.known()


# Questions to the index


@st.composite
def archives(draw: st.DrawFn) -> list[FileRecord]:
    names = draw(st.lists(st.sampled_from(["tas", "pr"]), unique=True, min_size=1))
    starts = draw(st.lists(st.sampled_from(["2026-10-01", "2026-11-01"]), unique=True, min_size=1))
    paths = draw(st.lists(st.integers(0, 99), unique=True, min_size=1, max_size=6))
    return [
        record(
            f"{p}.nc",
            series="S",
            variables=tuple(VariableInfo(n, n, "1") for n in draw(st.permutations(names))),
            inits=tuple(draw(st.permutations(starts))),
            members=(p,),
        )
        for p in paths
    ]


@given(archives(), st.sampled_from(["tas", "pr", "ts"]), st.integers(0, 99))
@pytest.mark.parametrize("init", [None, "2026-10-01", "2026-11-01", "2027-01-01"])
def test_the_files_found_are_those_that_hold_what_is_asked(init, files, variable, member):
    dataset = built(*files).dataset("s")
    for m in (None, member):
        expected = [
            f
            for f in dataset.files
            if variable in [v.name for v in f.summary.variables]
            and (init is None or dataset.nominal or init in f.summary.inits)
            and m in (None, *f.summary.members)
        ]
        assert dataset.files_for(variable, init, m) == expected


def test_a_part_of_an_index_answers_like_the_whole():
    pr = VariableInfo("pr", "Rain", "mm/day")
    whole = built(
        *(record(f"tas_{m}.nc", series="S", members=(m,)) for m in range(3)),
        record("pr.nc", series="S", variables=(pr,)),
        record("later.nc", series="S", inits=("2026-11-01",)),
        record("other.nc"),
    )
    part = whole.narrowed("s", "tas", "2026-10-01")
    assert part.fingerprint == whole.fingerprint
    assert part.dataset("s").info == whole.dataset("s").info
    assert [f.stat.path for f in part.dataset("s").files] == ["tas_0.nc", "tas_1.nc", "tas_2.nc"]
    for member in (None, 1, 7):
        asked = ("tas", "2026-10-01", member)
        assert part.dataset("s").files_for(*asked) == whole.dataset("s").files_for(*asked)
    every = whole.narrowed("s", "tas", None)
    assert every.dataset("s").files_for("tas") == whole.dataset("s").files_for("tas")


def test_a_part_for_an_unknown_dataset_does_not_name_the_others():
    part = built(record("tas_1.nc"), record("a/pr_1.nc")).narrowed("none", "tas", None)
    with pytest.raises(UnknownDataset) as caught:
        part.dataset("none")
    assert caught.value.exists == ()
    assert all(d.files == () for d in part.datasets)
