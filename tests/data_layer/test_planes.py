"""Planes on disk: made once, whole or not at all, within a limit."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from data_layer.planes import PlaneStore


class Maker:
    """Makes planes and counts how often it was asked."""

    def __init__(self, number: float = 1.0, size: int = 4) -> None:
        self.asked = 0
        self._planes = {"mean": np.full(size, number, "f4"), "lat": np.arange(size)}

    def __call__(self) -> dict[str, np.ndarray]:
        self.asked += 1
        return self._planes


def kept(folder: Path) -> set[Path]:
    return set(folder.glob(f"*{PlaneStore.suffix}"))


def test_what_was_made_is_found_again(tmp_path):
    store, make = PlaneStore(tmp_path / "new" / "folder"), Maker()
    assert store.get("key") is None
    first = store.get_or_make("key", make)
    again = PlaneStore(tmp_path / "new" / "folder").get_or_make("key", make)
    assert make.asked == 1
    for planes in (first, again):
        assert set(planes) == {"mean", "lat"}
        np.testing.assert_array_equal(planes["mean"], np.ones(4, "f4"))
        assert planes["mean"].dtype == np.float32


def test_keys_are_kept_apart(tmp_path):
    store = PlaneStore(tmp_path)
    store.get_or_make("a", Maker(1))
    store.get_or_make("b", Maker(2))
    assert [store.get(k)["mean"][0] for k in "ab"] == [1, 2]
    assert store.path("a") != store.path("b")


def test_a_key_can_be_any_text(tmp_path):
    store = PlaneStore(tmp_path)
    for key in ("../../up", "ä\0b", "x" * 10_000, ""):
        store.get_or_make(key, Maker())
        assert store.path(key).parent == tmp_path
    assert len(kept(tmp_path)) == 4


def test_nothing_else_is_left_behind(tmp_path):
    PlaneStore(tmp_path).get_or_make("key", Maker())
    assert set(tmp_path.iterdir()) == kept(tmp_path)


def _make_slowly(folder: str, counter: str, started: object) -> None:
    def make() -> dict[str, np.ndarray]:
        with open(counter, "a") as file:
            file.write("x")
        time.sleep(0.5)
        return {"mean": np.arange(1000.0)}

    started.wait(60)  # type: ignore[attr-defined]
    found = PlaneStore(Path(folder)).get_or_make("key", make)
    assert found["mean"].sum() == 499500


def test_two_processes_at_once_make_it_once(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(2)
    counter = tmp_path / "counter"
    processes = [
        spawn.Process(target=_make_slowly, args=(str(tmp_path / "p"), str(counter), together))
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [p.exitcode for p in processes] == [0, 0]
    assert counter.read_text() == "x"


def test_threads_at_once_make_it_once(tmp_path):
    make = Maker()
    together = threading.Barrier(4)

    def ask() -> None:
        together.wait(10)
        PlaneStore(tmp_path).get_or_make("key", make)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert make.asked == 1


def test_one_that_fails_leaves_the_way_free_for_the_next(tmp_path):
    store = PlaneStore(tmp_path)

    def fail() -> dict[str, np.ndarray]:
        raise KeyError("no such lead")

    with pytest.raises(KeyError, match="no such lead"):
        store.get_or_make("key", fail)
    assert store.get("key") is None
    make = Maker()
    store.get_or_make("key", make)
    assert make.asked == 1


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "end lost"])
def test_a_damaged_file_is_made_anew(tmp_path, damage, caplog):
    store, make = PlaneStore(tmp_path), Maker()
    store.get_or_make("key", make)
    path = store.path("key")
    whole = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "text": b"not planes",
            "cut": whole[: len(whole) // 2],
            "end lost": whole[:-60] + bytes(60),
        }[damage]
    )
    found = store.get_or_make("key", make)
    assert make.asked == 2
    np.testing.assert_array_equal(found["mean"], np.ones(4, "f4"))
    assert "damaged" in caplog.text
    assert store.get("key") is not None


def flipped(whole: bytes) -> bytes:
    """With a number of a plane changed, which only the plane's checksum tells."""
    at = whole.index(np.ones(4, "f4").tobytes())
    return whole[:at] + b"\xff" + whole[at + 1 :]


