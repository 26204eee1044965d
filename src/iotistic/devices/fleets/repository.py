"""Fleets in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from typing import final
from uuid import UUID

from psycopg.types.json import Jsonb

from iotistic.bounds import Bounds
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.devices.fleets.errors import CONSTRAINTS
from iotistic.devices.fleets.model import Fleet, FleetDraft

__all__ = ["FleetRepository"]

_QUERIES = Queries("iotistic.devices.fleets")


@final
class FleetRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def insert(self, name: str, draft: FleetDraft) -> None:
        await self._sql.run("insert_fleet", name=name, **_columns(draft))

    async def find(self, name: str) -> Fleet | None:
        return await self._sql.one("find_fleet", Fleet, name=name)

    async def find_id(self, name: str) -> int | None:
        found: int | None = await self._sql.value("find_fleet_id", name=name)
        return found

    async def list(self, *, bounds: Bounds | None, after: str | None, limit: int) -> Sequence[Fleet]:
        inside = None if bounds is None else list(bounds.fleets)
        return await self._sql.many("list_fleets", Fleet, bound_fleets=inside, after=after, limit=limit)

    async def replace(self, name: str, draft: FleetDraft) -> bool:
        return await self._sql.run("replace_fleet", name=name, **_columns(draft)) > 0

    async def delete(self, name: str) -> bool:
        """Devices out of service leave it first; those in service keep it from going."""
        await self._sql.run("release_retired_devices", name=name)
        return await self._sql.run("delete_fleet", name=name) > 0

    async def assign(self, fleet_id: int | None, uuids: Sequence[UUID]) -> int:
        return await self._sql.run("assign_devices", fleet_id=fleet_id, uuids=list(uuids))

    async def list_unknown(self, uuids: Sequence[UUID]) -> Sequence[UUID]:
        return [row[0] for row in await self._sql.rows("list_unknown_devices", uuids=list(uuids))]


def _columns(draft: FleetDraft) -> dict[str, object]:
    return {
        "description": draft.description,
        "default_tags": Jsonb(draft.default_tags),
        "default_settings": Jsonb(draft.default_settings),
        "expected_every": draft.expected_every,
    }
