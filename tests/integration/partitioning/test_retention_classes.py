"""A device in a longer class keeps its rows when those of the others go, and one in a shorter class loses them sooner."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from iotistic.database.errors import LockNotAvailable
from iotistic.database.pool import Connection, connect
from iotistic.errors import Invalid, NotFound
from iotistic.partitioning import Maintainer, PolicyNotFound, RetentionClasses, Thinner
from iotistic.partitioning.retention import ClassesUnsupported
from tests.support.databases import TestDatabase
from tests.support.days import day_leaf

NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
DAY = NOW.date()
LEAF = day_leaf("device_metrics", DAY)
SHORT, PLAIN, LONG = (UUID(int=number) for number in (1, 2, 3))


@pytest_asyncio.fixture
async def owner(database: TestDatabase) -> AsyncIterator[Connection]:
    """Of a database with three devices of different classes and a row of each in one day."""
    connection = await connect(
        database.endpoint("owner"), database.name, application_name="test", autocommit=True
    )
    await connection.execute("UPDATE partition_policies SET back = 0")
    await Maintainer(connection, clock=lambda: NOW).run()
    for number, device in enumerate((SHORT, PLAIN, LONG)):
        await connection.execute(
            "INSERT INTO devices (uuid, name, kind) VALUES (%s, %s, 'sensor')", (device, f"device-{number}")
        )
        await insert(connection, device, NOW)
    classes = RetentionClasses(connection)
    assert await classes.set_class("device_metrics", SHORT, 7)
    assert await classes.set_class("device_metrics", LONG, 400)
    yield connection
    await connection.close()


async def insert(connection: Connection, device: UUID, moment: datetime) -> None:
    await connection.execute(
        "INSERT INTO device_metrics (device_uuid, timestamp, series_id, metric_set_id, values)"
        " VALUES (%s, %s, %s, 1, '{1}')",
        (device, moment, device.int),
    )


async def devices(connection: Connection) -> list[UUID]:
    cursor = await connection.execute("SELECT device_uuid FROM device_metrics ORDER BY device_uuid")
    return [device for (device,) in await cursor.fetchall()]


async def night(connection: Connection, days: int) -> list[str]:
    """What the housekeeper does `days` after the rows were measured."""
    later = NOW + timedelta(days=days)
    thinned = await Thinner(connection, clock=lambda: later).run()
    outcome = await Maintainer(connection, clock=lambda: later).run()
    assert not outcome.failed
    return [step.leaf for step in thinned if step.parent == "device_metrics"]


async def test_each_class_goes_at_its_time_and_no_sooner(owner: Connection) -> None:
    assert LEAF not in await night(owner, 7)
    assert await devices(owner) == [SHORT, PLAIN, LONG]
    assert LEAF in await night(owner, 8)
    assert await devices(owner) == [PLAIN, LONG]
    assert LEAF not in await night(owner, 90)
    assert await devices(owner) == [PLAIN, LONG]
    assert LEAF in await night(owner, 91)
    assert await devices(owner) == [LONG]
    await night(owner, 400)
    assert await devices(owner) == [LONG]
    await night(owner, 401)
    assert await devices(owner) == []
    cursor = await owner.execute("SELECT to_regclass(%s)", (LEAF,))
    assert await cursor.fetchone() == (None,)


async def test_a_second_run_has_nothing_to_do(owner: Connection) -> None:
    assert await night(owner, 8) != []
    assert await night(owner, 8) == []


async def test_a_device_that_changes_its_class_is_judged_by_the_new_one_for_the_rows_it_has(
    owner: Connection,
) -> None:
    await RetentionClasses(owner).set_class("device_metrics", PLAIN, 400)
    await night(owner, 91)
    assert await devices(owner) == [PLAIN, LONG]
    # Its class is taken back now, which is long before the night of the next run.
    await RetentionClasses(owner).set_class("device_metrics", LONG, None)
    await owner.execute(
        "UPDATE device_retention_classes SET changed_at = %s WHERE device_uuid = %s",
        (NOW + timedelta(days=91, hours=1), LONG),
    )
    await night(owner, 92)
    assert await devices(owner) == [PLAIN]


async def test_without_devices_of_another_class_days_are_never_written_anew(owner: Connection) -> None:
    await owner.execute("DELETE FROM device_retention_classes")
    assert await night(owner, 91) == []
    assert await devices(owner) == []


async def test_other_tables_keep_their_own_policy(owner: Connection) -> None:
    await owner.execute(
        "INSERT INTO device_logs (device_uuid, timestamp, sequence, level, service, message)"
        " VALUES (%s, %s, 1, 'info', 's', 'm')",
        (LONG, NOW),
    )
    await night(owner, 8)
    cursor = await owner.execute("SELECT count(*) FROM device_logs")
    assert await cursor.fetchone() == (0,)


async def test_the_new_partition_has_all_that_the_old_one_had(owner: Connection) -> None:
    shape = (
        "SELECT contype::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass"
        " AND contype <> 'n' UNION ALL SELECT 'i', indisvalid::text FROM pg_index WHERE indrelid = %s::regclass ORDER BY 1"
    )
    before = await (await owner.execute(shape.encode(), (LEAF, LEAF))).fetchall()
    await night(owner, 8)
    assert await (await owner.execute(shape.encode(), (LEAF, LEAF))).fetchall() == before
    await insert(owner, SHORT, NOW + timedelta(seconds=1))  # the day takes late rows as before


async def test_a_late_row_that_comes_while_the_day_is_written_anew_is_not_lost(
    owner: Connection, database: TestDatabase
) -> None:
    writer = await connect(database.endpoint("ingest"), database.name, application_name="test")
    await insert(writer, LONG, NOW + timedelta(seconds=5))  # not committed when the new table is built
    watcher = await connect(
        database.endpoint("owner"), database.name, application_name="test", autocommit=True
    )
    running = asyncio.create_task(night(owner, 8))
    while not running.done():
        cursor = await watcher.execute("SELECT to_regclass(%s)", (f"{LEAF}_kept",))
        if await cursor.fetchone() != (None,):
            break
    await watcher.close()
    await writer.commit()
    await writer.close()
    await running
    assert await devices(owner) == [PLAIN, LONG, LONG]


async def test_behind_a_reader_it_gives_up_soon_and_leaves_the_day_as_it_was(
    owner: Connection, database: TestDatabase
) -> None:
    reader = await connect(database.endpoint("app"), database.name, application_name="test")
    await reader.execute("SELECT count(*) FROM device_metrics")
    with pytest.raises(LockNotAvailable):
        await night(owner, 8)
    await reader.close()
    assert await devices(owner) == [SHORT, PLAIN, LONG]
    assert LEAF in await night(owner, 8)
    cursor = await owner.execute(r"SELECT count(*) FROM pg_class WHERE relname ~ '_(kept|gone)$'")
    assert await cursor.fetchone() == (0,)


async def test_classes_are_listed_and_checked(owner: Connection) -> None:
    classes = RetentionClasses(owner)
    found = await classes.list_devices(limit=10)
    assert [(one.device_uuid, one.keep_days) for one in found] == [(SHORT, 7), (LONG, 400)]
    assert not await classes.set_class("device_metrics", LONG, 400)
    with pytest.raises(Invalid, match="7, 30, 90, 400"):
        await classes.set_class("device_metrics", LONG, 8)
    with pytest.raises(PolicyNotFound):
        await classes.set_class("users", LONG, 7)
    with pytest.raises(ClassesUnsupported, match="mqtt_broker_stats"):
        await classes.set_class("mqtt_broker_stats", LONG, 7)
    with pytest.raises(NotFound):
        await classes.set_class("device_metrics", UUID(int=9), 7)
