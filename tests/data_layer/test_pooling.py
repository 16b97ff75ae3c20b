"""Members of the last starts as one ensemble, each with its own start and lead."""

from __future__ import annotations

import numpy as np
import pytest

from data_layer.api import Point, ProductRequest
from data_layer.errors import UnknownInit, UnknownLead, UnknownMember
from data_layer.local import LocalSource
from data_layer.pooling import Pool

DAYS = ("2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04")


@pytest.fixture(scope="module", params=["a file a start", "one file"])
def source(request, tmp_path_factory, forecast, write_file) -> LocalSource:
    """Four daily starts of members 1 to 3; the number of a cell tells start, member and lead."""
    folder = tmp_path_factory.mktemp("pool")
    leads = (0, 1, 2, 3, 4)
    if request.param == "one file":
        whole = forecast(inits=DAYS, members=(1, 2, 3), leads=leads, unit="days")
        for n in range(len(DAYS)):
            whole["tas"][n] = forecast(members=(1, 2, 3), leads=leads)["tas"][0] + 1e5 * n
        write_file(whole, folder / "s2.nc")
    else:
        for n, day in enumerate(DAYS):
            ds = forecast(inits=(day,), members=(1, 2, 3), leads=leads, unit="days", plus=1e5 * n)
            write_file(ds, folder / f"s2_{day.replace('-', '')}.nc")
    (folder / "catalogue.yml").write_text("datasets: [{files: '*.nc', lagged: {starts: 3}}]")
    return LocalSource.open(folder)


def ask(source, **more):
    more = {"init": "2026-10-04", "point": Point(-30.0, 0.0), **more}
    return source.fetch(ProductRequest("s2-lagged", "tas", **more))


def test_both_ensembles_are_in_the_catalogue(source):
    plain, lagged = source.catalogue().datasets
    assert (plain.id, plain.inits, plain.members) == ("s2", DAYS, (1, 2, 3))
    assert (lagged.id, lagged.inits, lagged.pooled) == ("s2-lagged", DAYS[2:], 3)
    assert lagged.members == tuple(range(1, 10))
    assert set(lagged.leads) < set(plain.leads)
    assert "members 1 to 3 are of the start named, each 3 after them" in lagged.notes[-1]


def test_each_member_keeps_its_own_start_and_all_are_for_the_same_time(source):
    found = ask(source, lead=1)
    assert found["member"].values.tolist() == list(range(1, 10))
    starts = [str(t)[:10] for t in found["member_init"].values]
    assert starts == [DAYS[3]] * 3 + [DAYS[2]] * 3 + [DAYS[1]] * 3
    # 5 October is day 1 of the start of the 4th, day 2 of the 3rd, day 3 of the 2nd.
    own_lead = {3: 1, 2: 2, 1: 3}
    numbers = np.array(
        [[1e5 * n + 1e3 * m + 100 * own_lead[n] for m in range(3)] for n in (3, 2, 1)]
    )
    np.testing.assert_array_equal(found.values, numbers.ravel())
    assert str(found["valid_time"].values)[:10] == "2026-10-05"


def test_a_member_is_found_by_its_number(source):
    one = ask(source, lead=1, member=8)
    np.testing.assert_array_equal(one.values, ask(source, lead=1).sel(member=8).values)


def test_leads_that_some_members_do_not_reach_are_none(source):
    # The oldest start's day 4 is the nominal start's day 2.
    assert source.catalogue().dataset("s2-lagged").leads == (0, 1, 2)
    assert ask(source, lead=2).notnull().all()
    with pytest.raises(UnknownLead):
        ask(source, lead=3)
    whole = ask(source)
    assert whole["lead"].values.tolist() == [0, 1, 2]
    assert whole.notnull().all()


def test_the_mean_is_of_all_of_them(source):
    mean = ask(source, lead=1, product="mean")
    np.testing.assert_allclose(mean.values, ask(source, lead=1).mean("member").values)


def test_a_start_without_enough_behind_it_is_none(source):
    with pytest.raises(UnknownInit) as refusal:
        ask(source, init="2026-10-02")
    assert refusal.value.exists == ("2026-10-04", "2026-10-03")
    with pytest.raises(UnknownMember):
        ask(source, member=10)


def test_starts_too_far_apart_are_not_put_together():
    pool = Pool(("2026-08-01", "2026-09-01", "2026-09-20", "2026-10-01"), 2, 31, 3)
    assert pool.complete() == ("2026-09-01", "2026-09-20", "2026-10-01")
    pool = Pool(pool.starts, 3, 31, 3)
    assert pool.complete() == ("2026-10-01",)
    assert list(pool.behind("2026-10-01")) == [
        ("2026-10-01", 0),
        ("2026-09-20", 3),
        ("2026-09-01", 6),
    ]
    assert list(Pool(pool.starts, 3, 5, 3).behind("2026-10-01")) == [("2026-10-01", 0)]


def test_a_start_there_is_not_has_none_behind_it(source):
    assert list(Pool(DAYS, 3, 31, 3).behind("1999-01-01")) == []
    dataset = source.index.dataset("s2-lagged")
    assert dataset.files_for("tas", "1999-01-01") == []


def test_lagged_ensembles_have_the_hindcast_that_the_archive_names(tmp_path, forecast, write_file):
    for role, years in (("hindcast", range(1991, 1995)), ("forecast", [2026])):
        for n, day in enumerate(f"{y}-{d}" for y in years for d in ("09-24", "10-01")):
            ds = forecast(inits=(day,), members=(1, 2), plus=n, attrs={"forecast_role": role})
            write_file(ds, tmp_path / role / f"x_{day.replace('-', '')}.nc")
    (tmp_path / "catalogue.yml").write_text(
        "datasets:\n"
        "  - {files: 'hindcast/*', id: past, of: now, lagged: {starts: 2, days: 10}}\n"
        "  - {files: 'forecast/*', id: now, lagged: {starts: 2, days: 10}}\n"
    )
    source = LocalSource.open(tmp_path)
    linked = {d.id: d.hindcast for d in source.catalogue().datasets}
    assert linked == {"now": "past", "past": "past"} | dict.fromkeys(
        ("now-lagged", "past-lagged"), "past-lagged"
    )
    found = source.fetch(ProductRequest("now-lagged", "tas", "anomaly", init="2026-10-01", lead=0))
    assert "4 starts of 4 members" in found.attrs["climatology"]


def test_days_that_begin_at_different_hours_are_not_put_together(tmp_path, forecast, write_file):
    for n, start in enumerate(("2026-10-01T00", "2026-10-01T12", "2026-10-02T00")):
        ds = forecast(inits=(start,), members=(1,), leads=(0, 1, 2), unit="days")
        write_file(ds, tmp_path / f"s_{n}.nc")
    (tmp_path / "catalogue.yml").write_text(
        "datasets: [{files: '*.nc', id: s, lagged: {starts: 2}}]"
    )
    assert [d.id for d in LocalSource.open(tmp_path).catalogue().datasets] == ["s"]
