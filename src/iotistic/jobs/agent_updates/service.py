"""What can be done about updates of agents. Their progress, pause and end are those of their jobs."""

from collections.abc import Sequence
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.jobs.agent_updates.model import AgentUpdate, DeviceUpdate
from iotistic.jobs.agent_updates.repository import AgentUpdateRepository

__all__ = ["AgentUpdateService"]

_LONGEST_PAGE = 1000


@final
class AgentUpdateService:
    """Updates on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._updates = AgentUpdateRepository(connection)

    async def note_update(self, job_id: int, version: str, *, is_forced: bool) -> None:
        """Says of a job that it brings agents to a version. See `iotistic.workflows.update_agents`."""
        await self._updates.insert(job_id, version, is_forced=is_forced)

    async def list_updates(self, *, before: int | None = None, limit: int = 100) -> Sequence[AgentUpdate]:
        """The newest first, those before job `before`, at most `limit` (up to 1,000)."""
        return await self._updates.list(before=before, limit=min(limit, _LONGEST_PAGE))

    async def list_of_device(
        self, device: UUID, *, before: int | None = None, limit: int = 100
    ) -> Sequence[DeviceUpdate]:
        """The updates of one device's agent, the newest first, those before job `before`."""
        return await self._updates.list_of_device(device, before=before, limit=min(limit, _LONGEST_PAGE))
