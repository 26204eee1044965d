import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.errors import Unavailable
from iotistic.telemetry import Ingest, IngestLimits, IngestUnavailable
from tests.integration.telemetry.conftest import Station, make_partitions, owner_of, until
from tests.support.databases import TestDatabase

POISON = -666


class Wire:
    """A way to the database that can be cut."""

    def __init__(self, database: TestDatabase) -> None:
        self._database = database
        self.cut = False
        self.opened = 0

    async def connect(self) -> Connection:
        if self.cut:
            raise Unavailable("cut")
        self.opened += 1
        return await connect(
            self._database.endpoint("app"),
            self._database.name,
            application_name="test-ingest",
            autocommit=True,
        )

    async def kill(self, owner: Connection) -> None:
        """Ends every session of the ingest in the middle of whatever it does."""
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'test-ingest' AND datname = current_database()"
        )


@pytest_asyncio.fixture
async def killer(database: TestDatabase) -> AsyncIterator[Connection]:
    connection = await connect(
        database.superuser, database.name, application_name="test-killer", autocommit=True
    )
    yield connection
    await connection.close()


@pytest.fixture
def wire(database: TestDatabase) -> Wire:
    return Wire(database)


@pytest_asyncio.fixture
async def cut_station(database: TestDatabase, wire: Wire) -> AsyncIterator[Station]:
    async with owner_of(database) as owner:
        await make_partitions(owner)
        ingest = Ingest(wire.connect, limits=IngestLimits(patience=timedelta(seconds=1)))
        await ingest.start()
        yield Station(database=database, owner=owner, ingest=ingest)
        await ingest.stop()


async def test_connections_killed_under_load_lose_nothing_acknowledged_and_store_nothing_twice(
    cut_station: Station, wire: Wire, killer: Connection
) -> None:
    station = cut_station
    devices = [uuid4() for _ in range(8)]
    acknowledged: set[tuple[UUID, int]] = set()
    over = asyncio.Event()

    async def send(device: UUID) -> None:
        number = 0
        while not over.is_set():
            number += 1
            reports = station.reports(-number, n=number)
            while True:  # as a device does: again until acknowledged
                try:
                    receipt = await station.send(reports, device=device)
                except IngestUnavailable:
                    continue
                break
            assert receipt.accepted + receipt.duplicate == 1
            acknowledged.add((device, number))

    sending = [asyncio.create_task(send(device)) for device in devices]
    for round_ in range(1, 9):
        await until(lambda wanted=40 * round_: len(acknowledged) >= wanted)
        await wire.kill(killer)
    over.set()
    await asyncio.gather(*sending)
    stored = await station.rows("SELECT device_uuid, values[1]::integer FROM device_metrics")
    assert set(stored) == acknowledged
    assert len(stored) == len(acknowledged)
    assert wire.opened > 2


async def test_a_database_that_is_away_for_longer_than_patience_is_told_to_the_caller(
    cut_station: Station, wire: Wire, killer: Connection
) -> None:
    station = cut_station
    await station.send(station.reports(-10))
    wire.cut = True
    await wire.kill(killer)
    with pytest.raises(IngestUnavailable) as refused:
        await station.send(station.reports(-9))
    assert refused.value.retry_after
    wire.cut = False
    receipt = await station.send(station.reports(-9, -8))
    assert (receipt.accepted, receipt.duplicate) == (2, 0)


async def test_a_poisoned_row_is_set_aside_alone(own_station: Station) -> None:
    station = own_station
    await station.owner.execute(
        "ALTER TABLE device_metrics ADD CONSTRAINT device_metrics_test_check CHECK (values[1] <> -666)"
    )
    bodies = [station.reports(*range(-20, 0), a=number) for number in range(10)]
    bodies[6][13]["metrics"] = {"a": POISON}
    receipts = await asyncio.gather(*(station.send(body, device=uuid4()) for body in bodies))
    assert [(receipt.accepted, receipt.quarantined) for receipt in receipts] == [
        (20, 0) if number != 6 else (19, 1) for number in range(10)
    ]
    assert [(reason.index, reason.code) for reason in receipts[6].reasons] == [(13, "refused_by_database")]
    assert await station.count() == 199
    ((reason, payload),) = await station.rows("SELECT reason, payload FROM ingest_quarantine")
    assert (reason, payload["metrics"]) == ("refused_by_database", {"a": float(POISON)})


async def test_a_poisoned_log_line_is_set_aside_alone(own_station: Station) -> None:
    station = own_station
    await station.owner.execute(
        "ALTER TABLE device_logs ADD CONSTRAINT device_logs_test_check CHECK (message <> 'poison')"
    )
    receipt = await station.log({}, {"message": "poison", "service": "x"}, {})
    assert (receipt.accepted, receipt.quarantined) == (2, 1)
    ((payload,),) = await station.rows("SELECT payload FROM ingest_quarantine")
    assert (payload["message"], payload["service"], payload["sequence"]) == ("poison", "x", 1)


