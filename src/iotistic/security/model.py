"""The nouns of security. A refusal is a value: asking whether somebody may come in is no error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from iotistic.security.grants import Grant

__all__ = [
    "Anchor",
    "ChainHead",
    "ChainReport",
    "Principal",
    "Refusal",
    "Role",
    "StoredKey",
    "StoredUser",
    "User",
]

Role = Literal["owner", "admin", "manager", "operator", "viewer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One person who may log in."""

    id: int
    username: str
    role: Role | None
    """The widest on everything; None: none, or only on parts."""
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who a key proved its bearer to be: a device, or a person with a role."""

    key_id: str
    device_uuid: UUID | None = None
    user_id: int | None = None
    username: str | None = None
    role: Role | None = None
    """The widest on everything, by which the account is shown."""
    grants: tuple[Grant, ...] = ()
    """What a person may do, and where."""
    expires_at: datetime | None = None
    """When the key stops to work; None: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a key or password opens nothing. For our log and tests; a caller learns only that it was refused."""

    reason: Literal[
        "malformed",
        "unknown",
        "wrong_secret",
        "expired",
        "revoked",
        "inactive_user",
        "retired_device",
        "pepper_missing",
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key as the database knows it, with what decides about its bearer."""

    key_id: str
    device_uuid: UUID | None
    user_id: int | None
    username: str | None
    role: Role | None
    grants: Sequence[Mapping[str, Any]] | None
    secret_hash: bytes
    pepper_version: int
    expires_at: datetime | None
    revoked_at: datetime | None
    user_is_active: bool | None
    device_retired_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUser:
    """A person with what checks the password."""

    id: int
    username: str
    role: Role | None
    is_active: bool
    password_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """Where the history of keys ends."""

    noted_sequence: int
    """As noted when the last row was written."""
    noted_hash: bytes
    sequence: int
    """Of the last row there is."""
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The end of the history of keys at some moment: kept elsewhere, it proves later that nothing before has changed."""

    sequence: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash.hex()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """Whether the history of keys is what was written."""

    head: Anchor
    """Where it ends now: to be kept elsewhere."""
    broken: Sequence[str]
    """What is wrong with it, in words; empty: nothing."""
