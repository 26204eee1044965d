"""Updates of agents in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.jobs.agent_updates.model import AgentUpdate, DeviceUpdate

__all__ = ["AgentUpdateRepository"]

_QUERIES = Queries("iotistic.jobs.agent_updates")


@final
class AgentUpdateRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def insert(self, job_id: int, target_version: str, *, is_forced: bool) -> None:
        await self._sql.run(
            "insert_update", job_id=job_id, target_version=target_version, is_forced=is_forced
        )

    async def list(self, *, before: int | None, limit: int) -> Sequence[AgentUpdate]:
        return await self._sql.many("list_updates", AgentUpdate, before=before, limit=limit)

    async def list_of_device(self, device: UUID, *, before: int | None, limit: int) -> Sequence[DeviceUpdate]:
        return await self._sql.many(
            "list_of_device", DeviceUpdate, device_uuid=device, before=before, limit=limit
        )
