"""Files that change while they are in use, and many threads at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from data_layer import errors, opening
from data_layer.api import ProductRequest
from data_layer.local import LocalSource


@pytest.fixture
def archive(forecast, write) -> Path:
    write(forecast(), "tas.nc")
    return write(forecast(plus=5e5), ".next.nc").parent


def moved(folder: Path) -> None:
    (folder / ".next.nc").rename(folder / "tas.nc")


def written_over(folder: Path) -> None:
    shutil.copyfile(folder / ".next.nc", folder / "tas.nc")


TAS_0 = ProductRequest("tas", "tas", init="2026-10-01", lead=1, member=2)


@pytest.mark.parametrize("change", [moved, written_over])
def test_a_file_replaced_under_our_feet_is_an_error_and_then_new_data(archive, change):
    source = LocalSource.open(archive)
    before, version = source.fetch(TAS_0), source.catalogue().dataset("tas").version
    change(archive)
    with pytest.raises(errors.Unavailable, match="changed since it was indexed"):
        source.fetch(TAS_0)
    source.refresh()
    after = source.fetch(TAS_0)
    np.testing.assert_array_equal(after.values, before.values + np.float32(5e5))
    assert source.catalogue().dataset("tas").version != version
    with pytest.raises(errors.SupersededVersion) as caught:
        source.fetch(replace(TAS_0, version=version))
    assert caught.value.exists == (source.catalogue().dataset("tas").version,)


def test_a_file_that_went_away_is_an_error_and_then_unknown(archive):
    source = LocalSource.open(archive)
    source.fetch(TAS_0)
    (archive / "tas.nc").unlink()
    with pytest.raises(errors.Unavailable, match="is gone"):
        source.fetch(TAS_0)
    source.refresh()
    with pytest.raises(errors.UnknownDataset):
        source.fetch(TAS_0)


def test_a_source_answers_from_the_index_it_is_given(archive):
    source = LocalSource(opening.scan(archive))
    source.fetch(TAS_0)
    moved(archive)
    source.replace(opening.scan(archive))
    assert source.fetch(TAS_0).values.min() >= 5e5


def test_a_closed_source_holds_no_file_and_opens_them_again_when_asked(archive):
    source = LocalSource.open(archive)
    expected = source.fetch(TAS_0)
    held = {os.readlink(f) for f in Path("/proc/self/fd").iterdir() if f.is_symlink()}
    assert str(archive / "tas.nc") in held
    source.close()
    held = {os.readlink(f) for f in Path("/proc/self/fd").iterdir() if f.is_symlink()}
    assert str(archive / "tas.nc") not in held
    xr.testing.assert_identical(source.fetch(TAS_0), expected)


# Run in a process of its own: the library does not raise, it brings the process down.
HAMMER = """
import sys, threading
from data_layer.api import Point, ProductRequest
from data_layer.local import LocalSource

sources = [LocalSource.open(sys.argv[1]) for _ in range(2)]
request = ProductRequest("tas", "tas", init="2026-10-01", lead=1)
expected = sources[0].fetch(request).values
wrong = []

def ask(n):
    source = sources[n % 2]
    try:
        for turn in range(12):
            if not (source.fetch(request).values == expected).all():
                wrong.append("other numbers")
            source.frame(ProductRequest("tas", "tas", init="2026-10-01", lead=0, member=1))
            source.netcdf(ProductRequest("tas", "tas", init="2026-10-01", point=Point(0, 0)))
            source.limits(request)
            if turn % 4 == n % 4:
                source.refresh() if n % 2 else source.close()
    except BaseException as error:
        wrong.append(repr(error))

threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit("; ".join(wrong) or 0)
"""


def test_eight_threads_may_ask_two_sources_at_once(archive):
    done = subprocess.run(
        [sys.executable, "-c", HAMMER, str(archive)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
