"""An ingest on a database of its own, with partitions around today."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.partitioning import Maintainer
from iotistic.telemetry import Contacts, Ingest, IngestLimits, Receipt
from tests.support.databases import Databases, TestDatabase


async def until(probe: Callable[[], Awaitable[bool] | bool], *, seconds: float = 20.0) -> None:
    """Polls until `probe` says yes; fails the test when it never does."""
    async with asyncio.timeout(seconds):
        while True:
            answer = probe()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.002)


@dataclass
class Station:
    """A device and the platform's side of it, for tests that commit."""

    database: TestDatabase
    owner: Connection
    ingest: Ingest
    device: UUID = field(default_factory=uuid4)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def reports(self, *seconds: float, **metrics: object) -> list[dict[str, Any]]:
        """Reports so many seconds from now."""
        given = metrics or {"cpu_usage": 1.5, "memory_usage": 2.0}
        return [
            {"timestamp": (self.now + timedelta(seconds=one)).isoformat(), "metrics": given}
            for one in seconds
        ]

    async def send(
        self, reports: list[dict[str, Any]], *, device: UUID | None = None, **more: object
    ) -> Receipt:
        body = msgspec.json.encode({"reports": reports, **more})
        return await self.ingest.submit_metrics(device or self.device, body)

    async def log(self, *lines: dict[str, Any]) -> Receipt:
        filled = [
            {"timestamp": self.now.isoformat(), "sequence": number, "message": "hello", **line}
            for number, line in enumerate(lines)
        ]
        return await self.ingest.submit_logs(self.device, msgspec.json.encode({"lines": filled}))

    async def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        cursor = await self.owner.execute(query.encode(), parameters)
        return await cursor.fetchall()

    async def count(self, table: str = "device_metrics") -> int:
        ((number,),) = await self.rows(f"SELECT count(*) FROM {table}")
        return int(number)


@asynccontextmanager
async def ingest_on(
    database: TestDatabase, limits: IngestLimits | None = None, contacts: Contacts | None = None
) -> AsyncIterator[Ingest]:
    async def direct() -> Connection:
        return await connect(
            database.endpoint("app"), database.name, application_name="test-ingest", autocommit=True
        )

    ingest = Ingest(direct, limits=limits, contacts=contacts)
    await ingest.start()
    try:
        yield ingest
    finally:
        await ingest.stop()


@asynccontextmanager
async def owner_of(database: TestDatabase) -> AsyncIterator[Connection]:
    connection = await connect(
        database.endpoint("owner"), database.name, application_name="test", autocommit=True
    )
    try:
        yield connection
    finally:
        await connection.close()


async def make_partitions(owner: Connection) -> None:
    await owner.execute("UPDATE partition_policies SET premake = 3, back = 2")
    await Maintainer(owner).run()


@pytest_asyncio.fixture(scope="session")
async def telemetry_database(databases: Databases) -> AsyncIterator[TestDatabase]:
    """With partitions around today; emptied before each test that has a station."""
    async with databases.platform() as database:
        async with owner_of(database) as owner:
            await make_partitions(owner)
        yield database


@pytest.fixture
def limits() -> IngestLimits:
    """Overridden by tests that need tighter ones."""
    return IngestLimits()


@pytest_asyncio.fixture
async def station(telemetry_database: TestDatabase, limits: IngestLimits) -> AsyncIterator[Station]:
    """On tables that are empty."""
    async with owner_of(telemetry_database) as owner, ingest_on(telemetry_database, limits) as ingest:
        await owner.execute(
            "TRUNCATE device_metrics, device_metric_latest, device_logs, ingest_quarantine, metric_sets,"
            " metric_name_lists, metric_series, metric_rollup_marks, log_alert_marks"
        )
        yield Station(database=telemetry_database, owner=owner, ingest=ingest)


@pytest_asyncio.fixture
async def own_station(database: TestDatabase, limits: IngestLimits) -> AsyncIterator[Station]:
    """On a database of its own, for tests that change the schema."""
    async with owner_of(database) as owner:
        await make_partitions(owner)
        async with ingest_on(database, limits) as ingest:
            yield Station(database=database, owner=owner, ingest=ingest)
