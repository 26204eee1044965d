"""What can be done with templates."""

from collections.abc import Sequence
from typing import final

from iotistic.database.pool import Connection
from iotistic.jobs.document import JobDocument, document_to_json
from iotistic.jobs.templates.errors import TemplateNotFound
from iotistic.jobs.templates.model import JobTemplate, TemplateVersion
from iotistic.jobs.templates.repository import TemplateRepository

__all__ = ["TemplateService"]

_LONGEST_PAGE = 1000


@final
class TemplateService:
    """Templates on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._templates = TemplateRepository(connection)

    async def save_template(
        self, name: str, document: JobDocument, *, created_by: str, description: str | None = None
    ) -> JobTemplate:
        """Makes the template, or its next version; the same document again makes none. Raises TemplateInvalid."""
        template_id, newest = await self._templates.lock(name, description)
        plain = document_to_json(document)
        present = await self._templates.find_document(template_id, newest)
        if present != plain:
            version = newest if present is None else newest + 1
            await self._templates.insert_version(template_id, version, plain, created_by)
        return await self.get_template(name)

    async def get_template(self, name: str, *, version: int | None = None) -> JobTemplate:
        """The newest version, or the one asked for. Raises TemplateNotFound."""
        found = await self._templates.find(name, version)
        if found is None:
            raise _unknown(name, version)
        return found

    async def get_template_by_id(self, template_id: int, *, version: int | None = None) -> JobTemplate:
        """The same. Raises TemplateNotFound."""
        found = await self._templates.find_by_id(template_id, version)
        if found is None:
            raise _unknown(f"number {template_id}", version)
        return found

    async def list_templates(self, *, after: str | None = None, limit: int = 100) -> Sequence[JobTemplate]:
        """By name, those behind the name `after`, at most `limit` (up to 1,000)."""
        return await self._templates.list(after=after, limit=min(limit, _LONGEST_PAGE))

    async def list_versions(
        self, name: str, *, before: int | None = None, limit: int = 100
    ) -> Sequence[TemplateVersion]:
        """The newest first, those before version `before`. Raises TemplateNotFound."""
        await self.get_template(name)
        return await self._templates.list_versions(name, before=before, limit=min(limit, _LONGEST_PAGE))

    async def delete_template(self, name: str) -> None:
        """Deletes all its versions; jobs keep their steps. Raises TemplateNotFound or TemplateInUse."""
        if not await self._templates.delete(name):
            raise _unknown(name, None)


def _unknown(name: str, version: int | None) -> TemplateNotFound:
    which = f"{name!r}" if version is None else f"{name!r} at version {version}"
    return TemplateNotFound(
        f"There is no job template {which}.",
        hint="`iotistic jobs templates list` shows them all.",
        name=name,
    )
