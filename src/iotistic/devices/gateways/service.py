"""What can be done with gateways."""

from collections.abc import Collection, Sequence
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.devices.gateways.model import GrantedDevice
from iotistic.devices.gateways.repository import GatewayRepository
from iotistic.devices.service import DeviceService

__all__ = ["GatewayService"]

_LONGEST_PAGE = 1000


@final
class GatewayService:
    """Grants on one connection; whoever opened the transaction commits it. A gateway is a device with grants."""

    def __init__(self, connection: Connection) -> None:
        self._grants = GatewayRepository(connection)
        self._devices = DeviceService(connection)

    async def grant(self, gateway: UUID, devices: Collection[UUID]) -> int:
        """Lets the gateway send for these devices; answers how many it could not before. Raises DeviceNotFound or GatewayInvalid."""
        await self._devices.get_device(gateway)
        return await self._grants.grant(gateway, devices)

    async def revoke(self, gateway: UUID, devices: Collection[UUID]) -> int:
        """From now on nothing is taken from the gateway for these devices; answers for how many it was. Raises DeviceNotFound."""
        await self._devices.get_device(gateway)
        return await self._grants.revoke(gateway, devices)

    async def list_granted(
        self, gateway: UUID, *, after: UUID | None = None, limit: int = 100
    ) -> Sequence[GrantedDevice]:
        """The devices the gateway may send for, by uuid, those behind `after`, at most `limit` (up to 1,000).

        Raises DeviceNotFound.
        """
        await self._devices.get_device(gateway)
        return await self._grants.list_granted(gateway, after=after, limit=min(limit, _LONGEST_PAGE))

    async def allowed(self, gateway: UUID, devices: Collection[UUID]) -> frozenset[UUID]:
        """Which of these devices the gateway may send for now."""
        return frozenset(await self._grants.list_allowed(gateway, devices)) if devices else frozenset()
