"""The front process, its readers and its log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.contract.service import wait_until
from tests.data_layer.server.asking import (
    SERIES,
    frame_address,
)


def mapped(pid):
    return Path(f"/proc/{pid}/maps").read_text()


def test_the_front_has_loaded_no_library_that_a_file_can_bring_down(service):
    front, readers = mapped(service.process.pid), [mapped(pid) for pid in service.readers()]
    for library in ("netCDF4", "numpy", "hdf5", "llvmlite"):
        assert library not in front
    assert len(readers) == 2
    assert all("netCDF4" in maps for maps in readers)


def test_the_front_imports_no_array_library():
    program = (
        "import sys, data_layer.server.app, data_layer.settings; "
        "print(sorted({'xarray', 'netCDF4', 'numba', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_killed_reader_is_replaced(service):
    victims = service.readers()
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: service.get(frame_address(service, lead=0)).status_code == 200, 20)
    wait_until(lambda: len(set(service.readers()) - set(victims)) >= 1, 20)


def test_the_log_holds_no_secret(service):
    token = service.token()
    service.get(f"/v1/catalogue?token={token}")
    service.get(f"{SERIES}&lon=77.125")
    service.get("/v1/catalogue", Authorization=f"Bearer {token}", Cookie="sid=c00kie")
    marker = "/v1/the-last-line"
    service.get(marker)
    wait_until(lambda: any(marker in line for line in service.log), 10)
    text = "".join(service.log)
    assert "GET /v1/series/trial-forecast/tas" in text
    for secret in ("eyJ", "Bearer", "c00kie", "77.125", "Traceback"):
        assert secret not in text
