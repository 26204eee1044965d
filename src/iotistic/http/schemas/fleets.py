"""Fleets on the wire."""

from typing import Annotated

from pydantic import Field, StringConstraints

from iotistic.http.schemas.devices import FleetName, TagKey, TagText
from iotistic.http.schemas.values import Answer, Document, Page, Request, Seconds, Storable, Timestamp

__all__ = ["Description", "FleetPage", "FleetSeen", "FleetStated", "NewFleet"]

Description = Annotated[Storable, StringConstraints(min_length=1, max_length=1000)]
"""1 to 1000 characters."""
_MOST_TAGS = 100
_LONGEST_PACE = 366 * 86_400


class FleetStated(Request):
    """What a fleet is."""

    description: Description | None = Field(default=None, examples=["Pumps along the Spree"])
    default_tags: dict[TagKey, TagText] = Field(
        default_factory=dict,
        max_length=_MOST_TAGS,
        description="Tags that each of its devices has unless it has one of that key itself.",
        examples=[{"site": "berlin"}],
    )
    default_settings: Document = Field(
        default_factory=dict,
        description="Settings that hold for each of its devices unless its own say otherwise.",
        examples=[{"report_every_seconds": 60}],
    )
    expected_every_seconds: int | None = Field(
        default=None,
        ge=15,
        le=_LONGEST_PACE,
        description="How often each of its devices is expected; null: as often as others.",
        examples=[3600],
    )


class NewFleet(FleetStated):
    """A fleet to be made."""

    name: FleetName = Field(examples=["berlin"])


class FleetSeen(Answer):
    """A group of devices that are run alike."""

    name: str = Field(examples=["berlin"])
    description: str | None = Field(examples=["Pumps along the Spree"])
    default_tags: dict[str, str] = Field(
        description="Tags that its devices have unless they have one of that key themselves.",
        examples=[{"site": "berlin"}],
    )
    default_settings: Document = Field(
        description="Settings that hold for its devices unless their own say otherwise.",
        examples=[{"report_every_seconds": 60}],
    )
    expected_every: Seconds | None = Field(
        serialization_alias="expected_every_seconds",
        description="How often each of its devices is expected; null: as often as others.",
        examples=[3600],
    )
    devices: int = Field(description="How many in service belong to it.", examples=[120])
    created_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    updated_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])


class FleetPage(Page[FleetSeen]):
    """Some of the fleets, by name."""
