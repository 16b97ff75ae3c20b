"""A dataset for some: to the others it is not there, whatever they ask."""

from __future__ import annotations

import pytest

from tests.contract.service import running


@pytest.fixture(scope="module")
def service(tmp_path_factory, forecast, write_file):
    folder = tmp_path_factory.mktemp("scoped")
    write_file(forecast(), folder / "open.nc")
    write_file(forecast(plus=1000.0), folder / "closed.nc")
    for name in ("broken.nc", "closed-broken.nc"):
        (folder / name).write_text("no")
    (folder / "catalogue.yml").write_text("datasets: [{files: closed*.nc, scope: data:few}]")
    with running(folder, tmp_path_factory.mktemp("keys"), readers=1) as service:
        yield service


def ask(service, path, scope, **headers):
    token = service.signer.mint("someone", scope=scope)
    return service.get(path, Authorization=f"Bearer {token}", **headers)


ALL, FEW = "data:read data:few", "data:read"


def test_the_catalogue_holds_what_the_caller_may_see(service):
    whole, part = (ask(service, "/v1/catalogue", scope) for scope in (ALL, FEW))
    assert [d["id"] for d in whole.json()["datasets"]] == ["closed", "open"]
    assert [d["id"] for d in part.json()["datasets"]] == ["open"]
    assert [r["path"] for r in whole.json()["refused"]] == ["broken.nc", "closed-broken.nc"]
    assert [r["path"] for r in part.json()["refused"]] == ["broken.nc"]
    assert whole.headers["ETag"] != part.headers["ETag"]


def test_one_callers_validator_is_not_anothers(service):
    whole = ask(service, "/v1/catalogue", ALL)
    again = {"If-None-Match": whole.headers["ETag"]}
    assert ask(service, "/v1/catalogue", ALL, **again).status_code == 304
    assert ask(service, "/v1/catalogue", FEW, **again).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/frames/closed/{version}/tas/value/2026-10-01/0/0",
        "/v1/limits/closed/{version}/tas/value/2026-10-01",
        "/v1/series/closed/tas?init=2026-10-01&lat=-30&lon=0",
        "/v1/subset/closed/tas?init=2026-10-01&lead=0&member=0",
    ],
)
def test_every_other_question_about_it_finds_nothing(service, path):
    datasets = ask(service, "/v1/catalogue", ALL).json()["datasets"]
    path = path.format(version=next(d["version"] for d in datasets if d["id"] == "closed"))
    assert ask(service, path, ALL).status_code == 200
    refusal = ask(service, path, FEW)
    assert refusal.status_code == 404
    assert refusal.json()["exists"] == ["open"]
    # Cached for those who may is not cached for those who may not.
    assert ask(service, path.replace("closed", "nothing"), FEW).status_code == 404
