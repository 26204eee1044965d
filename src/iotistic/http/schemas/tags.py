"""Rules of tags on the wire."""

from uuid import UUID

from pydantic import Field

from iotistic.http.schemas.devices import TagText
from iotistic.http.schemas.fleets import Description
from iotistic.http.schemas.values import Answer, Page, Request, Timestamp

__all__ = [
    "IncompleteDevicePage",
    "IncompleteDeviceSeen",
    "TagDefinitionPage",
    "TagDefinitionSeen",
    "TagDefinitionStated",
]

_MOST_VALUES = 1000


class TagDefinitionStated(Request):
    """What shall hold for a key."""

    description: Description | None = Field(default=None, examples=["Where the device stands"])
    allowed_values: list[TagText] | None = Field(
        default=None,
        min_length=1,
        max_length=_MOST_VALUES,
        description="The only values it may have; null: any.",
        examples=[["berlin", "bonn"]],
    )
    is_required: bool = Field(
        default=False, description="Whether a device without it is reported.", examples=[True]
    )


class TagDefinitionSeen(Answer):
    """What holds for a key."""

    key: str = Field(examples=["site"])
    description: str | None = Field(examples=["Where the device stands"])
    allowed_values: list[str] | None = Field(
        description="The only values it may have; null: any.", examples=[["berlin", "bonn"]]
    )
    is_required: bool = Field(description="Whether a device without it is reported.", examples=[True])
    created_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    updated_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])


class TagDefinitionPage(Page[TagDefinitionSeen]):
    """Some of the rules, by key."""


class IncompleteDeviceSeen(Answer):
    """A device that lacks tags every device should have."""

    uuid: UUID
    name: str = Field(examples=["pump-7"])
    missing: list[str] = Field(description="Keys.", examples=[["site"]])


class IncompleteDevicePage(Page[IncompleteDeviceSeen]):
    """Some of the devices in service that lack a required tag, by name."""
