"""What can be done about roles. That nobody gives more than they hold, and that somebody is always owner, the database keeps."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import final
from uuid import UUID

from iotistic.bounds import Bounds
from iotistic.database.pool import Connection
from iotistic.security.bindings.errors import BindingInvalid, BindingNotFound
from iotistic.security.bindings.model import Binding
from iotistic.security.bindings.repository import BindingRepository

__all__ = ["BindingService"]

_LONGEST_PAGE = 1000


@final
class BindingService:
    """Roles on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._bindings = BindingRepository(connection)

    async def grant(
        self,
        username: str,
        role: str,
        *,
        fleet: str | None = None,
        device_uuid: UUID | None = None,
        expires_at: datetime | None = None,
    ) -> Binding:
        """Gives a role on everything, on the fleet or on the device; given again, it ends as said now.

        Raises BindingNotFound, BindingInvalid, GrantTooWide or LastOwner.
        """
        if fleet is not None and device_uuid is not None:
            raise BindingInvalid("A role is for a fleet or for a device, not for both.")
        number = await self._bindings.grant(
            username, role, fleet=fleet, device_uuid=device_uuid, expires_at=expires_at
        )
        if number is None:
            raise BindingNotFound(
                f"There is no account {username!r}" + (f" or no fleet {fleet!r}." if fleet else "."),
                hint="`iotistic users list` and `iotistic fleets list` show them all.",
            )
        return await self.get_binding(number)

    async def get_binding(self, number: int) -> Binding:
        """The binding of this number. Raises BindingNotFound."""
        found = await self._bindings.find(number)
        if found is None:
            raise BindingNotFound(f"There is no role binding {number}.")
        return found

    async def list_bindings(
        self, username: str | None = None, *, after: int | None = None, limit: int = 100
    ) -> Sequence[Binding]:
        """In the order they were made, of everybody or one person; those that have ended too."""
        return await self._bindings.list(username, after=after, limit=min(limit, _LONGEST_PAGE))

    async def revoke(self, number: int) -> Binding:
        """Takes the role back, and tells what it was. Raises BindingNotFound, GrantTooWide or LastOwner."""
        found = await self.get_binding(number)
        await self._bindings.revoke(number)
        return found

    async def list_outside(self, uuids: Collection[UUID], bounds: Bounds) -> Sequence[UUID]:
        """Which of these devices lie outside; unknown ones do."""
        return await self._bindings.list_outside(uuids, bounds)

    async def fleet_is_inside(self, name: str, bounds: Bounds) -> bool:
        """Whether the fleet lies inside; an unknown one does not."""
        return await self._bindings.fleet_is_inside(name, bounds)
