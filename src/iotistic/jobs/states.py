"""From which state a job, and a job on one device, may come into which: the one table of each. Pure.

The statements that change a state name the states they change from; a property test holds them to these tables.
"""

from typing import Literal

from iotistic.jobs.errors import JobStateConflict

__all__ = [
    "ENDED",
    "EXECUTION_WAYS",
    "FAILED",
    "JOB_WAYS",
    "ExecutionStatus",
    "JobStatus",
    "Outcome",
    "is_over",
    "may_execution_become",
    "may_job_become",
    "require_job_way",
]

JobStatus = Literal["running", "paused", "halted", "completed", "cancelled"]
ExecutionStatus = Literal[
    "queued", "released", "in_progress", "succeeded", "failed", "timed_out", "rejected", "cancelled"
]
Outcome = Literal["succeeded", "failed", "timed_out", "rejected", "cancelled"]

JOB_WAYS: dict[JobStatus, frozenset[JobStatus]] = {
    "running": frozenset({"paused", "halted", "completed", "cancelled"}),
    "paused": frozenset({"running", "completed", "cancelled"}),
    "halted": frozenset({"running", "completed", "cancelled"}),
    "completed": frozenset(),
    "cancelled": frozenset(),
}

EXECUTION_WAYS: dict[ExecutionStatus, frozenset[ExecutionStatus]] = {
    "queued": frozenset({"released", "cancelled"}),
    # Back into the queue: not claimed in time, or the rollout stopped meanwhile.
    "released": frozenset({"in_progress", "queued", "cancelled"}),
    # Back into the queue: another attempt is due.
    "in_progress": frozenset({"succeeded", "failed", "timed_out", "rejected", "cancelled", "queued"}),
    "succeeded": frozenset(),
    "failed": frozenset(),
    "timed_out": frozenset(),
    "rejected": frozenset(),
    "cancelled": frozenset(),
}

ENDED: frozenset[ExecutionStatus] = frozenset(state for state, ways in EXECUTION_WAYS.items() if not ways)
FAILED: frozenset[ExecutionStatus] = frozenset({"failed", "timed_out", "rejected"})
"""What counts against a rollout."""


def may_execution_become(now: ExecutionStatus, then: ExecutionStatus) -> bool:
    """Whether there is such a way for one device."""
    return then in EXECUTION_WAYS[now]


def may_job_become(now: JobStatus, then: JobStatus) -> bool:
    """Whether there is such a way for the job."""
    return then in JOB_WAYS[now]


def is_over(status: JobStatus) -> bool:
    """Whether no way leads out of this state of a job."""
    return not JOB_WAYS[status]


def require_job_way(job_id: int, now: JobStatus, then: JobStatus) -> None:
    """Raises JobStateConflict where there is no such way."""
    if not may_job_become(now, then):
        raise JobStateConflict(
            f"Job {job_id} is {now}: it cannot become {then}.",
            hint="`iotistic jobs show` says how it came there.",
            status=now,
        )
