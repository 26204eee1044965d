"""What can be done with devices."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.devices.errors import DeviceInvalid, DeviceNotFound, TagNotFound
from iotistic.devices.model import Device, HostFacts, NetworkInterface, Tag
from iotistic.devices.repository import DeviceRepository

__all__ = ["DeviceService"]

_LONGEST_PAGE = 1000


@final
class DeviceService:
    """The registry on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._devices = DeviceRepository(connection)

    async def create_device(self, *, name: str, kind: str, serial: str | None = None) -> Device:
        """Registers a device. Raises DeviceNameTaken, DeviceSerialTaken or DeviceInvalid."""
        device = await self._devices.insert(name=name, kind=kind, serial=serial)
        if device is None:
            raise DeviceInvalid(f"The device {name!r} could not be registered.")
        return device

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

    async def list_devices(self, *, after: str | None = None, limit: int = 100) -> Sequence[Device]:
        """Devices in service by name, those behind the name `after`, at most `limit` (up to 1,000)."""
        return await self._devices.list(after=after, limit=min(limit, _LONGEST_PAGE))

    async def rename_device(self, uuid: UUID, name: str) -> Device:
        """Gives the device another name. Raises DeviceNotFound, DeviceNameTaken or DeviceInvalid."""
        return _known(await self._devices.rename(uuid, name), uuid)

    async def set_tag(self, uuid: UUID, key: str, value: str) -> None:
        """Adds the tag or replaces its value. Raises TagInvalid or DeviceNotFound."""
        await self._devices.set_tag(uuid, key, value)

    async def list_tags(self, uuid: UUID) -> Sequence[Tag]:
        """The tags of the device, by key."""
        return await self._devices.list_tags(uuid)

    async def remove_tag(self, uuid: UUID, key: str) -> None:
        """Takes the tag away. Raises TagNotFound."""
        if not await self._devices.delete_tag(uuid, key):
            raise TagNotFound(f"The device has no tag {key!r}.", key=key)

    async def replace_interfaces(self, uuid: UUID, interfaces: Sequence[NetworkInterface]) -> None:
        """Makes `interfaces` the ones the device has. Raises DeviceInvalid when one is named twice, or DeviceNotFound."""
        names = [one.name for one in interfaces]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DeviceInvalid(f"The interface {twice[0]!r} is named twice.", name=twice[0])
        await self._devices.replace_interfaces(uuid, interfaces)

    async def list_interfaces(self, uuid: UUID) -> Sequence[NetworkInterface]:
        """The interfaces the device last named, the one with the default route first."""
        return await self._devices.list_interfaces(uuid)

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

    async def mark_silent_offline(self, silence: timedelta) -> int:
        """Marks devices offline that were not heard of for longer than `silence`; answers how many."""
        return await self._devices.mark_silent_offline(silence)


def _known(device: Device | None, uuid: UUID) -> Device:
    if device is None:
        raise DeviceNotFound(f"There is no device {uuid}.", uuid=str(uuid))
    return device
