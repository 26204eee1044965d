"""Many devices at once in the words of the queries. Decides nothing, commits nothing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.devices.bulk.model import DeviceDraft
from iotistic.devices.errors import CONSTRAINTS

__all__ = ["BulkRepository"]

_QUERIES = Queries("iotistic.devices.bulk")


@final
class BulkRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def lock_fleets(self, names: Iterable[str]) -> dict[str, int]:
        """Name to id."""
        return dict(await self._sql.rows("lock_fleets", names=list(names)))

    async def lock_known(self, serials: Iterable[str]) -> dict[str, UUID]:
        """Serial to device."""
        return dict(await self._sql.rows("lock_known", serials=list(serials)))

    async def list_names_taken(self, names: Iterable[str]) -> dict[str, UUID]:
        """Name to device."""
        return dict(await self._sql.rows("list_names_taken", names=list(names)))

    async def list_allowed_values(self) -> dict[str, frozenset[str]]:
        """Key to the values it may have, for keys that may not have any."""
        return {key: frozenset(values) for key, values in await self._sql.rows("list_allowed_values")}

    async def insert(self, drafts: Sequence[DeviceDraft], fleets: Mapping[str, int]) -> dict[str, UUID]:
        """Name to device, for those that were made; with their tags."""
        said = [(draft.name, key, value) for draft in drafts for key, value in draft.tags.items()]
        rows = await self._sql.rows(
            "insert_devices",
            tagged_names=[one[0] for one in said],
            keys=[one[1] for one in said],
            values=[one[2] for one in said],
            names=[draft.name for draft in drafts],
            kinds=[draft.kind for draft in drafts],
            serials=[draft.serial for draft in drafts],
            fleet_ids=[_fleet_id(draft, fleets) for draft in drafts],
        )
        return dict(rows)

    async def update(self, drafts: Mapping[UUID, DeviceDraft], fleets: Mapping[str, int]) -> set[UUID]:
        """Those that changed."""
        rows = await self._sql.rows(
            "update_devices",
            uuids=list(drafts),
            names=[draft.name for draft in drafts.values()],
            kinds=[draft.kind for draft in drafts.values()],
            fleet_ids=[_fleet_id(draft, fleets) for draft in drafts.values()],
        )
        return {row[0] for row in rows}

    async def upsert_tags(self, drafts: Mapping[UUID, DeviceDraft]) -> set[UUID]:
        """Those for which a tag changed."""
        said = [
            (uuid, key, value)
            for uuid, draft in sorted(drafts.items())
            for key, value in sorted(draft.tags.items())
        ]
        rows = await self._sql.rows(
            "upsert_tags",
            uuids=[one[0] for one in said],
            keys=[one[1] for one in said],
            values=[one[2] for one in said],
        )
        return {row[0] for row in rows}

    async def list_own_tags(self, uuids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
        found: dict[UUID, dict[str, str]] = {}
        for uuid, key, value in await self._sql.rows("list_own_tags", uuids=list(uuids)):
            found.setdefault(uuid, {})[key] = value
        return found

    async def list_keys(self, *, limit: int) -> Sequence[str]:
        return [row[0] for row in await self._sql.rows("list_keys", limit=limit)]


def _fleet_id(draft: DeviceDraft, fleets: Mapping[str, int]) -> int | None:
    return None if draft.fleet is None else fleets[draft.fleet]
