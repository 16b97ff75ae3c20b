"""The real service in a process of its own, for tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from data_layer.auth.keys import key_set
from data_layer.auth.tokens import Signer, make_key_pair


@dataclass
class Service:
    """A running service.

    ``log`` grows while it runs.
    """

    url: str
    pem: bytes
    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)

    @property
    def signer(self) -> Signer:
        return Signer(self.pem, "test")

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def token(self) -> str:
        return self.signer.mint("tester")

    def get(self, path: str, **headers: str) -> httpx.Response:
        """GET as somebody who may read."""
        headers.setdefault("Authorization", f"Bearer {self.token()}")
        return httpx.get(self.url + path, headers=headers, timeout=30, trust_env=False)

    def readers(self) -> list[int]:
        """Process ids of the reader processes."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                command = (entry / "cmdline").read_text()
            except (OSError, IndexError):
                continue
            if parent == self.process.pid and "spawn_main" in command:
                found.append(int(entry.name))
        return found


def wait_until(condition, seconds: float = 60.0):
    """The first true value of ``condition()``; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {condition}"
        time.sleep(0.05)


@contextmanager
def running(folder: Path, scratch: Path, **settings: object) -> Iterator[Service]:
    """A ready service on ``folder``; its keys are written to ``scratch``."""
    pem, jwk = make_key_pair("test")
    keys = scratch / "keys.json"
    keys.write_text(key_set([jwk]))
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "data_layer.server",
            "--data",
            folder,
            "--keys",
            keys,
            "--port",
            "0",
        ],
        env={**os.environ, **{f"POAMA_DATA_{k.upper()}": str(v) for k, v in settings.items()}},
        stderr=subprocess.PIPE,
        text=True,
    )
    service = Service("", pem, process)

    listener = threading.Thread(target=_collect, args=(process, service.log), daemon=True)
    listener.start()
    try:
        said = wait_until(lambda: _address(service))
        service.url = said
        wait_until(lambda: service.get("/readyz").status_code == 200)
        yield service
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        finally:
            process.kill()
            listener.join(5)


def _collect(process: subprocess.Popen[str], log: list[str]) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        log.append(line)


def _address(service: Service) -> str:
    assert service.process.poll() is None, "".join(service.log)
    found = re.search(r"listening on (http://\S+)", "".join(service.log))
    return found.group(1) if found else ""
