"""Days that are over: frozen, analysed, searchable."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import pytest_asyncio

from iotistic.database.errors import LockNotAvailable
from iotistic.database.locks import LockKey, hold
from iotistic.database.pool import Connection, connect
from iotistic.partitioning import Maintainer, Sealer
from tests.support.databases import TestDatabase
from tests.support.days import day_leaf, period_of

NOW = datetime.now(UTC)
YESTERDAY = NOW.date() - timedelta(days=1)
LEAF = day_leaf("device_logs", YESTERDAY)
INDEX = f"{LEAF}_message_trgm_idx"


@pytest_asyncio.fixture
async def owner(database: TestDatabase) -> AsyncIterator[Connection]:
    connection = await connect(
        database.endpoint("owner"), database.name, application_name="test", autocommit=True
    )
    await Maintainer(connection, clock=lambda: NOW).run()
    await connection.execute(
        "INSERT INTO device_logs (device_uuid, timestamp, sequence, level, service, message)"
        " SELECT gen_random_uuid(), %s, n, 'info', 'pump', 'checksum ok of part ' || n FROM generate_series(1, 3000) AS n",
        (period_of(YESTERDAY).lower,),
    )
    yield connection
    await connection.close()


def sealer(connection: Connection, now: datetime | None = None) -> Sealer:
    moment = now or period_of(NOW.date()).lower + timedelta(hours=1)
    return Sealer(connection, clock=lambda: moment)


async def seal(connection: Connection) -> set[str]:
    """Runs until all is sealed: the server's own autovacuum may hold a snapshot for a moment."""
    sealed: set[str] = set()
    async with asyncio.timeout(60):
        while await sealer(connection).plan():
            sealed |= {step.leaf for step in await sealer(connection).run()}
    return sealed


async def ask(connection: Connection, query: str) -> list[tuple[object, ...]]:
    return await (await connection.execute(query.encode())).fetchall()


async def test_a_day_is_sealed_once_an_hour_after_its_end_and_not_before(owner: Connection) -> None:
    midnight = period_of(NOW.date()).lower
    early = await sealer(owner, midnight + timedelta(minutes=59)).plan()
    due = await sealer(owner, midnight + timedelta(hours=1)).plan()
    assert LEAF not in {step.leaf for step in early}
    assert LEAF in {step.leaf for step in due}
    assert day_leaf("device_logs", NOW.date()) not in {step.leaf for step in due}
    assert await seal(owner) == {step.leaf for step in due}
    assert await sealer(owner).run() == []


async def test_a_sealed_day_is_frozen_and_analysed_and_the_parent_too(owner: Connection) -> None:
    await seal(owner)
    assert await ask(
        owner,
        f"SELECT reltuples, relallvisible = relpages FROM pg_class WHERE relname = '{LEAF}'",
    ) == [(3000, True)]
    (age,) = (await ask(owner, f"SELECT age(relfrozenxid) FROM pg_class WHERE relname = '{LEAF}'"))[0]
    assert isinstance(age, int)
    assert age < 1000
    assert await ask(owner, "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'device_logs'") == [(True,)]


async def test_a_search_in_a_sealed_day_uses_its_trigram_index_and_today_has_none(owner: Connection) -> None:
    await seal(owner)
    await owner.execute("SET enable_seqscan = off")
    day = period_of(YESTERDAY)
    plan = await ask(
        owner,
        "EXPLAIN SELECT message FROM device_logs WHERE message ILIKE '%part 2999%'"
        f" AND timestamp >= '{day.lower}' AND timestamp < '{day.upper}'",
    )
    assert INDEX in str(plan)
    today = day_leaf("device_logs", NOW.date())
    assert await ask(owner, f"SELECT count(*) FROM pg_indexes WHERE tablename = '{today}'") == [(2,)]


async def test_an_interrupted_build_is_cleared_away_and_done_again(
    owner: Connection, database: TestDatabase
) -> None:
    reader = await connect(database.endpoint("app"), database.name, application_name="test")
    await reader.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
    await reader.execute("SELECT count(*) FROM device_logs")
    await owner.execute("SET lock_timeout = '100ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        await owner.execute(
            f"CREATE INDEX CONCURRENTLY {INDEX} ON {LEAF} USING gin (message gin_trgm_ops)".encode()
        )
    await reader.close()
    valid = f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{INDEX}'::regclass"
    assert await ask(owner, valid) == [(False,)]
    await seal(owner)
    assert await ask(owner, valid) == [(True,)]


async def test_a_day_that_was_dropped_and_made_again_is_not_taken_for_sealed(owner: Connection) -> None:
    await seal(owner)
    await owner.execute(f"DROP TABLE {LEAF}".encode())
    await Maintainer(owner, clock=lambda: NOW).run()
    assert [step.leaf for step in await sealer(owner).plan()] == [LEAF]


async def test_a_day_with_rows_that_an_open_transaction_cannot_see_is_sealed_when_that_has_ended(
    owner: Connection, database: TestDatabase
) -> None:
    reader = await connect(database.endpoint("app"), database.name, application_name="test")
    await reader.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
    await reader.execute("SELECT count(*) FROM devices")
    quarantine = day_leaf("ingest_quarantine", YESTERDAY)
    await owner.execute(
        f"INSERT INTO {quarantine} (received_at, id, device_uuid, stream, reason, payload)"
        " VALUES (%s, gen_random_uuid(), gen_random_uuid(), 'logs', 'no_partition', '{}')".encode(),
        (period_of(YESTERDAY).lower,),
    )
    await owner.execute("UPDATE partition_policies SET search_column = NULL")
    assert quarantine not in {step.leaf for step in await sealer(owner).run()}
    await reader.close()
    assert quarantine in await seal(owner)


async def test_one_process_at_a_time_seals(owner: Connection, database: TestDatabase) -> None:
    other = await connect(database.endpoint("owner"), database.name, application_name="test", autocommit=True)
    async with hold(other, LockKey.LEAVES):
        with pytest.raises(LockNotAvailable):
            await sealer(owner).run()
    await other.close()
