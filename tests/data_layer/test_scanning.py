"""Looking through a folder: which files are seen, and which are opened."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_layer import opening
from data_layer.indexed import ArchiveIndex
from data_layer.opening import scan
from data_layer.records import FileStat, FileSummary
from data_layer.walking import digest, fingerprint, walk


def ids(index: ArchiveIndex) -> list[str]:
    return [d.info.id for d in index.datasets]


def names(folder: Path) -> list[str]:
    return [stat.path for stat in walk(folder)]


def test_names_of_data_are_seen_in_all_folders_and_others_are_not(tmp_path):
    for name in (
        "b.nc",
        "a/x.NC4",
        "a/b/y.cdf",
        "a/z.netcdf",
        "c.grib",
        "e.tif",
        "nc",
        "d.nc.part",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    seen = ["a/b/y.cdf", "a/x.NC4", "a/z.netcdf", "b.nc", "c.grib"]
    assert sorted(names(tmp_path)) == seen


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


# Scanning


@pytest.fixture
def opens(monkeypatch) -> list[str]:
    """Names of the files that were opened, as they are opened."""
    seen: list[str] = []
    inspect = opening.inspect

    def counted(path: Path, *described: Any) -> FileSummary:
        seen.append(path.name)
        return inspect(path, *described)

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
