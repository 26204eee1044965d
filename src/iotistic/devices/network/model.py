"""The nouns about network interfaces."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

__all__ = ["InterfaceChange", "InterfaceFound"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceFound:
    """An interface that has what was looked for."""

    device_uuid: UUID
    device_name: str
    interface: str
    mac: str | None
    addresses: Sequence[str]
    """With prefix length: 192.0.2.1/24."""
    is_up: bool
    ssid: str | None
    retired_at: datetime | None
    """When its device was taken out of service: two may say that they have the same address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceChange:
    """One change of an interface of a device."""

    id: int
    name: str
    change: Literal["appeared", "changed", "gone"]
    occurred_at: datetime
    mac: str | None
    addresses: Sequence[str]
    is_up: bool
    ssid: str | None
    signal_dbm: int | None
    """A change is one of 6 dB or more."""
