"""A few hundred damaged files, always the same: the drill (``make drill``) takes thousands."""

from __future__ import annotations

import pytest

from tests.fuzz.campaign import Outcome, run
from tests.fuzz.damage import case, make_seeds

CASES = 320


@pytest.fixture(scope="module")
def outcome(tmp_path_factory) -> Outcome:
    place = tmp_path_factory.mktemp("fuzz")
    seeds = make_seeds(place)
    return run((case(n, seeds) for n in range(CASES)), seeds, place)


def test_where_a_checksum_protects_nothing_wrong_is_shown(outcome):
    assert outcome.wrong_though_guarded == []
    guarded = [c for (_, damage), c in outcome.counts.items() if damage == "flip_guarded"]
    assert sum(c["unreadable"] + c["refused"] for c in guarded) > 20


def test_a_file_that_was_cut_off_is_never_shown(outcome):
    became = [c for (_, damage), c in outcome.counts.items() if damage == "cut"]
    assert sum(c["refused"] for c in became) > 20
    assert sum(c["wrong"] + c["unreadable"] for c in became) == 0


def test_every_file_is_refused_or_shown_and_no_error_is_unforeseen(outcome):
    assert sum(sum(c.values()) for c in outcome.counts.values()) == CASES
    assert outcome.faults == []
