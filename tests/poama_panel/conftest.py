"""A running view for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.poama_panel.running import View, running_view


@pytest.fixture
def view(tmp_path: Path) -> Iterator[View]:
    with running_view(tmp_path) as running:
        yield running
