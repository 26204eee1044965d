"""Enrolment: how devices come in, who lets them, and who tried."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from iotistic.errors import IotisticError, Unavailable
from iotistic.http.access import address_of, presented_key, provenance_of
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit
from iotistic.http.permissions import Caller, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.enrolment import (
    AttemptPage,
    ChallengeGiven,
    ClaimKeyIssued,
    ClaimKeyPage,
    ClaimKeySeen,
    ClaimKeyStated,
    DeviceEnrolled,
    DeviceIntroduced,
    PermitSeen,
    PermitStated,
    ProofGiven,
)
from iotistic.provenance import Provenance
from iotistic.secret import Secret
from iotistic.security import Principal
from iotistic.security.enrolment import (
    Attempt,
    Claimant,
    ClaimKey,
    ClaimKeyRefused,
    Outcome,
    Permit,
    TooManyAttempts,
)
from iotistic.security.keys import KeyKind, parse_key
from iotistic.workflows import claim_device, permit_enrolment, prove_device

__all__ = ["CLAIM_PATH", "PROOF_PATH", "router"]

router = APIRouter(prefix="/api/v1", responses=refusals(), tags=["enrolment"])

CLAIM_PATH = "/api/v1/devices/enrol"
PROOF_PATH = "/api/v1/devices/enrol/proof"

_KNOWN = "The device was known by its serial: its new key takes the place of its old ones."
_AFTER = "`next` of the page before."
_KeyId = Annotated[
    str,
    Path(description="The public part of a claim key.", pattern=r"^[a-z2-9]{12}$", examples=["3kqh2v7w5m4x"]),
]


@router.post(
    "/devices/enrol",
    status_code=HTTPStatus.CREATED,
    responses=refusals(409, 429),
    summary="Claim an identity",
)
async def claim(request: Request, introduced: DeviceIntroduced) -> ChallengeGiven:
    """The first step, with a claim key as bearer: gives a key that opens nothing until its challenge is answered. Changes no device.

    The same holds for the MQTT password that comes with it. A serial whose device has a key is refused with 409 unless `previous_key` is that key or a person permits it.
    """
    claim_key = presented_key(request.scope)
    parsed = None if claim_key is None else parse_key(claim_key.reveal())
    attempt = Attempt(
        source=_source(request),
        claim_key_id=parsed.key_id if parsed and parsed.kind is KeyKind.CLAIM else None,
        serial=introduced.serial,
    )
    async with _attempted(request, attempt), platform_of(request.scope).begin() as work:
        if claim_key is None:
            raise ClaimKeyRefused(
                "Enrolling needs a claim key.",
                hint="Send `Authorization: Bearer <claim key>`.",
                outcome="claim_key_malformed",
            )
        # Only believed until the key is checked: a refused one leaves nothing behind.
        await work.act_as(_claim_key_of(request, attempt.claim_key_id or "unreadable"))
        previous = introduced.previous_key
        claimed = await claim_device(
            work.registrar,
            Claimant(
                name=introduced.name,
                kind=introduced.kind,
                serial=introduced.serial,
                facts=introduced.facts,
            ),
            claim_key=claim_key,
            previous_key=None if previous is None else Secret(previous.get_secret_value()),
            address=address_of(request.scope),
        )
        await work.attempts.note(attempt, "claimed")
    challenge = claimed.challenge
    return ChallengeGiven(
        enrolment_id=challenge.enrolment_id,
        api_key=challenge.api_key.reveal(),
        mqtt_password=claimed.mqtt_password.reveal(),
        challenge=challenge.challenge,
        answer_within_seconds=int(challenge.answer_within.total_seconds()),
    )


@router.post(
    "/devices/enrol/proof",
    status_code=HTTPStatus.CREATED,
    responses={**refusals(409, 429), 200: {"model": DeviceEnrolled, "description": _KNOWN}},
    summary="Prove the new key",
)
async def prove(request: Request, response: Response, proof: ProofGiven) -> DeviceEnrolled:
    """The second step: the device is in, and its key opens. A wrong answer voids the challenge.

    The same right answer again is told the same and changes nothing: the first reply may have been lost.
    """
    attempt = Attempt(source=_source(request))
    async with (
        _attempted(request, attempt, enrolment_id=proof.enrolment_id),
        platform_of(request.scope).begin() as work,
    ):

        async def acts(claim_key_id: str) -> None:
            await work.act_as(_claim_key_of(request, claim_key_id))

        at = replace(work.registrar, acts=acts)
        enrolment = await prove_device(at, proof.enrolment_id, proof.answer)
        proved = Attempt(source=attempt.source, claim_key_id=enrolment.claim_key_id, serial=enrolment.serial)
        await work.attempts.note(proved, "enrolled")
    if not enrolment.created:
        response.status_code = HTTPStatus.OK
    return DeviceEnrolled(device_uuid=enrolment.device_uuid)


@router.get(
    "/enrolment/claim-keys",
    dependencies=[needs("enrolment:read")],
    response_model=ClaimKeyPage,
    summary="Claim keys, newest first",
)
async def list_claim_keys(
    request: Request,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """Those that are used up, expired or taken back too. A page that is full has a `next`."""
    before = None if after is None else decode_cursor(after, _KeyPosition).key_id
    async with platform_of(request.scope).begin(read_only=True) as work:
        keys = await work.enrolment.list_claim_keys(before=before, limit=limit)
    following = encode_cursor(_KeyPosition(keys[-1].key_id)) if len(keys) == limit else None
    return {"items": keys, "next": following}


@router.post(
    "/enrolment/claim-keys",
    dependencies=[needs("enrolment:write")],
    status_code=HTTPStatus.CREATED,
    summary="Make a claim key",
)
async def create_claim_key(request: Request, stated: ClaimKeyStated, caller: Caller) -> ClaimKeyIssued:
    """Its text is told this once."""
    async with platform_of(request.scope).begin() as work:
        issued = await work.enrolment.create_claim_key(
            max_uses=stated.max_uses,
            lasts=stated.lasts,
            label=stated.label,
            created_by=_name(caller),
            allowed_serials=stated.allowed_serials,
        )
        made = await work.enrolment.get_claim_key(issued.key_id)
    return ClaimKeyIssued(key=issued.text.reveal(), **ClaimKeySeen.model_validate(made).model_dump())


@router.delete(
    "/enrolment/claim-keys/{key_id}",
    dependencies=[needs("enrolment:write")],
    response_model=ClaimKeySeen,
    responses=refusals(404),
    summary="Take a claim key back",
)
async def revoke_claim_key(request: Request, key_id: _KeyId) -> ClaimKey:
    """It lets nobody in any more, those included who have claimed and not yet proved."""
    async with platform_of(request.scope).begin() as work:
        return await work.enrolment.revoke_claim_key(key_id)


@router.put(
    "/devices/{uuid}/enrolment-permit",
    dependencies=[needs("enrolment:write")],
    response_model=PermitSeen,
    responses=refusals(404, 409),
    summary="Let a device enrol again",
)
async def permit(request: Request, uuid: UUID, stated: PermitStated, caller: Caller) -> Permit:
    """For a device that lost its key: once, within the time given, a claim with its serial becomes this device."""
    async with platform_of(request.scope).begin() as work:
        return await permit_enrolment(work.registrar, uuid, by=_name(caller), lasts=stated.lasts)


@router.delete(
    "/devices/{uuid}/enrolment-permit",
    dependencies=[needs("enrolment:write")],
    status_code=HTTPStatus.NO_CONTENT,
    responses=refusals(404),
    summary="Take such a permit back",
)
async def withdraw_permit(request: Request, uuid: UUID) -> None:
    """Where there is none, nothing happens."""
    async with platform_of(request.scope).begin() as work:
        device = await work.devices.get_device(uuid)
        await work.enrolment.withdraw_permit(device.uuid)


@router.get(
    "/enrolment/attempts",
    dependencies=[needs("enrolment:read")],
    response_model=AttemptPage,
    summary="Who tried to enrol, newest first",
)
async def list_attempts(
    request: Request,
    outcome: Annotated[Outcome | None, Query(description="Only those that ended so.")] = None,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """Kept for 90 days. Of those turned away for coming too often, one a minute and network."""
    before = None if after is None else decode_cursor(after, _AttemptPosition).id
    async with platform_of(request.scope).begin(read_only=True) as work:
        attempts = await work.attempts.list_attempts(before=before, outcome=outcome, limit=limit)
    following = encode_cursor(_AttemptPosition(attempts[-1].id)) if len(attempts) == limit else None
    return {"items": attempts, "next": following}


class _KeyPosition(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    key_id: Annotated[str, msgspec.Meta(pattern=r"\A[a-z2-9]{12}\Z")]


class _AttemptPosition(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@asynccontextmanager
async def _attempted(
    request: Request, attempt: Attempt, *, enrolment_id: UUID | None = None
) -> AsyncGenerator[None]:
    """Turns away who was refused too often; keeps a refusal in a transaction of its own, since the attempt's is rolled back."""
    platform = platform_of(request.scope)
    try:
        async with platform.begin(read_only=True) as work:
            await work.attempts.admit(attempt)
        yield
    except IotisticError as error:
        if isinstance(error, TooManyAttempts) or not isinstance(error, Unavailable):
            async with platform.begin() as work:
                await work.attempts.note_refusal(attempt, error, enrolment_id=enrolment_id)
        raise


def _claim_key_of(request: Request, key_id: str) -> Provenance:
    said = provenance_of(request.scope)
    return replace(said, actor_kind="claim_key", actor=key_id, key_id=key_id)


def _source(request: Request) -> str | None:
    return request.client.host if request.client else None


def _name(caller: Principal) -> str:
    return caller.username or f"user {caller.user_id}"
