"""Keys of devices and services: who has which, and having them replaced."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request

from iotistic.bootstrap.work import Work
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.devices import FleetName
from iotistic.http.schemas.keys import (
    KeyIssued,
    KeyPage,
    KeyReportSeen,
    KeySeen,
    NewKey,
    NewRotation,
    Replacement,
    RotationSeen,
    Successor,
)
from iotistic.http.schemas.values import Text
from iotistic.security.keyring import Key, KeyReport, KeyRotation

__all__ = ["KeyId", "Position", "replaced", "router"]

router = APIRouter(prefix="/api/v1", tags=["keys"], responses=refusals())

_AFTER = "`next` of the page before."
KeyId = Annotated[
    str,
    Path(pattern="^[a-z0-9]{1,40}$", description="The public part of the key.", examples=["3kqh2v7w5m4x"]),
]


class Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """Where a page ends."""

    key_id: Annotated[str, msgspec.Meta(max_length=40)]


@router.get(
    "/keys", dependencies=[needs("keys:read")], response_model=KeyPage, summary="Keys, with their last use"
)
async def list_keys(
    request: Request,
    *,
    username: Annotated[
        Text | None, Query(description="Only of this person or service.", examples=["exporter"])
    ] = None,
    device: Annotated[UUID | None, Query(description="Only of this device.")] = None,
    retiring: Annotated[bool, Query(description="Only those that are being replaced.")] = False,
    revoked: Annotated[bool, Query(description="Those that are revoked too.")] = False,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """By id. A page that is full has a `next`."""
    position = "" if after is None else decode_cursor(after, Position).key_id
    async with platform_of(request.scope).begin(read_only=True) as work:
        keys = await work.keyring.list_keys(
            username=username,
            device_uuid=device,
            only_retiring=retiring,
            with_revoked=revoked,
            after=position,
            limit=limit,
        )
    following = encode_cursor(Position(keys[-1].key_id)) if len(keys) == limit else None
    return {"items": keys, "next": following}


@router.post(
    "/keys",
    dependencies=[needs("keys:write")],
    status_code=HTTPStatus.CREATED,
    responses=refusals(404),
    summary="Make a key for a service",
)
async def create_key(request: Request, stated: NewKey) -> KeyIssued:
    """It is told this once, and may no more than you. People make keys for themselves: `/api/v1/auth/keys`."""
    async with platform_of(request.scope).begin() as work:
        issued = await work.keyring.issue_account_key(
            stated.username, stated.draft, reason="made by a request"
        )
    return KeyIssued(key_id=issued.key_id, key=issued.text.reveal())


@router.get(
    "/keys/report",
    dependencies=[needs("keys:read")],
    response_model=KeyReportSeen,
    summary="How many devices are still on an old key",
)
async def report_keys(
    request: Request,
    fleet: Annotated[FleetName | None, Query(description="Only of this fleet.", examples=["berlin"])] = None,
) -> KeyReport:
    """And when they were last seen."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.keyring.report(fleet)


@router.get(
    "/keys/rotations",
    dependencies=[needs("keys:read")],
    response_model=list[RotationSeen],
    summary="Rotations of many keys, newest first",
)
async def list_rotations(request: Request) -> list[KeyRotation]:
    """At most 1,000."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return list(await work.key_rotations.list_rotations())


@router.post(
    "/keys/rotations",
    dependencies=[needs("keys:write")],
    status_code=HTTPStatus.ACCEPTED,
    response_model=RotationSeen,
    responses=refusals(404),
    summary="Have the keys of a fleet replaced",
)
async def begin_rotation(request: Request, stated: NewRotation) -> KeyRotation:
    """Each device fetches its next key when it next talks to the API; the housekeeper marks a few thousand a minute."""
    async with platform_of(request.scope).begin() as work:
        return await work.key_rotations.begin(fleet=stated.fleet, grace=stated.grace, reason=stated.reason)


@router.get(
    "/keys/{key_id}",
    dependencies=[needs("keys:read")],
    response_model=KeySeen,
    responses=refusals(404),
    summary="One key",
)
async def get_key(request: Request, key_id: KeyId) -> Key:
    """Without its secret, which nobody has but its bearer."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.keyring.get_key(key_id)


@router.post(
    "/keys/{key_id}/rotation",
    dependencies=[needs("keys:write")],
    response_model=Successor,
    responses=refusals(404, 409),
    summary="Have a key replaced",
)
async def rotate_key(request: Request, key_id: KeyId, stated: Replacement) -> dict[str, object]:
    """The old one ends when the next is first used, at the latest after the grace."""
    async with platform_of(request.scope).begin() as work:
        key = await work.keyring.get_key(key_id)
        return await replaced(work, key, stated)


@router.delete(
    "/keys/{key_id}",
    dependencies=[needs("keys:write")],
    response_model=KeySeen,
    responses=refusals(404),
    summary="Revoke a key",
)
async def revoke_key(request: Request, key_id: KeyId) -> Key:
    """Every process refuses it within a second; one that was fetched to replace it and not used is revoked with it."""
    async with platform_of(request.scope).begin() as work:
        return await work.keyring.revoke(key_id, reason="revoked by a request")


async def replaced(work: Work, key: Key, stated: Replacement) -> dict[str, object]:
    """The key being replaced, as `Successor` tells it."""
    issued = await work.keyring.rotate(
        key.key_id,
        grace=stated.grace,
        hand_out=stated.hand_out or key.kind != "device",
        reason="replaced by a request",
    )
    return {
        "old": await work.keyring.get_key(key.key_id),
        "key_id": None if issued is None else issued.key_id,
        "key": None if issued is None else issued.text.reveal(),
    }
