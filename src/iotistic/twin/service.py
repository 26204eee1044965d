"""What can be done with things of a model."""

from collections.abc import Sequence
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.twin.errors import EntityNotFound, TwinConflict
from iotistic.twin.model import Entity, EntityDraft, Neighbour, Part, RelationKind
from iotistic.twin.repository import TwinRepository

__all__ = ["TwinService"]

_LONGEST_PAGE = 1000
_MOST_PARTS = 10_000
_DEEPEST = 50


@final
class TwinService:
    """The digital twin on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._twin = TwinRepository(connection)

    async def put_entity(self, model: str, global_id: str, draft: EntityDraft) -> Entity:
        """Adds a thing or says anew what the model says about it; its device and relations stay. Raises EntityInvalid."""
        await self._twin.put(model, global_id, draft)
        return await self.get_entity(model, global_id)

    async def get_entity(self, model: str, global_id: str) -> Entity:
        """The thing of this GlobalId. Raises EntityNotFound."""
        found = await self._twin.find(model, global_id)
        if found is None:
            raise _unknown(model, global_id)
        return found

    async def find_entity_of_device(self, device_uuid: UUID) -> Entity | None:
        """The thing that a device is in reality."""
        return await self._twin.find_of_device(device_uuid)

    async def list_models(self) -> Sequence[tuple[str, int, int]]:
        """Each model by name, with how many things it has, and how many of those are devices."""
        return await self._twin.models()

    async def list_entities(
        self, model: str, *, ifc_class: str | None = None, after: str | None = None, limit: int = 100
    ) -> Sequence[Entity]:
        """Things of a model by GlobalId, those behind `after`, at most `limit` (up to 1,000)."""
        return await self._twin.list(model, ifc_class=ifc_class, after=after, limit=min(limit, _LONGEST_PAGE))

    async def delete_entity(self, model: str, global_id: str) -> None:
        """Takes a thing away with its relations; what lay in it lies nowhere. Raises EntityNotFound."""
        if not await self._twin.delete(model, global_id):
            raise _unknown(model, global_id)

    async def link_device(self, model: str, global_id: str, device_uuid: UUID | None) -> Entity:
        """Says which device the thing is, or that it is none. Raises EntityNotFound, EntityInvalid or TwinConflict."""
        if not await self._twin.link(model, global_id, device_uuid):
            raise _unknown(model, global_id)
        return await self.get_entity(model, global_id)

    async def unlink_device(self, device_uuid: UUID) -> bool:
        """The device is no thing any more; answers whether it was one."""
        return await self._twin.unlink(device_uuid)

    async def relate(self, model: str, source: str, kind: RelationKind, target: str) -> bool:
        """Adds a relation; answers whether it is new.

        Raises EntityNotFound, or TwinConflict when the target lies elsewhere already or the source lies in the target.
        """
        for global_id in (source, target):
            await self.get_entity(model, global_id)
        if kind == "contains":
            await self._twin.lock_relations()
            if await self._twin.lies_in(model, source, target):
                raise TwinConflict(f"{source} lies in {target}, so {target} cannot lie in {source}.")
        return await self._twin.relate(model, source, kind, target)

    async def unrelate(self, model: str, source: str, kind: RelationKind, target: str) -> bool:
        """Takes a relation away; answers whether there was one."""
        return await self._twin.unrelate(model, source, kind, target)

    async def list_parts(
        self, model: str, global_id: str, *, depth: int = _DEEPEST, limit: int = _LONGEST_PAGE
    ) -> Sequence[Part]:
        """The thing itself and everything that lies in it, nearest first, at most `limit` (up to 10,000). Raises EntityNotFound."""
        parts = await self._twin.parts(
            model, global_id, depth=min(depth, _DEEPEST), limit=min(limit, _MOST_PARTS)
        )
        if not parts:
            raise _unknown(model, global_id)
        return parts

    async def list_places(self, model: str, global_id: str) -> Sequence[Entity]:
        """What the thing lies in, up to the top, nearest first. Raises EntityNotFound."""
        await self.get_entity(model, global_id)
        return await self._twin.places(model, global_id)

    async def list_neighbours(
        self, model: str, global_id: str, *, limit: int = _LONGEST_PAGE
    ) -> Sequence[Neighbour]:
        """The relations of the thing in both directions. Raises EntityNotFound."""
        await self.get_entity(model, global_id)
        return await self._twin.neighbours(model, global_id, limit=min(limit, _LONGEST_PAGE))


def _unknown(model: str, global_id: str) -> EntityNotFound:
    return EntityNotFound(
        f"The model {model} has no thing {global_id}.",
        hint="Upper and lower case differ. GET /api/v1/twin/models lists the models.",
        model=model,
        global_id=global_id,
    )
