"""Applications and releases on the wire."""

from typing import Annotated

from pydantic import Field, StringConstraints

from iotistic.http.schemas.fleets import Description
from iotistic.http.schemas.jobs import TargetStated
from iotistic.http.schemas.values import Answer, Page, Request, Storable, Timestamp

__all__ = [
    "ApplicationName",
    "ApplicationPage",
    "ApplicationSeen",
    "Deployed",
    "DeploymentStated",
    "NewApplication",
    "NewRelease",
    "ReleasePage",
    "ReleaseSeen",
]

ApplicationName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$")]
"""1 to 63 lower-case letters, digits, dashes and underscores."""
_IMAGE = "registry.example.com/pump@sha256:" + "0" * 64
_AT = "2026-11-23T20:00:00Z"


class NewApplication(Request):
    """An application to be made."""

    name: ApplicationName = Field(examples=["pump-control"])
    description: Description | None = Field(default=None, examples=["Steers the pumps"])


class ApplicationSeen(Answer):
    """What devices can run."""

    name: str = Field(examples=["pump-control"])
    description: str | None = Field(examples=["Steers the pumps"])
    newest_release: int = Field(description="0 before the first.", examples=[3])
    created_at: Timestamp = Field(examples=[_AT])


class ApplicationPage(Page[ApplicationSeen]):
    """Some of the applications, by name."""


class ServiceStated(Request):
    """A part of a release."""

    name: ApplicationName = Field(examples=["web"])
    image: Annotated[Storable, StringConstraints(max_length=400)] = Field(
        description="By its digest: a tag can come to mean something else.", examples=[_IMAGE]
    )
    environment: dict[Storable, Storable] = Field(
        default_factory=dict, max_length=100, examples=[{"LOG_LEVEL": "info"}]
    )


class NewRelease(Request):
    """What an application is to consist of; it never changes afterwards."""

    services: list[ServiceStated] = Field(min_length=1, max_length=20)
    notes: Description | None = Field(default=None, examples=["Fixes the valve"])


class ReleaseSeen(Answer):
    """What an application consists of at a time."""

    application: str = Field(examples=["pump-control"])
    number: int = Field(examples=[3])
    services: list[ServiceStated]
    notes: str | None = Field(examples=["Fixes the valve"])
    created_by: str = Field(examples=["anna"])
    created_at: Timestamp = Field(examples=[_AT])


class ReleasePage(Page[ReleaseSeen]):
    """Some of the releases of an application, the newest first."""


class DeploymentStated(Request):
    """Which release which devices are to run; an earlier one is a rollback."""

    release: int = Field(ge=1, lt=2**63, examples=[3])
    target: TargetStated


class Deployed(Answer):
    """What a deployment did."""

    application: str = Field(examples=["pump-control"])
    release: int = Field(examples=[3])
    devices: int = Field(description="Those that were meant.", examples=[120])
    changed: int = Field(description="Those of which something else was desired before.", examples=[118])
