"""What `iotistic db` shows, on real servers with real locks, and what `kill` does to real sessions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from iotistic.database.errors import DatabaseDenied
from iotistic.database.pool import Connection, connect
from iotistic.database.server import RunningServer
from iotistic.operations.inspection import (
    Blocked,
    Ending,
    EndingDenied,
    EndingRefused,
    Inspector,
    SessionEnder,
    SessionMissing,
    StatementOrder,
    StatementsUncounted,
    Waiting,
    blocking_trees,
)
from tests.support.databases import TestDatabase
from tests.support.histories import Place, a_place

PARTITIONED = (
    "CREATE TABLE points (at date NOT NULL, value int) PARTITION BY RANGE (at)",
    "CREATE TABLE points_1 PARTITION OF points FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
    "CREATE TABLE points_2 PARTITION OF points FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')",
    "CREATE INDEX points_value_idx ON points (value)",
    "INSERT INTO points SELECT '2026-01-15', n FROM generate_series(1, 5000) n",
    "INSERT INTO points SELECT '2026-02-15', n FROM generate_series(1, 1000) n",
    'CREATE TABLE "Mixed Case" (id int PRIMARY KEY)',
)
WAIT = timedelta(seconds=30)


@pytest_asyncio.fixture
async def place(server: RunningServer) -> AsyncIterator[Place]:
    async with a_place(server.endpoint) as place:
        yield place


@asynccontextmanager
async def inspected(place: Place) -> AsyncIterator[Inspector]:
    async with place.connection() as connection:
        yield Inspector(connection)


async def begun(connection: Connection, statement: str) -> int:
    await connection.execute("BEGIN")
    await connection.execute(statement.encode())
    return connection.pgconn.backend_pid


async def until_waiting(inspector: Inspector, *pids: int) -> tuple[Blocked, ...]:
    """The trees, once all of `pids` wait for a lock."""
    async with asyncio.timeout(60):
        while True:
            sessions = await inspector.sessions()
            if set(pids) <= {one.pid for one in sessions if one.blocked_by}:
                return blocking_trees(sessions)
            await asyncio.sleep(0.02)


def shape(tree: Blocked | Waiting) -> tuple[int, list[object]]:
    pid = tree.pid if isinstance(tree, Blocked) else tree.session.pid
    return pid, [shape(waiter) for waiter in tree.waiters]


def of(trees: tuple[Blocked, ...], pid: int) -> Blocked:
    return next(tree for tree in trees if tree.pid == pid)


async def test_a_status_says_what_is_there(place: Place) -> None:
    async with inspected(place) as inspector, place.connection() as other:
        before = await inspector.status()
        assert (before.database, before.is_standby, before.waiting_for_locks) == (place.name, False, 0)
        assert before.bytes > 1_000_000
        await begun(other, "SELECT 1")
        assert ((await inspector.status()).oldest_transaction_seconds or 0) > 0
        states = {(one.database, one.state) for one in await inspector.connections()}
        assert (place.name, "idle in transaction") in states


async def test_the_size_of_a_partitioned_table_is_the_sum_of_its_leaves(place: Place) -> None:
    await place.run(*PARTITIONED)
    [(leaves, parent)] = await place.rows(
        "SELECT pg_total_relation_size('points_1') + pg_total_relation_size('points_2'), pg_total_relation_size('points')"
    )
    async with inspected(place) as inspector:
        found = {table.name: table for table in await inspector.table_sizes()}
    assert set(found) == {"points", '"Mixed Case"'}
    points = found["points"]
    assert (points.total_bytes, points.partitions, parent) == (leaves, 2, 0)
    assert points.total_bytes == points.table_bytes + points.index_bytes
    assert points.analyzed_at is None
    await place.run("VACUUM ANALYZE points")
    async with inspected(place) as inspector:
        points = {table.name: table for table in await inspector.table_sizes()}["points"]
    assert points.analyzed_at is not None
    assert points.vacuumed_at is not None


async def test_an_index_of_a_partitioned_table_is_one_with_those_of_its_leaves(place: Place) -> None:
    await place.run(*PARTITIONED)
    async with inspected(place) as inspector:
        found = {index.name: index for index in await inspector.index_use()}
    index = found["points_value_idx"]
    assert (index.table_name, index.partitions, index.is_unique, index.is_valid) == ("points", 2, False, True)
    assert index.bytes > 50_000
    assert found['"Mixed Case_pkey"'].is_unique
    assert "points_1_value_idx" not in found


async def test_statements_are_counted_or_it_is_said_what_is_missing(
    place: Place, shared_database: TestDatabase
) -> None:
    async with inspected(place) as inspector:
        with pytest.raises(StatementsUncounted) as caught:
            await inspector.statement_use()
    assert "pg_stat_statements" in (caught.value.hint or "")
    connection = await connect(
        shared_database.endpoint("monitor"), shared_database.name, application_name="test", autocommit=True
    )
    try:
        inspector = Inspector(connection)
        await connection.execute("SELECT 12345 AS counted_here")
        row = await (await connection.execute("SHOW shared_preload_libraries")).fetchone()
        if row is None or "pg_stat_statements" not in row[0]:
            with pytest.raises(StatementsUncounted, match="does not load"):
                await inspector.statement_use()
            return
        by_calls = await inspector.statement_use(order=StatementOrder.calls, limit=1000)
        assert [one.calls for one in by_calls] == sorted((one.calls for one in by_calls), reverse=True)
        assert any("counted_here" in one.query and "12345" not in one.query for one in by_calls)
        assert len(await inspector.statement_use(limit=1)) == 1
    finally:
        await connection.close()


async def test_dropping_a_partition_behind_a_reader_holds_up_everybody_and_the_reader_is_the_root(
    place: Place,
) -> None:
    await place.run(*PARTITIONED)
    async with (
        inspected(place) as inspector,
        place.connection() as reader,
        place.connection() as dropper,
        place.connection() as writer,
    ):
        root = await begun(reader, "SELECT count(*) FROM points")
        drop = asyncio.create_task(dropper.execute("DROP TABLE points_1"))
        await until_waiting(inspector, dropper.pgconn.backend_pid)
        insert = asyncio.create_task(writer.execute("INSERT INTO points VALUES ('2026-02-02', 1)"))
        pids = dropper.pgconn.backend_pid, writer.pgconn.backend_pid
        tree = of(await until_waiting(inspector, *pids), root)
        assert shape(tree) == (root, [(pids[0], [(pids[1], [])])])
        assert tree.root is not None
        assert tree.root.state == "idle in transaction"
        assert tree.waiters[0].session.wants in {
            "AccessExclusiveLock on relation points",
            "AccessExclusiveLock on relation points_1",
        }
        await reader.execute("COMMIT")
        await asyncio.gather(drop, insert)


async def test_advisory_locks_and_rows_are_seen_as_exactly(place: Place) -> None:
    await place.run("CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)")
    async with (
        inspected(place) as inspector,
        place.connection() as holder,
        place.connection() as first,
        place.connection() as second,
    ):
        await holder.execute("SELECT pg_advisory_lock(7)")
        root = await begun(holder, "UPDATE t SET id = 2")
        waiting = [
            asyncio.create_task(first.execute("SELECT pg_advisory_lock(7)")),
            asyncio.create_task(second.execute("UPDATE t SET id = 3")),
        ]
        pids = first.pgconn.backend_pid, second.pgconn.backend_pid
        tree = of(await until_waiting(inspector, *pids), root)
        wanted = {waiter.session.pid: waiter.session.wants or "" for waiter in tree.waiters}
        assert wanted[pids[0]] == "ExclusiveLock on advisory"
        assert wanted[pids[1]] == "ShareLock on transactionid"
        await holder.execute("COMMIT")
        await holder.execute("SELECT pg_advisory_unlock(7)")
        await asyncio.gather(*waiting)


class TestEnding:
    async def test_a_statement_is_stopped_and_its_session_stays(self, place: Place) -> None:
        async with place.connection() as victim, place.connection() as killer:
            sleeping = asyncio.create_task(victim.execute("SELECT pg_sleep(300)"))
            pid = victim.pgconn.backend_pid
            ender = SessionEnder(killer)
            found = await self.once_active(ender, pid)
            assert await ender.cancel(found, wait=WAIT)
            with pytest.raises(Exception, match="user request"):
                await sleeping
            assert (await (await victim.execute("SELECT 1")).fetchone()) == (1,)

    async def test_a_session_is_ended(self, place: Place) -> None:
        async with place.connection() as killer, place.connection() as victim:
            pid = await begun(victim, "SELECT 1")
            ender = SessionEnder(killer)
            assert await ender.terminate(await ender.find(pid, terminate=True), wait=WAIT)
            with pytest.raises(SessionMissing, match=str(pid)):
                await ender.find(pid, terminate=True)

    @pytest.mark.parametrize("terminate", [False, True])
    async def test_our_own_session_is_left_alone(self, place: Place, *, terminate: bool) -> None:
        async with place.connection() as killer:
            with pytest.raises(EndingRefused, match="this very command"):
                await SessionEnder(killer).find(killer.pgconn.backend_pid, terminate=terminate)

    @pytest.mark.parametrize("terminate", [False, True])
    async def test_the_servers_own_processes_are_left_alone(self, place: Place, *, terminate: bool) -> None:
        [(pid,)] = await place.rows("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
        async with place.connection() as killer:
            with pytest.raises(EndingRefused, match="own checkpointer"):
                await SessionEnder(killer).find(pid, terminate=terminate)

    async def test_a_session_that_runs_nothing_has_no_statement_to_stop(self, place: Place) -> None:
        async with place.connection() as victim, place.connection() as killer:
            await victim.execute("SELECT 1")
            with pytest.raises(EndingRefused, match="runs no statement now; it is idle") as caught:
                await SessionEnder(killer).find(victim.pgconn.backend_pid, terminate=False)
        assert "--terminate" in (caught.value.hint or "")

    async def test_a_number_that_nobody_has_is_named(self, place: Place) -> None:
        async with place.connection() as killer:
            with pytest.raises(SessionMissing, match="no process 4194000"):
                await SessionEnder(killer).find(4_194_000, terminate=True)

    async def test_another_session_with_the_same_number_is_left_alone(self, place: Place) -> None:
        async with place.connection() as victim, place.connection() as killer:
            pid = await begun(victim, "SELECT 1")
            ender = SessionEnder(killer)
            found = await ender.find(pid, terminate=True)
            earlier = replace(found, began_at=found.began_at - timedelta(seconds=1))
            with pytest.raises(SessionMissing, match="ended"):
                await ender.terminate(earlier, wait=WAIT)
            assert await (await victim.execute("SELECT 1")).fetchone() == (1,)

    async def test_a_role_without_the_right_is_told_so(self, shared_database: TestDatabase) -> None:
        owner = await connect(
            shared_database.endpoint("owner"), shared_database.name, application_name="test"
        )
        weak = await connect(
            shared_database.endpoint("readonly"),
            shared_database.name,
            application_name="test",
            autocommit=True,
        )
        strong = await connect(
            shared_database.endpoint("monitor"),
            shared_database.name,
            application_name="test",
            autocommit=True,
        )
        try:
            await owner.execute("SELECT 1")
            found = await SessionEnder(strong).find(owner.pgconn.backend_pid, terminate=True)
            with pytest.raises(EndingDenied, match="neither see nor end"):
                await SessionEnder(weak).find(found.pid, terminate=True)
            with pytest.raises(
                DatabaseDenied, match=r"permission denied to terminate process|must be a member"
            ):
                await SessionEnder(strong).terminate(found, wait=WAIT)
        finally:
            for connection in (owner, weak, strong):
                await connection.close()

    @staticmethod
    async def once_active(ender: SessionEnder, pid: int) -> Ending:
        async with asyncio.timeout(60):
            while True:
                try:
                    return await ender.find(pid, terminate=False)
                except EndingRefused:
                    await asyncio.sleep(0.01)
