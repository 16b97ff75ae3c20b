"""LocalSource keeps the contract."""

from __future__ import annotations

import pytest

from data_layer.local import LocalSource
from tests.contract.suite import ForecastSourceContract


class TestLocalSource(ForecastSourceContract):
    @pytest.fixture
    def source(self, archive):
        source = LocalSource.open(archive)
        yield source
        source.close()
