"""The notebooks run from top to bottom, on a small archive."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda p: p.stem)
def test_notebook_runs(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    done = NotebookClient(
        notebook, timeout=150, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    shown = [
        kind
        for cell in done.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    ]
    assert any(kind.startswith("application/vnd.holoviews_exec") for kind in shown), shown
