"""Dashboards in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from typing import final
from uuid import UUID

from psycopg.types.json import Jsonb

from iotistic.dashboards.errors import CONSTRAINTS
from iotistic.dashboards.model import Layout, LayoutDraft, LayoutSummary, Owner
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements

__all__ = ["DashboardRepository"]

_QUERIES = Queries("iotistic.dashboards")


@final
class DashboardRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def count(self, owner: Owner) -> int:
        layouts: int = await self._sql.value("count_layouts", user_id=owner)
        return layouts

    async def insert(self, owner: Owner, device_uuid: UUID | None, draft: LayoutDraft) -> int:
        made: int = await self._sql.value(
            "insert_layout", user_id=owner, device_uuid=device_uuid, **_columns(draft)
        )
        return made

    async def clear_default(
        self, owner: Owner, device_uuid: UUID | None, *, except_id: int | None = None
    ) -> None:
        await self._sql.run("clear_default", user_id=owner, device_uuid=device_uuid, except_id=except_id)

    async def lock(self, layout_id: int, owner: Owner) -> tuple[int, UUID | None] | None:
        """Its id and its device, until the transaction ends; None: this owner has none of that id."""
        found = await self._sql.rows("lock_layout", id=layout_id, user_id=owner)
        return (found[0][0], found[0][1]) if found else None

    async def replace(self, layout_id: int, owner: Owner, draft: LayoutDraft) -> None:
        await self._sql.run("replace_layout", id=layout_id, user_id=owner, **_columns(draft))

    async def delete(self, layout_id: int, owner: Owner) -> bool:
        return await self._sql.run("delete_layout", id=layout_id, user_id=owner) > 0

    async def find(self, layout_id: int, viewer: Owner) -> Layout | None:
        return await self._sql.one("find_layout", Layout, id=layout_id, user_id=viewer)

    async def find_default(self, viewer: Owner, device_uuid: UUID | None) -> Layout | None:
        return await self._sql.one("find_default", Layout, user_id=viewer, device_uuid=device_uuid)

    async def list(
        self, viewer: Owner, *, device_uuid: UUID | None, after: int | None, limit: int
    ) -> Sequence[LayoutSummary]:
        return await self._sql.many(
            "list_layouts", LayoutSummary, user_id=viewer, device_uuid=device_uuid, after=after, limit=limit
        )


def _columns(draft: LayoutDraft) -> dict[str, object]:
    return {"name": draft.name, "document": Jsonb(draft.document), "is_default": draft.is_default}
