"""HttpSource, against the real service with real readers, keeps the contract."""

from __future__ import annotations

import pytest

from data_layer.client import HttpSource
from tests.contract.suite import ForecastSourceContract


class TestHttpSource(ForecastSourceContract):
    @pytest.fixture
    def source(self, service):
        source = HttpSource(service.url, service.token)
        yield source
        source.close()
