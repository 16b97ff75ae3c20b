"""The newest choice wins, whichever is ready first."""

from __future__ import annotations

from poama_panel.views.latest import Latest


def _finish(latest: Latest[str], turn: int | None, done: str | None) -> bool:
    assert turn is not None
    return latest.finish(turn, done)


def test_an_older_choice_that_is_ready_later_is_dropped() -> None:
    latest = Latest[str]()
    older, newer = latest.begin("a"), latest.begin("b")
    assert _finish(latest, newer, "b")
    assert not _finish(latest, older, "a")
    assert latest.begin("b") is None


def test_an_older_choice_that_is_ready_first_is_dropped_too() -> None:
    latest = Latest[str]()
    older, newer = latest.begin("a"), latest.begin("b")
    assert not _finish(latest, older, "a")
    assert _finish(latest, newer, "b")


def test_what_was_done_is_not_done_again_and_what_failed_is() -> None:
    latest = Latest[str]()
    assert _finish(latest, latest.begin("a"), "a")
    assert latest.begin("a") is None
    assert _finish(latest, latest.begin("b"), None)
    assert latest.begin("b") is not None


def test_no_choice_is_always_done_and_leaves_nothing_done() -> None:
    latest = Latest[str]()
    assert _finish(latest, latest.begin("a"), "a")
    assert _finish(latest, latest.begin(None), None)
    assert latest.begin("a") is not None


def test_going_back_to_what_was_done_drops_the_choice_made_in_between() -> None:
    latest = Latest[str]()
    assert _finish(latest, latest.begin("a"), "a")
    between = latest.begin("b")
    assert latest.begin("a") is None
    assert not _finish(latest, between, "b")
    assert latest.begin("a") is None
