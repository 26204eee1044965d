"""Events on the wire."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from iotistic.http.schemas.values import Answer, Page, Timestamp

__all__ = ["EventChain", "EventPage", "EventSeen", "EventStretch", "EventTypeSeen"]


class EventSeen(Answer):
    """One thing that happened."""

    id: UUID
    recorded_at: Timestamp = Field(description="When the transaction that it belongs to began.")
    type: str = Field(description="One of /api/v1/event-types.", examples=["device.online"])
    aggregate: str = Field(description="What it is about.", examples=["device"])
    aggregate_id: str = Field(description="Which of them.", examples=["3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"])
    device_uuid: UUID | None = Field(
        description="The device it is about, also where that is not what it is about first."
    )
    actor_kind: Literal["user", "device", "claim_key", "system"] = Field(examples=["system"])
    actor: str = Field(
        description="The username, the uuid of the device, or the name of the program.",
        examples=["iotistic-api"],
    )
    correlation_id: str = Field(
        description="The same for everything that came of one cause.", examples=["3f1c9a7be1d04c2a8f6e1b70"]
    )
    causation_id: UUID | None = Field(description="The event that it directly came of.")
    data: dict[str, Any] = Field(
        description="What else there is to say, as the schema of its type tells.",
        examples=[{"was": "offline"}],
    )


class EventPage(Page[EventSeen]):
    """A part of the story, newest first."""


class EventChain(Answer):
    """What led to an event, the event, and what came of it."""

    items: list[EventSeen] = Field(description="Oldest first.")


class EventStretch(Answer):
    """What follows a cursor."""

    items: list[EventSeen] = Field(
        description="Oldest first; each event once, in an order that never changes."
    )
    cursor: str = Field(
        description="Pass it as `after` to go on; keep it with what came of the events.",
        examples=["WzQ3MTEsMTJd"],
    )
    is_full: bool = Field(description="Whether to ask again at once, since more may be there already.")


class EventTypeSeen(Answer):
    """A kind of event."""

    name: str = Field(description="What it is about and what happened to it.", examples=["device.online"])
    aggregate: str = Field(description="What it is about.", examples=["device"])
    retention_days: int = Field(description="How long it is kept.", examples=[90])
    description: str = Field(examples=["A device was heard of again, or for the first time."])
    data_schema: dict[str, Any] | None = Field(
        description="JSON Schema of its data; null: any object.",
        examples=[{"required": ["was"], "properties": {"was": {"type": "string"}}}],
    )
