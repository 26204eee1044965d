"""Keys on the wire."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, PlainSerializer

from iotistic.http.schemas.devices import FleetName
from iotistic.http.schemas.values import Answer, Page, Request, Seconds, Text, Timestamp
from iotistic.security.keyring import GRACE, KeyDraft

__all__ = [
    "KeyFetched",
    "KeyIssued",
    "KeyPage",
    "KeyReportSeen",
    "KeySeen",
    "NewKey",
    "NewOwnKey",
    "NewRotation",
    "Replacement",
    "RotationSeen",
    "Successor",
]

_Scope = Annotated[str, Field(pattern=r"^[a-z]{1,30}:[a-z]{1,30}$", examples=["telemetry:read"])]
_Network = IPv4Network | IPv6Network
_AsText = PlainSerializer(str, return_type=str)
_DAY = 86_400
_GRACE = int(GRACE.total_seconds())
_Grace = Annotated[
    int,
    Field(
        ge=0,
        le=366 * _DAY,
        description="How long the old key stays good, if the new one is not used before.",
        examples=[_GRACE],
    ),
]


def _address(found: object) -> str | None:
    """Without the length of the network that an address of the database may carry."""
    return None if found is None else str(found).partition("/")[0]


class NewOwnKey(Request):
    """A key for oneself."""

    label: Text = Field(
        default="", max_length=100, description="What it is for.", examples=["nightly export"]
    )
    scopes: list[_Scope] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="The only permissions it carries, of those the account has; null: all of them.",
    )
    networks: list[_Network] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="The only networks it is taken from; null: any.",
        examples=[["192.0.2.0/24"]],
    )
    lasts_seconds: int | None = Field(
        default=None,
        ge=60,
        le=3660 * _DAY,
        description="How long until it ends by itself; null: for ever.",
        examples=[90 * _DAY],
    )

    @property
    def draft(self) -> KeyDraft:
        return KeyDraft(
            label=self.label,
            scopes=self.scopes,
            networks=self.networks,
            lasts=None if self.lasts_seconds is None else timedelta(seconds=self.lasts_seconds),
        )


class NewKey(NewOwnKey):
    """A key for a service. Its scopes are named: what the service is given later does not come to this key."""

    username: Text = Field(examples=["exporter"])


class KeySeen(Answer):
    """A key, without its secret."""

    key_id: str = Field(description="Its public part.", examples=["3kqh2v7w5m4x"])
    kind: Literal["device", "user", "service"] = Field(examples=["service"])
    state: Literal["good", "retiring", "replaced", "expired", "revoked"] = Field(
        description="`retiring`: good until `retires_at`; `replaced`: past that.", examples=["good"]
    )
    device_uuid: UUID | None = Field(examples=[None])
    device_name: str | None = Field(examples=[None])
    username: str | None = Field(examples=["exporter"])
    label: str = Field(examples=["nightly export"])
    scopes: list[str] | None = Field(examples=[["telemetry:read"]])
    allowed_networks: list[Annotated[_Network, _AsText]] | None = Field(examples=[["192.0.2.0/24"]])
    replaces: str | None = Field(description="The key whose place it takes.", examples=[None])
    created_by: str = Field(examples=["ada"])
    created_at: Timestamp = Field(examples=["2026-11-28T19:00:00Z"])
    expires_at: Timestamp | None = Field(examples=["2027-02-26T19:00:00Z"])
    first_used_at: Timestamp | None = Field(
        description="Of a key that replaces another: when that one ended.", examples=[None]
    )
    retires_at: Timestamp | None = Field(
        description="When it gives way to its successor at the latest.", examples=[None]
    )
    successor_until: Timestamp | None = Field(
        description="Until when a device may still fetch its next key with it.", examples=[None]
    )
    revoked_at: Timestamp | None = Field(examples=[None])
    last_used_at: Timestamp | None = Field(
        description="To the minute; null: never.", examples=["2026-11-28T20:00:00Z"]
    )
    last_used_from: Annotated[object | None, PlainSerializer(_address, return_type=str | None)] = Field(
        examples=["192.0.2.7"]
    )


class KeyPage(Page[KeySeen]):
    """Some of the keys, by id."""


class KeyIssued(Answer):
    """A new key. Its text is told this once."""

    key_id: str = Field(examples=["3kqh2v7w5m4x"])
    key: str = Field(examples=["iot_svc_3kqh2v7w5m4x_..."])


class Replacement(Request):
    """How a key is to be replaced."""

    grace_seconds: _Grace = _GRACE
    hand_out: bool = Field(
        default=False,
        description="Of a device's key: answer the next one instead of leaving it to the device to fetch. Others are always told.",
    )

    @property
    def grace(self) -> timedelta:
        return timedelta(seconds=self.grace_seconds)


class Successor(Answer):
    """What became of the key that is being replaced, and the next one, if it is told here."""

    old: KeySeen
    key_id: str | None = Field(description="null: the device fetches it.", examples=["9m4x3kqh2v7w"])
    key: str | None = Field(description="Told this once.", examples=["iot_svc_9m4x3kqh2v7w_..."])


class NewRotation(Request):
    """The keys of many devices, to be replaced."""

    fleet: FleetName | None = Field(
        default=None, description="Only of this fleet; null: of all devices.", examples=["berlin"]
    )
    grace_seconds: _Grace = _GRACE
    reason: Text = Field(min_length=1, max_length=200, examples=["yearly rotation"])

    @property
    def grace(self) -> timedelta:
        return timedelta(seconds=self.grace_seconds)


class RotationSeen(Answer):
    """The keys of many devices being replaced."""

    id: int = Field(examples=[3])
    fleet: str | None = Field(examples=["berlin"])
    grace: Seconds = Field(examples=[604800])
    reason: str = Field(examples=["yearly rotation"])
    requested_by: str = Field(examples=["ada"])
    requested_at: Timestamp = Field(description="Older keys are replaced.", examples=["2026-11-28T19:00:00Z"])
    marked: int = Field(description="Keys that got an end so far.", examples=[1200])
    finished_at: Timestamp | None = Field(examples=["2026-11-28T19:00:12Z"])


class KeyFetched(Answer):
    """The next key of a device. The one that fetched it ends when this one is first used."""

    device_uuid: UUID
    api_key: str = Field(description="Told once.", examples=["iot_dev_9m4x3kqh2v7w_..."])


class KeyReportSeen(Answer):
    """How far devices are with their keys."""

    devices: int = Field(description="In service, with a key that is not revoked.", examples=[1200])
    on_old_key: int = Field(description="Of them: who have not come with their next key.", examples=[37])
    past_grace: int = Field(
        description="Of those: whose old key opens nothing any more but its successor.", examples=[2]
    )
    lost: int = Field(description="Of those: who have to enrol again.", examples=[0])
    oldest_seen_at: Timestamp | None = Field(
        description="When that one on an old key was last seen that was not seen for longest.",
        examples=["2026-11-21T08:00:00Z"],
    )
    never_seen: int = Field(description="Of those on an old key: who never used it.", examples=[0])
    next_end_at: Timestamp | None = Field(description="When the next grace ends.", examples=[None])
    on_old_pepper: int = Field(
        description="Keys of whatever kind whose hash is of an older pepper.", examples=[0]
    )
