"""The database goes away or runs out of disk: nothing acknowledged is missing, nothing is stored twice. Failover: test_failover.py."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio
from psycopg import sql

from iotistic.database.pool import Connection, connect
from iotistic.errors import Unavailable
from iotistic.telemetry import Ingest, IngestLimits, IngestUnavailable
from tests.integration.telemetry.conftest import Station, ingest_on, make_partitions, owner_of, until
from tests.integration.telemetry.senders import Senders, stored
from tests.support.databases import TestDatabase
from tests.support.proxy import proxied
from tests.support.tiny_disk import make_tiny_disk, remove_tiny_disk, resize


async def test_a_network_that_is_cut_anywhere_loses_and_doubles_nothing(database: TestDatabase) -> None:
    async with owner_of(database) as owner:
        await make_partitions(owner)
    async with proxied(database.endpoint("app")) as proxy:

        async def direct() -> Connection:
            return await connect(proxy.endpoint, database.name, application_name="test", autocommit=True)

        ingest = Ingest(direct)
        await ingest.start()
        senders = Senders(ingest)
        try:
            async with senders.sending():
                for cut in range(1, 13):
                    await senders.more()
                    before = proxy.cuts
                    if cut % 3 == 0:  # committed, and nobody knows
                        proxy.cut_after_commits = proxy.commits + 1
                    elif cut % 3 == 1:  # the command did not arrive
                        proxy.cut_after_requests = proxy.requests + cut
                    else:  # half of an answer did
                        proxy.cut_after_answers = proxy.answers + cut
                    await senders.more()
                    if cut % 3:
                        await until(lambda before=before: proxy.cuts > before, seconds=30)  # type: ignore[misc]
        finally:
            await ingest.stop()
        assert proxy.cuts >= 8
    found = await stored(database)
    assert set(found) == senders.acknowledged
    assert len(found) == len(senders.acknowledged)


@pytest_asyncio.fixture
async def tiny_disk(database: TestDatabase) -> AsyncIterator[Path]:
    """16 MiB with a tablespace on them."""
    connection = await connect(database.superuser, "postgres", application_name="test", autocommit=True)
    cursor = await connection.execute("SHOW data_directory")
    row = await cursor.fetchone()
    assert row is not None
    place = make_tiny_disk(Path(row[0]), 16)
    if place is None:
        await connection.close()
        pytest.skip("nothing can be mounted here")
    try:
        await connection.execute(
            sql.SQL("CREATE TABLESPACE iotistic_tiny LOCATION {}").format(sql.Literal(f"{place}/space"))
        )
        await connection.execute("GRANT CREATE ON TABLESPACE iotistic_tiny TO PUBLIC")
        await connection.close()
        yield place
    finally:
        await _drop_tablespace(database)
        remove_tiny_disk(place)


async def _drop_tablespace(database: TestDatabase) -> None:
    async with owner_of(database) as owner:
        await _move_today(owner, "pg_default")
    connection = await connect(database.superuser, "postgres", application_name="test", autocommit=True)
    await connection.execute("DROP TABLESPACE IF EXISTS iotistic_tiny")
    await connection.close()


async def _move_today(owner: Connection, space: str) -> None:
    """Today's partition and its key."""
    cursor = await owner.execute(
        "SELECT c.oid::regclass::text, c.relkind FROM pg_partition_tree('device_metrics') AS t"
        " JOIN pg_class AS c ON c.oid = t.relid WHERE t.isleaf AND c.relname LIKE %s",
        (f"%{datetime.now(UTC):%Y%m%d}%",),
    )
    for name, _ in await cursor.fetchall():
        await owner.execute(
            sql.SQL("ALTER TABLE {} SET TABLESPACE {}").format(sql.Identifier(name), sql.Identifier(space))
        )
        await owner.execute(
            sql.SQL("ALTER INDEX {} SET TABLESPACE {}").format(
                sql.Identifier(f"{name}_pkey"), sql.Identifier(space)
            )
        )


async def test_a_full_disk_refuses_and_recovers_when_there_is_room_again(
    database: TestDatabase, tiny_disk: Path
) -> None:
    async with owner_of(database) as owner:
        await make_partitions(owner)
        await _move_today(owner, "iotistic_tiny")
        async with ingest_on(database, IngestLimits(patience=timedelta(seconds=1))) as ingest:
            station = Station(database=database, owner=owner, ingest=ingest)
            acknowledged: set[int] = set()

            async def send(number: int) -> None:
                reports = station.reports(
                    *(-number - row / 1000 for row in range(500)), **{f"m{one:02}": one for one in range(40)}
                )
                await station.send(reports)
                acknowledged.add(number)

            refused = 0
            for number in range(1, 200):
                try:
                    await send(number)
                except IngestUnavailable:
                    refused = number
                    break
            assert refused > 1
            async with owner.transaction():  # no byte of what was refused is there
                assert await station.count() == 500 * len(acknowledged)
            resize(tiny_disk, 256)
            for number in range(refused, refused + 3):
                await send(number)
            assert await station.count() == 500 * len(acknowledged)
            await owner.execute("TRUNCATE device_metrics")


