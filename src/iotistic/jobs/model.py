"""The nouns about jobs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from iotistic.jobs.document import JobDocument
from iotistic.jobs.rollout import RolloutPolicy, Tally
from iotistic.jobs.states import ExecutionStatus, JobStatus, Outcome
from iotistic.jobs.target import JobTarget

__all__ = [
    "CHANNEL",
    "TOPIC",
    "Attempt",
    "AttemptReport",
    "Claim",
    "Execution",
    "Expiry",
    "Job",
    "JobDraft",
    "JobNews",
    "Origin",
]

CHANNEL = "job_news"
"""Where a device is told that there is something for it: its uuid and `jobs`."""
TOPIC = "jobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a job was made from."""

    template_id: int | None = None
    template_version: int | None = None
    schedule_id: int | None = None
    scheduled_for: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDraft:
    """A job to be made."""

    name: str
    document: JobDocument
    target: JobTarget
    rollout: RolloutPolicy
    created_by: str
    is_continuous: bool = False
    """Whether devices that come to be meant later get it too."""
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A piece of work for one or many devices."""

    id: int
    name: str
    template: str | None
    """The name of what it was made from."""
    template_version: int | None
    schedule: str | None
    """The name of the schedule that made it."""
    document: dict[str, Any]
    target: JobTarget
    retry_of: int | None
    """The job whose failed devices it is for; None: for those whom its target means."""
    is_continuous: bool
    rollout: RolloutPolicy
    status: JobStatus
    status_reason: str | None
    """Why it is halted, paused or cancelled."""
    forgiven: int
    is_canary_passed: bool
    created_by: str
    created_at: datetime
    finished_at: datetime | None
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A job on one device."""

    job_id: int
    job_name: str
    device_uuid: UUID
    device_name: str
    status: ExecutionStatus
    attempt: int
    """The attempt that runs or ran last; 0 before the first."""
    step: int | None
    """What the device said it is at, from 0."""
    steps: int
    """How many there are."""
    message: str | None
    """What it said with that; after the end, why it ended so."""
    queued_at: datetime
    due_at: datetime | None
    """When its time is over."""
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a device that claimed a job has to do."""

    job_id: int
    attempt: int
    """To be named in every report."""
    document: dict[str, Any]
    step: int
    """Where it said it was, if it claimed this attempt before."""
    due_at: datetime
    """When it must have gone on to the next step, or reported."""
    deadline_at: datetime
    """When it must have reported."""
    is_cancelled: bool
    """Whether it is to stop."""
    is_new: bool
    """False: it claimed this attempt before, and the answer may have been lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobNews:
    """What a device that reports progress is told."""

    attempt: int
    status: ExecutionStatus
    due_at: datetime | None
    is_cancelled: bool
    """Whether it is to stop, and report `cancelled`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptReport:
    """How an attempt ended, as the device says."""

    attempt: int
    outcome: Outcome
    reason: str | None = None
    step: int | None = None
    exit_code: int | None = None
    output: str | None = None
    result: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt that ended."""

    attempt: int
    outcome: Outcome
    step: int | None
    exit_code: int | None
    reason: str | None
    output: str | None
    """Of a long one the beginning and the end, around a mark."""
    output_bytes: int | None
    """How long it was as it came."""
    result: dict[str, Any] | None
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """What became of devices whose time was over."""

    ended: int
    """Attempts that ended by it."""
    returned: int
    """Devices that did not come to claim, and went back into the queue."""
    jobs: frozenset[int]
    """Those whose rollout may go on now."""
