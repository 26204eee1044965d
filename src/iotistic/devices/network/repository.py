"""Network interfaces in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.devices.errors import CONSTRAINTS
from iotistic.devices.model import NetworkInterface
from iotistic.devices.network.model import InterfaceChange, InterfaceFound

__all__ = ["NetworkRepository"]

_QUERIES = Queries("iotistic.devices.network")


@final
class NetworkRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def replace(self, uuid: UUID, interfaces: Sequence[NetworkInterface]) -> None:
        await self._sql.run("delete_other_interfaces", uuid=uuid, names=[one.name for one in interfaces])
        if interfaces:
            rows = [asdict(one) | {"uuid": uuid, "addresses": list(one.addresses)} for one in interfaces]
            await self._sql.run_many("upsert_interface", rows)

    async def list(self, uuid: UUID) -> Sequence[NetworkInterface]:
        return await self._sql.many("list_interfaces", NetworkInterface, uuid=uuid)

    async def list_changes(self, uuid: UUID, *, before: int | None, limit: int) -> Sequence[InterfaceChange]:
        return await self._sql.many(
            "list_interface_changes", InterfaceChange, uuid=uuid, before=before, limit=limit
        )

    async def find_by_address(self, network: str, *, limit: int) -> Sequence[InterfaceFound]:
        return await self._sql.many("find_by_address", InterfaceFound, network=network, limit=limit)

    async def find_by_mac(self, mac: str, *, limit: int) -> Sequence[InterfaceFound]:
        return await self._sql.many("find_by_mac", InterfaceFound, mac=mac, limit=limit)

    async def delete_old_changes(self, older: timedelta, *, limit: int) -> int:
        return await self._sql.run("delete_old_changes", older=older, limit=limit)
