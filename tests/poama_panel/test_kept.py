"""Frames kept in the view: for how long, how many, and for whom."""

from __future__ import annotations

from poama_panel.kept import FRESH_SECONDS, KeptFrames


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def frames(limit: int = 80_000) -> tuple[KeptFrames, Clock]:
    clock = Clock()
    return KeptFrames(limit, clock), clock


def key(n: int = 0, scope: str = "read") -> tuple[str, str, str]:
    return scope, f"a/b/c/d/e/f/{n}", "zstd"


def test_a_frame_is_shown_unasked_for_a_second_and_until_it_is_confirmed() -> None:
    kept, clock = frames()
    assert kept.get(key()) == (None, False)
    kept.put(key(), {"ETag": '"1"'}, b"body")
    found, fresh = kept.get(key())
    assert found is not None
    assert fresh
    assert (found.body, found.headers["ETag"]) == (b"body", '"1"')
    clock.now += FRESH_SECONDS
    assert kept.get(key()) == (found, False)
    kept.confirm(key(), found)
    again, fresh = kept.get(key())
    assert again is not None
    assert fresh
    assert again.body == b"body"


def test_what_another_scope_was_shown_is_not_kept_for_all() -> None:
    kept, _ = frames()
    kept.put(key(scope="read secret"), {}, b"body")
    assert kept.get(key(scope="read")) == (None, False)


def test_the_oldest_unused_go_when_there_is_no_more_room() -> None:
    kept, _ = frames()
    for n in range(30):
        kept.put(key(n), {}, bytes(8000))
        kept.get(key(0))
    there = [n for n in range(30) if kept.get(key(n))[0] is not None]
    assert there == [0, *range(30 - len(there) + 1, 30)]
    assert 6 <= len(there) <= 10


def test_one_that_is_very_large_is_not_kept_and_with_no_room_none_is() -> None:
    kept, _ = frames()
    kept.put(key(), {}, bytes(kept.largest))
    assert kept.get(key())[0] is None
    nothing, _ = frames(0)
    nothing.put(key(), {}, b"")
    assert nothing.get(key())[0] is None


def test_what_is_no_longer_the_answer_is_forgotten() -> None:
    kept, _ = frames()
    kept.put(key(), {}, b"body")
    kept.forget(key())
    kept.forget(key(5))
    assert kept.get(key())[0] is None
