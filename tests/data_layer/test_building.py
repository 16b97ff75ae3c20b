"""What is made beforehand is what the service would make, on one machine and on a cluster."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from data_layer import building
from data_layer.api import ProductRequest
from data_layer.demo.synthetic import write_archive
from data_layer.local import LocalSource


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    write_archive(
        folder,
        years=(2001, 2006),
        start_months=(11,),
        members=3,
        realtime=("2026-11-01",),
        realtime_members=4,
        leads=3,
        nlat=19,
        nlon=36,
    )
    return folder


def wanted(folder, **narrowed):
    return list(building.jobs(LocalSource.open(folder).catalogue(), **narrowed))


def kept(index_dir):
    return sorted(p.name for p in (index_dir / "climatologies").glob("*.npz"))


def test_a_map_is_made_for_each_variable_start_window_and_lead(archive):
    requests = wanted(archive, variables=["tas"], windows=(1, 3), scores=("acc",))
    assert {r.product for r in requests} == {
        "climatology",
        "climatology:window=3",
        "skill:score=acc",
        "skill:score=acc,window=3",
    }
    assert len(requests) == 2 * (3 + 1)
    assert {r.init for r in requests} == {"2006-11-01"}


def test_what_is_asked_for_by_day_is_found_made(archive, tmp_path):
    requests = wanted(archive, variables=["tas"], scores=("rpss",))
    assert not any(building.carry_out(archive, tmp_path, requests))
    made = kept(tmp_path)
    assert len(made) == 6
    source = LocalSource.open(archive, tmp_path)
    forecast = next(d for d in source.catalogue().datasets if d.role == "forecast")
    for product in ("anomaly", "tercile_probability", "skill:score=rpss"):
        source.fetch(ProductRequest(forecast.id, "tas", product, init="2026-11-01", lead=1))
    assert kept(tmp_path) == made


def test_a_cluster_makes_the_same(archive, tmp_path):
    distributed = pytest.importorskip("distributed")
    requests = wanted(archive, variables=["pr"], scores=("acc",))
    assert not any(building.carry_out(archive, tmp_path / "here", requests))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        told = building.carry_out(archive, tmp_path / "there", requests, scheduler=address)
        assert not any(told)
    assert kept(tmp_path / "here") == kept(tmp_path / "there") != []
    for request in requests:
        here, there = (
            LocalSource.open(archive, tmp_path / place).fetch(request)
            for place in ("here", "there")
        )
        assert here.identical(there)


def test_processes_share_the_work(archive, tmp_path):
    requests = wanted(archive, variables=["tas"])
    assert not any(building.carry_out(archive, tmp_path, requests, processes=2))
    assert len(kept(tmp_path)) == len(requests)


def test_the_command_says_what_it_could_not_make(archive, tmp_path):
    run = CliRunner().invoke(
        building.main, [str(archive), "--index-dir", str(tmp_path), "--score", "magic"]
    )
    assert run.exit_code == 1
    assert "magic" in run.output


def test_an_archive_without_hindcast_has_nothing_to_make(tmp_path):
    run = CliRunner().invoke(building.main, [str(tmp_path), "--index-dir", str(tmp_path / "index")])
    assert run.exit_code == 1
    assert "no hindcast" in run.output
