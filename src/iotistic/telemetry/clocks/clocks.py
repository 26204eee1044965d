"""What is known and decided about devices' clocks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.model import DeviceClock

__all__ = ["ClockService", "list_receipt_stamped", "note_skews"]

_QUERIES: Final = Queries("iotistic.telemetry.clocks")
_MICROSECOND: Final = timedelta(microseconds=1)
_MOST_STAMPED: Final = 100_000


@final
class ClockService:
    """On one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def find_clock(self, device_uuid: UUID) -> DeviceClock:
        """How far the device's clock is off, as far as that is known, and whether it is trusted."""
        found = await self._sql.one("find_clock", DeviceClock, device_uuid=device_uuid)
        return found or DeviceClock(skew=None, measured_at=None, stamped_on_receipt=False)

    async def stamp_on_receipt(self, device_uuid: UUID, *, on: bool) -> None:
        """Whether reports of the device get the time of their receipt from now on; every process knows within 30 seconds."""
        if on:
            await self._sql.run("stamp_on_receipt", device_uuid=device_uuid)
        else:
            await self._sql.run("trust_clock", device_uuid=device_uuid)


async def list_receipt_stamped(connection: Connection) -> frozenset[UUID]:
    """The devices whose clocks are not trusted."""
    return frozenset(await _Rows(connection).stamped())


async def note_skews(connection: Connection, skews: Sequence[tuple[UUID, int]], now: datetime) -> None:
    """Stores leads of clocks, in microseconds."""
    await _Rows(connection).note(skews, now)


@final
class _Rows:
    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def stamped(self) -> list[UUID]:
        return [row[0] for row in await self._sql.rows("list_receipt_stamped", limit=_MOST_STAMPED)]

    async def note(self, skews: Sequence[tuple[UUID, int]], now: datetime) -> None:
        await self._sql.run(
            "note_clocks",
            device_uuids=[device_uuid for device_uuid, _ in skews],
            skews=[lead * _MICROSECOND for _, lead in skews],
            now=now,
        )
