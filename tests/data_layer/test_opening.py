"""From files to what is known of them, without one bad file spoiling the rest."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer import opening
from data_layer.api import GridInfo
from data_layer.errors import Unavailable, UnreadableFile
from data_layer.layouts import layouts
from data_layer.opening import OpenFiles, inspect, scan


def test_a_forecast_in_plain_words(forecast, write):
    said = {
        "title": " Trial ",
        "institution": "None",
        "source_id": "Model-5",
        "license": "CC0",
        "comment": "Made in code.",
        "synthetic": "TRUE",
        "forecast_role": "Reforecast",
    }
    ds = forecast(inits=("2026-11-01", "2026-10-01T12"), members=(2, 0, 1), attrs=said)
    summary = inspect(write(ds, "tas.nc"))
    assert (summary.layout, summary.role, summary.lead_unit) == ("cf", "hindcast", "months")
    assert summary.inits == ("2026-10-01T12", "2026-11-01")
    assert (summary.leads, summary.members) == ((0, 1, 2), (0, 1, 2))
    assert summary.grid == GridInfo(4, 6, (-30.0, 30.0), (0.0, 300.0), wraps=True)
    assert (summary.title, summary.institution, summary.system) == ("Trial", "None", "Model-5")
    assert (summary.licence, summary.notes, summary.synthetic) == ("CC0", ("Made in code.",), True)
    (variable,) = summary.variables
    assert (variable.name, variable.title, variable.units) == ("tas", "Air temperature", "K")


def test_observations_in_plain_words(observations, write):
    summary = inspect(write(observations(), "sst.nc"))
    assert summary.role == "observations"
    assert summary.times == ("2026-01-01", "2026-02-01", "2026-03-01")
    assert summary.inits == summary.leads == summary.members == ()


def test_a_variable_that_says_nothing_of_itself_still_has_a_title_and_a_unit(forecast, write):
    ds = forecast()
    ds["tas"].attrs = {"standard_name": "unknown"}
    (variable,) = inspect(write(ds, "tas.nc")).variables
    assert (variable.title, variable.units, variable.standard_name) == ("Tas", "1", "")


def test_the_start_of_each_lagged_member_stands_in_the_order_of_the_members(forecast, write):
    ds = forecast(members=(5, 3, 4)).isel(init=0, drop=True)
    starts = np.array(["2026-09-05", "2026-09-03", "2026-09-04"], "datetime64[ns]")
    months = np.array(["2026-10-01", "2026-11-01", "2026-12-01"], "datetime64[ns]")
    ds = ds.rename(lead="time").assign_coords(
        time=("time", months, {"standard_name": "time"}),
        reftime=("member", starts, {"standard_name": "forecast_reference_time"}),
    )
    summary = inspect(write(ds, "tas.nc"))
    assert summary.members == (3, 4, 5)
    assert summary.member_inits == ("2026-09-03", "2026-09-04", "2026-09-05")
    assert summary.inits == ("2026-09-05",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<html>404</html>", "not NetCDF or GRIB: it begins with '<html>40'"),
        (b"\x89HDF\r\n\x1a\n" + bytes(500), "cannot be opened as NetCDF"),
        (b"CDF\x01", "header is damaged"),
        (b"CDF\x01" + bytes(28), "no layout recognises it"),
    ],
)
def test_what_is_no_forecast_is_refused_with_a_reason(content, reason, tmp_path):
    path = tmp_path / "x.nc"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=reason):
        inspect(path)


def test_the_reason_names_what_the_file_holds(tmp_path):
    path = tmp_path / "index.nc"
    xr.Dataset({"nino": ("time", np.zeros(9))}).to_netcdf(path)
    with pytest.raises(UnreadableFile, match="not found among time=9"):
        inspect(path)


def test_a_damaged_chunk_is_found_when_the_file_is_listed(forecast, write):
    packing = {"zlib": True, "shuffle": False, "chunksizes": (1, 1, 1, 4, 6), "fletcher32": True}
    path = write(forecast(), "tas.nc", encoding={"tas": packing})
    whole = path.read_bytes()
    marks = [i for i in range(len(whole)) if whole[i : i + 2] in (b"\x78\x5e", b"\x78\x01")]
    assert len(marks) >= 9  # each map begins with a mark of zlib
    broken = bytearray(whole)
    for mark in marks:
        broken[mark + 8] ^= 0xFF
    path.write_bytes(broken)
    with pytest.raises(UnreadableFile, match="'tas' cannot be read"):
        inspect(path)


class Clumsy:
    """A stranger's layout that was not written with damaged files in mind."""

    name = "aaa"

    def matches(self, raw: xr.Dataset, path: Path) -> bool:
        return bool(raw.attrs["nothing of the kind"])

    def open(self, path: Path) -> xr.Dataset:
        raise ZeroDivisionError(path)


