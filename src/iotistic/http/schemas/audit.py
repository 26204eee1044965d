"""The audit on the wire."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from iotistic.http.schemas.values import Answer, Page, Timestamp

__all__ = ["AuditEntrySeen", "AuditPage"]


class AuditEntrySeen(Answer):
    """One change of security or control data."""

    id: int = Field(description="Rises with time.", examples=[4711])
    occurred_at: Timestamp = Field(description="When the transaction that made it began.")
    actor_kind: Literal["user", "device", "claim_key", "system"] = Field(
        description="`claim_key`: a device that was being let in; `system`: a command, or the platform itself.",
        examples=["user"],
    )
    actor: str = Field(
        description="The username, the uuid of the device, the id of the claim key, or the name of the program.",
        examples=["anna"],
    )
    key_id: str | None = Field(
        description="The public part of the key that the actor came with.", examples=["k3v9x0q1zt"]
    )
    request_id: str | None = Field(
        description="The request that made it, as it stands in the logs.",
        examples=["3f1c9a7be1d04c2a8f6e1b70"],
    )
    address: str | None = Field(
        description="Where that request came from; null: from no request.", examples=["192.0.2.7"]
    )
    database_user: str = Field(description="The role of the database session.", examples=["iotistic_app"])
    action: str = Field(
        description="`created`, `changed` or `deleted` for rows of a table; a word of its own for anything else.",
        examples=["changed"],
    )
    resource: str = Field(
        description="What was changed: the name of a table, or a word of its own.", examples=["devices"]
    )
    resource_id: str = Field(
        description="Which of them: its key.", examples=["3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"]
    )
    device_uuid: UUID | None = Field(description="The device it is about.")
    before: dict[str, Any] | None = Field(
        description="What it was: of a change, only what changed. Secrets are never shown.",
        examples=[{"name": "pump"}],
    )
    after: dict[str, Any] | None = Field(
        description="What it is now: of a change, only what changed.", examples=[{"name": "pump-7"}]
    )


class AuditPage(Page[AuditEntrySeen]):
    """Some of the changes, newest first."""
