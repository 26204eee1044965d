"""What a poll of an unchanged shadow costs the database: the promise that lets a fleet poll."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from iotistic.bootstrap.platform import Platform
from iotistic.database.pool import Connection, connect
from tests.integration.http.conftest import EnrolledDevice
from tests.support.databases import TestDatabase

POLLS = 20


@asynccontextmanager
async def superuser(database: TestDatabase) -> AsyncIterator[Connection]:
    connection = await connect(database.superuser, database.name, application_name="test", autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()


async def statements(connection: Connection) -> int:
    """Calls of the application's role so far, BEGIN and COMMIT not counted."""
    cursor = await connection.execute(
        "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements AS s"
        " JOIN pg_roles AS r ON r.oid = s.userid WHERE r.rolname = 'iotistic_app' AND s.toplevel"
        " AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND s.query !~* '^(BEGIN|COMMIT|ROLLBACK)'"
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def writes(connection: Connection) -> int:
    """Rows written by the application's role so far. Counted as statements end; the counters of tables come up to ten seconds late."""
    cursor = await connection.execute(
        "SELECT coalesce(sum(rows), 0)::bigint FROM pg_stat_statements AS s"
        " JOIN pg_roles AS r ON r.oid = s.userid WHERE r.rolname = 'iotistic_app'"
        " AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND s.query ~* '(INSERT INTO|UPDATE|DELETE FROM)'"
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_an_unchanged_shadow_costs_two_statements_a_poll_and_writes_at_most_once(
    platform: Platform, api_database: TestDatabase, device: EnrolledDevice
) -> None:
    first = await device.client.get(f"{device.path}/shadow")
    known = {"If-None-Match": first.headers["etag"]}
    async with superuser(api_database) as watcher:
        cursor = await watcher.execute("SELECT to_regclass('pg_stat_statements') IS NOT NULL")
        if await cursor.fetchone() != (True,):
            pytest.skip("this server has no pg_stat_statements")
        before, written = await statements(watcher), await writes(watcher)
        answers = [await device.client.get(f"{device.path}/shadow", headers=known) for _ in range(POLLS)]
        assert {answer.status_code for answer in answers} == {304}
        assert await statements(watcher) - before <= 2 * POLLS
        assert await writes(watcher) - written <= 2  # one contact, one transition to online
    assert platform.pool.stats()["pool_size"] >= 1
