"""What catalogue.yml may say, and what it is told when it cannot be understood."""

from __future__ import annotations

import pytest

from data_layer.described import Description, Entry, read_description
from data_layer.errors import BadRequest


def written(folder, text):
    (folder / "catalogue.yml").write_text(text)
    return read_description(folder)


def test_an_archive_without_a_description_is_described_by_nothing(tmp_path):
    assert read_description(tmp_path) == Description()
    assert written(tmp_path, "# nothing yet\n") == Description()


def test_the_first_entry_that_fits_counts(tmp_path):
    described = written(
        tmp_path,
        """
        datasets:
          - files: a/*_old.nc
            leave_out: true
          - files: [a/*.nc, b/**]
            id: a-set
            variables: {t2m: {units: K}}
        """,
    )
    assert described.entry_for("a/x_old.nc").leave_out
    assert described.entry_for("a/x.nc").id == "a-set"
    assert described.entry_for("b/c/d/x.nc").variables["t2m"].units == "K"
    assert described.entry_for("c/x.nc") is None


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.nc", "a.nc", True),
        ("*.nc", "a/b.nc", False),
        ("**/*.nc", "a.nc", True),
        ("**/*.nc", "a/b/c.nc", True),
        ("a/**", "a/b/c.nc", True),
        ("a/**", "ab/c.nc", False),
        ("./a?.nc", "ab.nc", True),
        ("a?.nc", "a/.nc", False),
        ("a.nc", "axnc", False),
        ("[1].nc", "[1].nc", True),
        ("a+b.nc", "a+b.nc", True),
    ],
)
def test_patterns(pattern, path, fits):
    assert Entry(files=pattern).fits(path) is fits


def test_an_entry_survives_being_written_down():
    entry = Entry(
        files=["a", "b"], id="x", coordinates={"lead": "step"}, variables={"t": {"units": "K"}}
    )
    again = Entry.read(entry.written())
    assert again == entry.model_copy(update={"files": ("*",)})
    assert again.written() == entry.written()
    assert Entry(files="a").written() == ""
    assert Entry.read("") == Entry(files="*")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("datasets: [", "line 1"),
        ("datasets:\n  - id: x\n", "datasets.0.files"),
        ("datasets:\n  - {files: a, colour: red}\n", "datasets.0.colour"),
        ("datasets:\n  - {files: a, role: hindsight}\n", "datasets.0.role"),
        ("datasets:\n  - {files: a, id: 'No Spaces'}\n", "datasets.0.id"),
        ("datasets:\n  - {files: a, coordinates: {height: z}}\n", "datasets.0.coordinates.height"),
        ("just text", "cannot be used"),
        ("", "it is empty"),
        ("!!python/object/apply:os.system ['true']", "cannot be used"),
        ("[" * 10_000, "cannot be used"),
    ],
)
def test_what_cannot_be_understood_is_named(tmp_path, text, told):
    with pytest.raises(BadRequest) as refusal:
        written(tmp_path, text)
    assert told in str(refusal.value)
    assert "catalogue.yml" in str(refusal.value)


def test_what_is_not_text_is_refused(tmp_path):
    (tmp_path / "catalogue.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadRequest, match="cannot be read"):
        read_description(tmp_path)
