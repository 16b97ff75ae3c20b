"""What is left in the folder of kept files: no locks, nothing half written, nothing lost."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from data_layer.keeping import ABANDONED_SECONDS
from data_layer.planes import PlaneStore

PLANES = {"mean": np.ones(4, "f4")}


def made() -> dict[str, np.ndarray]:
    return PLANES


def test_what_fails_to_be_made_leaves_no_lock(tmp_path):
    def fail() -> dict[str, np.ndarray]:
        raise LookupError("no such lead")

    with pytest.raises(LookupError):
        PlaneStore(tmp_path).get_or_make("key", fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [".half.planes.npz.7.part", "of-a-dead-process.lock"])
def test_what_dead_processes_left_is_tidied_up_and_what_living_ones_hold_is_not(tmp_path, name):
    old, new = tmp_path / name, tmp_path / f"{Path(name).stem}-new{Path(name).suffix}"
    for file in (old, new):
        file.touch()
    then = time.time() - ABANDONED_SECONDS - 1
    os.utime(old, (then, then))
    PlaneStore(tmp_path).get_or_make("key", made)
    assert not old.exists()
    assert new.exists()


class Forbidden(PlaneStore):
    def read(self, path):
        path.stat()
        raise OSError(24, "Too many open files")


def test_what_cannot_be_read_for_want_of_handles_is_not_deleted(tmp_path, caplog):
    PlaneStore(tmp_path).get_or_make("key", made)
    store = Forbidden(tmp_path)
    assert store.get("key") is None
    assert store.path("key").exists()
    assert "Too many open files" in caplog.text


def test_two_that_write_at_once_do_not_write_into_one_another(tmp_path):
    store = PlaneStore(tmp_path)

    class Nested(PlaneStore):
        def write(self, file, value):
            store._put("key", PLANES)  # somebody else is quicker
            super().write(file, value)

    found = Nested(tmp_path).get_or_make("key", made)
    np.testing.assert_array_equal(found["mean"], PLANES["mean"])
    np.testing.assert_array_equal(store.get("key")["mean"], PLANES["mean"])
    assert list(tmp_path.iterdir()) == [store.path("key")]
