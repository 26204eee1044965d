import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql

from iotistic.database.errors import LockNotAvailable
from iotistic.database.locks import LockKey, hold
from iotistic.database.pool import Connection, connect
from iotistic.partitioning import (
    Attach,
    Create,
    Drop,
    Finalise,
    Maintainer,
    Outcome,
    PartitionCatalog,
    Retire,
    Step,
    runway,
)
from tests.support.databases import TestDatabase
from tests.support.days import period_of

NOW = datetime.now(UTC)
TODAY = NOW.date()
DEVICE = "0b3f3a52-5a0e-4a41-9d0e-0d6a2f3c9a11"
IMPATIENT = timedelta(milliseconds=200)


@asynccontextmanager
async def owner(database: TestDatabase) -> AsyncIterator[Connection]:
    connection = await connect(
        database.endpoint("owner"), database.name, application_name="test", autocommit=True
    )
    try:
        yield connection
    finally:
        await connection.close()


@pytest_asyncio.fixture
async def worker(database: TestDatabase) -> AsyncIterator[Connection]:
    async with owner(database) as connection:
        yield connection


@pytest_asyncio.fixture
async def other(database: TestDatabase) -> AsyncIterator[Connection]:
    async with owner(database) as connection:
        yield connection


def maintainer(connection: Connection, now: datetime = NOW) -> Maintainer:
    return Maintainer(
        connection, clock=lambda: now, lock_timeout=IMPATIENT, detach_timeout=IMPATIENT, attempts=2
    )


async def leaves(connection: Connection, parent: str = "device_metrics") -> set[str]:
    (found,) = [s for s in await PartitionCatalog(connection).situations() if s.policy.parent == parent]
    return {leaf.name for leaf in found.leaves}


async def insert(connection: Connection, moment: datetime) -> None:
    await connection.execute(
        "INSERT INTO device_metrics (device_uuid, timestamp, series_id, metric_set_id, values) VALUES (%s, %s, 1, 1, '{1}')",
        (DEVICE, moment),
    )


async def count(connection: Connection) -> int:
    cursor = await connection.execute("SELECT count(*) FROM device_metrics")
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def turns(task: asyncio.Task[Outcome]) -> AsyncIterator[None]:
    while not task.done():
        await asyncio.sleep(0)
        yield


async def try_insert(connection: Connection) -> None:
    """A row of now; before the run under test made its partition it is refused, as quickly."""
    with suppress(psycopg.errors.CheckViolation):
        await insert(connection, datetime.now(UTC))


def name(day: date) -> str:
    return f"device_metrics_{day:%Y%m%d}"


def only(steps: tuple[Step, ...], parent: str = "device_metrics") -> list[Step]:
    return [step for step in steps if step.parent == parent]


async def test_a_run_makes_what_is_missing_and_the_next_has_nothing_to_do(worker: Connection) -> None:
    first = await maintainer(worker).run()
    second = await maintainer(worker).run()
    assert not first.failed
    assert all(isinstance(step, Create) for step in first.done)
    assert second.done == ()
    assert {run.parent for run in await runway(worker, NOW)} >= {
        "device_metrics",
        "device_logs",
        "ingest_quarantine",
    }
    assert min(run.days for run in await runway(worker, NOW)) == 10


async def test_a_partition_has_the_keys_of_its_parent_and_no_check_that_every_row_would_pay_for(
    worker: Connection,
) -> None:
    await maintainer(worker).run()
    cursor = await worker.execute(
        "SELECT contype::text FROM pg_constraint WHERE conrelid = %s::text::regclass AND contype <> 'n'",
        (name(TODAY),),
    )
    assert await cursor.fetchall() == [("p",)]
    cursor = await worker.execute(
        "SELECT count(*) FROM pg_index WHERE indrelid = %s::text::regclass", (f"device_logs_{TODAY:%Y%m%d}",)
    )
    assert await cursor.fetchone() == (2,)


async def test_a_row_lands_in_the_partition_of_its_utc_day(worker: Connection) -> None:
    await maintainer(worker).run()
    midnight = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
    await insert(worker, midnight)
    await insert(worker, midnight - timedelta(microseconds=1))
    cursor = await worker.execute(
        "SELECT tableoid::regclass::text FROM device_metrics ORDER BY timestamp DESC"
    )
    assert await cursor.fetchall() == [(name(TODAY),), (name(TODAY - timedelta(days=1)),)]


async def test_days_that_are_over_are_retired_with_their_rows(worker: Connection) -> None:
    await maintainer(worker).run()
    await insert(worker, NOW)
    later = NOW + timedelta(days=91)
    outcome = await maintainer(worker, later).run()
    assert not outcome.failed
    assert await count(worker) == 0
    assert name(TODAY) not in await leaves(worker)
    cursor = await worker.execute("SELECT to_regclass(%s)", (name(TODAY),))
    assert await cursor.fetchone() == (None,)


async def test_a_day_that_is_still_kept_stays(worker: Connection) -> None:
    await maintainer(worker).run()
    await insert(worker, NOW)
    await maintainer(worker, NOW + timedelta(days=90)).run()
    assert await count(worker) == 1


async def test_partitions_are_made_beside_an_open_reader_and_an_open_writer(
    worker: Connection, other: Connection, database: TestDatabase
) -> None:
    await maintainer(worker, NOW - timedelta(days=1)).run()
    async with owner(database) as writer, other.transaction(), writer.transaction():
        await other.execute("SELECT count(*) FROM device_metrics")
        await insert(writer, NOW)
        outcome = await maintainer(worker).run()
    assert not outcome.failed
    assert len(only(outcome.done)) == 1


