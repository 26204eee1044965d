"""The DBA's own tool: SELECT drop_old_partitions('device_logs', 7)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.partitioning import Maintainer
from tests.support.databases import TestDatabase
from tests.support.days import day_leaf, period_of

TODAY = datetime.now(UTC).date()


@pytest_asyncio.fixture
async def dba(database: TestDatabase) -> AsyncIterator[Connection]:
    """The owner, on a database with partitions from ten days ago until in ten days."""
    connection = await connect(
        database.endpoint("owner"), database.name, application_name="test", autocommit=True
    )
    for days in (7, 3, 0):
        past = datetime.now(UTC) - timedelta(days=days)
        await connection.execute("UPDATE partition_policies SET back = 3, keep_days = 90")
        await Maintainer(connection, clock=lambda past=past: past).run()
    yield connection
    await connection.close()


async def dropped(connection: Connection, table: str | None, days: int | None) -> list[str]:
    cursor = await connection.execute("SELECT dropped FROM drop_old_partitions(%s, %s)", (table, days))
    return [name for (name,) in await cursor.fetchall()]


async def leaves(connection: Connection, table: str = "device_logs") -> int:
    cursor = await connection.execute("SELECT count(*) FROM partition_leaves WHERE parent = %s", (table,))
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


def days_ago(*days: int) -> list[str]:
    return [day_leaf("device_logs", TODAY - timedelta(days=one)) for one in days]


async def test_it_drops_the_days_that_ended_longer_ago_and_says_which(dba: Connection) -> None:
    before = await leaves(dba)
    assert await dropped(dba, "device_logs", 7) == days_ago(10, 9, 8)
    assert await leaves(dba) == before - 3
    assert await leaves(dba, "device_metrics") == before
    assert await dropped(dba, "device_logs", 7) == []


async def test_it_tells_the_bounds_of_what_it_dropped(dba: Connection) -> None:
    ended = period_of(TODAY - timedelta(days=10))
    cursor = await dba.execute("SELECT * FROM drop_old_partitions('device_logs', 9)")
    assert await cursor.fetchall() == [(*days_ago(10), ended.lower, ended.upper)]


async def test_the_least_it_keeps_is_yesterday_and_today(dba: Connection) -> None:
    await dropped(dba, "device_logs", 1)
    cursor = await dba.execute("SELECT min(lower_bound) FROM partition_leaves WHERE parent = 'device_logs'")
    assert await cursor.fetchone() == (period_of(TODAY - timedelta(days=1)).lower,)


@pytest.mark.parametrize("days", [0, -1, -365, None])
async def test_it_refuses_today_and_the_future(dba: Connection, days: int | None) -> None:
    before = await leaves(dba)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="at least 1 whole day"):
        await dropped(dba, "device_logs", days)
    assert await leaves(dba) == before


@pytest.mark.parametrize("table", ["users", "device_logs; DROP TABLE users", "pg_class", "", None])
async def test_it_knows_only_tables_with_a_policy(dba: Connection, table: str | None) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable, match="no partition policy"):
        await dropped(dba, table, 7)


async def test_it_judges_days_in_utc_whatever_the_session_says(dba: Connection) -> None:
    await dba.execute("SET timezone = 'Pacific/Kiritimati'")
    await dba.execute("SET datestyle = 'German'")
    assert await dropped(dba, "device_logs", 7) == days_ago(10, 9, 8)


async def test_it_gives_up_soon_behind_a_reader_and_drops_nothing(
    dba: Connection, database: TestDatabase
) -> None:
    reader = await connect(database.endpoint("app"), database.name, application_name="test")
    await reader.execute("SELECT count(*) FROM device_logs")
    before = await leaves(dba)
    async with asyncio.timeout(10):
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await dropped(dba, "device_logs", 7)
    await reader.close()
    assert await leaves(dba) == before


async def test_it_says_what_to_do_about_an_interrupted_detach(
    dba: Connection, database: TestDatabase
) -> None:
    reader = await connect(database.endpoint("app"), database.name, application_name="test")
    await reader.execute("SELECT count(*) FROM device_logs")
    await dba.execute("SET lock_timeout = '100ms'")
    (leaf,) = days_ago(10)
    with pytest.raises(psycopg.errors.LockNotAvailable):
        await dba.execute(f"ALTER TABLE device_logs DETACH PARTITION {leaf} CONCURRENTLY".encode())
    await reader.close()
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="interrupted detach"):
        await dropped(dba, "device_logs", 7)


async def test_it_drops_no_row_of_a_device_that_is_kept_longer(dba: Connection) -> None:
    cursor = await dba.execute("INSERT INTO devices (name, kind) VALUES ('kept', 'sensor') RETURNING uuid")
    (device,) = await cursor.fetchone() or ()
    await dba.execute(
        "INSERT INTO device_retention_classes (parent, device_uuid, keep_days) VALUES ('device_logs', %s, 7)",
        (device,),
    )
    before = await leaves(dba)
    with pytest.raises(
        psycopg.errors.ObjectNotInPrerequisiteState, match=r"of 1 devices .* up to 7"
    ) as refused:
        await dropped(dba, "device_logs", 6)
    assert "partitions run" in (refused.value.diag.message_hint or "")
    assert await leaves(dba) == before
    assert await dropped(dba, "device_logs", 7) == days_ago(10, 9, 8)  # its class is over there
    await dba.execute("UPDATE device_retention_classes SET keep_days = NULL")
    assert await dropped(dba, "device_logs", 6) == days_ago(7)


async def test_more_days_than_there_ever_were_drop_nothing(dba: Connection) -> None:
    assert await dropped(dba, "device_logs", 2**31 - 1) == []


async def test_a_service_may_not_run_it(dba: Connection, database: TestDatabase) -> None:
    for purpose in ("app", "ingest"):
        stranger = await connect(
            database.endpoint(purpose), database.name, application_name="test", autocommit=True
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await stranger.execute("SELECT drop_old_partitions('device_logs', 7)")
        await stranger.close()
    assert len(await dropped(dba, "device_logs", 7)) == 3


async def test_it_works_for_partitions_of_any_length(dba: Connection) -> None:
    await dba.execute("CREATE TABLE yearly (at timestamptz NOT NULL) PARTITION BY RANGE (at)")
    await dba.execute(
        "INSERT INTO partition_policies (parent, grain, premake, back, keep_days) VALUES ('yearly', 'year', 1, 2, 3000)"
    )
    await Maintainer(dba).run()
    year = TODAY.year
    days_of_this_year = (TODAY - TODAY.replace(month=1, day=1)).days
    if days_of_this_year:
        assert await dropped(dba, "yearly", days_of_this_year) == [f"yearly_{year - 2}", f"yearly_{year - 1}"]
    assert await leaves(dba, "yearly") == 2 if days_of_this_year else 4


async def test_objects_of_the_callers_own_schema_do_not_mislead_it(dba: Connection) -> None:
    await dba.execute("CREATE TEMP TABLE partition_policies (parent text)")
    await dba.execute("INSERT INTO pg_temp.partition_policies VALUES ('users')")
    with pytest.raises(psycopg.errors.UndefinedTable, match="no partition policy"):
        await dropped(dba, "users", 1)
    assert await dropped(dba, "device_logs", 7) == days_ago(10, 9, 8)
