"""The data layer's settings, where one depends on another."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from data_layer.settings import LEAST_READER_BYTES, DataSettings


def settings(tmp_path: Path, **given: object) -> DataSettings:
    return DataSettings(folder=tmp_path, keys=tmp_path / "keys.json", **given)


def test_two_readers_have_a_gibibyte_together_with_the_front(tmp_path):
    two = settings(tmp_path, readers=2)
    assert two.memory == 2**30
    assert two.budget.limit == two.memory
    assert two.budget.share * 2 + two.cache_bytes < two.memory
    assert two.budget.share < two.budget.most < two.memory


def test_more_readers_have_more_memory(tmp_path):
    assert settings(tmp_path, readers=4).memory == 2**30 + 2 * 256 * 2**20


def test_a_memory_that_cannot_hold_the_readers_is_refused_with_what_it_needs(tmp_path):
    with pytest.raises(ValidationError, match=r"too small for 2 readers .* needs 816 MiB"):
        settings(tmp_path, readers=2, memory="512MiB")


def test_a_smaller_cache_leaves_room(tmp_path):
    smaller = settings(tmp_path, readers=2, memory="640MiB", cache_bytes="64MiB")
    assert smaller.budget.share >= LEAST_READER_BYTES


def test_the_index_may_not_lie_in_the_archive(tmp_path):
    with pytest.raises(ValidationError, match="outside"):
        settings(tmp_path, index_dir=tmp_path / "index")
