"""Enrolling, and who may, on the wire."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from iotistic.http.schemas.values import (
    Answer,
    Document,
    Page,
    Request,
    Statement,
    Text,
    Timestamp,
    check_storable,
)
from iotistic.security.enrolment import Outcome

__all__ = [
    "AttemptPage",
    "ChallengeGiven",
    "ClaimKeyIssued",
    "ClaimKeyPage",
    "ClaimKeySeen",
    "ClaimKeyStated",
    "DeviceEnrolled",
    "DeviceIntroduced",
    "PermitSeen",
    "PermitStated",
    "ProofGiven",
]

_MOST_SERIALS = 10_000
_DAY = 86_400
_LONGEST_CLAIM_KEY = 366 * _DAY


def _storable(secret: SecretStr) -> SecretStr:
    check_storable(secret.get_secret_value())
    return secret


class DeviceIntroduced(Statement):
    """What a device says when it comes."""

    name: Text = Field(description="What people will call it; unique.", examples=["workshop-pi"])
    kind: str = Field(default="host", pattern=r"^[a-z][a-z0-9_-]{0,49}$", examples=["host"])
    serial: Text | None = Field(
        default=None,
        description="What its hardware calls itself: by it, the device is recognised.",
        examples=["b8:27:eb:00:00:01"],
    )
    facts: Document = Field(default={}, examples=[{"os": "Debian GNU/Linux 13 (trixie)", "arch": "aarch64"}])
    previous_key: Annotated[SecretStr, AfterValidator(_storable)] | None = Field(
        default=None,
        max_length=200,
        description="For a device that enrols again: its old key, while it is good.",
        examples=[None],
    )


class ChallengeGiven(Answer):
    """A key and a password that open nothing yet, and what to answer to make them open."""

    enrolment_id: UUID
    api_key: str = Field(description="The device's key. Told once.", examples=["iot_dev_3kqh2v7w5m4x_..."])
    mqtt_password: str = Field(
        description="Of the device's MQTT account, whose name is its uuid. Told once.",
        examples=["Wm9xk1Qe7o2y5u8b1d4g7j0m3p6s9v2y"],
    )
    challenge: str = Field(
        description="Answer with its HMAC-SHA-256 under the whole text of `api_key`.",
        examples=["Jm0Gk0u9Q2w7x0cVt1n3b5y8z1a4d6f8h0k2m4p6r8s"],
    )
    answer_within_seconds: int = Field(examples=[300])


class ProofGiven(Statement):
    """The answer to a challenge."""

    enrolment_id: UUID
    answer: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="HMAC-SHA-256 of the challenge under the new key, in lower-case hexadecimal.",
        examples=["6b1c2f0e9d8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c"],
    )


class DeviceEnrolled(Answer):
    """Who the device is from now on."""

    device_uuid: UUID


class ClaimKeyStated(Request):
    """A claim key to be made."""

    label: Text = Field(description="What it is for.", examples=["first batch, Spree"])
    max_uses: int = Field(ge=1, le=1_000_000, description="How many devices it lets in.", examples=[100])
    lasts_seconds: int = Field(
        default=_DAY, ge=60, le=_LONGEST_CLAIM_KEY, description="How long it is good.", examples=[_DAY]
    )
    allowed_serials: list[Text] | None = Field(
        default=None,
        min_length=1,
        max_length=_MOST_SERIALS,
        description="The only serials it lets in; any when left out.",
        examples=[["S-0001", "S-0002"]],
    )

    @property
    def lasts(self) -> timedelta:
        return timedelta(seconds=self.lasts_seconds)


class ClaimKeySeen(Answer):
    """What lets new devices in, without its secret."""

    key_id: str = Field(description="The public part of the key.", examples=["3kqh2v7w5m4x"])
    label: str = Field(examples=["first batch, Spree"])
    max_uses: int = Field(examples=[100])
    uses: int = Field(
        description="Devices it has let in, with those that have claimed and not yet proved.", examples=[12]
    )
    allowed_serials: list[str] | None = Field(examples=[None])
    created_by: str = Field(examples=["admin"])
    created_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    expires_at: Timestamp = Field(examples=["2026-11-24T20:00:00Z"])
    revoked_at: Timestamp | None = Field(examples=[None])


class ClaimKeyIssued(ClaimKeySeen):
    """A new claim key."""

    key: str = Field(description="Told once.", examples=["iot_clm_3kqh2v7w5m4x_..."])


class ClaimKeyPage(Page[ClaimKeySeen]):
    """Some of the claim keys, newest first."""


class PermitStated(Request):
    """That a device may enrol again."""

    lasts_seconds: int = Field(default=3600, ge=60, le=30 * _DAY, examples=[3600])

    @property
    def lasts(self) -> timedelta:
        return timedelta(seconds=self.lasts_seconds)


class PermitSeen(Answer):
    """A device may enrol again without its old key, once."""

    device_uuid: UUID
    permitted_by: str = Field(examples=["admin"])
    permitted_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    expires_at: Timestamp = Field(examples=["2026-11-23T21:00:00Z"])


class AttemptSeen(Answer):
    """Somebody who tried to enrol."""

    id: int = Field(examples=[4711])
    attempted_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    source: str | None = Field(description="The address it came from.", examples=["192.0.2.7"])
    claim_key_id: str | None = Field(examples=["3kqh2v7w5m4x"])
    serial: str | None = Field(examples=["S-0001"])
    outcome: Outcome = Field(examples=["claimed"])


class AttemptPage(Page[AttemptSeen]):
    """Some of the attempts, newest first."""
