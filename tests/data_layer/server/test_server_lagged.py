"""Lagged ensembles over HTTP, and a start that arrives file by file."""

from __future__ import annotations

import pytest

from tests.contract.service import running


@pytest.fixture(scope="module")
def service(tmp_path_factory, forecast, write_file):
    folder = tmp_path_factory.mktemp("lagged")
    for day in (1, 2, 3):
        ds = forecast(inits=(f"2026-10-0{day}",), leads=(0, 1, 2), unit="days")
        write_file(ds, folder / f"tas_2026100{day}.nc")
        if day < 3:  # of the newest start one variable is there so far
            write_file(ds.rename(tas="pr"), folder / f"pr_2026100{day}.nc")
    (folder / "catalogue.yml").write_text("datasets: [{files: '*.nc', id: s, lagged: {starts: 2}}]")
    with running(folder, tmp_path_factory.mktemp("keys"), readers=1) as service:
        yield service


def version(service):
    return service.get("/v1/catalogue").json()["datasets"][0]["version"]


def test_a_start_that_is_not_complete_yet_does_not_make_the_service_unready(service):
    assert service.get("/readyz").status_code == 200
    missing = f"/v1/frames/s/{version(service)}/pr/value/2026-10-03/0/0"
    assert service.get(missing).status_code == 404


@pytest.mark.parametrize("dataset", ["s", "s-lagged"])
def test_a_start_there_is_not_is_said_and_costs_no_reader(service, dataset):
    before = service.readers()
    for path in (
        f"/v1/limits/{dataset}/{version(service)}/tas/value/1999-01-01",
        f"/v1/frames/{dataset}/{version(service)}/tas/value/1999-01-01/0/0",
        f"/v1/series/{dataset}/tas?init=1999-01-01&lat=-30&lon=0",
    ):
        refusal = service.get(path)
        assert refusal.status_code == 404, path
        assert "2026-10-03" in refusal.json()["exists"]
    assert service.readers() == before
    frame = f"/v1/frames/{dataset}/{version(service)}/tas/mean/2026-10-03/0/all"
    assert service.get(frame).status_code == 200
