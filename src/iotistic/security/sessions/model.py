"""The nouns of sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from iotistic.secret import Secret
from iotistic.security.model import Role

__all__ = ["OpenedSession", "Session", "StoredSession"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One time that somebody logged in."""

    id: str
    username: str
    created_at: datetime
    refreshed_at: datetime
    """When it last got an access token."""
    expires_at: datetime
    address: str | None
    user_agent: str | None
    factors: Sequence[str]
    """What whoever logged in has proved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session with what decides about it."""

    id: str
    user_id: int
    username: str
    role: Role | None
    grants: Sequence[Mapping[str, Any]] | None
    nonce: bytes
    generation: int
    pepper_version: int
    refreshed_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    user_is_active: bool
    factors: Sequence[str]
    must_prove_more: bool
    """One of its bearer's roles asks for a second factor."""
    seen_at: datetime
    """When it was looked up, by the clock that all its moments are of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """What whoever logged in, or refreshed, keeps."""

    id: str
    access_token: Secret
    access_expires_at: datetime
    refresh_token: Secret
    refresh_expires_at: datetime
