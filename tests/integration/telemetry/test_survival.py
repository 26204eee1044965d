"""The database goes away, comes back elsewhere, runs out of disk: nothing acknowledged is missing, nothing is stored twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
from psycopg import sql

from iotistic.database.pool import Connection, connect
from iotistic.errors import Unavailable
from iotistic.telemetry import Ingest, IngestLimits, IngestUnavailable
from tests.integration.telemetry.conftest import Station, ingest_on, make_partitions, owner_of, until
from tests.support.databases import Databases, TestDatabase
from tests.support.proxy import proxied
from tests.support.tiny_disk import make_tiny_disk, remove_tiny_disk, resize


@dataclass
class Senders:
    """Devices that each send a numbered report until it is acknowledged, then the next."""

    ingest: Ingest
    acknowledged: set[tuple[UUID, int]] = field(default_factory=set)
    start: datetime = field(default_factory=lambda: datetime.now(UTC))
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def _send(self, device: UUID) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            moment = (self.start - timedelta(seconds=number)).isoformat()
            body = msgspec.json.encode({"reports": [{"timestamp": moment, "metrics": {"n": number}}]})
            while True:
                try:
                    receipt = await self.ingest.submit_metrics(device, body)
                except Unavailable:
                    await asyncio.sleep(0.01)
                    continue
                break
            assert receipt.accepted + receipt.duplicate == 1
            self.acknowledged.add((device, number))

    @asynccontextmanager
    async def sending(self, count: int = 8) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._send(uuid4())) for _ in range(count)]
        yield
        self._over.set()
        await asyncio.gather(*tasks)

    async def more(self, count: int = 40) -> None:
        """Until so many further reports are acknowledged."""
        wanted = len(self.acknowledged) + count
        await until(lambda: len(self.acknowledged) >= wanted, seconds=60)


async def stored(database: TestDatabase) -> list[tuple[UUID, int]]:
    async with owner_of(database) as owner:
        cursor = await owner.execute("SELECT device_uuid, values[1]::integer FROM device_metrics")
        return [(row[0], row[1]) for row in await cursor.fetchall()]


async def terminate(database: TestDatabase) -> None:
    connection = await connect(database.superuser, "postgres", application_name="test", autocommit=True)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database.name,)
    )
    await connection.close()


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


async def test_after_a_failover_the_other_server_has_everything_acknowledged_once(
    database: TestDatabase, databases: Databases
) -> None:
    """The standby is a copy of all that was committed when the first server died."""
    async with owner_of(database) as owner:
        await make_partitions(owner)
    standby = replace(database, name=f"{database.name}_standby")
    serving: list[TestDatabase | None] = [database]

    async def direct() -> Connection:
        where = serving[0]
        if where is None:
            raise Unavailable("no server is primary")
        return await connect(
            where.endpoint("app"), where.name, application_name="test-ingest", autocommit=True
        )

    ingest = Ingest(direct)
    await ingest.start()
    senders = Senders(ingest)
    administrator = await connect(
        databases.superuser, "postgres", application_name="test-failover", autocommit=True
    )
    try:
        async with senders.sending():
            await senders.more()
            serving[0] = None
            await terminate(database)
            await administrator.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(standby.name), sql.Identifier(database.name)
                )
            )
            before = len(senders.acknowledged)
            serving[0] = standby
            await senders.more()
            assert len(senders.acknowledged) > before
        await ingest.stop()
        found = await stored(standby)
        assert set(found) == senders.acknowledged
        assert len(found) == len(senders.acknowledged)
    finally:
        await ingest.stop()
        await administrator.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(standby.name))
        )
        await administrator.close()


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
