"""The nouns about traffic."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

__all__ = ["Traffic", "TrafficKind", "TrafficPosition"]

TrafficKind = Literal["metrics", "logs", "shadow", "jobs", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What one device sent to the API and got from it in an hour, about one kind of thing."""

    device_uuid: UUID
    """Whose key came with the requests."""
    timestamp: datetime
    """When the hour began."""
    kind: TrafficKind
    requests: int
    """All that came."""
    refused: int
    """Those of them that were refused: too many, too large, not its own."""
    bytes_received: int
    """Of bodies, as they came over the wire."""
    bytes_sent: int
    """Of bodies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPosition:
    """Where a page of the traffic of one device ended."""

    timestamp: datetime
    kind: TrafficKind
