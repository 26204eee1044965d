"""The nouns of second factors."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from iotistic.secret import Secret

__all__ = ["AppEnrolment", "Factor", "SecondFactor", "StoredFactor", "StoredRecoveryCode"]

Factor = Literal["password", "totp", "recovery_code"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """Whether a person has one, as may be shown."""

    username: str
    since: datetime | None
    """When its first code came; None: there is none that counts."""
    is_pending: bool
    """One waits for its first code."""
    recovery_codes_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFactor:
    """One with what decides about a code."""

    user_id: int
    sealed_seed: str
    created_at: datetime
    confirmed_at: datetime | None
    last_step: int
    failures: int
    failed_at: datetime | None
    seen_at: datetime
    """When it was looked up, by the clock that all its moments are of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecoveryCode:
    """One that was not used yet."""

    number: int
    code_hash: bytes
    pepper_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppEnrolment:
    """What an authenticator app is told, this once."""

    seed: Secret
    uri: Secret
