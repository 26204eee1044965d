"""The nouns about events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from iotistic.provenance import ActorKind

__all__ = [
    "APPENDED",
    "CHANNEL",
    "Cursor",
    "Event",
    "EventFilter",
    "EventType",
    "Position",
    "Stretch",
]

CHANNEL = "events_appended"
"""Where each transaction with events is told once: `<nil uuid> appended <transaction id>`."""
APPENDED = "appended"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """A kind of event."""

    name: str
    """What it is about and what happened to it: device.retired."""
    aggregate: str
    """What it is about: device, job, ..."""
    retention_days: int
    """How long it is kept."""
    description: str
    data_schema: dict[str, Any] | None
    """JSON Schema of its data; None: any object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened."""

    id: UUID
    recorded_at: datetime
    """When the transaction that it belongs to began."""
    type: str
    aggregate: str
    """What it is about: device, job, ..."""
    aggregate_id: str
    """Which of them."""
    device_uuid: UUID | None
    """The device it is about, also where that is not what it is about first."""
    actor_kind: ActorKind
    actor: str
    correlation_id: str
    """The same for everything that came of one cause."""
    causation_id: UUID | None
    """The event that it directly came of."""
    data: dict[str, Any]
    transaction_id: int
    """Which transaction wrote it."""
    sequence: int
    """The order within a transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events are meant: those that fit everything that is given."""

    types: tuple[str, ...] | None = None
    aggregate: str | None = None
    aggregate_id: str | None = None
    device_uuid: UUID | None = None
    correlation_id: str | None = None
    start: datetime | None = None
    """From this moment on."""
    end: datetime | None = None
    """Before this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a page of a story ended."""

    recorded_at: datetime
    sequence: int


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """How far somebody has followed: every event at or before it was seen, and none can appear there any more."""

    transaction_id: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.transaction_id}-{self.sequence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What follows a cursor, oldest first."""

    events: Sequence[Event]
    cursor: Cursor
    """Where to go on."""
    is_full: bool
    """Whether more may be there already."""
    is_behind: bool
    """Whether there are later events already, which wait for an older transaction that still runs."""
