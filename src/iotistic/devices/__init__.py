"""The registry of devices, and what they say about themselves."""

from iotistic.devices.errors import (
    DeviceInvalid,
    DeviceNameTaken,
    DeviceNotFound,
    DeviceSerialTaken,
    TagInvalid,
    TagNotFound,
)
from iotistic.devices.model import ConnectionStatus, Device, HostFacts, InterfaceKind, NetworkInterface, Tag
from iotistic.devices.service import DeviceService

__all__ = [
    "ConnectionStatus",
    "Device",
    "DeviceInvalid",
    "DeviceNameTaken",
    "DeviceNotFound",
    "DeviceSerialTaken",
    "DeviceService",
    "HostFacts",
    "InterfaceKind",
    "NetworkInterface",
    "Tag",
    "TagInvalid",
    "TagNotFound",
]