async def test_latest_values_stay_within_their_page(station: Station) -> None:
    """99 of 100 updates must be heap-only, or the table grows elevenfold in 15 rounds."""
    devices = [uuid4() for _ in range(300)]
    await station.owner.execute("VACUUM FULL device_metric_latest")
    await station.owner.execute("SELECT pg_stat_force_next_flush()")
    before = await _updates(station)
    for number in range(12):
        async with ingest_on(station.database) as ingest:  # a process that has just begun writes at once
            bodies = [msgspec.json.encode({"reports": station.reports(number, a=number)}) for _ in devices]
            await asyncio.gather(*map(ingest.submit_metrics, devices, bodies))

    async def are_counted() -> bool:
        return (await _updates(station))[0] - before[0] >= 300 * 10

    await until(are_counted)
    updates, hot = (after - first for after, first in zip(await _updates(station), before, strict=True))
    assert hot / updates >= 0.99, f"{hot} of {updates}"


async def _updates(station: Station) -> tuple[int, int]:
    ((updates, hot),) = await station.rows(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'device_metric_latest'"
    )
    return int(updates), int(hot)


async def test_a_network_that_swallows_everything_is_given_up_and_costs_nothing(
    database: TestDatabase,
) -> None:
    """Nothing is closed, so no error ever comes: whoever waits for one waits for ever."""
    async with owner_of(database) as owner:
        await make_partitions(owner)
    async with proxied(database.endpoint("app")) as proxy:

        async def direct() -> Connection:
            return await connect(
                proxy.endpoint, database.name, application_name="test", autocommit=True, connect_timeout=2
            )

        ingest = Ingest(direct, limits=IngestLimits(patience=timedelta(seconds=2)))
        await ingest.start()
        senders = Senders(ingest)
        try:
            async with senders.sending():
                await senders.more()
                proxy.passing.clear()
                await until(
                    lambda: ingest.statistics().failed > 0, seconds=60
                )  # callers are told, and not kept waiting
                proxy.passing.set()
                await senders.more()
        finally:
            await ingest.stop()
    found = await stored(database)
    assert set(found) == senders.acknowledged
    assert len(found) == len(senders.acknowledged)


async def test_the_first_report_of_a_device_waits_for_a_database_that_is_away_like_any_other(
    database: TestDatabase,
) -> None:
    async with owner_of(database) as owner:
        await make_partitions(owner)
    is_away = False

    async def direct() -> Connection:
        if is_away:
            raise Unavailable("no server is there")
        return await connect(
            database.endpoint("app"), database.name, application_name="test", autocommit=True
        )

    ingest = Ingest(direct, limits=IngestLimits(patience=timedelta(seconds=30)))
    await ingest.start()
    try:
        senders = Senders(ingest)
        async with senders.sending(1):
            await senders.more(1)
        is_away = True
        await ingest._looking.close()
        await ingest._writing._sessions.close()
        bodies = [
            msgspec.json.encode({"reports": [{"timestamp": senders.start.isoformat(), "metrics": {name: 1}}]})
            for name in ("never seen", "nor this")
        ]
        sending = [asyncio.create_task(ingest.submit_metrics(uuid4(), body)) for body in bodies]
        await until(lambda: ingest.statistics().pending_submissions == 2)
        is_away = False
        assert [(await one).accepted for one in sending] == [1, 1]
    finally:
        await ingest.stop()


async def test_who_waited_long_enough_is_told_when_to_come_back(station: Station) -> None:
    async def direct() -> Connection:
        raise Unavailable("no server is there")

    ingest = Ingest(direct, limits=IngestLimits(patience=timedelta(milliseconds=300)))
    await ingest.start()
    try:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(IngestUnavailable) as told:
            await ingest.submit_metrics(uuid4(), msgspec.json.encode({"reports": station.reports(0)}))
        assert told.value.retry_after == timedelta(seconds=2)
        assert asyncio.get_running_loop().time() - begun >= 0.15
    finally:
        await ingest.stop()
