"""The nouns of keys as people look after them. No secret is in any of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Literal
from uuid import UUID

from iotistic.security.model import Network

__all__ = ["Address", "Key", "KeyDraft", "KeyReport", "KeyRotation", "KeyState"]

KeyState = Literal["good", "retiring", "replaced", "expired", "revoked"]
"""`retiring`: good until `retires_at`. `replaced`: past that, good only for fetching the next key, if for anything."""
Address = IPv4Address | IPv6Address | IPv4Interface | IPv6Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDraft:
    """What somebody says of a key that is to be made."""

    label: str = ""
    scopes: Sequence[str] | None = None
    """The only permissions it carries; None: all that its bearer has, now and later."""
    networks: Sequence[Network] | None = None
    """The only networks it is taken from; None: any."""
    lasts: timedelta | None = None
    """None: until it is revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key."""

    key_id: str
    """Its public part."""
    kind: Literal["device", "user", "service"]
    state: KeyState
    device_uuid: UUID | None
    device_name: str | None
    username: str | None
    """Of the person or service."""
    label: str
    scopes: Sequence[str] | None
    allowed_networks: Sequence[Network] | None
    replaces: str | None
    """The key whose place it takes."""
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    first_used_at: datetime | None
    """Of a key that replaces another."""
    retires_at: datetime | None
    """When it gives way to its successor at the latest."""
    successor_until: datetime | None
    """Until when a device may fetch its next key with it."""
    revoked_at: datetime | None
    last_used_at: datetime | None
    """To the minute; None: never."""
    last_used_from: Address | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """How far a fleet is with its keys."""

    devices: int
    """In service, with a key that is not revoked."""
    on_old_key: int
    """Of them: whose key is being replaced, and who have not come with the next one."""
    past_grace: int
    """Of those: whose old key opens nothing any more but its successor."""
    lost: int
    """Of those: who are too late even for that, and have to enrol again."""
    oldest_seen_at: datetime | None
    """When that one of those on an old key was last seen that was not seen for longest."""
    never_seen: int
    """Of those on an old key: who never used it."""
    next_end_at: datetime | None
    """When the next grace ends."""
    on_old_pepper: int
    """Keys of whatever kind whose hash is of an older pepper than the newest that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotation:
    """The keys of many devices being replaced."""

    id: int
    fleet: str | None
    """None: all devices."""
    grace: timedelta
    reason: str
    requested_by: str
    requested_at: datetime
    """Older keys are replaced."""
    marked: int
    """Keys that got an end so far."""
    finished_at: datetime | None