async def test_what_not_even_the_quarantine_takes_is_refused_and_the_rest_is_stored(
    own_station: Station,
) -> None:
    station = own_station
    await station.owner.execute(
        "ALTER TABLE device_metrics ADD CONSTRAINT device_metrics_test_check CHECK (values[1] <> -666)"
    )
    await station.owner.execute(
        "ALTER TABLE ingest_quarantine ADD CONSTRAINT ingest_quarantine_test_check CHECK (false)"
    )
    receipt = await station.send(station.reports(-2, a=1) + station.reports(-1, a=POISON))
    assert (receipt.accepted, receipt.quarantined, receipt.rejected) == (1, 0, 1)


async def test_a_missing_table_is_the_platforms_trouble_and_not_the_rows(own_station: Station) -> None:
    station = own_station
    await station.send(station.reports(-3))
    await station.owner.execute("ALTER TABLE device_metrics RENAME TO device_metrics_gone")
    with pytest.raises(IngestUnavailable):
        await station.send(station.reports(-2))
    await station.owner.execute("ALTER TABLE device_metrics_gone RENAME TO device_metrics")
    assert (await station.send(station.reports(-2))).accepted == 1
    assert await station.count("ingest_quarantine") == 0


async def test_a_deadlock_is_overcome(own_station: Station, killer: Connection) -> None:
    station, owner = own_station, own_station.owner
    await station.send(station.reports(-10, a=1))
    await owner.execute("BEGIN")
    await owner.execute("SELECT * FROM device_metric_latest FOR UPDATE")
    await asyncio.sleep(1.05)  # from then on the next batch writes latest values, and waits for this row
    sending = asyncio.create_task(station.send(station.reports(-9, a=2)))

    async def is_waiting() -> bool:
        cursor = await killer.execute(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'test-ingest'"
            " AND wait_event_type = 'Lock' AND datname = current_database()"
        )
        return await cursor.fetchone() is not None

    await until(is_waiting)
    try:
        # The one of the two that PostgreSQL ends is the one that waited first.
        await owner.execute("LOCK TABLE device_metrics IN ACCESS EXCLUSIVE MODE")
    except psycopg.errors.DeadlockDetected:
        pass
    finally:
        await owner.execute("ROLLBACK")
    assert (await sending).accepted == 1


async def test_a_newest_report_that_waits_while_older_ones_are_written_is_not_lost_by_a_stop(
    database: TestDatabase, wire: Wire, killer: Connection
) -> None:
    limits = IngestLimits(beside_rows=1, writers=2, latest_every=timedelta(seconds=30))
    async with owner_of(database) as owner:
        await make_partitions(owner)
        ingest = Ingest(wire.connect, limits=limits)
        await ingest.start()
        station = Station(database=database, owner=owner, ingest=ingest)
        await station.send(station.reports(-30, n=1))
        other = uuid4()
        await owner.execute("BEGIN")
        await owner.execute("LOCK TABLE device_metric_latest IN SHARE MODE")
        # A series that is new here is written as the latest at once, and waits for the lock.
        held_up = asyncio.create_task(station.send(station.reports(-20, n=2), device=other))

        async def is_held_up() -> bool:
            cursor = await killer.execute(
                "SELECT 1 FROM pg_stat_activity WHERE application_name = 'test-ingest'"
                " AND wait_event_type = 'Lock' AND datname = current_database()"
            )
            return await cursor.fetchone() is not None

        await until(is_held_up)
        assert (await station.send(station.reports(-10, n=3))).accepted == 1
        stopping = asyncio.create_task(ingest.stop())
        await asyncio.sleep(0)
        await owner.execute("ROLLBACK")
        await stopping
        assert (await held_up).accepted == 1
        latest = await station.rows("SELECT values[1]::integer FROM device_metric_latest ORDER BY 1")
        assert latest == [(2,), (3,)]


async def test_batches_beside_each_other_store_every_report_once_and_the_newest_as_the_latest(
    database: TestDatabase, wire: Wire, killer: Connection
) -> None:
    limits = IngestLimits(beside_rows=1, batch_rows=7, writers=3, latest_every=timedelta(milliseconds=5))
    async with owner_of(database) as owner:
        await make_partitions(owner)
        ingest = Ingest(wire.connect, limits=limits)
        await ingest.start()
        station = Station(database=database, owner=owner, ingest=ingest)
        devices = [uuid4() for _ in range(6)]
        accepted: Counter[UUID] = Counter()

        async def send(device: UUID, first: int) -> None:
            receipt = await station.send(
                [report for n in range(first, first + 3) for report in station.reports(-1000 + n, n=n)],
                device=device,
            )
            assert receipt.accepted + receipt.duplicate == 3
            accepted[device] += receipt.accepted

        for round_ in range(15):  # neighbours overlap, and all of a round are under way at once
            await asyncio.gather(
                *(send(device, 4 * round_ + part) for device in devices for part in (0, 1, 2))
            )
            if round_ % 5 == 4:
                await wire.kill(killer)
        stored = await station.rows(
            "SELECT device_uuid, count(*), max(timestamp) FROM device_metrics GROUP BY 1"
        )
        await ingest.stop()
        assert {device: count for device, count, _ in stored} == dict.fromkeys(devices, 61)
        latest = await station.rows("SELECT device_uuid, max(timestamp) FROM device_metric_latest GROUP BY 1")
        assert dict(latest) == {device: newest for device, _, newest in stored}
        assert wire.opened > limits.writers
    # Less where a session was killed between COMMIT and its answer: found again, such a row is a duplicate.
    assert all(accepted[device] <= 61 for device in devices)