def test_a_layout_that_fails_costs_one_file_and_not_the_scan(forecast, write, monkeypatch):
    path = write(forecast(), "tas.nc")
    monkeypatch.setattr(opening, "layouts", lambda: (Clumsy(), *layouts()))
    with pytest.raises(UnreadableFile, match="KeyError"):
        inspect(path)
    (refused,) = scan(path.parent).refused
    assert refused.path == "tas.nc"


def test_the_generic_layout_comes_last_and_is_found_by_name():
    assert layouts()[-1].name == "cf"
    assert opening.layout_named("cf") is layouts()[-1]


@pytest.fixture
def indexed(forecast, write, tmp_path):
    """Five files and what is known of them."""
    for n in range(5):
        write(forecast(plus=1e6 * n), f"kind{n}a/tas.nc")
    return scan(tmp_path)


def opened_files(folder: str) -> list[str]:
    """Files under the folder that this process holds open."""
    links = [Path("/proc/self/fd", fd) for fd in os.listdir("/proc/self/fd")]
    held = [os.readlink(link) for link in links if link.is_symlink()]
    return [path for path in held if path.startswith(folder)]


def test_only_so_many_files_stay_open_and_closing_closes_them(indexed):
    files = OpenFiles(Path(indexed.folder), limit=2)
    records = [f for d in indexed.datasets for f in d.files]
    for record in [*records, *records]:
        files.get(record)["tas"].isel(lead=0).load()
        assert 1 <= len(opened_files(indexed.folder)) <= 2
    files.close()
    assert opened_files(indexed.folder) == []


def test_a_file_in_use_is_opened_once_and_the_one_longest_unused_is_closed(indexed):
    files = OpenFiles(Path(indexed.folder), limit=2)
    a, b, c = [d.files[0] for d in indexed.datasets][:3]
    first = files.get(a)
    files.get(b)
    assert files.get(a) is first
    files.get(c)
    assert files.get(a) is first
    files.close()


def test_reading_one_map_leaves_the_rest_of_the_file_on_disk(indexed):
    files = OpenFiles(Path(indexed.folder))
    record = indexed.datasets[0].files[0]
    assert files.get(record)["tas"].isel(init=0, member=1, lead=0).load().shape == (4, 6)
    assert not files.get(record)["tas"].variable._in_memory
    files.close()


def test_a_scan_leaves_no_file_open(indexed):
    assert opened_files(indexed.folder) == []


def test_a_file_that_changed_or_went_away_is_not_read(indexed):
    files = OpenFiles(Path(indexed.folder))
    changed, gone = (d.files[0] for d in indexed.datasets[:2])
    files.get(changed)
    files.get(gone)
    os.utime(Path(indexed.folder, changed.stat.path), ns=(1, 1))
    Path(indexed.folder, gone.stat.path).unlink()
    for record, reason in ((changed, "changed since it was indexed"), (gone, "is gone")):
        with pytest.raises(Unavailable, match=reason) as caught:
            files.get(record)
        assert record.stat.path in caught.value.message
        assert caught.value.advice
    assert opened_files(indexed.folder) == []
