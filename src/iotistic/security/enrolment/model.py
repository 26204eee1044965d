"""The nouns of enrolment."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from iotistic.secret import Secret

__all__ = [
    "Attempt",
    "AttemptSeen",
    "Challenge",
    "ClaimKey",
    "Claimant",
    "OpenEnrolment",
    "Outcome",
    "Permit",
    "StoredClaimKey",
    "StoredEnrolment",
]

Outcome = Literal[
    "claimed",
    "enrolled",
    "claim_key_malformed",
    "claim_key_unknown",
    "claim_key_wrong",
    "claim_key_expired",
    "claim_key_revoked",
    "claim_key_used_up",
    "serial_not_allowed",
    "device_enrolled",
    "device_name_taken",
    "claim_invalid",
    "proof_unknown",
    "proof_wrong",
    "proof_late",
    "rate_limited",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """A device as it introduces itself."""

    name: str
    kind: str
    serial: str | None
    """What its hardware calls itself: by it, it is recognised."""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    """What it says about its host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a device gets for a claim: a key that opens nothing yet, and what to answer to make it open."""

    enrolment_id: UUID
    api_key: Secret
    challenge: str
    answer_within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEnrolment:
    """A claim as the database knows it, with the judgement of its clock."""

    id: UUID
    claim_key_id: str
    name: str
    kind: str
    serial: str | None
    facts: dict[str, Any]
    previous_device_uuid: UUID | None
    """The device whose valid key was shown with the claim, while it has one that is good."""
    mqtt_password_hash: str
    """Of the MQTT password that it was given with its key."""
    answer_hash: bytes
    is_late: bool
    device_uuid: UUID | None
    """Which device it became; None while it is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEnrolment:
    """A claim that is about to be stored."""

    claim_key_id: str
    claimant: Claimant
    previous_device_uuid: UUID | None
    device_key_id: str
    secret_hash: bytes
    pepper_version: int
    mqtt_password_hash: str
    answer_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClaimKey:
    """A claim key as the database knows it, with the judgement of its clock."""

    key_id: str
    secret_hash: bytes
    pepper_version: int
    allowed_serials: Sequence[str] | None
    is_expired: bool
    is_revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimKey:
    """What lets new devices in, without its secret."""

    key_id: str
    """Its public part."""
    label: str
    max_uses: int
    uses: int
    """How many devices it has let in, with those that have claimed and not yet proved."""
    allowed_serials: Sequence[str] | None
    """The only serials it lets in; None: any."""
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """That a device may enrol again without its old key."""

    device_uuid: UUID
    permitted_by: str
    permitted_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Somebody who tries to come in."""

    source: str | None
    """The address it came from."""
    claim_key_id: str | None = None
    serial: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSeen:
    """One attempt, as it is kept."""

    id: int
    attempted_at: datetime
    source: str | None
    claim_key_id: str | None
    serial: str | None
    outcome: Outcome
