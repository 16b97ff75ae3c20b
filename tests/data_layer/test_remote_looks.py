"""When a store elsewhere is looked at, and what is believed of it meanwhile."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from data_layer.remote import Options
from data_layer.remote_stores import Look, Looks, RemotePath
from tests.contract.service import wait_until


@dataclass
class Clock:
    """A clock that the test sets."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Answers:
    """Looks as the test wants them; each waits until it may go on."""

    found: Look
    asked: int = 0
    go_on: threading.Event = None  # type: ignore[assignment]

    def __call__(self, store: RemotePath) -> Look:
        self.asked += 1
        if self.go_on is not None:
            assert self.go_on.wait(30)
        return self.found


STORE = RemotePath.of("https://host/x.zarr", Options())
GOOD, BAD = Look(1, "zarr.json"), Look(2, why="it does not answer within 3 s", for_sure=False)


def test_a_store_is_looked_at_once_a_minute_and_not_more_often():
    answers, clock = Answers(GOOD), Clock()
    looks = Looks(answers, clock)
    assert looks.said(STORE, wait=30) == GOOD
    for clock.now in (1.0, 30.0, 59.0):
        assert looks.said(STORE, wait=30) == GOOD
    assert answers.asked == 1
    answers.found = Look(5, "zarr.json")
    clock.now = 60.0
    assert looks.said(STORE, wait=30) == answers.found
    assert answers.asked == 2


def test_nobody_waits_for_a_look_that_takes_long():
    answers = Answers(GOOD, go_on=threading.Event())
    looks = Looks(answers, Clock())
    assert looks.said(STORE) is None
    assert looks.said(STORE) is None
    assert answers.asked == 1
    answers.go_on.set()
    assert wait_until(lambda: looks.said(STORE)) == GOOD


def test_a_store_that_was_there_is_given_some_minutes():
    answers, clock = Answers(GOOD), Clock()
    looks = Looks(answers, clock)
    looks.said(STORE, wait=30)
    answers.found = BAD
    for clock.now in (60.0, 120.0, 240.0):
        assert looks.said(STORE, wait=30) == GOOD
    clock.now = 301.0
    assert looks.said(STORE, wait=30) == BAD
    answers.found = GOOD
    clock.now = 362.0
    assert looks.said(STORE, wait=30) == GOOD


def test_a_store_that_is_known_to_be_gone_is_given_no_time():
    answers, clock = Answers(GOOD), Clock()
    looks = Looks(answers, clock)
    looks.said(STORE, wait=30)
    answers.found = Look(3, why="there is nothing")
    clock.now = 60.0
    assert looks.said(STORE, wait=30) == answers.found


def test_a_store_that_could_not_be_reached_is_not_asked_at_each_request():
    answers, clock = Answers(BAD), Clock()
    looks = Looks(answers, clock)
    assert looks.anew(STORE) == BAD
    for clock.now in (1.0, 9.0):
        assert looks.anew(STORE) == BAD
    assert answers.asked == 1
    answers.found = GOOD
    clock.now = 10.0
    assert looks.anew(STORE) == GOOD
