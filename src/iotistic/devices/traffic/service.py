"""What can be done with traffic: adding to it and looking at it."""

from collections.abc import Sequence
from datetime import datetime
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.devices.traffic.model import Traffic, TrafficPosition
from iotistic.devices.traffic.repository import TrafficRepository

__all__ = ["TrafficService"]

_LONGEST_PAGE = 1000


@final
class TrafficService:
    """Traffic on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._traffic = TrafficRepository(connection)

    async def add(self, traffic: Sequence[Traffic]) -> None:
        """Adds what was counted to what is known of the same hours; no device, hour and kind twice in one call."""
        await self._traffic.add(traffic)

    async def list_traffic(
        self,
        device_uuid: UUID,
        *,
        since: datetime,
        until: datetime,
        before: TrafficPosition | None = None,
        limit: int = 100,
    ) -> Sequence[Traffic]:
        """Hours that began from `since` up to, not including, `until`, newest first, those behind the place `before`; up to 1,000."""
        return await self._traffic.list(
            device_uuid, since=since, until=until, before=before, limit=min(limit, _LONGEST_PAGE)
        )
