"""The brake on password guessing, by its own clock."""

from __future__ import annotations

from poama_panel.login.throttle import (
    FIRST_WAIT,
    FREE_TRIES,
    LONGEST_WAIT,
    REMEMBER_KEYS,
    REMEMBER_SECONDS,
    Throttle,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_waits_grow_after_five_failures_up_to_a_limit() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    waits = []
    for _ in range(15):
        assert throttle.attempt("alice", "192.0.2.1") == 0
        wait = throttle.attempt("alice", "192.0.2.9")
        waits.append(wait)
        clock.now += wait
        if not wait:
            throttle.succeeded("nobody", "192.0.2.9")
    assert waits[:2] == [0, 0]
    assert FIRST_WAIT in waits
    assert waits[-1] == LONGEST_WAIT


def test_a_try_while_waiting_does_not_prolong_the_wait() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(5):
        assert throttle.attempt("alice", "192.0.2.1") == 0
    assert throttle.attempt("alice", "192.0.2.1") == FIRST_WAIT
    clock.now += FIRST_WAIT - 1
    assert throttle.attempt("alice", "192.0.2.1") == 1
    clock.now += 1
    assert throttle.attempt("alice", "192.0.2.1") == 0


def test_success_forgets_the_names_failures() -> None:
    throttle = Throttle(Clock())
    for _ in range(20):
        for _ in range(4):
            assert throttle.attempt("alice", "192.0.2.1") == 0
        throttle.succeeded("alice", "192.0.2.1")
        if throttle.attempt("bob", "192.0.2.1"):
            break
    assert throttle.attempt("alice", "198.51.100.1") == 0


def test_success_counts_off_one_try_of_the_address() -> None:
    throttle = Throttle(Clock())
    for n in range(3 * FREE_TRIES["address"]):
        assert throttle.attempt(f"user{n}", "192.0.2.1") == 0
        throttle.succeeded(f"user{n}", "192.0.2.1")


def test_one_address_cannot_try_name_after_name() -> None:
    throttle = Throttle(Clock())
    for n in range(FREE_TRIES["address"]):
        assert throttle.attempt(f"user{n}", "192.0.2.1") == 0
    assert throttle.attempt("alice", "192.0.2.1") > 0
    assert throttle.attempt("alice", "192.0.2.2") == 0


def test_the_addresses_of_one_ipv6_network_count_as_one() -> None:
    throttle = Throttle(Clock())
    for n in range(FREE_TRIES["address"]):
        assert throttle.attempt(f"user{n}", f"2001:db8::{n + 1:x}") == 0
    assert throttle.attempt("alice", "2001:db8::ffff") > 0
    assert throttle.attempt("alice", "2001:db8:0:1::1") == 0


def test_memory_is_bounded_and_old_failures_are_forgotten() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for n in range(REMEMBER_KEYS):
        throttle.attempt(f"user{n}", f"address{n}")
    assert len(throttle._fails) <= REMEMBER_KEYS
    for _ in range(5):
        throttle.attempt("alice", "192.0.2.1")
    clock.now += REMEMBER_SECONDS + 1
    for _ in range(5):
        assert throttle.attempt("alice", "192.0.2.1") == 0
