"""The nouns about updates of agents."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from iotistic.errors import Invalid
from iotistic.jobs.document import JobDocument, parse_document
from iotistic.jobs.states import ExecutionStatus, JobStatus

__all__ = ["AgentUpdate", "DeviceUpdate", "UpdateInvalid", "update_document"]

_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,99}")


class UpdateInvalid(Invalid):
    """A version that no agent can have."""

    code = "agent_update_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentUpdate:
    """A job that brings agents to a version."""

    job_id: int
    target_version: str
    is_forced: bool
    """Whether agents that are at that version already install it again."""
    status: JobStatus
    devices: int
    succeeded: int
    failed: int
    """Rejected and timed out ones included."""
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceUpdate:
    """An update of one device's agent."""

    job_id: int
    device_uuid: UUID
    target_version: str
    reported_version: str | None
    """What the agent last said of itself."""
    is_forced: bool
    status: ExecutionStatus
    attempt: int
    message: str | None
    due_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


def update_document(version: str, *, is_forced: bool, timeout: timedelta) -> JobDocument:
    """The steps of such a job. Raises UpdateInvalid or JobDocumentInvalid."""
    if not _VERSION.fullmatch(version):
        raise UpdateInvalid(
            f"{version[:100]!r} is no version.",
            hint="Write letters, digits, dots, dashes, plus signs and underscores: 1.2.3.",
            field="body.version",
        )
    step = {"action": "update_agent", "arguments": {"version": version, "force": is_forced}}
    return parse_document({"steps": [step], "timeout_seconds": round(timeout.total_seconds())})
