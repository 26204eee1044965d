"""What comes after an attempt. Pure."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from iotistic.jobs.rollout import RolloutPolicy
from iotistic.jobs.states import ExecutionStatus, Outcome

__all__ = ["Ending", "Standing", "ending_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a device stands with a job, as whoever ends its attempt meets it."""

    device_uuid: UUID
    job_id: int
    status: ExecutionStatus
    attempt: int
    is_cancelled: bool
    """Whether the device was asked to stop."""
    policy: RolloutPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt is kept, and what becomes of the device."""

    standing: Standing
    outcome: Outcome
    status: ExecutionStatus
    """`queued`: it tries again."""
    reason: str | None = None
    step: int | None = None
    exit_code: int | None = None
    output: str | None = None
    output_bytes: int | None = None
    result: dict[str, Any] | None = None


def ending_of(standing: Standing, outcome: Outcome) -> tuple[Outcome, ExecutionStatus]:
    """What an attempt counts as, and the state of its device after it.

    A device that was asked to stop and said nothing in time was cancelled. One that failed tries again while attempts are
    left; one that rejected the job does not: it would again.
    """
    if standing.is_cancelled:
        counted = "cancelled" if outcome == "timed_out" else outcome
        return counted, counted
    if outcome in {"failed", "timed_out"} and standing.attempt < standing.policy.attempts:
        return outcome, "queued"
    return outcome, outcome
