"""Work for many devices: what it is, whom it is for, how it goes through them, and what became of it."""

from iotistic.jobs.advancing import RolloutDriver
from iotistic.jobs.desk import JobDesk
from iotistic.jobs.document import JobDocument, Step, parse_document
from iotistic.jobs.errors import (
    AttemptOver,
    ExecutionNotFound,
    JobDocumentInvalid,
    JobDocumentTooLarge,
    JobNotFound,
    JobStateConflict,
    JobTooLarge,
    JobWithoutTargets,
    RolloutInvalid,
    TargetInvalid,
)
from iotistic.jobs.model import (
    CHANNEL,
    TOPIC,
    Attempt,
    AttemptReport,
    Claim,
    Execution,
    Expiry,
    Job,
    JobDraft,
    JobNews,
    Origin,
)
from iotistic.jobs.rollout import RolloutPolicy, Share, Tally
from iotistic.jobs.service import MOST_DEVICES, JobService
from iotistic.jobs.states import ExecutionStatus, JobStatus, Outcome
from iotistic.jobs.target import JobTarget, require_target
from iotistic.jobs.window import Window

__all__ = [
    "CHANNEL",
    "MOST_DEVICES",
    "TOPIC",
    "Attempt",
    "AttemptOver",
    "AttemptReport",
    "Claim",
    "Execution",
    "ExecutionNotFound",
    "ExecutionStatus",
    "Expiry",
    "Job",
    "JobDesk",
    "JobDocument",
    "JobDocumentInvalid",
    "JobDocumentTooLarge",
    "JobDraft",
    "JobNews",
    "JobNotFound",
    "JobService",
    "JobStateConflict",
    "JobStatus",
    "JobTarget",
    "JobTooLarge",
    "JobWithoutTargets",
    "Origin",
    "Outcome",
    "RolloutDriver",
    "RolloutInvalid",
    "RolloutPolicy",
    "Share",
    "Step",
    "Tally",
    "TargetInvalid",
    "Window",
    "parse_document",
    "require_target",
]
