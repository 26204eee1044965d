"""The registry's tables in the words of its model. Decides nothing, commits nothing."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any, final
from uuid import UUID

from psycopg.types.json import Jsonb

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.devices.criteria import Criteria
from iotistic.devices.errors import CONSTRAINTS
from iotistic.devices.model import Device, HostFacts, Tag

__all__ = ["DeviceRepository"]

_QUERIES = Queries("iotistic.devices")


@final
class DeviceRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def insert(
        self, *, name: str, kind: str, serial: str | None, fleet_id: int | None
    ) -> Device | None:
        return await self._sql.one(
            "insert_device", Device, name=name, kind=kind, serial=serial, fleet_id=fleet_id
        )

    async def find(self, uuid: UUID) -> Device | None:
        return await self._sql.one("find_device", Device, uuid=uuid)

    async def find_by_name(self, name: str) -> Device | None:
        return await self._sql.one("find_device_by_name", Device, name=name)

    async def find_by_serial(self, serial: str) -> Device | None:
        """Locks the row until the transaction ends."""
        return await self._sql.one("find_device_by_serial", Device, serial=serial)

    async def search_window(
        self, criteria: Criteria, *, after: str | None, ahead: int, limit: int
    ) -> Sequence[Device]:
        """Those meant among the next `ahead` by name."""
        return await self._sql.many(
            "search_window", Device, after=after, ahead=ahead, limit=limit, **asdict(criteria)
        )

    async def search_everywhere(
        self, criteria: Criteria, *, after: str | None, limit: int
    ) -> Sequence[Device]:
        return await self._sql.many("search_everywhere", Device, after=after, limit=limit, **asdict(criteria))

    async def list_in_service(self, uuids: Collection[UUID]) -> Sequence[UUID]:
        return [row[0] for row in await self._sql.rows("list_in_service", uuids=list(uuids))]

    async def list_names(self, uuids: Collection[UUID]) -> dict[UUID, str]:
        return dict(await self._sql.rows("list_names", uuids=list(uuids)))

    async def match(self, criteria: Criteria, *, limit: int) -> Sequence[UUID]:
        rows = await self._sql.rows("match_devices", limit=limit, **asdict(criteria))
        return [row[0] for row in rows]

    async def list_retired(
        self, criteria: Criteria, *, after: str | None, after_uuid: UUID | None, limit: int
    ) -> Sequence[Device]:
        """By name and uuid. Tags and status are no criteria here."""
        return await self._sql.many(
            "list_retired_devices",
            Device,
            kind=criteria.kind,
            fleet_id=criteria.fleet_id,
            pattern=criteria.pattern,
            bound_fleets=criteria.bound_fleets,
            bound_devices=criteria.bound_devices,
            after=after,
            after_uuid=after_uuid,
            limit=limit,
        )

    async def retire(self, uuid: UUID) -> bool:
        """Whether it was in service."""
        return await self._sql.run("retire_device", uuid=uuid) > 0

    async def restore(self, uuid: UUID, name: str | None) -> bool:
        """Whether it was out of service."""
        return await self._sql.run("restore_device", uuid=uuid, name=name) > 0

    async def rename(self, uuid: UUID, name: str) -> Device | None:
        return await self._sql.one("rename_device", Device, uuid=uuid, name=name)

    async def set_tag(self, uuid: UUID, key: str, value: str) -> None:
        await self._sql.run("set_tag", uuid=uuid, key=key, value=value)

    async def list_tags(self, uuid: UUID) -> Sequence[Tag]:
        return await self._sql.many("list_tags", Tag, uuid=uuid)

    async def delete_tag(self, uuid: UUID, key: str) -> bool:
        return await self._sql.run("delete_tag", uuid=uuid, key=key) > 0

    async def set_host_facts(
        self, uuid: UUID, facts: dict[str, Any], top_processes: Sequence[dict[str, Any]]
    ) -> None:
        await self._sql.run(
            "upsert_host_facts", uuid=uuid, facts=Jsonb(facts), top_processes=Jsonb(list(top_processes))
        )

    async def find_host_facts(self, uuid: UUID) -> HostFacts | None:
        return await self._sql.one("find_host_facts", HostFacts, uuid=uuid)

    async def touch_contacts(self, uuids: Collection[UUID]) -> None:
        await self._sql.run("touch_contacts", uuids=list(uuids))
        await self._sql.run("mark_online", uuids=list(uuids))
