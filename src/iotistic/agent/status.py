"""The status file: what the agent is doing, for other programs and people to read."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from iotistic.agent.state_folder import write_atomically

__all__ = ["AgentStatus", "QueueStatus", "find_status", "write_status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """One queue."""

    pending: int
    """Records not yet delivered."""
    bytes: int
    """Their bytes on disk."""
    dropped: int
    """Records lost to the spool's bound, over the life of the state folder."""
    delivered: int
    """Records delivered since the agent started."""
    trouble: str | None
    """Why nothing is delivered now; None while all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatus:
    """The whole file."""

    state: str
    """enrolling, enrolled, key_refused or stopped."""
    pid: int
    version: str
    server: str
    device_uuid: str | None
    started_at: datetime
    updated_at: datetime
    """Older than a few intervals: the agent is not running."""
    interval_seconds: float
    last_success_at: datetime | None
    """When the server last took something, since the agent started."""
    queue_bytes: int
    """Bytes of all queues together."""
    dropped: int
    """Records of all queues together lost to the bound."""
    sent: Mapping[str, int]
    """Records delivered since the agent started, by queue."""
    receipts: Mapping[str, int]
    """What the server said of them: accepted, duplicate, late, quarantined, rejected."""
    rejected: int
    """Records the server refuses for good; they are in rejected.jsonl."""
    log_source: str | None
    """journal, file:<path>, own, or None."""
    queues: Mapping[str, QueueStatus]


def write_status(path: Path, status: AgentStatus) -> None:
    """Replaces the file; a disk that does not take it is no reason to stop."""
    with suppress(OSError):
        write_atomically(path, msgspec.json.format(msgspec.json.encode(status)) + b"\n", durable=False)


def find_status(path: Path) -> AgentStatus | None:
    """What the file says, or None when there is none or it is of another version."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=AgentStatus)
    except (OSError, msgspec.MsgspecError):
        return None
