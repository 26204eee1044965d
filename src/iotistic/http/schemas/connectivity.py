"""Connectivity on the wire."""

from typing import Literal

from pydantic import Field

from iotistic.http.schemas.values import Answer, Page, Request, Seconds, Timestamp

__all__ = ["ConnectivitySeen", "ExpectationStated", "Seconds", "TransitionPage", "TransitionSeen"]

Status = Literal["never", "online", "offline"]
_LONGEST = 366 * 86_400


class ConnectivitySeen(Answer):
    """How a device stands with the platform."""

    status: Status = Field(examples=["online"])
    since: Timestamp = Field(description="When it became so.", examples=["2026-11-23T20:00:00Z"])
    last_contact_at: Timestamp | None = Field(
        description="Up to 15 seconds behind.", examples=["2026-11-23T21:00:00Z"]
    )
    expected_every: Seconds = Field(
        serialization_alias="expected_every_seconds",
        description="The longest time between two contacts while all is well; after twice that it is offline.",
        examples=[60],
    )


class ExpectationStated(Request):
    """How often a device is expected."""

    expected_every_seconds: int | None = Field(
        ge=15, le=_LONGEST, description="Null: as often as its fleet says, or as others.", examples=[3600]
    )


class TransitionSeen(Answer):
    """One change of the connection status."""

    id: int = Field(examples=[4711])
    was: Status = Field(examples=["online"])
    became: Status = Field(examples=["offline"])
    occurred_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    lasted: Seconds = Field(
        serialization_alias="lasted_seconds", description="How long it had been as before.", examples=[86400]
    )


class TransitionPage(Page[TransitionSeen]):
    """When a device came and went, newest first."""
