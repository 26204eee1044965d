"""Runs over many databases as the control database knows them: seen and resumed from another machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from iotistic.database.server import RunningServer
from iotistic.errors import Unavailable
from iotistic.migrations import History
from iotistic.migrations.tenants import (
    CONTROL_TABLES,
    ControlPlace,
    Fleet,
    FleetReport,
    Pace,
    Progress,
    RunMissing,
    State,
    Tenant,
    read_control,
    read_journal,
)
from iotistic.migrations.verification import verify
from tests.support.histories import Place, a_place, history_of, write

FILES = {"001_parts.sql": "CREATE TABLE parts (id int);"}
COUNT = 3


@pytest_asyncio.fixture(scope="module")
async def databases(server: RunningServer) -> AsyncIterator[list[Place]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(a_place(server.endpoint)) for _ in range(COUNT)]


@pytest_asyncio.fixture
async def places(databases: list[Place]) -> list[Place]:
    for place in databases:
        await place.empty()
    return databases


@pytest.fixture
def history(tmp_path: Path) -> History:
    return history_of(tmp_path / "sql", FILES)


@pytest.fixture
def control(place: Place) -> ControlPlace:
    return ControlPlace(endpoint=place.endpoint, database=place.name, needed=True)


@pytest.fixture
def fleet(history: History, control: ControlPlace, tmp_path: Path) -> Fleet:
    return Fleet(history=history, journals=tmp_path / "journals", control=control, pace=Pace(workers=2))


@pytest.fixture
def elsewhere(fleet: Fleet, tmp_path: Path) -> Fleet:
    """The same on a machine without the first one's journals."""
    return replace(fleet, journals=tmp_path / "elsewhere")


def tenants_of(places: list[Place]) -> list[Tenant]:
    return [
        Tenant(name=f"t{number}", endpoint=place.endpoint, database=place.name)
        for number, place in enumerate(places)
    ]


def dead(tenant: Tenant) -> Tenant:
    return replace(tenant, endpoint=replace(tenant.endpoint, hosts=(("127.0.0.1", 1),)))


async def half_done(fleet: Fleet, places: list[Place]) -> FleetReport:
    tenants = tenants_of(places)
    return await replace(fleet, pace=Pace(workers=1, most_failures=1)).run(
        [tenants[0], dead(tenants[1]), tenants[2]]
    )


async def test_the_control_database_knows_of_a_run_what_the_disk_knows(
    places: list[Place], fleet: Fleet, control: ControlPlace
) -> None:
    report = await half_done(fleet, places)
    there, here = await read_control(control, report.run), read_journal(fleet.journals, report.run)
    assert there.header == here.header
    assert [(one.name, one.state, one.applied) for one in there.all_results()] == [
        ("t0", State.APPLIED, ("001_parts.sql",)),
        ("t1", State.FAILED, ()),
        ("t2", State.UNREACHED, ()),
    ]
    assert there.results["t1"].code == "migration_server_unreachable"
    assert there.results["t1"].error == here.results["t1"].error
    assert report.notices == ()


async def test_the_newest_run_is_meant_when_none_is_named(
    places: list[Place], fleet: Fleet, control: ControlPlace
) -> None:
    with pytest.raises(RunMissing, match="knows nothing of any run"):
        await read_control(control, None)
    await fleet.run(tenants_of(places))
    second = await replace(fleet, clock=lambda: fleet.clock().replace(year=2099)).run(tenants_of(places))
    assert (await read_control(control, None)).header.run == second.run
    with pytest.raises(RunMissing, match="nothing of run x"):
        await read_control(control, "x")


async def test_another_machine_goes_on_with_a_run(
    places: list[Place], fleet: Fleet, elsewhere: Fleet, control: ControlPlace
) -> None:
    first = await half_done(fleet, places)
    seen: list[Progress] = []
    second = await replace(elsewhere, observe=seen.append).resume(first.run, tenants_of(places))
    assert (second.run, second.complete) == (first.run, True)
    assert "t0" not in {name for moment in seen for name in moment.running}
    assert (await read_control(control, first.run)).unfinished() == ()
    assert read_journal(elsewhere.journals, first.run).unfinished() == ()
    # The first machine's own journal is behind, and it knows.
    assert (await fleet.record(first.run)).unfinished() == ()


