"""What can be done with devices."""

from collections.abc import Collection, Sequence
from typing import Any, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.devices.criteria import Criteria
from iotistic.devices.errors import DeviceInvalid, DeviceNotFound, FilterInvalid, TagNotFound, name_taken
from iotistic.devices.fleets.service import FleetService
from iotistic.devices.model import Device, DeviceFilter, HostFacts, Tag
from iotistic.devices.repository import DeviceRepository
from iotistic.devices.rules import fault_of_device
from iotistic.devices.search import DeviceSearch
from iotistic.devices.tag_condition import tag_condition

__all__ = ["EVERY_DEVICE", "DeviceService"]

EVERY_DEVICE = DeviceFilter()
_LONGEST_PAGE = 1000
_WINDOW = 20
"""How many times its length a page looks ahead by name before it asks the indexes of the filters: 2 ms for 100 devices."""
_LITERAL = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


@final
class DeviceService:
    """The registry on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._devices = DeviceRepository(connection)
        self._fleets = FleetService(connection)
        self._search = DeviceSearch(connection)

    async def create_device(
        self, *, name: str, kind: str, serial: str | None = None, fleet: str | None = None
    ) -> Device:
        """Registers a device. Raises DeviceNameTaken, DeviceSerialTaken, DeviceInvalid or FleetNotFound."""
        fleet_id = None if fleet is None else await self._fleets.get_fleet_id(fleet)
        device = await self._devices.insert(name=name, kind=kind, serial=serial, fleet_id=fleet_id)
        if device is None:
            raise DeviceInvalid(f"The device {name!r} could not be registered.")
        return device

    async def require_registrable(self, *, name: str, kind: str, serial: str | None) -> None:
        """Raises DeviceInvalid, or DeviceNameTaken, for a device that could not be registered now."""
        fault = fault_of_device(name, kind, serial)
        if fault is not None:
            raise DeviceInvalid(fault)
        if await self._devices.find_by_name(name) is not None:
            raise name_taken()

    async def find_device(self, uuid: UUID) -> Device | None:
        """The device of this identity, in service or retired."""
        return await self._devices.find(uuid)

    async def get_device(self, uuid: UUID) -> Device:
        """The same; raises DeviceNotFound."""
        return _known(await self._devices.find(uuid), uuid)

    async def find_device_by_name(self, name: str) -> Device | None:
        """The device in service that is called this."""
        return await self._devices.find_by_name(name)

    async def find_device_by_serial(self, serial: str) -> Device | None:
        """The device in service whose hardware calls itself this; its row stays locked until the transaction ends."""
        return await self._devices.find_by_serial(serial)

    async def list_devices(
        self, which: DeviceFilter = EVERY_DEVICE, *, after: str | None = None, limit: int = 100
    ) -> Sequence[Device]:
        """Devices in service by name, those behind the name `after`, at most `limit` (up to 1,000). Raises FleetNotFound."""
        wanted = min(limit, _LONGEST_PAGE)
        criteria = await self._criteria(which)
        if which.is_everything:
            return await self._devices.search_window(criteria, after=after, ahead=wanted, limit=wanted)
        found = await self._search.list_devices(which, criteria, after=after, limit=wanted)
        if found is not None:
            return found
        near = await self._devices.search_window(criteria, after=after, ahead=wanted * _WINDOW, limit=wanted)
        if len(near) == wanted:
            return near
        return await self._devices.search_everywhere(criteria, after=after, limit=wanted)

    async def match_devices(self, which: DeviceFilter, *, limit: int) -> Sequence[UUID]:
        """Which devices in service are meant, at most `limit`. Raises FleetNotFound."""
        return await self._devices.match(await self._criteria(which), limit=limit)

    async def list_in_service(self, uuids: Collection[UUID]) -> Sequence[UUID]:
        """Which of these devices are in service, at most 10,000."""
        return await self._devices.list_in_service(uuids)

    async def list_names(self, uuids: Collection[UUID]) -> dict[UUID, str]:
        """What these devices are called, retired ones too, at most 10,000; without those that are not in the registry."""
        return await self._devices.list_names(uuids)

    async def list_retired_devices(
        self,
        which: DeviceFilter = EVERY_DEVICE,
        *,
        after: tuple[str, UUID] | None = None,
        limit: int = 100,
    ) -> Sequence[Device]:
        """Devices out of service by name and uuid, those behind `after`, at most `limit` (up to 1,000).

        Raises FleetNotFound, or FilterInvalid for tags or a status, which such devices are not searched by.
        """
        if which.where is not None or which.status is not None:
            raise FilterInvalid(
                "Devices out of service are found by name, kind and fleet, not by tags or status.",
                field="query.where",
            )
        name, uuid = after or (None, None)
        return await self._devices.list_retired(
            await self._criteria(which), after=name, after_uuid=uuid, limit=min(limit, _LONGEST_PAGE)
        )

    async def retire_device(self, uuid: UUID) -> bool:
        """Takes the device out of service; whether it was in. Raises DeviceNotFound. See `iotistic.workflows.retire_device`."""
        if await self._devices.retire(uuid):
            return True
        await self.get_device(uuid)
        return False

    async def restore_device(self, uuid: UUID, *, name: str | None = None) -> Device:
        """Takes the device back into service, as `name` if given; one in service stays as it is.

        Raises DeviceNotFound, DeviceNameTaken or DeviceSerialTaken.
        """
        await self._devices.restore(uuid, name)
        return await self.get_device(uuid)

    async def _criteria(self, which: DeviceFilter) -> Criteria:
        condition = None if which.where is None else tag_condition(which.where)
        return Criteria(
            predicate=None if condition is None else condition.predicate,
            keys=list(condition.keys) if condition is not None and condition.keys else None,
            kind=which.kind,
            fleet_id=None if which.fleet is None else await self._fleets.get_fleet_id(which.fleet),
            status=which.status,
            pattern=None if which.name is None else f"%{which.name.translate(_LITERAL)}%",
            bound_fleets=None if which.bounds is None else list(which.bounds.fleets),
            bound_devices=None if which.bounds is None else list(which.bounds.devices),
        )

    async def rename_device(self, uuid: UUID, name: str) -> Device:
        """Gives the device another name. Raises DeviceNotFound, DeviceNameTaken or DeviceInvalid."""
        return _known(await self._devices.rename(uuid, name), uuid)

    async def set_tag(self, uuid: UUID, key: str, value: str) -> None:
        """Adds the tag or replaces its value. Raises TagInvalid or DeviceNotFound."""
        await self._devices.set_tag(uuid, key, value)

    async def list_tags(self, uuid: UUID) -> Sequence[Tag]:
        """The tags of the device by key, with those it has from its fleet."""
        return await self._devices.list_tags(uuid)

    async def remove_tag(self, uuid: UUID, key: str) -> None:
        """Takes the tag away. Raises TagNotFound."""
        if not await self._devices.delete_tag(uuid, key):
            raise TagNotFound(f"The device has no tag {key!r}.", key=key)

    async def record_host(
        self, uuid: UUID, facts: dict[str, Any], top_processes: Sequence[dict[str, Any]]
    ) -> None:
        """Stores what the device says about its computer. Raises DeviceNotFound."""
        await self._devices.set_host_facts(uuid, facts, top_processes)

    async def find_host(self, uuid: UUID) -> HostFacts | None:
        """What the device last said about its computer."""
        return await self._devices.find_host_facts(uuid)

    async def touch_contacts(self, uuids: Collection[UUID]) -> None:
        """Notes that these devices were heard of now. Writes each at most once in 15 s; unknown ones are passed over."""
        await self._devices.touch_contacts(uuids)


def _known(device: Device | None, uuid: UUID) -> Device:
    if device is None:
        raise DeviceNotFound(f"There is no device {uuid}.", uuid=str(uuid))
    return device
