"""Shadows on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from iotistic.http.schemas.values import Answer, Page, Request, Timestamp

__all__ = [
    "DeltaSeen",
    "DesiredSeen",
    "DifferenceSeen",
    "HalfName",
    "RevisionPage",
    "Rollback",
    "SettingsSeen",
    "ShadowDocument",
    "ShadowPatch",
    "ShadowSeen",
    "StateSeen",
    "VersionNumber",
]

HalfName = Literal["desired", "reported"]
VersionNumber = Annotated[int, Field(ge=0, lt=2**63)]

_DESIRED = {"interval": 30, "network": {"mtu": 1400}}
_REPORTED = {"interval": 60, "network": {"mtu": 1400}, "firmware": "2.1.0"}
_DELTA = {"interval": 30}
_EXPECTED = "The version this is built on; another one is a conflict (409). Left out: whatever is there."


class StateSeen(Answer):
    """One half of a shadow at one version."""

    version: int = Field(description="0 before the first write.", examples=[3])
    document: dict[str, Any] = Field(examples=[_DESIRED])
    changed_at: Timestamp | None = Field(
        description="When this version came to be.", examples=["2026-11-23T20:00:00Z"]
    )


class ShadowSeen(Answer):
    """Both halves at one moment, and what lies between them."""

    device_uuid: UUID
    desired: StateSeen
    reported: StateSeen
    inherited: dict[str, Any] = Field(
        description="The settings of its fleet, which hold where `desired` says nothing else.", examples=[{}]
    )
    delta: dict[str, Any] = Field(
        description="What is desired or inherited and not reported, or reported otherwise.", examples=[_DELTA]
    )


class DeltaSeen(Answer):
    """What a device has still to do."""

    desired_version: int = Field(description="What the delta was made of.", examples=[3])
    reported_version: int = Field(description="What the delta was made of.", examples=[7])
    settings_version: int = Field(description="Of the settings of its fleet; 0 without one.", examples=[2])
    delta: dict[str, Any] = Field(
        description="What is desired or inherited and not reported, or reported otherwise.", examples=[_DELTA]
    )


class DesiredSeen(Answer):
    """What holds for a device now."""

    desired_version: int = Field(examples=[3])
    settings_version: int = Field(description="Of the settings of its fleet; 0 without one.", examples=[2])
    desired: dict[str, Any] = Field(
        description="The settings of its fleet, with what is desired of it over them.", examples=[_DESIRED]
    )
    delta: dict[str, Any] = Field(description="What of that it does not report.", examples=[_DELTA])


class _Written(Request):
    # Blanks at the ends of a member's name are part of it.
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class ShadowPatch(_Written):
    """A change to one half."""

    patch: dict[str, Any] = Field(
        description="A JSON Merge Patch (RFC 7396): null removes a member, arrays are replaced.",
        examples=[{"interval": 30, "debug": None}],
    )
    version: VersionNumber | None = Field(default=None, description=_EXPECTED, examples=[2])


class ShadowDocument(_Written):
    """All of one half."""

    document: dict[str, Any] = Field(
        description="At most 32 KiB, nested at most 8 deep.", examples=[_REPORTED]
    )
    version: VersionNumber | None = Field(default=None, description=_EXPECTED, examples=[2])


class Rollback(_Written):
    """The version to go back to."""

    to: VersionNumber = Field(description="0 is the empty document.", examples=[1])
    version: VersionNumber | None = Field(default=None, description=_EXPECTED, examples=[3])


class RevisionSeen(Answer):
    """How one version came to be."""

    version: int = Field(examples=[3])
    actor_kind: Literal["user", "device", "system"] = Field(examples=["user"])
    actor: str = Field(
        description="The username, the uuid of the device, or the name of the program.", examples=["admin"]
    )
    cause: Literal["patch", "replace", "rollback"] = Field(examples=["patch"])
    restored_version: int | None = Field(description="What a rollback brought back.", examples=[None])
    recorded_at: Timestamp


class RevisionPage(Page[RevisionSeen]):
    """Some of the versions of one half, newest first."""


class ChangeSeen(Answer):
    """One member that two versions do not have in common."""

    path: str = Field(description="JSON Pointer (RFC 6901).", examples=["/network/mtu"])
    kind: Literal["added", "removed", "changed"] = Field(examples=["changed"])
    before: Any = Field(description="Null where it was added.", examples=[1500])
    after: Any = Field(description="Null where it was removed.", examples=[1400])


class DifferenceSeen(Answer):
    """The way from one version to another."""

    from_version: int = Field(examples=[2])
    to_version: int = Field(examples=[3])
    patch: dict[str, Any] = Field(
        description="Merged into the first, makes the second.", examples=[{"network": {"mtu": 1400}}]
    )
    changes: list[ChangeSeen] = Field(description="By path.")


class SettingsSeen(Answer):
    """The settings that hold for a device."""

    fleet: str | None = Field(description="The fleet that it inherits from.", examples=["berlin"])
    desired_version: int = Field(description="What of the device went into it.", examples=[3])
    settings_version: int = Field(description="What of the fleet went into it; 0 without one.", examples=[2])
    settings: dict[str, Any] = Field(
        description="Those of the fleet, with what is desired of the device merged over them.",
        examples=[{"interval": 30, "report_every_seconds": 60}],
    )
