"""One archive and one running service for all tests of the service."""

from __future__ import annotations

import pytest

from tests.contract.archive import write_archive
from tests.contract.service import running
from tests.data_layer.server.asking import frame_address


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    write_archive(folder)
    return folder


@pytest.fixture(scope="session")
def service(archive, tmp_path_factory):
    with running(archive, tmp_path_factory.mktemp("service"), readers=2) as service:
        yield service


@pytest.fixture
def frame_path(service):
    return frame_address(service)
