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
from tests.support.databases import TestDatabase


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


@pytest_asyncio.fixture
async def owner(database: TestDatabase) -> AsyncIterator[Connection]:
    connection = await connect(
        database.endpoint("owner"), database.name, application_name="test", autocommit=True
    )
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def partitions(owner: Connection) -> None:
    await owner.execute("UPDATE partition_policies SET premake_days = 3, back_days = 2")
    await Maintainer(owner).run()


@pytest.fixture
def limits() -> IngestLimits:
    """Overridden by tests that need tighter ones."""
    return IngestLimits()


@pytest_asyncio.fixture
async def station(
    database: TestDatabase,
    owner: Connection,
    partitions: None,  # noqa: ARG001 - makes them
    limits: IngestLimits,
) -> AsyncIterator[Station]:
    async with ingest_on(database, limits) as ingest:
        yield Station(database=database, owner=owner, ingest=ingest)
