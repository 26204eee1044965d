"""What can be done with applications and releases."""

from collections.abc import Sequence
from typing import Any, final

from iotistic.database.pool import Connection
from iotistic.releases.errors import ApplicationNotFound, ReleaseNotFound
from iotistic.releases.model import Application, Release, require_services
from iotistic.releases.repository import ReleaseRepository

__all__ = ["ReleaseService"]

_LONGEST_PAGE = 1000


@final
class ReleaseService:
    """Releases on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._releases = ReleaseRepository(connection)

    async def create_application(self, name: str, *, description: str | None = None) -> Application:
        """Makes an application without releases. Raises ApplicationNameTaken or ApplicationInvalid."""
        await self._releases.insert_application(name, description)
        return await self.get_application(name)

    async def get_application(self, name: str) -> Application:
        """Raises ApplicationNotFound."""
        found = await self._releases.find_application(name)
        if found is None:
            raise _unknown(name)
        return found

    async def list_applications(self, *, after: str | None = None, limit: int = 100) -> Sequence[Application]:
        """By name, those behind the name `after`, at most `limit` (up to 1,000)."""
        return await self._releases.list_applications(after=after, limit=min(limit, _LONGEST_PAGE))

    async def create_release(
        self, name: str, services: Sequence[dict[str, Any]], *, notes: str | None = None, created_by: str
    ) -> Release:
        """The next release; it never changes. Raises ApplicationNotFound or ReleaseInvalid."""
        require_services(services)
        application_id = await self._releases.find_id_locked(name)
        if application_id is None:
            raise _unknown(name)
        number = await self._releases.insert_release(application_id, services, notes, created_by)
        return await self.get_release(name, number)

    async def get_release(self, name: str, number: int) -> Release:
        """Raises ApplicationNotFound or ReleaseNotFound."""
        found = await self._releases.find_release(name, number)
        if found is None:
            await self.get_application(name)
            raise ReleaseNotFound(f"{name} has no release {number}.", application=name)
        return found

    async def list_releases(
        self, name: str, *, before: int | None = None, limit: int = 100
    ) -> Sequence[Release]:
        """The newest first, those before number `before`. Raises ApplicationNotFound."""
        await self.get_application(name)
        return await self._releases.list_releases(name, before=before, limit=min(limit, _LONGEST_PAGE))


def _unknown(name: str) -> ApplicationNotFound:
    return ApplicationNotFound(f"There is no application {name!r}.", name=name)
