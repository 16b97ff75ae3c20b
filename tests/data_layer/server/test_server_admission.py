"""What is refused before a reader hears of it, and what a refusal does not tell."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from data_layer.api import Catalogue, GridInfo, ProductRequest
from data_layer.errors import TooLarge, UnknownDataset
from data_layer.server.service import Service
from data_layer.settings import DataSettings
from tests.contract.fakes import INFO, FakeArchive

FAKE = ProductRequest("fake", "ok", lead=0, member=0)


class Asked(Service):
    """A service that writes down what would be asked of readers."""

    def __init__(self, tmp_path, *datasets, max_cells=1000) -> None:
        folder = tmp_path / "archive"
        folder.mkdir()
        settings = DataSettings(
            folder=folder, keys=tmp_path, readers=1, index_dir=tmp_path / "i", max_cells=max_cells
        )
        super().__init__(settings, FakeArchive(folder, tmp_path / "journal"))
        self._catalogue = Catalogue(datasets)
        self.asked: list[str] = []

    async def products(self):
        return ()

    async def _shared(self, op, request):
        self.asked.append(op)
        return b""


def limits(service: Service, **narrowed) -> None:
    asyncio.run(service.limits(replace(FAKE, lead=None, member=None, **narrowed)))


@pytest.mark.parametrize(("starts", "admitted"), [(10, True), (11, False)])
def test_limits_of_all_starts_are_admitted_like_one_map_of_each(tmp_path, starts, admitted):
    inits = tuple(f"20{n:02}-11-01" for n in range(starts))
    grid = GridInfo(10, 10, (0.0, 9.0), (0.0, 9.0), wraps=False)
    info = replace(INFO, inits=inits, leads=tuple(range(9)), members=tuple(range(9)), grid=grid)
    service = Asked(tmp_path, info)
    limits(service, init=inits[0])
    if admitted:
        limits(service)
    else:
        with pytest.raises(TooLarge):
            limits(service)
    assert service.asked == ["limits"] * (1 + admitted)


def test_a_dataset_that_went_meanwhile_is_missed_without_naming_the_others(tmp_path):
    service = Asked(tmp_path, replace(INFO, id="hidden", scope="data:few"))
    for ask in (service.answer("array", FAKE), service.limits(FAKE), service.frame(FAKE, "gzip")):
        with pytest.raises(UnknownDataset) as missed:
            asyncio.run(ask)
        assert missed.value.exists == ()
        assert "hidden" not in str(missed.value)


def test_a_dataset_does_not_name_one_that_is_not_seen():
    secret = replace(INFO, id="secret", scope="data:few")
    linked = replace(INFO, id="open", of="secret", hindcast="secret", observations="secret")
    own = replace(INFO, id="own", of="open", hindcast="own", observations="open")
    whole = Catalogue((secret, linked, own))
    seen = whole.visible_to(frozenset())
    assert [(d.id, d.of, d.hindcast, d.observations) for d in seen.datasets] == [
        ("open", "", "", ""),
        ("own", "open", "own", "open"),
    ]
    assert whole.visible_to(frozenset({"data:few"})) == whole