async def test_without_a_control_database_another_machine_knows_nothing(
    places: list[Place], fleet: Fleet, elsewhere: Fleet
) -> None:
    first = await half_done(fleet, places)
    with pytest.raises(RunMissing):
        await replace(elsewhere, control=None).resume(first.run, tenants_of(places))


async def test_a_control_database_somebody_named_must_answer_before_anybody_is_touched(
    places: list[Place], fleet: Fleet, control: ControlPlace
) -> None:
    nowhere = replace(control, database="no_such_database")
    with pytest.raises(Unavailable):
        await replace(fleet, control=nowhere).run(tenants_of(places))
    assert not fleet.journals.exists()
    assert await places[0].rows("SELECT to_regclass('schema_migrations')") == [(None,)]


async def test_one_that_nobody_named_may_be_missing_and_the_report_says_so(
    places: list[Place], fleet: Fleet, control: ControlPlace
) -> None:
    nowhere = replace(control, database="no_such_database", needed=False)
    report = await replace(fleet, control=nowhere).run(tenants_of(places))
    assert report.complete
    assert "on this machine only" in report.notices[0]


async def test_a_control_database_that_goes_away_ends_no_run(
    places: list[Place], fleet: Fleet, place: Place
) -> None:
    begun = asyncio.Event()
    assert isinstance(fleet.history.folder, Path)
    write(fleet.history.folder, {"000_gate.sql": "SELECT FROM gate;"})
    for other in places:
        await other.run("CREATE TABLE gate ()")
    # The canary waits at the gate until the session that writes the run down is dead.
    async with places[0].connection() as holder, asyncio.timeout(60):
        await holder.execute("BEGIN")
        await holder.execute("LOCK gate")
        watched = replace(fleet, observe=lambda _: begun.set())
        running = asyncio.create_task(watched.run(tenants_of(places)))
        await begun.wait()
        assert await place.rows(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
            " WHERE application_name = 'migrate:tenants' AND datname = current_database()"
        ) == [(True,)]
        await holder.execute("COMMIT")
        report = await running
    assert report.complete
    assert "on this machine only" in report.notices[0]
    assert read_journal(fleet.journals, report.run).unfinished() == ()


async def test_two_first_runs_at_once_make_the_tables_once(places: list[Place], fleet: Fleet) -> None:
    reports = await asyncio.gather(*(fleet.run(tenants_of(places)) for _ in range(3)))
    assert all(report.complete and not report.notices for report in reports)


async def test_a_new_run_forgets_runs_of_more_than_thirteen_months_ago_with_their_tenants(
    places: list[Place], fleet: Fleet, place: Place
) -> None:
    [forgotten, kept] = [(await fleet.run(tenants_of(places))).run for _ in range(2)]
    await place.run(
        "UPDATE schema_migrations_runs SET started_at = now() - interval '13 months 2 days'"
        f" WHERE run = '{forgotten}'",
        "UPDATE schema_migrations_runs SET started_at = now() - interval '13 months' + interval '2 days'"
        f" WHERE run = '{kept}'",
    )
    newest = (await fleet.run(tenants_of(places))).run
    assert await place.rows(
        "SELECT run, count(*) FROM schema_migrations_run_tenants GROUP BY run ORDER BY run"
    ) == sorted([(kept, COUNT), (newest, COUNT)])
    assert {run for (run,) in await place.rows("SELECT run FROM schema_migrations_runs")} == {kept, newest}


async def test_verify_takes_the_tables_of_runs_for_ours(
    places: list[Place], fleet: Fleet, place: Place, history: History
) -> None:
    tenant = Tenant(name="control", endpoint=place.endpoint, database=place.name)
    await fleet.run([tenant, *tenants_of(places)])
    for table in CONTROL_TABLES:
        assert await place.rows(f"SELECT to_regclass('{table}') IS NOT NULL") == [(True,)]
    assert (await verify(place.endpoint, place.name, history)).same
