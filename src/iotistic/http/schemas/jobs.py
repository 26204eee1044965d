"""Jobs on the wire, as people see and make them."""

from datetime import time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from iotistic.http.schemas.devices import FleetName
from iotistic.http.schemas.values import Answer, Document, Page, Request, Storable, Text, Timestamp

__all__ = [
    "AttemptList",
    "AttemptSeen",
    "ExecutionPage",
    "ExecutionSeen",
    "ExecutionState",
    "JobPage",
    "JobSeen",
    "JobState",
    "NewJob",
    "ReasonStated",
    "RolloutStated",
    "ShareStated",
    "TallySeen",
    "TargetStated",
    "TemplateName",
    "TimeZoneName",
    "WindowStated",
]

JobState = Literal["running", "paused", "halted", "completed", "cancelled"]
ExecutionState = Literal[
    "queued", "released", "in_progress", "succeeded", "failed", "timed_out", "rejected", "cancelled"
]
TemplateName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
"""A word of 1 to 100 lower-case letters, digits, dots, dashes and underscores."""
TimeZoneName = Annotated[Storable, StringConstraints(min_length=1, max_length=64)]
"""A name of the time zone database."""

_EXAMPLE = {"steps": [{"action": "echo", "arguments": {"text": "hello"}}], "timeout_seconds": 60}
_AT = "2026-11-23T20:00:00Z"
_UUID = "3f0d7f6e-0d33-4b1f-9f0c-3a1c5a2f9b10"
_MOST_DEVICES = 1000


class TargetStated(Request):
    """Whom a job is for: exactly one of the three."""

    devices: list[UUID] | None = Field(
        default=None, max_length=_MOST_DEVICES, description="Either these,", examples=[[_UUID]]
    )
    fleet: FleetName | None = Field(
        default=None, description="or those in service of this fleet,", examples=[None]
    )
    where: Annotated[Storable, StringConstraints(max_length=4000)] | None = Field(
        default=None, description="or those in service that this means.", examples=[None]
    )


class ShareStated(Request):
    """So many devices: as a number, or as a part of all. Exactly one of the two."""

    count: int | None = Field(default=None, ge=1, le=1_000_000, examples=[5])
    percent: float | None = Field(
        default=None, gt=0, le=100, description="Rounded up to whole devices.", examples=[None]
    )


class WindowStated(Request):
    """Hours in which devices may begin; over midnight when `end` is the earlier one."""

    start: time = Field(examples=["22:00"])
    end: time = Field(description="Not included.", examples=["04:00"])
    time_zone: TimeZoneName = Field(default="UTC", examples=["Europe/Berlin"])


class RolloutStated(Request):
    """How a job goes through its devices."""

    concurrency: int | None = Field(
        default=None, ge=1, le=1_000_000, description="Devices at once; null for all.", examples=[50]
    )
    canary: ShareStated | None = Field(
        default=None, description="How many go first: all of them must succeed, one failure halts the job."
    )
    failure_threshold: ShareStated | None = Field(
        default=None, description="How many failed devices halt the job; null: none do."
    )
    claim_within_seconds: int = Field(
        default=600,
        ge=10,
        le=604_800,
        description="What a device has to come for it; then others have their turn before it.",
        examples=[600],
    )
    attempts: int = Field(default=1, ge=1, le=10, description="How often a device may try.", examples=[3])
    retry_delay_seconds: int = Field(
        default=60, ge=0, le=86_400, description="From a failed attempt to the next.", examples=[60]
    )
    window: WindowStated | None = Field(default=None, description="When devices may begin; null: always.")


class NewJob(Request):
    """A job to be made: from a template, or from a document given with it."""

    name: Text | None = Field(
        default=None, description="What people call it; by default the template's name.", examples=["greet"]
    )
    template: TemplateName | None = Field(default=None, description="Either this,", examples=["greet"])
    template_version: int | None = Field(
        default=None, ge=1, lt=2**63, description="By default the newest.", examples=[None]
    )
    document: Document | None = Field(default=None, description="or these steps.", examples=[None])
    target: TargetStated
    continuous: bool = Field(
        default=False, description="Whether devices that come to be meant later get it too."
    )
    rollout: RolloutStated = Field(default_factory=RolloutStated)


