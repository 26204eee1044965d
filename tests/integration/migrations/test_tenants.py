"""One history for many real databases: canary, bounded workers, one dead host, resume, and a run that is stopped."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from iotistic.database.server import RunningServer
from iotistic.errors import Unavailable
from iotistic.migrations import History, inspect
from iotistic.migrations.errors import FilesRefused
from iotistic.migrations.tenants import (
    Fleet,
    Pace,
    Progress,
    Source,
    SourceKind,
    State,
    Tenant,
    TenantsInvalid,
    last_run,
    read_journal,
    read_source,
)
from tests.support.histories import Place, a_place, history_of, write

FILES = {"001_parts.sql": "CREATE TABLE parts (id int);", "002_more.sql": "CREATE TABLE more (id int);"}
COUNT = 6


@pytest_asyncio.fixture(scope="module")
async def databases_of_tenants(server: RunningServer) -> AsyncIterator[list[Place]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(a_place(server.endpoint)) for _ in range(COUNT)]


@pytest_asyncio.fixture
async def places(databases_of_tenants: list[Place]) -> list[Place]:
    for place in databases_of_tenants:
        await place.empty()
    return databases_of_tenants


@pytest.fixture
def history(tmp_path: Path) -> History:
    return history_of(tmp_path / "sql", FILES)


@pytest.fixture
def fleet(history: History, tmp_path: Path) -> Fleet:
    return Fleet(history=history, journals=tmp_path / "journals")


def tenants_of(places: list[Place]) -> list[Tenant]:
    return [
        Tenant(name=f"t{number}", endpoint=place.endpoint, database=place.name)
        for number, place in enumerate(places)
    ]


def dead(tenant: Tenant) -> Tenant:
    return replace(tenant, endpoint=replace(tenant.endpoint, hosts=(("127.0.0.1", 1),)))


async def at_head(place: Place, history: History) -> bool:
    return (await inspect(place.endpoint, place.name, history)).at_head


async def test_every_database_is_migrated_and_a_second_run_finds_nothing_to_do(
    places: list[Place], fleet: Fleet
) -> None:
    tenants = tenants_of(places)
    report = await fleet.run(tenants)
    assert (report.complete, report.counts, report.stopped) == (True, {State.APPLIED: COUNT}, None)
    assert [result.name for result in report.results] == [tenant.name for tenant in tenants]
    assert all(result.applied == tuple(FILES) for result in report.results)
    assert (await fleet.run(tenants)).counts == {State.CURRENT: COUNT}


async def test_no_more_than_the_workers_are_busy_and_canaries_go_alone(
    places: list[Place], fleet: Fleet
) -> None:
    seen: list[Progress] = []
    await replace(fleet, pace=Pace(workers=2, canary=("t3", "t5")), observe=seen.append).run(
        tenants_of(places)
    )
    assert max(len(moment.running) for moment in seen) == 2
    canaries = [moment for moment in seen if moment.wave.value == "canary"]
    assert max(len(moment.running) for moment in canaries) == 1
    assert [moment.finished.name for moment in canaries if moment.finished] == ["t3", "t5"]
    assert sum(1 for moment in seen if moment.finished) == COUNT
    assert seen[-1].counts == {State.APPLIED: COUNT}


async def test_a_canary_that_fails_keeps_the_run_from_everybody_else(
    places: list[Place], fleet: Fleet, history: History
) -> None:
    tenants = tenants_of(places)
    report = await fleet.run([dead(tenants[0]), *tenants[1:]])
    assert report.counts == {State.FAILED: 1, State.UNREACHED: COUNT - 1}
    assert report.stopped == "the canary t0 failed"
    assert not await at_head(places[1], history)


async def test_one_dead_host_does_not_hold_up_the_others(places: list[Place], fleet: Fleet) -> None:
    tenants = tenants_of(places)
    tenants[2] = dead(tenants[2])
    report = await fleet.run(tenants)
    assert report.counts == {State.APPLIED: COUNT - 1, State.FAILED: 1}
    failed = report.results[2]
    assert (failed.name, failed.code, "127.0.0.1:1" in (failed.error or "")) == (
        "t2",
        "migration_server_unreachable",
        True,
    )


async def test_a_password_that_is_changed_in_mid_run_keeps_nobody_out(
    places: list[Place], fleet: Fleet, server: RunningServer
) -> None:
    """The same password again has a new salt, and what was made of the old one is worth nothing."""
    password = server.endpoint.password
    assert password is not None
    begun = asyncio.Event()
    for place in places:
        await place.run("CREATE TABLE gate ()")
    assert isinstance(fleet.history.folder, Path)
    write(fleet.history.folder, {"000_gate.sql": "SELECT FROM gate;"})

    def watch(moment: Progress) -> None:
        if moment.wave.value == "rest":
            begun.set()

    async with places[1].connection() as holder, asyncio.timeout(60):
        await holder.execute("BEGIN")
        await holder.execute("LOCK gate")
        watched = replace(fleet, pace=Pace(workers=1), observe=watch)
        running = asyncio.create_task(watched.run(tenants_of(places)))
        await begun.wait()
        verifier = holder.pgconn.encrypt_password(
            password.reveal().encode(), server.endpoint.user.encode(), b"scram-sha-256"
        )
        await places[2].run(f"ALTER ROLE {server.endpoint.user} PASSWORD '{verifier.decode()}'")
        await holder.execute("COMMIT")
        report = await running
    assert report.complete, report.results


async def test_a_failing_file_is_named_with_its_tenant(places: list[Place], fleet: Fleet) -> None:
    await places[1].run("CREATE TABLE more (id int)")
    report = await fleet.run(tenants_of(places))
    failed = report.results[1]
    assert (failed.state, failed.filename, failed.code) == (State.FAILED, "002_more.sql", "migration_failed")


async def test_after_too_many_failures_nobody_else_is_begun(places: list[Place], fleet: Fleet) -> None:
    tenants = tenants_of(places)
    listed = [tenants[0], dead(tenants[1]), dead(tenants[2]), *tenants[3:]]
    report = await replace(fleet, pace=Pace(workers=1, most_failures=2)).run(listed)
    assert report.counts == {State.APPLIED: 1, State.FAILED: 2, State.UNREACHED: 3}
    assert report.stopped == "2 tenants failed"


async def test_a_resumed_run_works_on_what_failed_or_was_not_reached_and_nothing_else(
    places: list[Place], fleet: Fleet, history: History
) -> None:
    tenants = tenants_of(places)
    listed = [tenants[0], dead(tenants[1]), *tenants[2:]]
    pace = Pace(workers=1, most_failures=1)
    first = await replace(fleet, pace=pace).run(listed)
    assert first.counts == {State.APPLIED: 1, State.FAILED: 1, State.UNREACHED: 4}
    seen: list[Progress] = []
    second = await replace(fleet, observe=seen.append).resume(first.run, tenants)
    assert (second.run, second.complete, second.counts) == (first.run, True, {State.APPLIED: COUNT})
    assert next(moment.finished.name for moment in seen if moment.finished) == "t1"
    assert "t0" not in {name for moment in seen for name in moment.running}
    assert read_journal(fleet.journals, first.run).unfinished() == ()
    assert all([await at_head(place, history) for place in places])


async def test_a_resumed_run_tells_who_came_and_who_went(
    places: list[Place], fleet: Fleet, history: History
) -> None:
    tenants = tenants_of(places)
    first = await replace(fleet, pace=Pace(workers=1, most_failures=1)).run(
        [tenants[0], dead(tenants[1]), tenants[2]]
    )
    assert isinstance(history.folder, Path)
    write(history.folder, {"003_new.sql": "SELECT 1;"})
    second = await fleet.resume(first.run, [tenants[1], tenants[5]])
    assert second.counts == {State.APPLIED: 2, State.UNREACHED: 1}
    assert second.notices == (
        "1 tenants are no longer listed, left as they are: t2",
        "1 tenants are listed since the run began, not part of it: t5",
        "The files changed since the run began.",
    )


async def test_a_stopped_run_leaves_a_journal_to_go_on_from(
    places: list[Place], fleet: Fleet, history: History
) -> None:
    tenants = tenants_of(places)
    assert isinstance(history.folder, Path)
    write(history.folder, {"003_slow.sql": "SELECT pg_sleep(60);"})
    begun = asyncio.Event()

    def watch(moment: Progress) -> None:
        if len(moment.running) == 2:
            begun.set()

    pace = Pace(workers=2, canary=0)
    task = asyncio.create_task(replace(fleet, pace=pace, observe=watch).run(tenants))
    async with asyncio.timeout(30):
        await begun.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    record = read_journal(fleet.journals, last_run(fleet.journals))
    assert sorted(result.state for result in record.results.values()) == [
        State.INTERRUPTED,
        State.INTERRUPTED,
    ]
    assert len(record.unfinished()) == COUNT
    write(history.folder, {"003_slow.sql": "SELECT 1;"})
    assert (await fleet.resume(record.header.run, tenants)).complete


async def test_files_that_change_meanwhile_change_nothing(
    places: list[Place], fleet: Fleet, history: History
) -> None:
    folder = history.folder
    assert isinstance(folder, Path)

    def deploy(moment: Progress) -> None:
        if moment.finished is not None:
            write(folder, {"003_new.sql": "CREATE TABLE new (id int);"})

    report = await replace(fleet, observe=deploy).run(tenants_of(places))
    assert {result.applied for result in report.results} == {tuple(FILES)}


async def test_unusable_files_stop_the_run_before_anybody(
    fleet: Fleet, history: History, places: list[Place]
) -> None:
    assert isinstance(history.folder, Path)
    write(history.folder, {"nonsense.sql": ""})
    with pytest.raises(FilesRefused):
        await fleet.run(tenants_of(places))
    assert not fleet.journals.exists()


async def test_a_canary_nobody_is_called_is_refused(places: list[Place], fleet: Fleet) -> None:
    with pytest.raises(TenantsInvalid, match="nobody"):
        await replace(fleet, pace=Pace(canary=("nobody",))).run(tenants_of(places))


class TestSources:
    async def test_a_file(self, places: list[Place], tmp_path: Path) -> None:
        path = tmp_path / "tenants"
        path.write_text("a one\nb two\n")
        source = Source(kind=SourceKind.FILE, text=str(path))
        base = places[0].endpoint
        assert [t.database for t in await read_source(source, base=base, control=(base, places[0].name))] == [
            "one",
            "two",
        ]

    async def test_a_query(self, places: list[Place]) -> None:
        place = places[0]
        await place.run(
            "CREATE TABLE customers (name text, db text)",
            "INSERT INTO customers VALUES ('a', 'one'), ('b', NULL)",
        )
        source = Source(kind=SourceKind.QUERY, text="SELECT name, db FROM customers ORDER BY name")
        found = await read_source(source, base=place.endpoint, control=(place.endpoint, place.name))
        assert [(tenant.name, tenant.database) for tenant in found] == [("a", "one"), ("b", "b")]

    async def test_a_query_cannot_write(self, places: list[Place]) -> None:
        place = places[0]
        source = Source(kind=SourceKind.QUERY, text="CREATE TABLE sneaky (id int)")
        with pytest.raises(Unavailable):
            await read_source(source, base=place.endpoint, control=(place.endpoint, place.name))

    async def test_a_command(self, places: list[Place]) -> None:
        base = places[0].endpoint
        source = Source(kind=SourceKind.COMMAND, text=f"{sys.executable} -c \"print('a one'); print('b')\"")
        found = await read_source(source, base=base, control=(base, "x"))
        assert [(tenant.name, tenant.database) for tenant in found] == [("a", "one"), ("b", "b")]

    @pytest.mark.parametrize(
        "command", ["/no/such/program", f"{sys.executable} -c \"import sys; sys.exit('no list')\""]
    )
    async def test_a_command_that_fails_says_so(self, places: list[Place], command: str) -> None:
        base = places[0].endpoint
        with pytest.raises(Unavailable):
            await read_source(Source(kind=SourceKind.COMMAND, text=command), base=base, control=(base, "x"))

    async def test_a_command_that_hangs_is_ended(self, places: list[Place]) -> None:
        base = places[0].endpoint
        source = Source(kind=SourceKind.COMMAND, text=f'{sys.executable} -c "import time; time.sleep(60)"')
        with pytest.raises(Unavailable, match="within"):
            await read_source(source, base=base, control=(base, "x"), limit=0.2)
