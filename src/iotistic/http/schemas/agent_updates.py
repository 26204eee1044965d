"""Updates of agents on the wire."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from iotistic.http.schemas.jobs import ExecutionState, JobState, RolloutStated, TargetStated
from iotistic.http.schemas.values import Answer, Page, Request, Timestamp

__all__ = ["DeviceUpdatePage", "DeviceUpdateSeen", "NewUpdate", "UpdatePage", "UpdateSeen"]

_AT = "2026-11-23T20:00:00Z"


class NewUpdate(Request):
    """To which version which agents are to be brought."""

    version: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(examples=["1.2.3"])
    force: bool = Field(default=False, description="Whether agents that are there already install it again.")
    target: TargetStated
    rollout: RolloutStated = Field(default_factory=RolloutStated)
    timeout_seconds: int = Field(
        default=1800,
        ge=60,
        le=86_400,
        description="What an agent has, its restart included.",
        examples=[1800],
    )


class UpdateSeen(Answer):
    """A job that brings agents to a version."""

    job_id: int = Field(description="Its progress, pause and end are those of this job.", examples=[17])
    target_version: str = Field(examples=["1.2.3"])
    is_forced: bool
    status: JobState = Field(examples=["running"])
    devices: int = Field(examples=[120])
    succeeded: int = Field(examples=[18])
    failed: int = Field(description="Rejected and timed out ones included.", examples=[1])
    created_by: str = Field(examples=["anna"])
    created_at: Timestamp = Field(examples=[_AT])


class UpdatePage(Page[UpdateSeen]):
    """Some of the updates, the newest first."""


class DeviceUpdateSeen(Answer):
    """An update of one device's agent."""

    job_id: int = Field(examples=[17])
    device_uuid: UUID
    target_version: str = Field(examples=["1.2.3"])
    reported_version: str | None = Field(
        description="What the agent last said of itself.", examples=["1.2.2"]
    )
    is_forced: bool
    status: ExecutionState = Field(examples=["in_progress"])
    attempt: int = Field(description="0 before the first.", examples=[1])
    message: str | None = Field(description="Why it ended so.", examples=[None])
    due_at: Timestamp | None = Field(description="When its time is over.", examples=[_AT])
    started_at: Timestamp | None = Field(examples=[_AT])
    finished_at: Timestamp | None = Field(examples=[None])


class DeviceUpdatePage(Page[DeviceUpdateSeen]):
    """Some of the updates of one device's agent, the newest first."""
