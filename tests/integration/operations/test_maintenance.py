"""Care of real tables: what is vacuumed, analysed and rebuilt, what is told, and what a failure leaves."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
import pytest_asyncio

from iotistic.cli.main import main
from iotistic.config import Endpoint
from iotistic.database.conninfo import url
from iotistic.database.pool import Connection, connect
from iotistic.database.server import RunningServer
from iotistic.operations.maintenance import (
    Act,
    Caretaker,
    Done,
    Moment,
    TableUnknown,
    Task,
    plan_analyze,
    plan_cleanup,
    plan_reindex,
    plan_vacuum,
)
from iotistic.secret import Secret
from tests.support.databases import TestDatabase
from tests.support.histories import Place, a_place

TABLES = (
    "CREATE TABLE points (at date NOT NULL, value int) PARTITION BY RANGE (at)",
    "CREATE TABLE points_1 PARTITION OF points FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
    "CREATE TABLE points_2 PARTITION OF points FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')",
    "CREATE INDEX points_value_idx ON points (value)",
    "INSERT INTO points SELECT '2026-01-15', n FROM generate_series(1, 2000) n",
    'CREATE TABLE "Mixed Case" (id int CONSTRAINT mixed_pkey PRIMARY KEY)',
    'INSERT INTO "Mixed Case" SELECT generate_series(1, 1000)',
    'DELETE FROM "Mixed Case" WHERE id > 500',
)
INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1"


@pytest_asyncio.fixture
async def place(server: RunningServer) -> AsyncIterator[Place]:
    async with a_place(server.endpoint) as place:
        await place.run(*TABLES)
        yield place


def caretaker(place: Place, *, lock_timeout: str = "60000", endpoint: Endpoint | None = None) -> Caretaker:
    async def open_one() -> Connection:
        return await connect(
            endpoint or place.endpoint,
            place.name,
            application_name="test",
            autocommit=True,
            session_settings={"lock_timeout": lock_timeout},
        )

    return Caretaker(open_one)


async def done(care: Caretaker, tasks: Sequence[Task], jobs: int = 2) -> tuple[Done, ...]:
    return await care.run(tasks, jobs=jobs, observe=lambda _: None)


async def broken_unique_index(place: Place) -> None:
    """Two equal rows make a concurrent unique build fail and leave its index INVALID."""
    await place.run("CREATE TABLE twice (id int)", "INSERT INTO twice VALUES (1), (1)")
    with pytest.raises(Exception, match="could not create unique index"):
        await place.run("CREATE UNIQUE INDEX CONCURRENTLY twice_id_key ON twice (id)")


async def test_a_vacuum_takes_every_leaf_and_the_statistics_of_parents(place: Place) -> None:
    care = caretaker(place)
    tables, _ = await care.look()
    tasks = plan_vacuum(tables, (), analyze=True, freeze=False)
    assert {task.name for task in tasks if task.act is Act.VACUUM} == {'"Mixed Case"', "points_1", "points_2"}
    assert [task.name for task in tasks if task.act is Act.ANALYZE] == ["points"]
    assert all(one.well for one in await done(care, tasks))
    assert await place.rows(
        "SELECT relname::text, last_vacuum IS NOT NULL, last_analyze IS NOT NULL FROM pg_stat_user_tables ORDER BY 1"
    ) == [
        ("Mixed Case", True, True),
        ("points", False, True),
        ("points_1", True, True),
        ("points_2", True, True),
    ]


async def test_a_partitioned_table_is_analysed_once_with_its_leaves(place: Place) -> None:
    care = caretaker(place)
    tables, _ = await care.look()
    assert {task.name for task in plan_analyze(tables, ())} == {"points", '"Mixed Case"'}
    assert all(one.well for one in await done(care, plan_analyze(tables, ["points"])))
    assert await place.rows(
        "SELECT relname::text, last_analyze IS NOT NULL FROM pg_stat_user_tables ORDER BY 1"
    ) == [("Mixed Case", False), ("points", True), ("points_1", True), ("points_2", True)]


async def test_a_leaf_alone_and_a_name_nobody_has(place: Place) -> None:
    tables, _ = await caretaker(place).look()
    assert [task.name for task in plan_vacuum(tables, ["public.points_1"], analyze=False, freeze=False)] == [
        "points_1"
    ]
    assert [task.name for task in plan_analyze(tables, ["points_1"])] == ["points_1"]
    with pytest.raises(TableUnknown, match="mixed"):
        plan_vacuum(tables, ["mixed"], analyze=False, freeze=False)


async def test_a_table_that_the_server_skips_with_a_warning_is_a_failure(
    place: Place, server: RunningServer
) -> None:
    await place.run("CREATE ROLE caretaker_nobody LOGIN PASSWORD 'x'")
    try:
        weak = replace(server.endpoint, user="caretaker_nobody", password=Secret("x"))
        (one,) = await done(
            caretaker(place, endpoint=weak), [Task(act=Act.VACUUM, name="points_1", analyze=True)]
        )
        assert (one.well, one.error) == (False, None)
        assert "points_1" in one.warnings[0]
    finally:
        await place.run("DROP ROLE caretaker_nobody")


async def test_every_index_is_rebuilt_and_stays_valid(place: Place) -> None:
    before = dict(await place.rows("SELECT relname::text, relfilenode FROM pg_class WHERE relkind = 'i'"))
    care = caretaker(place)
    assert all(one.well for one in await done(care, plan_reindex(*await care.look(), ())))
    after = dict(await place.rows("SELECT relname::text, relfilenode FROM pg_class WHERE relkind = 'i'"))
    ours = {"mixed_pkey", "points_1_value_idx", "points_2_value_idx"}
    assert all(before[name] != after[name] for name in ours)
    assert await place.rows(INVALID) == []


async def test_an_invalid_index_is_rebuilt_once_its_rows_allow_it(place: Place) -> None:
    await broken_unique_index(place)
    care = caretaker(place)
    tasks = plan_reindex(*await care.look(), ["twice"])
    assert [(task.act, task.name) for task in tasks] == [
        (Act.REINDEX_INDEX, "twice_id_key"),
        (Act.REINDEX_TABLE, "twice"),
    ]
    failed = await done(care, tasks[:1], jobs=1)
    assert "could not create unique index" in (failed[0].error or "")
    # The remains of our own attempt are gone; the broken index that was there before is left to its owner.
    assert [one.task.act for one in failed[1:]] == [Act.DROP_INDEX]
    assert await place.rows(INVALID) == [("twice_id_key",)]
    await place.run("DELETE FROM twice WHERE ctid = '(0,1)'")
    assert all(one.well for one in await done(care, plan_reindex(*await care.look(), ["twice"]), jobs=1))
    assert await place.rows(INVALID) == []


async def test_a_rebuild_that_waits_too_long_fails_and_leaves_nothing(place: Place) -> None:
    care = caretaker(place, lock_timeout="300")
    async with place.connection() as holder:
        await holder.execute("BEGIN")
        await holder.execute("INSERT INTO points VALUES ('2026-01-16', 1)")
        first, *rest = await done(care, plan_reindex(*await care.look(), ["points_1"]), jobs=1)
        assert "lock timeout" in (first.error or "")
        await holder.execute("COMMIT")
    # While the holder was there the remains could not be dropped either; now they can.
    assert all(one.task.act is Act.DROP_INDEX for one in rest)
    assert all(one.well for one in await done(caretaker(place), plan_cleanup((await care.look())[1])))
    assert await place.rows(INVALID) == []


async def test_it_is_told_how_far_the_server_is(place: Place) -> None:
    seen: list[Moment] = []
    looked = asyncio.Event()

    def watch(moment: Moment) -> None:
        seen.append(moment)
        if any(row.phase == "waiting for writers before build" for row in moment.progress):
            looked.set()

    care = caretaker(place)
    async with place.connection() as holder, asyncio.timeout(60):
        await holder.execute("BEGIN")
        await holder.execute("INSERT INTO points VALUES ('2026-01-16', 1)")
        tasks = plan_reindex(*await care.look(), ["points_1"])
        running = asyncio.create_task(care.run(tasks, jobs=1, observe=watch))
        await looked.wait()
        await holder.execute("COMMIT")
        assert all(one.well for one in await running)
    rows = [row for moment in seen for row in moment.progress]
    assert {row.command for row in rows} == {"reindex concurrently"}
    assert seen[-1].total == len(seen[-1].done) == 1


class TestCommands:
    """As they are typed."""

    def call(self, place: Place, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(["maintenance", *words, "--url", url(place.endpoint, place.name)])
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    @pytest.fixture
    def sync_place(self, server: RunningServer) -> Place:
        return Place(endpoint=server.endpoint, name="postgres")

    def test_a_plan_a_run_and_a_name_that_is_wrong(
        self, sync_place: Place, capsys: pytest.CaptureFixture[str]
    ) -> None:
        asyncio.run(
            sync_place.run("DROP TABLE IF EXISTS cared_for", "CREATE TABLE cared_for (id int PRIMARY KEY)")
        )
        try:
            code, out, _ = self.call(sync_place, capsys, "vacuum", "cared_for", "--dry-run")
            assert (code, out) == (0, "vacuum cared_for\n")
            code, _, err = self.call(sync_place, capsys, "vacuum", "cared_for", "--no-analyze")
            assert (code, "vacuum cared_for in" in err, "1 done, 0 failed" in err) == (0, True, True)
            code, out, _ = self.call(sync_place, capsys, "reindex", "cared_for", "--json")
            document = json.loads(out)
            assert (code, document["failed"], document["tasks"][0]["act"]) == (0, 0, "reindex")
            code, _, err = self.call(sync_place, capsys, "analyze", "nobody")
            assert (code, "no table nobody" in err) == (1, True)
            code, out, _ = self.call(sync_place, capsys, "size", "--json")
            assert "cared_for" in {table["name"] for table in json.loads(out)["tables"]}
        finally:
            asyncio.run(sync_place.run("DROP TABLE cared_for"))

    def test_what_failed_exits_with_five(self, sync_place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        asyncio.run(
            sync_place.run(
                "DROP TABLE IF EXISTS held", "CREATE TABLE held (id int)", "INSERT INTO held VALUES (1), (1)"
            )
        )
        with pytest.raises(Exception, match="could not create unique index"):
            asyncio.run(sync_place.run("CREATE UNIQUE INDEX CONCURRENTLY held_id_key ON held (id)"))
        try:
            code, out, err = self.call(sync_place, capsys, "reindex", "held")
            assert code == 5
            assert "rebuild index held_id_key failed: could not create unique index" in out
            assert "failed" in err
        finally:
            asyncio.run(sync_place.run("DROP TABLE held"))

    def test_cleanup_drops_what_is_past_its_time_and_nothing_else(
        self, database: TestDatabase, capsys: pytest.CaptureFixture[str]
    ) -> None:
        owner = Place(endpoint=database.endpoint("owner"), name=database.name)
        old = "CREATE TABLE device_logs_20200101 PARTITION OF device_logs FOR VALUES FROM ('2020-01-01 00:00Z') TO ('2020-01-02 00:00Z')"
        asyncio.run(owner.run(old))
        before = asyncio.run(owner.rows("SELECT count(*) FROM partition_leaves"))
        code, out, _ = self.call(owner, capsys, "cleanup", "--dry-run")
        assert (code, "device_logs_20200101" in out) == (0, True)
        assert asyncio.run(owner.rows("SELECT count(*) FROM partition_leaves")) == before
        code, out, _ = self.call(owner, capsys, "cleanup", "--json")
        document = json.loads(out)
        assert (code, document["failed"], len(document["partitions"])) == (0, 0, 1), document
        assert asyncio.run(owner.rows("SELECT count(*) FROM partition_leaves")) == [(before[0][0] - 1,)]
        code, _, err = self.call(owner, capsys, "cleanup")
        assert (code, "Nothing to do" in err) == (0, True)
