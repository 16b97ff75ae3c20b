"""One archive and one running service for all tests that ask one."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.contract.suite", "tests.layouts.suite")

from tests.contract.archive import write_archive  # noqa: E402
from tests.contract.service import running  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def _indexes_of_our_own(tmp_path_factory):
    """Services and notebooks keep what they know of a folder among the tests' own files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POAMA_DATA_INDEX_DIR", str(tmp_path_factory.mktemp("index")))
        yield


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    write_archive(folder)
    return folder


@pytest.fixture(scope="session")
def service(archive, tmp_path_factory):
    with running(archive, tmp_path_factory.mktemp("service"), readers=2) as service:
        yield service
