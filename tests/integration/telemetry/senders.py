"""Devices that send until they are acknowledged, and what became of their reports."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from iotistic.errors import Unavailable
from iotistic.telemetry import Ingest
from tests.integration.telemetry.conftest import owner_of, until
from tests.support.databases import TestDatabase

__all__ = ["Senders", "stored"]


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