def unnamed(whole: bytes) -> bytes:
    return whole.replace(b"mean.npy", b"meen.npy")


@pytest.mark.parametrize("damage", [flipped, unnamed])
def test_a_plane_that_turns_out_damaged_when_it_is_looked_up_is_made_anew(tmp_path, damage, caplog):
    store, make = PlaneStore(tmp_path), Maker()
    store.get_or_make("key", make)
    path = store.path("key")
    path.write_bytes(damage(path.read_bytes()))
    for _ in range(2):
        found = store.get_or_make("key", make)
        np.testing.assert_array_equal(found["mean"], np.ones(4, "f4"))
        np.testing.assert_array_equal(found["lat"], np.arange(4))
        assert set(found) == {"mean", "lat"}
    assert make.asked == 2
    assert "damaged" in caplog.text


def test_one_plane_where_a_set_should_be_is_made_anew(tmp_path):
    store, make = PlaneStore(tmp_path), Maker()
    with store.path("key").open("wb") as file:
        np.save(file, np.ones(4))
    assert len(store.get_or_make("key", make)) == 2
    assert make.asked == 1


def test_a_file_with_objects_in_it_is_not_trusted(tmp_path):
    store, make = PlaneStore(tmp_path), Maker()
    with store.path("key").open("wb") as file:
        np.save(file, np.array([{"a": 1}], object), allow_pickle=True)
    store.get_or_make("key", make)
    assert make.asked == 1


def test_what_was_not_used_for_the_longest_time_goes(tmp_path):
    size = Maker(size=1000)
    PlaneStore(tmp_path).get_or_make("measure", size)
    (one,) = kept(tmp_path)
    bytes_each = one.stat().st_size
    one.unlink()
    store = PlaneStore(tmp_path, limit=int(3.5 * bytes_each))
    for n, key in enumerate("abc"):
        store.get_or_make(key, Maker(n, 1000))
        os.utime(store.path(key), (n, n))
    assert store.get("a") is not None  # used again, so now "b" is the oldest
    store.get_or_make("d", Maker(3, 1000))
    assert kept(tmp_path) == {store.path(k) for k in "acd"}


def test_what_alone_is_over_the_limit_is_kept_until_the_next(tmp_path):
    store = PlaneStore(tmp_path, limit=10)
    store.get_or_make("a", Maker())
    assert store.get("a") is not None
    store.get_or_make("b", Maker())
    assert kept(tmp_path) == {store.path("b")}


def test_what_is_deleted_can_still_be_read_by_who_has_it(tmp_path):
    store = PlaneStore(tmp_path, limit=10)
    first = store.get_or_make("a", Maker(5))
    held = store.get("a")
    store.get_or_make("b", Maker())
    assert store.get("a") is None
    for planes in (first, held):
        np.testing.assert_array_equal(planes["mean"], np.full(4, 5, "f4"))


@pytest.mark.parametrize("below", ["", "deeper"])
def test_where_nothing_can_be_written_the_answer_comes_all_the_same(tmp_path, below, caplog):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("a file, not a folder")
    store, make = PlaneStore(in_the_way / below), Maker()
    for asked in (1, 2):
        found = store.get_or_make("key", make)
        np.testing.assert_array_equal(found["mean"], np.ones(4, "f4"))
        assert make.asked == asked
    assert "cannot be kept" in caplog.text
    assert in_the_way.read_text() == "a file, not a folder"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_only_be_read_is_read(tmp_path):
    PlaneStore(tmp_path).get_or_make("there", Maker(1))
    tmp_path.chmod(0o555)
    try:
        store, make = PlaneStore(tmp_path), Maker(2)
        assert store.get_or_make("there", make)["mean"][0] == 1
        assert make.asked == 0
        assert store.get_or_make("not there", make)["mean"][0] == 2
        assert make.asked == 1
    finally:
        tmp_path.chmod(0o755)


def test_what_was_made_and_cannot_be_kept_is_not_made_twice(tmp_path):
    folder = tmp_path / "planes"
    make = Maker()

    def make_without_a_folder() -> dict[str, np.ndarray]:
        shutil.rmtree(folder)
        return make()

    found = PlaneStore(folder).get_or_make("key", make_without_a_folder)
    np.testing.assert_array_equal(found["mean"], np.ones(4, "f4"))
    assert make.asked == 1
