"""The noun of configuration."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["Setting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of the running platform."""

    key: str
    """A dotted name: mqtt.brokers.1."""
    value: Any
    """Any JSON."""
    updated_at: datetime
