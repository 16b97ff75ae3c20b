"""What the tests of the service ask it for."""

from __future__ import annotations

import pytest

from tests.data_layer.server.asking import frame_address


@pytest.fixture
def frame_path(service):
    return frame_address(service)
