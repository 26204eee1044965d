"""The network interfaces of devices: what they are now, how they changed, and which device has an address."""

from iotistic.devices.network.model import InterfaceChange, InterfaceFound
from iotistic.devices.network.service import AddressInvalid, NetworkService

__all__ = ["AddressInvalid", "InterfaceChange", "InterfaceFound", "NetworkService"]
