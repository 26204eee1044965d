"""Applications and releases in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from typing import Any, final

from psycopg.types.json import Jsonb

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.releases.errors import CONSTRAINTS
from iotistic.releases.model import Application, Release

__all__ = ["ReleaseRepository"]

_QUERIES = Queries("iotistic.releases")


@final
class ReleaseRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def insert_application(self, name: str, description: str | None) -> None:
        await self._sql.run("insert_application", name=name, description=description)

    async def find_application(self, name: str) -> Application | None:
        return await self._sql.one("find_application", Application, name=name)

    async def list_applications(self, *, after: str | None, limit: int) -> Sequence[Application]:
        return await self._sql.many("list_applications", Application, after=after, limit=limit)

    async def find_id_locked(self, name: str) -> int | None:
        found: int | None = await self._sql.value("lock_application", name=name)
        return found

    async def insert_release(
        self, application_id: int, services: Sequence[dict[str, Any]], notes: str | None, created_by: str
    ) -> int:
        number: int = await self._sql.value(
            "insert_release",
            application_id=application_id,
            services=Jsonb(list(services)),
            notes=notes,
            created_by=created_by,
        )
        return number

    async def find_release(self, name: str, number: int) -> Release | None:
        return await self._sql.one("find_release", Release, name=name, number=number)

    async def list_releases(self, name: str, *, before: int | None, limit: int) -> Sequence[Release]:
        return await self._sql.many("list_releases", Release, name=name, before=before, limit=limit)
