"""The registry of devices, and what they say about themselves."""

from iotistic.devices.errors import (
    DeviceInvalid,
    DeviceNameTaken,
    DeviceNotFound,
    DeviceSerialTaken,
    FilterInvalid,
    TagInvalid,
    TagNotFound,
)
from iotistic.devices.model import (
    ConnectionStatus,
    Device,
    DeviceFilter,
    HostFacts,
    InterfaceKind,
    NetworkInterface,
    Tag,
)
from iotistic.devices.service import DeviceService

__all__ = [
    "ConnectionStatus",
    "Device",
    "DeviceFilter",
    "DeviceInvalid",
    "DeviceNameTaken",
    "DeviceNotFound",
    "DeviceSerialTaken",
    "DeviceService",
    "FilterInvalid",
    "HostFacts",
    "InterfaceKind",
    "NetworkInterface",
    "Tag",
    "TagInvalid",
    "TagNotFound",
]