class ReasonStated(Request):
    """Why somebody stops a job."""

    reason: Text | None = Field(default=None, examples=["wrong version"])


class TallySeen(Answer):
    """How many devices are in which state."""

    total: int = Field(examples=[120])
    queued: int = Field(description="Their turn has not come.", examples=[70])
    released: int = Field(description="They may begin.", examples=[5])
    in_progress: int = Field(examples=[25])
    succeeded: int = Field(examples=[18])
    failed: int = Field(examples=[1])
    timed_out: int = Field(examples=[1])
    rejected: int = Field(examples=[0])
    cancelled: int = Field(examples=[0])


class JobSeen(Answer):
    """A piece of work for one or many devices."""

    id: int = Field(examples=[17])
    name: str = Field(examples=["greet"])
    template: str | None = Field(description="What it was made from.", examples=["greet"])
    template_version: int | None = Field(examples=[1])
    schedule: str | None = Field(description="What made it, if nobody did.", examples=[None])
    document: dict[str, Any] = Field(examples=[_EXAMPLE])
    target: dict[str, Any] = Field(description="Whom it is for.", examples=[{"fleet": "berlin"}])
    retry_of: int | None = Field(
        description="The job whose failed devices it is for; of a retry, `target` is as it was said of that one.",
        examples=[None],
    )
    is_continuous: bool
    rollout: dict[str, Any] = Field(
        description="As it was stated.", examples=[{"concurrency": 50, "attempts": 3}]
    )
    status: JobState = Field(
        description="`halted` is what its own rules did; somebody may resume it.", examples=["running"]
    )
    status_reason: str | None = Field(examples=[None])
    created_by: str = Field(examples=["anna"])
    created_at: Timestamp = Field(examples=[_AT])
    finished_at: Timestamp | None = Field(examples=[None])
    tally: TallySeen


class JobPage(Page[JobSeen]):
    """Some of the jobs, the newest first."""


class ExecutionSeen(Answer):
    """A job on one device."""

    job_id: int = Field(examples=[17])
    job_name: str = Field(examples=["greet"])
    device_uuid: UUID = Field(examples=[_UUID])
    device_name: str = Field(examples=["pump-7"])
    status: ExecutionState = Field(examples=["in_progress"])
    attempt: int = Field(description="0 before the first.", examples=[1])
    step: int | None = Field(description="Where the device said it is, from 0.", examples=[0])
    steps: int = Field(description="How many there are.", examples=[2])
    message: str | None = Field(description="What it said with that.", examples=["downloading"])
    queued_at: Timestamp = Field(
        description="Its place in the queue, and the earliest moment of its turn.", examples=[_AT]
    )
    due_at: Timestamp | None = Field(description="When its time is over.", examples=[_AT])
    started_at: Timestamp | None = Field(examples=[_AT])
    finished_at: Timestamp | None = Field(examples=[None])
    cancel_requested_at: Timestamp | None = Field(description="When it was asked to stop.", examples=[None])


class ExecutionPage(Page[ExecutionSeen]):
    """Some of the devices of a job, or of the jobs of a device."""


class AttemptSeen(Answer):
    """An attempt that ended."""

    attempt: int = Field(examples=[1])
    outcome: Literal["succeeded", "failed", "timed_out", "rejected", "cancelled"] = Field(
        examples=["succeeded"]
    )
    step: int | None = Field(description="Where it ended, from 0.", examples=[1])
    exit_code: int | None = Field(examples=[0])
    reason: str | None = Field(examples=[None])
    output: str | None = Field(
        description="16 KiB; of a longer one the beginning and the end, around a mark.", examples=["hello"]
    )
    output_bytes: int | None = Field(description="How long it was as it came.", examples=[5])
    result: dict[str, Any] | None = Field(
        description="8 KiB; in place of a larger one `left_out` with its size.", examples=[{"os": "Debian"}]
    )
    started_at: Timestamp = Field(examples=[_AT])
    finished_at: Timestamp = Field(examples=[_AT])


class AttemptList(Answer):
    """A job on one device, and how its attempts ended."""

    execution: ExecutionSeen
    attempts: list[AttemptSeen] = Field(description="The first first.")
