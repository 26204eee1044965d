"""The nouns of the audit."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from iotistic.provenance import ActorKind

__all__ = ["AuditEntry", "AuditFilter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change."""

    id: int
    """Rises with time."""
    occurred_at: datetime
    """When the transaction that made the change began."""
    actor_kind: ActorKind
    actor: str
    """The username, the uuid of the device, the id of the claim key, or the name of the program."""
    key_id: str | None
    """The public part of the key that the actor came with."""
    request_id: str | None
    """The request that made it, as it stands in the logs."""
    address: str | None
    """Where that request came from."""
    database_user: str
    """The role of the database session, whatever the program said about the actor."""
    action: str
    """created, changed or deleted for rows of a table; a word of its own for anything else."""
    resource: str
    """What was changed: the name of a table, or a word of its own."""
    resource_id: str
    """Which of them: its key; the parts of a longer key are joined by a slash."""
    device_uuid: UUID | None
    """The device it is about."""
    before: dict[str, Any] | None
    """What it was: of a change, only what changed. Never a secret."""
    after: dict[str, Any] | None
    """What it is now: of a change, only what changed. Never a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which changes are meant: those that fit everything that is given."""

    actor: str | None = None
    action: str | None = None
    resource: str | None = None
    resource_id: str | None = None
    """Only with `resource`."""
    device_uuid: UUID | None = None
    request_id: str | None = None
    start: datetime | None = None
    """From this moment on."""
    end: datetime | None = None
    """Before this moment."""
