"""What can be done with fleets."""

from collections.abc import Sequence
from typing import final
from uuid import UUID

from iotistic.bounds import Bounds
from iotistic.database.pool import Connection
from iotistic.devices.errors import DeviceNotFound
from iotistic.devices.fleets.errors import FleetNotFound
from iotistic.devices.fleets.model import Fleet, FleetDraft
from iotistic.devices.fleets.repository import FleetRepository

__all__ = ["FleetService"]

_LONGEST_PAGE = 1000


@final
class FleetService:
    """Fleets on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._fleets = FleetRepository(connection)

    async def create_fleet(self, name: str, draft: FleetDraft) -> Fleet:
        """Makes a fleet without devices. Raises FleetNameTaken, FleetInvalid or TagInvalid."""
        await self._fleets.insert(name, draft)
        return await self.get_fleet(name)

    async def find_fleet(self, name: str) -> Fleet | None:
        """The fleet of this name."""
        return await self._fleets.find(name)

    async def get_fleet(self, name: str) -> Fleet:
        """The same; raises FleetNotFound."""
        fleet = await self._fleets.find(name)
        if fleet is None:
            raise _unknown(name)
        return fleet

    async def get_fleet_id(self, name: str) -> int:
        """What devices refer to the fleet by. Raises FleetNotFound."""
        found = await self._fleets.find_id(name)
        if found is None:
            raise _unknown(name)
        return found

    async def list_fleets(
        self, *, bounds: Bounds | None = None, after: str | None = None, limit: int = 100
    ) -> Sequence[Fleet]:
        """Fleets by name inside the bounds, those behind the name `after`, at most `limit` (up to 1,000)."""
        return await self._fleets.list(bounds=bounds, after=after, limit=min(limit, _LONGEST_PAGE))

    async def replace_fleet(self, name: str, draft: FleetDraft) -> Fleet:
        """Says anew what the fleet is; its devices inherit that at once. Raises FleetNotFound, FleetInvalid or TagInvalid."""
        if not await self._fleets.replace(name, draft):
            raise _unknown(name)
        return await self.get_fleet(name)

    async def delete_fleet(self, name: str) -> None:
        """Deletes the fleet. Raises FleetNotFound, or FleetNotEmpty while devices in service belong to it."""
        if not await self._fleets.delete(name):
            raise _unknown(name)

    async def assign(self, fleet: str | None, uuids: Sequence[UUID]) -> int:
        """Moves the devices to the fleet, or to none; answers how many moved. Raises FleetNotFound or DeviceNotFound."""
        fleet_id = None if fleet is None else await self.get_fleet_id(fleet)
        unknown = await self._fleets.list_unknown(uuids)
        if unknown:
            raise DeviceNotFound(f"There is no device {unknown[0]}.", uuid=str(unknown[0]))
        return await self._fleets.assign(fleet_id, uuids)


def _unknown(name: str) -> FleetNotFound:
    return FleetNotFound(
        f"There is no fleet {name!r}.", hint="`iotistic fleets list` shows them all.", name=name
    )
