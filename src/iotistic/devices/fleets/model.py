"""The nouns about fleets."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

__all__ = ["Fleet", "FleetDraft"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetDraft:
    """What people say about a fleet."""

    description: str | None = None
    default_tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags that each of its devices has unless it has one of that key itself."""
    default_settings: dict[str, Any] = field(default_factory=dict[str, Any])
    """Settings that hold for each of its devices unless its own say otherwise."""
    expected_every: timedelta | None = None
    """How often each of its devices is expected unless somebody says otherwise of it; None: as often as others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A group of devices that are run alike."""

    name: str
    """A lower-case word, as in paths."""
    description: str | None
    default_tags: dict[str, str]
    """Tags that each of its devices has unless it has one of that key itself."""
    default_settings: dict[str, Any]
    """Settings that hold for each of its devices unless its own say otherwise."""
    expected_every: timedelta | None
    """How often each of its devices is expected unless somebody says otherwise of it; None: as often as others."""
    devices: int
    """How many in service belong to it."""
    created_at: datetime
    updated_at: datetime
