"""Grants in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Collection, Sequence
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.devices.gateways.errors import CONSTRAINTS
from iotistic.devices.gateways.model import GrantedDevice

__all__ = ["GatewayRepository"]

_QUERIES = Queries("iotistic.devices.gateways")


@final
class GatewayRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def grant(self, gateway: UUID, devices: Collection[UUID]) -> int:
        return await self._sql.run("grant_devices", gateway_uuid=gateway, device_uuids=list(devices))

    async def revoke(self, gateway: UUID, devices: Collection[UUID]) -> int:
        return await self._sql.run("revoke_devices", gateway_uuid=gateway, device_uuids=list(devices))

    async def list_granted(self, gateway: UUID, *, after: UUID | None, limit: int) -> Sequence[GrantedDevice]:
        return await self._sql.many(
            "list_granted", GrantedDevice, gateway_uuid=gateway, after=after, limit=limit
        )

    async def list_allowed(self, gateway: UUID, devices: Collection[UUID]) -> Sequence[UUID]:
        rows = await self._sql.rows(
            "list_allowed", gateway_uuid=gateway, device_uuids=list(devices), limit=len(devices)
        )
        return [row[0] for row in rows]
