"""Traffic on the wire."""

from typing import Literal

from pydantic import Field

from iotistic.http.schemas.values import Answer, Page, Timestamp

__all__ = ["TrafficPage", "TrafficSeen"]


class TrafficSeen(Answer):
    """What a device sent and got in an hour, about one kind of thing."""

    timestamp: Timestamp = Field(description="When the hour began.", examples=["2026-11-23T20:00:00Z"])
    kind: Literal["metrics", "logs", "shadow", "jobs", "other"] = Field(examples=["metrics"])
    requests: int = Field(description="All that came.", examples=[360])
    refused: int = Field(
        description="Those of them that were refused: too many, too large, not its own.", examples=[0]
    )
    bytes_received: int = Field(
        description="Of bodies, as they came over the wire: compressed ones as such.", examples=[43200]
    )
    bytes_sent: int = Field(description="Of bodies.", examples=[25200])


class TrafficPage(Page[TrafficSeen]):
    """Some hours, newest first."""
