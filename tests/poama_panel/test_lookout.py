"""New starts are looked for by one page on behalf of all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from data_layer.api import Catalogue, RefusedFile
from data_layer.errors import NotAuthenticated, Unavailable
from poama_panel import app
from poama_panel.app import Lookout

OLD = Catalogue()
NEW = Catalogue(refused=(RefusedFile("a.nc", "half a file"),))


class Source:
    """Of a page."""

    def __init__(self, answer: Catalogue | Exception) -> None:
        self.answer, self.asked = answer, 0

    def catalogue(self) -> Catalogue:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class State:
    """Of a page: what it shows."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue


async def _told(*pages: tuple[Source, State], looks: int = 3) -> list[int]:
    """How often each page was told that there is something new."""
    lookout, told = Lookout(), [0] * len(pages)

    def renew(at: int) -> Any:
        def told_so() -> None:
            told[at] += 1
            pages[at][1].catalogue = NEW

        return told_so

    for at, (source, state) in enumerate(pages):
        lookout.add(source, state, renew(at))  # type: ignore[arg-type]
    end = asyncio.get_running_loop().time() + 10
    while sum(source.asked for source, _ in pages) < looks:
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.005)
    for source, _ in pages:
        lookout.remove(source)  # type: ignore[arg-type]
    assert lookout._task is not None
    await asyncio.wait_for(lookout._task, 10)
    return told


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "RENEW_SECONDS", 0.01)
    monkeypatch.setattr(app, "_APART_SECONDS", 0.0)


def test_one_page_asks_and_those_that_are_behind_are_told_once() -> None:
    pages = [
        (Source(NEW), State(OLD)),
        (Source(NEW), State(OLD)),
        (Source(NEW), State(NEW)),
    ]
    assert asyncio.run(_told(*pages)) == [1, 1, 0]
    # What the first was answered is not given to the others: they are told to ask.
    assert [source.asked > 0 for source, _ in pages] == [True, False, False]


def test_somebody_who_signed_out_does_not_stand_in_the_way() -> None:
    gone = Source(NotAuthenticated("The session has ended."))
    pages = [(gone, State(NEW)), (Source(NEW), State(OLD))]
    assert asyncio.run(_told(*pages, looks=4)) == [0, 1]


def test_a_data_layer_that_is_away_is_asked_again_later() -> None:
    away = Source(Unavailable("The data layer does not answer."))
    other = Source(NEW)
    assert asyncio.run(_told((away, State(OLD)), (other, State(OLD)))) == [0, 0]
    assert away.asked >= 3
    assert other.asked == 0
