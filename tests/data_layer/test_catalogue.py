"""What exists on disk: which files are seen, and which belong together."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_layer import opening
from data_layer.api import GridInfo, VariableInfo
from data_layer.catalogue import (
    ArchiveIndex,
    FileRecord,
    FileStat,
    FileSummary,
    build,
    digest,
    fingerprint,
    walk,
)
from data_layer.errors import UnknownDataset
from data_layer.opening import scan

TAS = VariableInfo("tas", "Temperature", "K")
GRID = GridInfo(4, 6, (-30.0, 30.0), (0.0, 300.0), wraps=True)
ONE = FileSummary("cf", "forecast", (TAS,), GRID, "months", ("2026-10-01",), (0, 1), (0,))


def record(path: str, **summary: object) -> FileRecord:
    return FileRecord(FileStat(path, 100, 1), replace(ONE, **summary))


def built(*records: FileRecord) -> ArchiveIndex:
    return build(Path("archive"), records, [])


def ids(index: ArchiveIndex) -> list[str]:
    return [d.info.id for d in index.datasets]


# Which files are seen


def names(folder: Path) -> list[str]:
    return [stat.path for stat in walk(folder)]


def test_netcdf_names_are_seen_in_all_folders_and_others_are_not(tmp_path):
    for name in ("b.nc", "a/x.NC4", "a/b/y.cdf", "a/z.netcdf", "c.grib", "nc", "d.nc.part"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(names(tmp_path)) == ["a/b/y.cdf", "a/x.NC4", "a/z.netcdf", "b.nc"]


def test_hidden_files_and_folders_are_not_seen(tmp_path):
    (tmp_path / ".git").mkdir()
    for name in (".x.nc", ".git/y.nc", "z.nc"):
        (tmp_path / name).touch()
    assert names(tmp_path) == ["z.nc"]


def test_links_are_followed_within_the_folder_and_not_out_of_it(tmp_path):
    inside, outside = tmp_path / "archive", tmp_path / "secret"
    inside.mkdir()
    outside.mkdir()
    (outside / "x.nc").touch()
    (inside / "real.nc").touch()
    (inside / "link.nc").symlink_to("real.nc")
    (inside / "out.nc").symlink_to(outside / "x.nc")
    (inside / "dir").symlink_to(outside)
    (inside / "dir.nc").symlink_to(outside)
    assert names(inside) == ["link.nc", "real.nc"]


def test_what_is_no_file_is_not_seen(tmp_path):
    os.mkfifo(tmp_path / "pipe.nc")
    (tmp_path / "folder.nc").mkdir()
    (tmp_path / "dangling.nc").symlink_to("nowhere.nc")
    (tmp_path / "circle.nc").symlink_to("circle.nc")
    assert names(tmp_path) == []
    assert scan(tmp_path).catalogue.datasets == ()


def test_the_folder_may_itself_be_reached_by_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.nc").touch()
    (tmp_path / "link").symlink_to("real")
    assert names(tmp_path / "link") == ["x.nc"]


def test_a_name_that_is_not_text_is_refused_alone_and_printable(forecast, write, tmp_path):
    write(forecast(), "good.nc")
    shutil.copy(tmp_path / "good.nc", os.fsencode(tmp_path) + b"/b\xffd.nc")
    index = scan(tmp_path)
    assert ids(index) == ["good"]
    (refused,) = index.refused
    assert refused.path.encode() == "b\ufffdd.nc".encode()
    assert fingerprint(tmp_path) == index.fingerprint


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that any user may enter, since pytest's own are for one user only."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        yield Path(place)


def test_a_file_that_may_not_be_read_is_refused_alone(forecast, public_folder):
    for name in ("good.nc", "locked.nc"):
        forecast().to_netcdf(public_folder / name, engine="netcdf4")
    os.chmod(public_folder / "locked.nc", 0o000)
    root = os.geteuid() == 0  # whom no permission stops
    if root:
        os.seteuid(65534)
    try:
        index = scan(public_folder)
    finally:
        if root:
            os.seteuid(0)
    assert ids(index) == ["good"]
    (refused,) = index.refused
    assert (refused.path, refused.reason) == ("locked.nc", "it cannot be read (Permission denied)")


# The fingerprint


def test_the_fingerprint_of_an_index_is_that_of_its_folder(forecast, write, tmp_path):
    """Otherwise a folder with subfolders is scanned anew at every look."""
    for name in ("z.nc", "a/x.nc", "a/b/w.nc"):
        write(forecast(), name)
    (tmp_path / "a" / "broken.nc").write_bytes(b"no")
    assert scan(tmp_path).fingerprint == fingerprint(tmp_path)


def test_any_change_shows_in_the_fingerprint(forecast, write, tmp_path):
    seen = {fingerprint(tmp_path)}
    path = write(forecast(), "x.nc")
    for change in (
        lambda: None,
        lambda: os.utime(path, ns=(1, 1)),
        lambda: os.truncate(path, 10),
        lambda: path.rename(tmp_path / "y.nc"),
        lambda: (tmp_path / "y.nc").unlink() or (tmp_path / "z.nc").touch(),
    ):
        change()
        assert fingerprint(tmp_path) not in seen
        seen.add(fingerprint(tmp_path))


def test_a_digest_does_not_confuse_names_with_numbers():
    assert digest([FileStat("a", 1, 23)]) != digest([FileStat("a", 12, 3)])
    assert digest([FileStat("a1", 1, 1)]) != digest([FileStat("a", 11, 1)])


# Which files belong together


def test_starts_in_files_of_their_own_are_one_dataset():
    starts = ("2026-10-01", "2026-11-01", "2026-12-01")
    index = built(*(record(f"tas_{s.replace('-', '')}.nc", inits=(s,)) for s in starts[::-1]))
    (dataset,) = index.datasets
    assert (dataset.info.id, dataset.info.inits, dataset.info.files) == ("tas", starts, 3)
    assert dataset.nominal == ""
    assert [f.stat.path for f in dataset.files_for("2026-11-01", None)] == ["tas_20261101.nc"]


@pytest.mark.parametrize(
    "form",
    ["{}", "e{:02d}", "m{}", "mem{:03d}", "ens{}", "r{}", "member{}", "ensemble{:02d}"],
)
def test_members_in_files_of_their_own_are_one_dataset(form):
    index = built(*(record(f"tas_{form.format(m)}.nc", members=(m,)) for m in (3, 1, 2)))
    (dataset,) = index.datasets
    assert (dataset.info.id, dataset.info.members) == ("tas", (1, 2, 3))
    assert [f.summary.members for f in dataset.files_for(None, 2)] == [(2,)]


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
    assert [f.stat.path for f in dataset.files_for("2011-07-24", 2)] == ["ensemble_002.nc"]
    assert len(dataset.files_for("2011-07-24", None)) == 5


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


# Scanning


@pytest.fixture
def opens(monkeypatch) -> list[str]:
    """Names of the files that were opened, as they are opened."""
    seen: list[str] = []
    inspect = opening.inspect

    def counted(path: Path) -> FileSummary:
        seen.append(path.name)
        return inspect(path)

    monkeypatch.setattr(opening, "inspect", counted)
    return seen


def test_a_scan_opens_only_what_changed(forecast, write, tmp_path, opens):
    for n, start in enumerate(("2026-10-01", "2026-11-01", "2026-12-01")):
        write(forecast(inits=(start,), plus=1e6 * n), f"tas_{n}.nc")
    (tmp_path / "broken.nc").write_bytes(b"no")
    first = scan(tmp_path)
    assert sorted(opens) == ["broken.nc", "tas_0.nc", "tas_1.nc", "tas_2.nc"]
    opens.clear()
    assert scan(tmp_path, first) == first
    assert opens == []
    os.utime(tmp_path / "tas_1.nc", ns=(1, 1))
    write(forecast(inits=("2027-01-01",)), "tas_3.nc")
    second = scan(tmp_path, first)
    assert sorted(opens) == ["tas_1.nc", "tas_3.nc"]
    opens.clear()
    (tmp_path / "tas_0.nc").unlink()
    (tmp_path / "broken.nc").unlink()
    third = scan(tmp_path, second)
    assert opens == []
    assert third.dataset("tas").info.inits == ("2026-11-01", "2026-12-01", "2027-01-01")
    assert third.refused == ()
    versions = [index.dataset("tas").info.version for index in (first, second, third)]
    assert len(set(versions)) == 3


def test_a_refused_file_hides_no_other_and_says_why(forecast, observations, write, tmp_path):
    write(forecast(), "tas.nc")
    write(observations(), "sst.nc")
    write(forecast().isel(init=0, drop=True), "a/startless.nc")
    (tmp_path / "empty.nc").touch()
    catalogue = scan(tmp_path).catalogue
    assert [d.id for d in catalogue.datasets] == ["sst", "tas"]
    assert [r.path for r in catalogue.refused] == ["a/startless.nc", "empty.nc"]
    assert "no start" in catalogue.refused[0].reason
    assert not any(str(tmp_path) in r.reason for r in catalogue.refused)


def test_a_lagged_set_of_files_on_disk(forecast, write, tmp_path):
    months = np.array(["2011-08-01", "2011-09-01"], "datetime64[ns]")
    for member, day in ((0, 18), (2, 20), (7, 24)):
        ds = forecast(inits=(f"2011-07-{day}",), leads=(0, 1)).isel(init=0, member=0)
        ds = ds.drop_vars("member").rename(lead="time")
        ds = ds.assign_coords(time=("time", months, {"standard_name": "time"}))
        write(ds, f"ensemble_{member:03d}.nc")
    (dataset,) = scan(tmp_path).datasets
    assert dataset.info.members == (0, 2, 7)
    assert dataset.info.member_inits == ("2011-07-18", "2011-07-20", "2011-07-24")
    assert (dataset.info.inits, dataset.info.leads) == (("2011-07-24",), (1, 2))
