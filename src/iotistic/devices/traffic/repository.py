"""Traffic in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.devices.traffic.model import Traffic, TrafficPosition

__all__ = ["TrafficRepository"]

_QUERIES = Queries("iotistic.devices.traffic")


@final
class TrafficRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def add(self, traffic: Sequence[Traffic]) -> None:
        await self._sql.run(
            "add_traffic",
            device_uuids=[one.device_uuid for one in traffic],
            timestamps=[one.timestamp for one in traffic],
            kinds=[one.kind for one in traffic],
            requests=[one.requests for one in traffic],
            refused=[one.refused for one in traffic],
            bytes_received=[one.bytes_received for one in traffic],
            bytes_sent=[one.bytes_sent for one in traffic],
        )

    async def list(
        self,
        device_uuid: UUID,
        *,
        since: datetime,
        until: datetime,
        before: TrafficPosition | None,
        limit: int,
    ) -> Sequence[Traffic]:
        return await self._sql.many(
            "list_traffic",
            Traffic,
            device_uuid=device_uuid,
            since=since,
            until=until,
            before=before and before.timestamp,
            before_kind=before and before.kind,
            limit=limit,
        )
