"""What happened, as one ordered story: `events`."""

from iotistic.events.errors import (
    CursorFromElsewhere,
    EventInvalid,
    EventNotFound,
    EventTypeUnknown,
)
from iotistic.events.model import (
    APPENDED,
    CHANNEL,
    Cursor,
    Event,
    EventFilter,
    EventType,
    Position,
    Stretch,
)
from iotistic.events.service import EventService

__all__ = [
    "APPENDED",
    "CHANNEL",
    "Cursor",
    "CursorFromElsewhere",
    "Event",
    "EventFilter",
    "EventInvalid",
    "EventNotFound",
    "EventService",
    "EventType",
    "EventTypeUnknown",
    "Position",
    "Stretch",
]
