"""Rules of tags in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Mapping, Sequence
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.devices.tagging.errors import CONSTRAINTS
from iotistic.devices.tagging.model import (
    IncompleteDevice,
    TagDefinition,
    TagDefinitionDraft,
    TagValueInUse,
)

__all__ = ["TaggingRepository"]

_QUERIES = Queries("iotistic.devices.tagging")


@final
class TaggingRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def lock(self) -> None:
        """Nobody else writes tags until the transaction ends."""
        await self._sql.run("lock_tags")

    async def list_values_outside(self, key: str, allowed: Sequence[str]) -> Sequence[TagValueInUse]:
        return await self._sql.many("list_values_outside", TagValueInUse, key=key, allowed=list(allowed))

    async def upsert_definition(self, key: str, draft: TagDefinitionDraft) -> TagDefinition | None:
        return await self._sql.one(
            "upsert_definition",
            TagDefinition,
            key=key,
            description=draft.description,
            allowed_values=None if draft.allowed_values is None else list(draft.allowed_values),
            is_required=draft.is_required,
        )

    async def find_definition(self, key: str) -> TagDefinition | None:
        return await self._sql.one("find_definition", TagDefinition, key=key)

    async def list_definitions(self, *, after: str | None, limit: int) -> Sequence[TagDefinition]:
        return await self._sql.many("list_definitions", TagDefinition, after=after, limit=limit)

    async def delete_definition(self, key: str) -> bool:
        return await self._sql.run("delete_definition", key=key) > 0

    async def list_incomplete(self, *, after: str | None, limit: int) -> Sequence[IncompleteDevice]:
        return await self._sql.many("list_incomplete", IncompleteDevice, after=after, limit=limit)

    async def set_tags(self, uuids: Sequence[UUID], tags: Mapping[str, str]) -> set[UUID]:
        """Those that something changed for."""
        rows = await self._sql.rows(
            "set_tags", uuids=list(uuids), keys=list(tags.keys()), values=list(tags.values())
        )
        return {row[0] for row in rows}

    async def remove_tags(self, uuids: Sequence[UUID], keys: Sequence[str]) -> set[UUID]:
        """Those that something changed for."""
        return {row[0] for row in await self._sql.rows("remove_tags", uuids=list(uuids), keys=list(keys))}
