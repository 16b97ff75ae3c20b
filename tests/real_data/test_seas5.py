"""SEAS5 and ERA5 over the Mediterranean: from two files to published scores, with no code.

Reference: SpecsVerification (R) on the same files, grid cell by grid cell.
"""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from data_layer.api import ProductRequest
from data_layer.local import LocalSource

REAL = os.environ.get("POAMA_REAL_DATA", "")
pytestmark = pytest.mark.skipif(not REAL, reason="POAMA_REAL_DATA names no folder")

DESCRIPTION = """
datasets:
  - {files: "seas5*.nc", id: seas5, role: hindcast}
  - {files: "era5*.nc", id: era5, role: observations, of: seas5}
"""
FILES = ("seas5_tas_nov2000-2005.nc", "era5_tas_nov2000-2005.nc")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seas5")
    for name in FILES:
        shutil.copy(Path(REAL, "seas5_medit", name), folder)
    (folder / "catalogue.yml").write_text(DESCRIPTION)
    return LocalSource.open(folder, tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def reference():
    table = Path(REAL, "seas5_medit", "reference_scores_SpecsVerification.csv")
    with table.open() as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    found: dict[int, dict[tuple[float, float], dict[str, float]]] = {}
    for row in rows:
        found.setdefault(int(row["lead"]), {})[row["lat"], row["lon"] % 360] = row
    return found


def asked(source, product, lead, init="2000-11-01"):
    return source.fetch(ProductRequest("seas5", "tas", product, init=init, lead=lead))


def test_hindcast_and_observations_are_linked(source):
    info = source.catalogue().dataset("seas5")
    assert (info.hindcast, info.observations) == ("seas5", "era5")


@pytest.mark.parametrize("lead", [0, 1, 2])
@pytest.mark.parametrize(
    ("product", "column"),
    [("skill:score=bias", "bias"), ("skill:score=acc,validation=none", "corr")],
)
def test_each_cell_has_the_published_score(source, reference, product, column, lead):
    found = asked(source, product, lead)
    cells = reference[lead]
    expected = np.array(
        [
            [cells[round(float(y), 3), round(float(x) % 360, 3)][column] for x in found["lon"]]
            for y in found["lat"]
        ]
    )
    np.testing.assert_allclose(found.values, expected, atol=2e-4)


def test_the_area_means_are_the_published_ones(source):
    for lead, (forecast, observed, bias) in enumerate(
        [
            (285.896382, 286.975044, -1.078662),
            (282.163771, 283.141811, -0.978039),
            (280.899728, 281.845479, -0.945751),
        ]
    ):
        climate = asked(source, "climatology", lead)
        weights = np.cos(np.deg2rad(climate["lat"]))
        assert float(climate.weighted(weights).mean()) == pytest.approx(forecast, abs=1e-4)
        starts = source.catalogue().dataset("seas5").inits
        seen = sum(asked(source, "observed", lead, init) for init in starts) / len(starts)
        assert float(seen.weighted(weights).mean()) == pytest.approx(observed, abs=1e-4)
        error = asked(source, "skill:score=bias", lead)
        assert float(error.weighted(weights).mean()) == pytest.approx(bias, abs=1e-4)


def test_six_years_are_enough_for_probabilities_and_say_how_few_they_are(source):
    chance = asked(source, "tercile_probability", 1)
    assert "6 starts of 15 members, 90 values" in chance.attrs["method"]
    skill = asked(source, "skill:score=rpss", 1)
    assert skill.attrs["sample_size"] == 6
