"""A file that says wrong things, put right by the archive's description."""

from __future__ import annotations

import numpy as np
import pytest

from data_layer.api import Point, ProductRequest
from data_layer.described import Entry
from data_layer.errors import LeftOut, UnreadableFile
from data_layer.local import LocalSource
from data_layer.opening import OpenFiles, inspect
from data_layer.records import FileRecord, FileStat


def entry(**said):
    return Entry(files=("*",), **said)


def mislabelled(ds):
    """Names and standard names that lead astray."""
    ds = ds.rename(lead="horizon", member="k", tas="x1")
    ds["x1"].attrs = {"units": "Celsius-ish"}
    ds["horizon"].attrs["standard_name"] = "time"
    ds["k"].attrs = {"standard_name": "forecast_period"}
    return ds


def test_coordinates_and_words_come_from_the_description(forecast, write):
    path = write(mislabelled(forecast()), "a.nc")
    with pytest.raises(UnreadableFile):
        inspect(path)
    found = inspect(
        path,
        entry(
            id="mended",
            role="hindcast",
            of="rt",
            scope="data:x",
            system="S",
            comment="As its owner says.",
            coordinates={"lead": "horizon", "member": "k"},
            variables={"x1": {"units": "degC", "title": "Air", "standard_name": "air_temperature"}},
        ),
    )
    assert (found.leads, found.members, found.lead_unit) == ((0, 1, 2), (0, 1, 2), "months")
    (variable,) = found.variables
    assert (variable.title, variable.units) == ("Air", "degC")
    assert variable.standard_name == "air_temperature"
    assert (found.series, found.role, found.of, found.scope) == (
        "mended",
        "hindcast",
        "rt",
        "data:x",
    )
    assert (found.system, found.notes) == ("S", ("As its owner says.",))


def test_an_opened_file_is_corrected_as_the_inspected_one_was(forecast, write, tmp_path):
    path = write(mislabelled(forecast()), "a.nc")
    found = inspect(path, entry(coordinates={"lead": "horizon", "member": "k"}))
    stat = path.stat()
    record = FileRecord(FileStat("a.nc", stat.st_size, stat.st_mtime_ns), found)
    files = OpenFiles(tmp_path)
    assert files.get(record)["x1"].dims == ("init", "member", "lead", "lat", "lon")
    files.close()


def test_a_part_nobody_plays_is_named(forecast, write):
    path = write(forecast(), "a.nc")
    with pytest.raises(UnreadableFile, match="'step' is its lead, and it holds no such"):
        inspect(path, entry(coordinates={"lead": "step"}))


def test_words_for_a_variable_that_this_file_lacks_are_passed_over(forecast, write):
    path = write(forecast(), "a.nc")
    found = inspect(path, entry(variables={"pr": {"units": "mm"}}))
    assert [v.name for v in found.variables] == ["tas"]


def test_what_is_left_out_is_not_even_opened(tmp_path):
    (tmp_path / "a.nc").write_text("not NetCDF")
    with pytest.raises(LeftOut):
        inspect(tmp_path / "a.nc", entry(leave_out=True))


def test_a_role_that_the_file_cannot_have_is_refused(forecast, observations, write):
    with pytest.raises(UnreadableFile, match="calls it observations, and it holds 3 members"):
        inspect(write(forecast(), "f.nc"), entry(role="observations"))
    with pytest.raises(UnreadableFile, match="calls it a hindcast"):
        inspect(write(observations(), "o.nc"), entry(role="hindcast"))


def test_observations_written_by_start_and_lead_are_found_by_their_time(forecast, write, tmp_path):
    starts = ("2026-10-01", "2026-11-01")
    ds = forecast(inits=starts, members=(0,), leads=(0, 1, 2))
    write(ds, "obs.nc")
    (tmp_path / "catalogue.yml").write_text("datasets: [{files: obs.nc, role: observations}]")
    source = LocalSource.open(tmp_path)
    (info,) = source.catalogue().datasets
    assert (info.role, info.inits, info.members) == ("observations", (), ())
    assert info.times == ("2026-10-01", "2026-11-01", "2026-12-01", "2027-01-01")
    found = source.fetch(ProductRequest("obs", "tas", point=Point(-30.0, 0.0)))
    cell = ds["tas"].isel(member=0, lat=0, lon=0).values
    # November is lead 1 of October and lead 0 of November: the shorter counts.
    np.testing.assert_array_equal(found.values, [cell[0, 0], cell[1, 0], cell[1, 1], cell[1, 2]])


def test_a_layout_that_is_not_installed_is_named_with_those_that_are(forecast, write):
    with pytest.raises(UnreadableFile, match=r"'nope' is not installed; there are .*cf"):
        inspect(write(forecast(), "f.nc"), entry(layout="nope"))
