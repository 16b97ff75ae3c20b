"""The report on a file or an archive: what was recognised, why, and how to correct it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from data_layer.inspecting import report


def test_a_file_is_explained(forecast, write):
    text, good = report(write(forecast(), "a.nc"))
    assert good
    assert "layout     cf" in text
    assert "init       init: its standard_name is forecast_reference_time" in text
    assert "lead       lead: by its name" in text
    assert "valid      not found" in text
    assert "variable   tas: Air temperature, in K" in text
    assert "grid       4 x 6, latitudes -30 to 30, longitudes 0 to 300, all round" in text
    assert 'files: "a.nc"' in text


def test_units_and_axes_are_reasons_too(forecast, write):
    ds = forecast()
    ds["lat"].attrs = {"units": "degrees_north"}
    ds["member"].attrs = {"axis": "E"}
    text, _ = report(write(ds.rename(lat="a1", member="b1"), "a.nc"))
    assert "lat        a1: its units are degrees_north" in text
    assert "member     b1: its axis is E" in text


def test_a_refused_file_says_why_and_what_was_found(forecast, write):
    text, good = report(write(forecast().rename(lead="horizon"), "a.nc"))
    assert not good
    assert "refused: " in text
    assert "lead       not found" in text
    assert "member     member: its standard_name is realization" in text


def test_the_description_of_the_archive_above_a_file_counts(forecast, write, tmp_path):
    path = write(forecast().rename(lead="horizon"), "deep/er/a.nc")
    (tmp_path / "catalogue.yml").write_text(
        "datasets: [{files: deep/**, id: mended, coordinates: {lead: horizon}}]"
    )
    text, good = report(path)
    assert good
    assert "lead       horizon: its standard_name is forecast_period" in text
    assert "series     mended" in text


def test_an_archive_is_listed_with_what_is_refused_and_left_out(forecast, write, tmp_path):
    write(forecast(), "good.nc")
    write(forecast(), "scratch.nc")
    (tmp_path / "bad.nc").write_text("no")
    (tmp_path / "catalogue.yml").write_text("datasets: [{files: scratch.nc, leave_out: true}]")
    text, good = report(tmp_path)
    assert not good
    assert "catalogue.yml is understood" in text
    assert "good: good" in text
    assert "Refused (1)\n  bad.nc: it is not NetCDF" in text
    assert "Left out (1)\n  scratch.nc: the catalogue file leaves it out" in text


def test_an_empty_folder_says_so(tmp_path):
    text, good = report(tmp_path)
    assert good
    assert "No forecast files were found here." in text


@pytest.mark.parametrize(
    ("make", "status", "told"),
    [
        (lambda f: None, 0, "No forecast files"),
        (lambda f: (f / "bad.nc").write_text("no"), 1, "bad.nc: it is not NetCDF"),
        (lambda f: (f / "catalogue.yml").write_text("datasets: 5"), 2, "catalogue.yml cannot be"),
    ],
)
def test_the_command_tells_by_its_status(tmp_path, make, status, told):
    make(tmp_path)
    command = [sys.executable, "-m", "poama_panel.cli", "inspect", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert told in done.stdout + done.stderr
