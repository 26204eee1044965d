"""The nouns of the registry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from iotistic.bounds import Bounds
from iotistic.devices.tag_expression import Expression

__all__ = [
    "ConnectionStatus",
    "Device",
    "DeviceFilter",
    "HostFacts",
    "InterfaceKind",
    "NetworkInterface",
    "Tag",
]

ConnectionStatus = Literal["never", "online", "offline"]
InterfaceKind = Literal["ethernet", "wifi", "loopback", "virtual", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One registered device."""

    uuid: UUID
    name: str
    """What people call it; unique among devices in service."""
    kind: str
    """host, gateway, sensor, ..."""
    serial: str | None
    """What its hardware calls itself."""
    connection_status: ConnectionStatus
    created_at: datetime
    updated_at: datetime
    """When a fact about it last changed."""
    retired_at: datetime | None
    """When it was taken out of service."""
    fleet: str | None
    """The name of the fleet it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFilter:
    """Which devices a list is about; what is None filters nothing."""

    where: Expression | None = None
    """What their tags must say, those from the fleet included."""
    fleet: str | None = None
    """The name of a fleet."""
    kind: str | None = None
    status: ConnectionStatus | None = None
    name: str | None = None
    """A part of the name, in any case."""
    bounds: Bounds | None = None
    """Outside of which whoever asks sees nothing."""

    @property
    def is_everything(self) -> bool:
        """Whether it leaves nothing out."""
        return self == DeviceFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One thing people say about a device: site=berlin."""

    key: str
    """Lower-case letters, digits, dots, dashes, underscores; 1 to 100 of them."""
    value: str
    """1 to 255 characters."""
    inherited: bool = False
    """Whether the device has it from its fleet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInterface:
    """One way a device is connected."""

    name: str
    kind: InterfaceKind
    mac: str | None
    """Lower case with colons."""
    addresses: Sequence[str]
    """With prefix length: 192.0.2.1/24."""
    is_up: bool
    is_default: bool
    """Whether the default route leads through it."""
    mtu: int | None
    """Bytes."""
    speed_mbps: int | None
    """Megabits per second."""
    ssid: str | None
    signal_dbm: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What a device last said about its computer."""

    facts: dict[str, Any]
    """os, arch, agent_version, ..."""
    top_processes: list[dict[str, Any]]
    """The busiest: pid, name, cpu_percent, memory_bytes."""
    reported_at: datetime
