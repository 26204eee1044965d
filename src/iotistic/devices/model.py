"""The nouns of the registry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

__all__ = ["ConnectionStatus", "Device", "HostFacts", "InterfaceKind", "NetworkInterface", "Tag"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One thing people say about a device: site=berlin."""

    key: str
    """Lower-case letters, digits, dots, dashes, underscores; 1 to 100 of them."""
    value: str
    """1 to 255 characters."""


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
