"""The registry on the wire."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from iotistic.http.schemas.values import Answer, Page, Request, Storable, Text, Timestamp

__all__ = [
    "DeviceChange",
    "DeviceKind",
    "DevicePage",
    "DeviceRestored",
    "DeviceRetired",
    "DeviceSeen",
    "DeviceStated",
    "DevicesTagged",
    "FleetChoice",
    "FleetName",
    "ImportReported",
    "LineRejected",
    "TagKey",
    "TagSeen",
    "TagText",
    "TagValue",
    "TaggingStated",
]

TagKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
"""1 to 100 lower-case letters, digits, dots, dashes and underscores."""
TagText = Annotated[Storable, StringConstraints(min_length=1, max_length=255)]
"""What a tag says."""
FleetName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
"""A word of 1 to 100 lower-case letters, digits, dots, dashes and underscores."""
DeviceKind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,49}$")]
"""A lower-case word of up to 50 letters, digits, dashes and underscores."""

_MOST_DEVICES = 10_000
_MOST_TAGS = 100


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
    fleet: str | None = Field(description="The fleet it belongs to.", examples=["berlin"])


class DevicePage(Page[DeviceSeen]):
    """Some of the devices in service, by name."""


class DeviceChange(Request):
    """What may be changed about a device."""

    name: Text = Field(examples=["workshop-pi-2"])


class TagSeen(Answer):
    """One thing people say about a device."""

    key: str = Field(examples=["site"])
    value: str = Field(examples=["berlin"])
    inherited: bool = Field(description="Whether the device has it from its fleet.", examples=[False])


class TagValue(Request):
    """What a tag says."""

    value: Storable = Field(min_length=1, max_length=255, examples=["berlin"])


class DeviceStated(Request):
    """A device to be registered before it comes; it enrols with its serial later."""

    name: Text = Field(examples=["pump-7"])
    kind: DeviceKind = Field(examples=["sensor"])
    serial: Text | None = Field(
        default=None, description="What its hardware calls itself.", examples=["b8:27:eb:00:00:01"]
    )
    fleet: FleetName | None = Field(default=None, description="The fleet it joins.", examples=["berlin"])
    tags: dict[TagKey, TagText] = Field(
        default_factory=dict, max_length=_MOST_TAGS, examples=[{"site": "berlin"}]
    )


class DeviceRetired(Answer):
    """What became of a device and of what hung on it."""

    device: DeviceSeen
    was_in_service: bool = Field(description="False: it was out already.", examples=[True])
    keys_revoked: int = Field(description="Keys that were good until now.", examples=[1])
    jobs_left: int = Field(description="Jobs that it had not ended, and never will.", examples=[0])
    mqtt_account_removed: bool = Field(description="With its rules.", examples=[True])
    certificates_revoked: int = Field(description="Of the VPN.", examples=[1])
    twin_unlinked: bool = Field(
        description="The entity of the twin stays, and stands for no device.", examples=[False]
    )


class DeviceRestored(Request):
    """How a device comes back into service."""

    name: Text | None = Field(
        default=None,
        description="Another name, where its own was given away meanwhile.",
        examples=["pump-7b"],
    )


class FleetChoice(Request):
    """Where a device belongs."""

    fleet: FleetName | None = Field(description="The name of a fleet, or null for none.", examples=["berlin"])


class TaggingStated(Request):
    """Tags for many devices: those named, or those that an expression means."""

    devices: list[UUID] | None = Field(
        default=None,
        max_length=_MOST_DEVICES,
        description="Either these,",
        examples=[["3f0d7f6e-0d33-4b1f-9f0c-3a1c5a2f9b10"]],
    )
    where: Storable | None = Field(
        default=None,
        description="or all in service that this means.",
        examples=["site=berlin and not has rack"],
    )
    set: dict[TagKey, TagText] = Field(
        default_factory=dict,
        max_length=_MOST_TAGS,
        description="To be added or replaced.",
        examples=[{"site": "bonn"}],
    )
    remove: list[TagKey] = Field(
        default_factory=list, max_length=_MOST_TAGS, description="To be taken away.", examples=[["rack"]]
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.devices is None) == (self.where is None):
            raise ValueError("it names devices, or says which by `where`: exactly one of the two")
        if not self.set and not self.remove:
            raise ValueError("it neither sets nor removes a tag")
        return self


class DevicesTagged(Answer):
    """What a tagging did."""

    matched: int = Field(description="Devices that were meant.", examples=[120])
    changed: int = Field(description="Devices for which something changed.", examples=[7])


class LineRejected(Answer):
    """One line of a file that was left out."""

    line: int = Field(description="From 1, the header of a CSV file included.", examples=[17])
    code: str = Field(description="The reason as a stable word.", examples=["device_name_taken"])
    message: str = Field(examples=["Another device in service has the name 'pump-7'."])


class ImportReported(Answer):
    """What became of each line of a file."""

    created: int = Field(examples=[980])
    updated: int = Field(description="Known by serial, and changed.", examples=[12])
    unchanged: int = Field(description="Known by serial, and all as the line says.", examples=[7])
    rejected: int = Field(examples=[1])
    problems: list[LineRejected] = Field(description="The rejected lines, in order.")
