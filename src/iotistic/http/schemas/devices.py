"""The registry on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from iotistic.http.schemas.values import Answer, Page, Request, Storable, Text, Timestamp

__all__ = ["DeviceChange", "DevicePage", "DeviceSeen", "TagKey", "TagSeen", "TagValue"]

TagKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
"""1 to 100 lower-case letters, digits, dots, dashes and underscores."""


class DeviceSeen(Answer):
    """One registered device."""

    uuid: UUID
    name: str = Field(
        description="What people call it; unique among devices in service.", examples=["workshop-pi"]
    )
    kind: str = Field(examples=["host"])
    serial: str | None = Field(description="What its hardware calls itself.", examples=["b8:27:eb:00:00:01"])
    connection_status: Literal["never", "online", "offline"] = Field(examples=["online"])
    created_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    updated_at: Timestamp = Field(
        description="When a fact about it last changed.", examples=["2026-11-23T20:00:00Z"]
    )
    retired_at: Timestamp | None = Field(description="When it was taken out of service.", examples=[None])


class DevicePage(Page[DeviceSeen]):
    """Some of the devices in service, by name."""


class DeviceChange(Request):
    """What may be changed about a device."""

    name: Text = Field(examples=["workshop-pi-2"])


class TagSeen(Answer):
    """One thing people say about a device."""

    key: str = Field(examples=["site"])
    value: str = Field(examples=["berlin"])


class TagValue(Request):
    """What a tag says."""

    value: Storable = Field(min_length=1, max_length=255, examples=["berlin"])