async def test_an_open_reader_keeps_days_from_going_and_no_insert_from_coming(
    worker: Connection, other: Connection, database: TestDatabase
) -> None:
    await maintainer(worker, NOW - timedelta(days=91)).run()
    async with owner(database) as writer:
        await writer.execute(
            "SET lock_timeout = '1s'"
        )  # who has to wait longer fails; a busy machine is no lock
        async with other.transaction():
            await other.execute("SELECT count(*) FROM device_metrics")
            running = asyncio.create_task(maintainer(worker).run())
            inserts = [await try_insert(writer) async for _ in turns(running)]
            outcome = running.result()
        assert len(inserts) > 10
        # The first detach waits for the reader; the others of that table for the next run.
        (failure,) = outcome.failed
        assert isinstance(failure.step, Retire)
        assert isinstance(failure.error, LockNotAvailable)
        again = await maintainer(worker).run()
    assert not again.failed
    assert await maintainer(worker).plan() == []


async def test_an_interrupted_detach_is_finalised_and_the_table_dropped(
    worker: Connection, other: Connection
) -> None:
    old = NOW - timedelta(days=91)
    await maintainer(worker, old).run()
    leaf = name(old.date() - timedelta(days=1))
    async with other.transaction():
        await other.execute("SELECT count(*) FROM device_metrics")
        await worker.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await worker.execute(
                sql.SQL("ALTER TABLE device_metrics DETACH PARTITION {} CONCURRENTLY").format(
                    sql.Identifier(leaf)
                )
            )
    (situation,) = [
        s for s in await PartitionCatalog(worker).situations() if s.policy.parent == "device_metrics"
    ]
    assert [one.name for one in situation.leaves if one.detach_pending] == [leaf]
    outcome = await maintainer(worker).run()
    assert not outcome.failed
    assert only(outcome.done)[0] == Finalise(parent="device_metrics", leaf=leaf)
    assert Drop(parent="device_metrics", leaf=leaf) in outcome.done
    assert leaf not in await leaves(worker)


async def test_an_interrupted_detach_of_today_is_undone_with_its_rows(
    worker: Connection, other: Connection
) -> None:
    await maintainer(worker).run()
    await insert(worker, NOW)
    async with other.transaction():
        await other.execute("SELECT count(*) FROM device_metrics")
        await worker.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await worker.execute(
                sql.SQL("ALTER TABLE device_metrics DETACH PARTITION {} CONCURRENTLY").format(
                    sql.Identifier(name(TODAY))
                )
            )
    assert await count(worker) == 0
    assert {run.days for run in await runway(worker, NOW) if run.parent == "device_metrics"} == {0}
    outcome = await maintainer(worker).run()
    assert only(outcome.done)[1:] == [
        Attach(parent="device_metrics", leaf=name(TODAY), period=period_of(TODAY), key="timestamp")
    ]
    assert await count(worker) == 1


async def test_a_run_killed_between_detach_and_drop_is_gone_on_with(worker: Connection) -> None:
    old = NOW - timedelta(days=91)
    await maintainer(worker, old).run()
    leaf = name(old.date() - timedelta(days=1))
    await worker.execute(sql.SQL("COMMENT ON TABLE {} IS 'Retiring: test'").format(sql.Identifier(leaf)))
    await worker.execute(
        sql.SQL("ALTER TABLE device_metrics DETACH PARTITION {}").format(sql.Identifier(leaf))
    )
    outcome = await maintainer(worker).run()
    assert Drop(parent="device_metrics", leaf=leaf) in outcome.done


async def test_a_table_that_cannot_be_attached_is_reported_and_the_rest_is_done(worker: Connection) -> None:
    await worker.execute(sql.SQL("CREATE TABLE {} (unlike text)").format(sql.Identifier(name(TODAY))))
    outcome = await maintainer(worker).run()
    (failure,) = outcome.failed
    assert failure.step == Attach(
        parent="device_metrics", leaf=name(TODAY), period=period_of(TODAY), key="timestamp"
    )
    assert len(outcome.done) > 10


async def test_a_second_maintainer_does_not_work_beside_the_first(
    worker: Connection, other: Connection
) -> None:
    async with hold(other, LockKey.PARTITIONS):
        with pytest.raises(LockNotAvailable):
            await maintainer(worker).run(wait=timedelta(0))
    await maintainer(worker).run(wait=timedelta(0))


async def test_two_maintainers_started_at_once_both_end_well(worker: Connection, other: Connection) -> None:
    first, second = await asyncio.gather(maintainer(worker).run(), maintainer(other).run())
    assert not first.failed
    assert not second.failed
    assert not set(first.done) & set(second.done)


async def test_beside_a_dump_room_is_made_and_nothing_is_removed(
    worker: Connection, other: Connection
) -> None:
    await maintainer(worker, NOW - timedelta(days=91)).run()
    async with hold(other, LockKey.OPERATIONS):
        outcome = await maintainer(worker).run()
    assert not outcome.failed
    assert all(isinstance(step, Create) for step in outcome.done)
    assert only(outcome.done)
    assert [type(step) for step in only(outcome.put_off)] == [Retire] * len(only(outcome.put_off))
    assert only(outcome.put_off)
    assert len(only((await maintainer(worker).run()).done)) == len(only(outcome.put_off))
