"""The tree of errors."""

from __future__ import annotations

import pickle

import pytest

from data_layer import errors

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.DataLayerError)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_an_error_crosses_a_process_boundary_whole(kind):
    error = kind("No lead 9.", asked="9", exists=[0, 1, 2], advice="Choose one.")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.message, again.asked, again.exists, again.advice) == (
        "No lead 9.",
        "9",
        ("0", "1", "2"),
        "Choose one.",
    )
    assert str(again) == str(error) == "No lead 9. There is: 0, 1, 2. Choose one."


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_every_kind_says_what_it_is_and_stands_in_the_tree(kind):
    assert kind.__doc__
    assert kind.__name__ in errors.__doc__


def test_a_long_list_is_cut_short_in_words_but_not_in_the_error():
    error = errors.UnknownInit("No such start.", exists=range(100))
    assert len(error.exists) == 100
    assert "11 … (100 in all)." in str(error)
    assert ", 12" not in str(error)


def test_an_error_without_particulars_is_its_message():
    assert str(errors.Unavailable("Try again.")) == "Try again."
