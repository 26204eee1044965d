"""Bindings in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import final
from uuid import UUID

from iotistic.bounds import Bounds
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.security.bindings.errors import CONSTRAINTS
from iotistic.security.bindings.model import Binding

__all__ = ["BindingRepository"]

_QUERIES = Queries("iotistic.security.bindings")


@final
class BindingRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def grant(
        self,
        username: str,
        role: str,
        *,
        fleet: str | None,
        device_uuid: UUID | None,
        expires_at: datetime | None,
    ) -> int | None:
        """The number of the binding; None: no such person or fleet."""
        number: int | None = await self._sql.value(
            "grant_role",
            username=username,
            role=role,
            fleet=fleet,
            device_uuid=device_uuid,
            expires_at=expires_at,
        )
        return number

    async def find(self, number: int) -> Binding | None:
        return await self._sql.one("find_binding", Binding, id=number)

    async def list(self, username: str | None, *, after: int | None, limit: int) -> Sequence[Binding]:
        return await self._sql.many("list_bindings", Binding, username=username, after=after, limit=limit)

    async def revoke(self, number: int) -> bool:
        return await self._sql.run("revoke_role", id=number) > 0

    async def list_outside(self, uuids: Collection[UUID], bounds: Bounds) -> Sequence[UUID]:
        rows = await self._sql.rows(
            "list_outside",
            uuids=list(uuids),
            bound_devices=list(bounds.devices),
            bound_fleets=list(bounds.fleets),
        )
        return [row[0] for row in rows]

    async def fleet_is_inside(self, name: str, bounds: Bounds) -> bool:
        return bool(await self._sql.value("fleet_is_inside", name=name, bound_fleets=list(bounds.fleets)))
