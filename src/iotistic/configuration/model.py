"""The nouns of configuration."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

__all__ = ["CHANNEL", "Setting", "SettingChange"]

CHANNEL = "config_changed"
"""Where the key of each setting that changes is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of the running platform."""

    key: str
    """A dotted name: mqtt.brokers.1."""
    value: Any
    """JSON of the shape that the key has."""
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """What happened to a setting once."""

    id: int
    """Rises with time."""
    key: str
    action: Literal["added", "changed", "removed"]
    old_value: Any
    """None: it was not there."""
    new_value: Any
    """None: it is gone."""
    actor_kind: Literal["user", "device", "claim_key", "system"]
    actor: str
    """The username, or the role of the database session."""
    changed_at: datetime
