"""Templates in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from psycopg.types.json import Jsonb

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.jobs.templates.errors import CONSTRAINTS
from iotistic.jobs.templates.model import JobTemplate, TemplateVersion

__all__ = ["TemplateRepository"]

_QUERIES = Queries("iotistic.jobs.templates")


@final
class TemplateRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def lock(self, name: str, description: str | None) -> tuple[int, int]:
        """Its number and newest version; made at version 1, without a document, if there was none."""
        [row] = await self._sql.rows("lock_template", name=name, description=description)
        return int(row[0]), int(row[1])

    async def find_document(self, template_id: int, version: int) -> dict[str, Any] | None:
        found: dict[str, Any] | None = await self._sql.value(
            "find_document", template_id=template_id, version=version
        )
        return found

    async def insert_version(
        self, template_id: int, version: int, document: Mapping[str, Any], created_by: str
    ) -> None:
        await self._sql.run(
            "insert_version",
            template_id=template_id,
            version=version,
            document=Jsonb(dict(document)),
            created_by=created_by,
        )
        await self._sql.run("set_newest", template_id=template_id, version=version)

    async def find(self, name: str, version: int | None) -> JobTemplate | None:
        return await self._sql.one("find_template", JobTemplate, name=name, version=version)

    async def find_by_id(self, template_id: int, version: int | None) -> JobTemplate | None:
        return await self._sql.one("find_template_by_id", JobTemplate, id=template_id, version=version)

    async def list(self, *, after: str | None, limit: int) -> Sequence[JobTemplate]:
        return await self._sql.many("list_templates", JobTemplate, after=after, limit=limit)

    async def list_versions(self, name: str, *, before: int | None, limit: int) -> Sequence[TemplateVersion]:
        return await self._sql.many("list_versions", TemplateVersion, name=name, before=before, limit=limit)

    async def delete(self, name: str) -> bool:
        return await self._sql.run("delete_template", name=name) > 0
