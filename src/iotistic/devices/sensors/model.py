"""The nouns about sensors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

__all__ = ["Deployment", "Protocol", "Report", "Sensor", "SensorDraft"]

Protocol = Literal[
    "modbus", "can", "opcua", "mqtt", "snmp", "bacnet", "onewire", "i2c", "spi", "gpio", "serial", "http", "other"
]  # fmt: skip
"""How a device talks to a sensor."""
Deployment = Literal["pending", "deployed", "failed"]
"""How far the device is with what people said: pending until it reports about it."""
Report = Literal["deployed", "failed"]
"""What the device can say about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorDraft:
    """What people say about a sensor."""

    protocol: Protocol
    poll_every: timedelta
    """From one reading to the next: 0.1 seconds to a day."""
    is_enabled: bool = True
    """Whether the device is to read it."""
    description: str | None = None
    connection: dict[str, Any] = field(default_factory=dict[str, Any])
    """Of the protocol's own: host, port, unit, ... At most 16 KiB."""
    data_points: Sequence[dict[str, Any]] = ()
    """What is read. At most 64 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """A sensor that a device reads."""

    name: str
    """A lower-case word, unique on its device."""
    revision: int
    """Another for each statement of what it is, in no order."""
    protocol: Protocol
    is_enabled: bool
    poll_every: timedelta
    description: str | None
    connection: dict[str, Any]
    data_points: Sequence[dict[str, Any]]
    deployment: Deployment
    """How far the device is with this revision."""
    deployment_error: str | None
    """Why it failed, in the words of the device."""
    deployment_reported_at: datetime | None
    created_at: datetime
    updated_at: datetime
    """When people last changed what it is."""
