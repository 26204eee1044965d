"""The device that somebody names on a command line."""

from uuid import UUID

from iotistic.bootstrap.platform import Work
from iotistic.devices import Device
from iotistic.errors import NotFound

__all__ = ["DeviceUnknown", "get_named_device"]


class DeviceUnknown(NotFound):
    """No device has this name or uuid."""

    code = "device_not_found"


async def get_named_device(work: Work, name: str) -> Device:
    """By uuid, or by name among those in service. Raises DeviceUnknown."""
    try:
        device = await work.devices.find_device(UUID(name))
    except ValueError:
        device = await work.devices.find_device_by_name(name)
    if device is None:
        raise DeviceUnknown(
            f"There is no device {name!r}.",
            hint="`iotistic devices list` shows those in service, with --retired the others, to be named by uuid.",
            name=name,
        )
    return device
