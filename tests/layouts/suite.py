"""What every layout must do, on files written as its archive writes them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer.api import Point, ProductRequest
from data_layer.layouts.base import Layout
from data_layer.local import LocalSource
from data_layer.opening import choose_layout
from tests.layouts import truth
from tests.layouts.truth import Traps, Truth

SEEDS = range(6)


class LayoutTests(ABC):
    """Inherit, name the layout, and say how its archive writes a forecast.

    Attributes
    ----------
    layout: the one that must recognise the files.
    variable: the canonical name of the variable written.
    units: of the numbers written.
    suffix: of the names of its files.
    shift: member number found for the first member of the truth, less its own.
    """

    layout: Layout
    variable: str = "tas"
    units: str = "K"
    suffix: str = ".nc"

    @abstractmethod
    def write(self, folder: Path, truth: Truth) -> None:
        """The archive's files below ``folder``."""

    def make(self, seed: int) -> Truth:
        """The forecast to write; override for other starts, leads or grids."""
        return truth.make(seed=seed, traps=Traps.random(seed))

    # ------------------------------------------------------------------ the tests

    @pytest.fixture(params=SEEDS)
    def case(self, request, tmp_path) -> tuple[Path, Truth]:
        """An archive with random traps."""
        made = self.make(request.param)
        self.write(tmp_path, made)
        return tmp_path, made

    def source(self, folder: Path) -> LocalSource:
        """The archive, opened."""
        source = LocalSource.open(folder)
        assert source.catalogue().refused == ()
        return source

    def test_each_file_is_recognised(self, case):
        folder, _ = case
        files = sorted(p for p in folder.rglob("*") if p.suffix == self.suffix)
        assert files
        assert {choose_layout(p).name for p in files} == {self.layout.name}

    def test_the_catalogue_says_what_is_there(self, case):
        folder, made = case
        (info,) = self.source(folder).catalogue().datasets
        assert info.layout == self.layout.name
        assert info.lead_unit == made.unit
        assert info.leads == tuple(made.da["lead"].values.tolist())
        assert info.members == tuple(made.da["member"].values.tolist())
        assert info.inits == tuple(str(t)[:10] for t in made.da["init"].values)
        (variable,) = info.variables
        assert (variable.name, variable.units) == (self.variable, self.units)

    def test_every_number_is_found_under_its_labels(self, case):
        folder, made = case
        source = self.source(folder)
        (info,) = source.catalogue().datasets
        for i, init in enumerate(info.inits):
            for m, member in enumerate(info.members):
                if not made.has(i, m):
                    continue
                for k, lead in enumerate(info.leads):
                    request = ProductRequest(
                        info.id, self.variable, init=init, lead=lead, member=member
                    )
                    same(source.fetch(request), made.da[i, m, k])

    def test_a_series_at_a_place_has_the_maps_numbers(self, case):
        folder, made = case
        source = self.source(folder)
        (info,) = source.catalogue().datasets
        lat, lon = float(made.da["lat"][2]), float(made.da["lon"][-1])
        request = ProductRequest(info.id, self.variable, init=info.inits[-1], point=Point(lat, lon))
        found = source.fetch(request)
        expected = made.da[-1].sel(lat=lat, lon=lon)
        np.testing.assert_allclose(found.transpose("member", "lead").values, expected, atol=1e-4)

    def test_opening_reads_no_values(self, case, monkeypatch):
        folder, _ = case
        path = next(p for p in sorted(folder.rglob(f"*{self.suffix}")))
        with self.layout.open(path) as ds:
            for name in ds.data_vars:
                assert not ds[name].variable._in_memory, f"{name} was loaded"


def same(found: xr.DataArray, expected: xr.DataArray) -> None:
    """A map, whatever order its axes came in."""
    assert found.dims == ("lat", "lon")
    np.testing.assert_allclose(found["lat"].values, expected["lat"].values, atol=1e-4)
    np.testing.assert_allclose(found["lon"].values % 360, expected["lon"].values, atol=1e-4)
    np.testing.assert_allclose(found.values, expected.values, atol=1e-4)
