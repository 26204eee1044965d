"""What can be wrong about jobs."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound, TooLarge

__all__ = [
    "CONSTRAINTS",
    "AttemptOver",
    "ExecutionNotFound",
    "JobDocumentInvalid",
    "JobDocumentTooLarge",
    "JobNotFound",
    "JobStateConflict",
    "JobTooLarge",
    "JobWithoutTargets",
    "RolloutInvalid",
    "TargetInvalid",
]


class JobNotFound(NotFound):
    """There is no job of this number."""

    code = "job_not_found"


class ExecutionNotFound(NotFound):
    """The job is not for this device."""

    code = "job_execution_not_found"


class JobDocumentInvalid(Invalid):
    """A document that no device can follow."""

    code = "job_document_invalid"


class JobDocumentTooLarge(TooLarge):
    """A document with more bytes than a job may have."""

    code = "job_document_too_large"


class RolloutInvalid(Invalid):
    """Rules of a rollout that contradict themselves or are out of bounds."""

    code = "job_rollout_invalid"


class TargetInvalid(Invalid):
    """It is not said, or said twice, whom the job is for."""

    code = "job_target_invalid"


class JobWithoutTargets(Invalid):
    """No device in service is meant."""

    code = "job_without_targets"


class JobTooLarge(TooLarge):
    """More devices are meant than one job may have."""

    code = "job_too_large"


class JobStateConflict(Conflict):
    """The job is in a state from which there is no such way."""

    code = "job_state_conflict"


class AttemptOver(Conflict):
    """The attempt that is reported on has ended otherwise; nothing was changed."""

    code = "job_attempt_over"


def _device_unknown(_: psycopg.Error) -> IotisticError:
    return TargetInvalid("One of the devices is not in the registry.", field="body.target.devices")


def _bad_name(_: psycopg.Error) -> IotisticError:
    return JobDocumentInvalid("The name of a job has 1 to 200 characters.", field="body.name")


def _retried(_: psycopg.Error) -> IotisticError:
    return JobStateConflict(
        "The failed devices of this job have a job of their own already.",
        hint="`iotistic jobs list` shows it; retry that one.",
    )


CONSTRAINTS: ConstraintErrors = {
    "job_executions_device_uuid_fkey": _device_unknown,
    "jobs_name_check": _bad_name,
    "jobs_retry_of_key": _retried,
}
