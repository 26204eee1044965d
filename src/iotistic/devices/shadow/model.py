"""The nouns of a shadow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from iotistic.devices.shadow.delta import delta_of
from iotistic.devices.shadow.merge_patch import merged

__all__ = [
    "CHANNEL",
    "Actor",
    "Cause",
    "EffectiveSettings",
    "Half",
    "InheritedVersions",
    "Revision",
    "Shadow",
    "State",
    "Versions",
]

CHANNEL = "shadow_changed"
"""Where each change of a half is told: device, half, version."""

Half = Literal["desired", "reported"]
Cause = Literal["patch", "replace", "rollback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who writes."""

    kind: Literal["user", "device", "system"]
    name: str
    """The username, the uuid of the device, or the name of the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """How far the two halves have come, 0 before the first write, and what the device inherits."""

    desired: int
    reported: int
    fleet: int = 0
    """The fleet's id; 0 for none."""
    settings: int = 0
    """The version of the fleet's settings."""

    @property
    def wanted(self) -> str:
        """Another text whenever something else may be wanted of the device."""
        return f"d{self.desired}.f{self.fleet}.s{self.settings}"

    def of(self, half: Half) -> int:
        return self.desired if half == "desired" else self.reported


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One half of a shadow at one version."""

    version: int
    """0 before the first write."""
    document: Mapping[str, Any]
    changed_at: datetime | None
    """When this version came to be; None for version 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InheritedVersions:
    """How far everything has come that effective settings are made of: when one of these changes, so may they."""

    desired: int
    fleet: int
    """The fleet's id; 0 for none."""
    settings: int
    """The version of its settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveSettings:
    """What holds for a device: the settings of its fleet, with what is desired of it merged over them."""

    versions: InheritedVersions
    fleet: str | None
    """The name of the fleet."""
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """Both halves at one moment."""

    device_uuid: UUID
    desired: State
    reported: State
    inherited: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The settings of its fleet, without null members."""
    fleet: int = 0
    """The fleet's id; 0 for none."""
    settings: int = 0
    """The version of the fleet's settings."""

    @property
    def versions(self) -> Versions:
        return Versions(
            desired=self.desired.version,
            reported=self.reported.version,
            fleet=self.fleet,
            settings=self.settings,
        )

    @property
    def effective(self) -> dict[str, Any]:
        """What holds for the device: what it inherits, with what is desired of it merged over that (RFC 7396)."""
        return merged(dict(self.inherited), dict(self.desired.document))

    @property
    def delta(self) -> dict[str, Any]:
        """What the device has still to do."""
        return delta_of(self.effective, dict(self.reported.document))


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """How one version came to be."""

    version: int
    actor_kind: Literal["user", "device", "system"]
    actor: str
    cause: Cause
    restored_version: int | None
    """What a rollback brought back."""
    recorded_at: datetime
