"""The digital twin in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from typing import final
from uuid import UUID

from psycopg.types.json import Jsonb

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.twin.errors import CONSTRAINTS
from iotistic.twin.model import Entity, EntityDraft, Neighbour, Part, RelationKind

__all__ = ["TwinRepository"]

_QUERIES = Queries("iotistic.twin")


@final
class TwinRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def put(self, model: str, global_id: str, draft: EntityDraft) -> None:
        await self._sql.run(
            "put_entity",
            model=model,
            global_id=global_id,
            ifc_class=draft.ifc_class,
            name=draft.name,
            properties=Jsonb(draft.properties),
        )

    async def find(self, model: str, global_id: str) -> Entity | None:
        return await self._sql.one("find_entity", Entity, model=model, global_id=global_id)

    async def find_of_device(self, device_uuid: UUID) -> Entity | None:
        return await self._sql.one("find_entity_of_device", Entity, device_uuid=device_uuid)

    async def models(self) -> Sequence[tuple[str, int, int]]:
        """Name, things, and how many of those are devices."""
        return [(row[0], row[1], row[2]) for row in await self._sql.rows("list_models")]

    async def list(
        self, model: str, *, ifc_class: str | None, after: str | None, limit: int
    ) -> Sequence[Entity]:
        return await self._sql.many(
            "list_entities", Entity, model=model, ifc_class=ifc_class, after=after, limit=limit
        )

    async def delete(self, model: str, global_id: str) -> bool:
        return await self._sql.run("delete_entity", model=model, global_id=global_id) > 0

    async def link(self, model: str, global_id: str, device_uuid: UUID | None) -> bool:
        return (
            await self._sql.run("link_device", model=model, global_id=global_id, device_uuid=device_uuid) > 0
        )

    async def unlink(self, device_uuid: UUID) -> bool:
        return await self._sql.run("unlink_device", device_uuid=device_uuid) > 0

    async def lock_relations(self) -> None:
        """Makes other writers of relations wait until the transaction ends."""
        await self._sql.run("lock_relations")

    async def lies_in(self, model: str, part: str, whole: str) -> bool:
        found: bool = await self._sql.value("lies_in", model=model, part=part, whole=whole)
        return found

    async def relate(self, model: str, source: str, kind: RelationKind, target: str) -> bool:
        return await self._sql.run("relate", model=model, source=source, kind=kind, target=target) > 0

    async def unrelate(self, model: str, source: str, kind: RelationKind, target: str) -> bool:
        return await self._sql.run("unrelate", model=model, source=source, kind=kind, target=target) > 0

    async def parts(self, model: str, global_id: str, *, depth: int, limit: int) -> Sequence[Part]:
        return await self._sql.many(
            "list_parts", Part, model=model, global_id=global_id, depth=depth, limit=limit
        )

    async def places(self, model: str, global_id: str) -> Sequence[Entity]:
        return await self._sql.many("list_places", Entity, model=model, global_id=global_id)

    async def neighbours(self, model: str, global_id: str, *, limit: int) -> Sequence[Neighbour]:
        return await self._sql.many(
            "list_neighbours", Neighbour, model=model, global_id=global_id, limit=limit
        )
