"""The nouns of security. A refusal is a value: asking whether somebody may come in is no error."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Literal
from uuid import UUID

from iotistic.security.grants import Grant

__all__ = [
    "AccountKind",
    "Anchor",
    "ChainHead",
    "ChainReport",
    "Network",
    "Principal",
    "Refusal",
    "Role",
    "StoredKey",
    "StoredUser",
    "User",
    "is_inside",
]

Role = Literal["owner", "admin", "manager", "operator", "viewer"]
AccountKind = Literal["person", "service"]
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One account."""

    id: int
    username: str
    kind: AccountKind
    """A service never logs in: it comes with keys."""
    role: Role | None
    """The widest on everything; None: none, or only on parts."""
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who a key proved its bearer to be: a device, or an account with a role."""

    key_id: str
    device_uuid: UUID | None = None
    user_id: int | None = None
    username: str | None = None
    role: Role | None = None
    """The widest on everything, by which the account is shown."""
    grants: tuple[Grant, ...] = ()
    """What an account may do with this key, and where."""
    expires_at: datetime | None = None
    """When the key stops to work; None: never."""
    retires_at: datetime | None = None
    """When it gives way to its successor at the latest; None: it is not being replaced."""
    good_for: timedelta | None = None
    """From the look-up to the earlier of the two, by the database's clock; None: for ever."""
    networks: tuple[Network, ...] = ()
    """The only networks it is taken from; empty: any."""
    factors: tuple[str, ...] = ()
    """What the bearer of a session has proved; of a key nothing is known."""
    lacks_factor: bool = False
    """A role of the bearer asks for a second factor: until then nothing is allowed but to get one."""
    wants_note: bool = False
    """Its first use ends the key before it, or its hash is of an older pepper: that is to be written down now."""

    def is_welcome_from(self, address: str | None) -> bool:
        """Whether the key is taken from this address."""
        return not self.networks or is_inside(self.networks, address)


def is_inside(networks: Collection[Network], address: str | None) -> bool:
    """Whether the address lies in one of the networks; without any, every one does. An address that is unknown lies in none."""
    if not networks:
        return True
    try:
        asked = ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    if isinstance(asked, IPv6Address) and asked.ipv4_mapped is not None:
        asked = asked.ipv4_mapped  # how a socket that takes both tells IPv4
    return any(asked in network for network in networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a key or password opens nothing. For our log and tests; a caller learns only that it was refused."""

    reason: Literal[
        "malformed",
        "unknown",
        "wrong_secret",
        "expired",
        "revoked",
        "replaced",
        "wrong_network",
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
    scopes: Sequence[str] | None
    allowed_networks: Sequence[Network] | None
    replaces: str | None
    expires_at: datetime | None
    first_used_at: datetime | None
    retires_at: datetime | None
    successor_until: datetime | None
    fetched_late_at: datetime | None
    revoked_at: datetime | None
    user_is_active: bool | None
    device_retired_at: datetime | None
    seen_at: datetime
    """When it was looked up, by the clock that all its moments are of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUser:
    """A person with what checks the password."""

    id: int
    username: str
    kind: AccountKind
    role: Role | None
    is_active: bool
    password_hash: str | None


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
