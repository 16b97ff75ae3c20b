"""The doctor finds what is amiss, changes nothing, and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from tornado.testing import bind_unused_port

from poama_panel import doctor
from poama_panel.cli import main
from poama_panel.login.accounts import Accounts
from poama_panel.login.database import open_database
from poama_panel.settings import KEY_FILE, StorageSettings, ensure_secrets


@pytest.fixture
def state(tmp_path, monkeypatch) -> Path:
    """An empty place for state, and no other setting."""
    place = tmp_path / "state"
    monkeypatch.setenv("POAMA_STATE_DIR", str(place))
    for name in ("POAMA_DATA_URL", "POAMA_COOKIE_SECRET"):
        monkeypatch.delenv(name, raising=False)
    return place


def told(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["doctor", *arguments])
    return done.exit_code, done.output


def about(name: str, findings) -> list[tuple[str, str]]:
    return [(f.verdict, f.text) for f in findings if f.about == name]


def test_a_new_machine_is_well_and_stays_untouched(state):
    status, text = told()
    assert status == 0, text
    assert "AMISS" not in text
    assert not state.exists()


def test_a_machine_that_serves_is_well(state):
    ensure_secrets(state)
    Accounts(open_database(StorageSettings().database)).add("ada", "a long password")
    status, text = told()
    assert status == 0, text
    assert "1 can sign in, 0 disabled" in text
    assert "the dashboard is at http://127.0.0.1:5006" in text


def test_a_key_that_others_can_read_is_found(state):
    ensure_secrets(state)
    (state / KEY_FILE).chmod(0o644)
    status, text = told()
    assert status == 1
    assert f"chmod 600 {state / KEY_FILE}" in text


def test_a_disk_that_is_full_is_found(state, monkeypatch):
    ensure_secrets(state)
    monkeypatch.setattr(doctor, "LEAST_FREE", 1 << 80)
    assert [v for v, _ in about("state", doctor.state(StorageSettings()))] == ["amiss"]


def test_settings_that_contradict_each_other_are_found_without_their_values(state, monkeypatch):
    monkeypatch.setenv("POAMA_COOKIE_SECRET", "hunter2")
    status, text = told()
    assert status == 1
    assert "POAMA_COOKIE_SECRET" in text
    assert "hunter2" not in text


def test_a_database_that_is_none_is_found(state):
    ensure_secrets(state)
    Path(StorageSettings().database.removeprefix("sqlite:///")).write_bytes(b"no database" * 200)
    ((verdict, text),) = about("accounts", doctor.accounts(StorageSettings()))
    assert verdict == "amiss"
    assert "does not answer" in text


def test_a_data_layer_that_is_away_is_found(state, monkeypatch):
    listener, port = bind_unused_port()
    listener.close()
    monkeypatch.setenv("POAMA_DATA_URL", f"http://127.0.0.1:{port}")
    ((verdict, text),) = about("data", doctor.data_layer())
    assert verdict == "amiss"
    assert "does not answer" in text


def test_a_data_layer_that_is_ready_is_well(state, monkeypatch, service):
    monkeypatch.setenv("POAMA_DATA_URL", service.url)
    assert about("data", doctor.data_layer()) == [("well", f"{service.url} is ready")]


def test_a_refused_file_is_named_with_its_reason(state, tmp_path):
    archive = tmp_path / "archive"
    archive.mkdir()
    assert told("--data", str(archive))[0] == 0
    (archive / "bad.nc").write_text("no")
    status, text = told("--data", str(archive))
    assert status == 1
    assert "bad.nc: it is not NetCDF" in text


def test_a_package_that_is_too_old_is_found(monkeypatch):
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: ["panel>=99", "no-such-thing"])
    ((verdict, text),) = about("packages", doctor.packages())
    assert verdict == "amiss"
    assert ">=99 needed" in text
    assert "no-such-thing is not installed" in text
