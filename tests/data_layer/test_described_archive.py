"""An archive with a description: what is said of it holds, and a change of it is noticed."""

from __future__ import annotations

import pytest

from data_layer.errors import BadRequest
from data_layer.opening import scan
from data_layer.walking import fingerprint


def test_what_is_said_holds_and_belongs_together(forecast, write, tmp_path):
    write(forecast(members=(1,)), "a/one.nc")
    write(forecast(members=(2,)), "b/two.nc")
    write(forecast(members=(3,)), "scratch/three.nc")
    (tmp_path / "catalogue.yml").write_text(
        """
        datasets:
          - {files: scratch/**, leave_out: true}
          - {files: "**/*.nc", id: whole, title: The whole, role: hindcast, of: rt, scope: data:x}
        """
    )
    index = scan(tmp_path)
    (dataset,) = index.datasets
    info = dataset.info
    assert (info.id, info.title, info.role, info.members) == (
        "whole",
        "The whole",
        "hindcast",
        (1, 2),
    )
    assert (info.of, info.scope) == ("rt", "data:x")
    assert [f.path for f in index.left_out] == ["scratch/three.nc"]


def test_a_changed_description_is_noticed_and_makes_a_new_version(forecast, write, tmp_path):
    write(forecast(), "a.nc")
    first = scan(tmp_path)
    (tmp_path / "catalogue.yml").write_text("datasets: [{files: a.nc, title: New}]")
    assert fingerprint(tmp_path) != first.fingerprint
    second = scan(tmp_path, first)
    assert second.fingerprint == fingerprint(tmp_path)
    assert second.datasets[0].info.title == "New"
    assert second.datasets[0].info.version != first.datasets[0].info.version
    (tmp_path / "catalogue.yml").unlink()
    third = scan(tmp_path, second)
    assert third.datasets[0].info == first.datasets[0].info


def test_a_refused_file_is_looked_at_again_when_the_description_changes(forecast, write, tmp_path):
    write(forecast().rename(lead="horizon"), "a.nc")
    first = scan(tmp_path)
    assert [r.path for r in first.refused] == ["a.nc"]
    (tmp_path / "catalogue.yml").write_text(
        "datasets: [{files: a.nc, coordinates: {lead: horizon}}]"
    )
    second = scan(tmp_path, first)
    assert second.refused == ()
    assert second.datasets[0].info.leads == (0, 1, 2)


def test_a_description_that_cannot_be_understood_hides_nothing_by_showing_all(
    forecast, write, tmp_path
):
    write(forecast(), "a.nc")
    (tmp_path / "catalogue.yml").write_text("datasets: [{files: a.nc, leave_out: perhaps}]")
    with pytest.raises(BadRequest, match=r"catalogue\.yml cannot be used: datasets\.0\.leave_out"):
        scan(tmp_path)
