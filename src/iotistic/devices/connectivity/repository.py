"""Connectivity in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.devices.connectivity.errors import CONSTRAINTS
from iotistic.devices.connectivity.model import Connectivity, Transition

__all__ = ["ConnectivityRepository"]

_QUERIES = Queries("iotistic.devices.connectivity")


@final
class ConnectivityRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def note_look(self, longest_break: timedelta) -> datetime:
        since: datetime = await self._sql.value("note_look", longest_break=longest_break)
        return since

    async def mark_silent_offline(self, *, listening_since: datetime, expected_every: timedelta) -> int:
        return await self._sql.run(
            "mark_silent_offline", listening_since=listening_since, expected_every=expected_every
        )

    async def find(self, uuid: UUID, *, expected_every: timedelta) -> Connectivity | None:
        return await self._sql.one(
            "find_connectivity", Connectivity, uuid=uuid, expected_every=expected_every
        )

    async def list_transitions(self, uuid: UUID, *, before: int | None, limit: int) -> Sequence[Transition]:
        return await self._sql.many("list_transitions", Transition, uuid=uuid, before=before, limit=limit)

    async def set_expectation(self, uuid: UUID, expected_every: timedelta) -> None:
        await self._sql.run("set_expectation", uuid=uuid, expected_every=expected_every)

    async def delete_expectation(self, uuid: UUID) -> None:
        await self._sql.run("delete_expectation", uuid=uuid)
