"""What a device says about itself: the values that travel, before they are bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

__all__ = [
    "HostFacts",
    "HostLine",
    "HostSnapshot",
    "InterfaceKind",
    "Level",
    "LogLine",
    "NetworkInterface",
    "Report",
    "TopProcess",
]

Level = Literal["debug", "info", "warning", "error", "critical"]
InterfaceKind = Literal["ethernet", "wifi", "loopback", "virtual", "other"]
HostFacts = Mapping[str, str | int]
"""Slowly changing facts by name: os, kernel, arch, python, agent_version, hostname, cpu_model, cpu_count, memory_total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One look at the host."""

    timestamp: datetime
    """When, in UTC, whole milliseconds; no two reports of a device share one."""
    metrics: Mapping[str, float]
    """Finite values by metric name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLine:
    """One line of the host's log, before it has a number."""

    timestamp: datetime
    """When it was written, in UTC; when it was read, if the line does not say."""
    level: Level
    """How bad."""
    service: str
    """The program that wrote it."""
    message: str
    """Its text, without NUL and cut to a length that any table takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line as it is sent: the device, its timestamp and its sequence are its key for good."""

    timestamp: datetime
    """See HostLine."""
    sequence: int
    """Grows by one a line over the device's whole life; a 64-bit integer."""
    level: Level
    """See HostLine."""
    service: str
    """See HostLine."""
    message: str
    """See HostLine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInterface:
    """One network interface as it is now."""

    name: str
    """The kernel's name: eth0."""
    mac: str | None
    """Lower-case hardware address; None for interfaces without one."""
    addresses: tuple[str, ...]
    """Addresses with prefix length, sorted: 192.0.2.1/24."""
    kind: InterfaceKind
    """What it is made of."""
    is_up: bool
    """Whether it is running."""
    is_default: bool
    """Whether the default route leaves through it."""
    mtu: int | None
    """Largest packet in bytes."""
    speed_mbps: int | None
    """Link speed; None where the driver does not say."""
    ssid: str | None = None
    """The wireless network's name; None for wired ones and where the kernel does not say."""
    signal_dbm: int | None = None
    """Wireless signal level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopProcess:
    """One of the processes that use most of the host."""

    pid: int
    """Process id."""
    name: str
    """The kernel's short name, never its arguments: those hold secrets."""
    cpu_percent: float
    """Of one core, since the look before; 0 at the very first look."""
    memory_bytes: int
    """Resident memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSnapshot:
    """What the host is and what keeps it busy; only the newest one matters."""

    facts: HostFacts
    """See HostFacts."""
    top_processes: tuple[TopProcess, ...]
    """Busiest first."""
