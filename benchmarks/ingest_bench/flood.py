"""What happens to the memory of a process that is sent more than it can store: the table is locked, and bodies keep coming."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from ingest_bench.load import Order, Outcome
from ingest_bench.place import Place
from iotistic.telemetry import IngestLimits

__all__ = ["Flood", "flood"]

_BATCH, _CALLERS = 840, 160
"""150 MB as they are counted, where 64 MiB may wait."""
_LOCKED = 8.0
"""Seconds: less than the patience of a batch, so that what was let in is stored afterwards."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flood:
    """Octets in memory before it, and at most while it lasted."""

    before: int
    peak: int
    bodies: int
    octets: int
    """Of all bodies."""
    refused: Mapping[str, int]
    """With 503, by code."""
    stored: int
    """Reports in the table afterwards."""
    promised: int
    """Reports that were acknowledged."""

    @property
    def _codes(self) -> str:
        return ", ".join(f"{number} {code}" for code, number in sorted(self.refused.items()))

    def show(self) -> str:
        limit = IngestLimits().queue_bytes
        grown = self.peak - self.before
        return (
            f"flood: {self.bodies} bodies, {_mib(self.octets)}, against a locked table: {sum(self.refused.values())} refused with 503 ({self._codes}),"
            f" {self.stored:,} reports stored of {self.promised:,} acknowledged; memory {_mib(self.before)} before,"
            f" {_mib(self.peak)} at most: {_mib(grown)} more, {grown / limit:.1f} of the {_mib(limit)} that may wait"
        )


async def flood(at: Place) -> Flood:
    """Sends a large body of each of many devices while nothing can be committed for a while."""
    await at.empty()
    order = Order(
        ports=at.ports[:1],
        devices=at.devices[:_CALLERS],
        batch=_BATCH,
        requests=1,
        start=time.time() - 1,
        refusable=True,
    )
    before = peak = at.api_memory()
    sending = asyncio.create_task(_send(at, order))
    while not sending.done():
        peak = max(peak, at.api_memory())
        await asyncio.sleep(0.02)
    outcome = await sending
    cursor = await at.owner.execute("SELECT count(*) FROM device_metrics")
    stored = (await cursor.fetchone() or (0,))[0]
    return Flood(
        before=before,
        peak=peak,
        bodies=outcome.requests,
        octets=outcome.octets,
        refused=outcome.refused,
        stored=int(stored),
        promised=(outcome.requests - sum(outcome.refused.values())) * _BATCH,
    )


async def _send(at: Place, order: Order) -> Outcome:
    blocker = await at.direct()

    async def unlock() -> None:
        await asyncio.sleep(_LOCKED)
        await blocker.execute("ROLLBACK")

    async def lock() -> None:
        await blocker.execute("BEGIN")
        await blocker.execute("LOCK TABLE device_metrics IN ACCESS EXCLUSIVE MODE")
        unlocking.append(asyncio.create_task(unlock()))

    unlocking: list[asyncio.Task[None]] = []
    try:
        outcome, _ = await at.load(order, first=lock)
        await asyncio.gather(*unlocking)
        return outcome
    finally:
        await blocker.close()


def _mib(octets: int) -> str:
    return f"{octets / (1 << 20):,.0f} MiB"
