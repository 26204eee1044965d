"""Keys that people and services keep for themselves, and the next key of a device."""

from dataclasses import replace
from http import HTTPStatus

from fastapi import APIRouter, Request

from iotistic.bootstrap.work import Work
from iotistic.http.access import address_of, key_missing, presented_key, provenance_of
from iotistic.http.permissions import Caller, for_any_account
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.routes.keys import KeyId, replaced
from iotistic.http.schemas.keys import KeyFetched, KeyIssued, KeySeen, NewOwnKey, Replacement, Successor
from iotistic.security import Principal
from iotistic.security.keyring import Key, KeyNotFound, SuccessorRefused

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/auth", tags=["keys"], responses=refusals())


@router.get(
    "/keys", dependencies=[for_any_account], response_model=list[KeySeen], summary="The keys of one's own"
)
async def list_own_keys(request: Request, caller: Caller) -> list[Key]:
    """At most 1,000, without those that are revoked."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return list(await work.keyring.list_keys(username=caller.username, limit=1000))


@router.post(
    "/keys", dependencies=[for_any_account], status_code=HTTPStatus.CREATED, summary="Make a key for oneself"
)
async def create_own_key(request: Request, caller: Caller, stated: NewOwnKey) -> KeyIssued:
    """It is told this once, and may no more than the key that asks for it."""
    async with platform_of(request.scope).begin() as work:
        issued = await work.keyring.issue_account_key(
            caller.username or "", stated.draft, reason="made by a request"
        )
    return KeyIssued(key_id=issued.key_id, key=issued.text.reveal())


@router.post(
    "/keys/{key_id}/rotation",
    dependencies=[for_any_account],
    response_model=Successor,
    responses=refusals(404, 409),
    summary="Replace a key of one's own",
)
async def rotate_own_key(
    request: Request, caller: Caller, key_id: KeyId, stated: Replacement
) -> dict[str, object]:
    """The old one ends when the next is first used, at the latest after the grace."""
    async with platform_of(request.scope).begin() as work:
        return await replaced(work, await _own(work, caller, key_id), stated)


@router.delete(
    "/keys/{key_id}",
    dependencies=[for_any_account],
    response_model=KeySeen,
    responses=refusals(404),
    summary="Revoke a key of one's own",
)
async def revoke_own_key(request: Request, caller: Caller, key_id: KeyId) -> Key:
    """Every process refuses it within a second."""
    async with platform_of(request.scope).begin() as work:
        await _own(work, caller, key_id)
        return await work.keyring.revoke(key_id, reason="revoked by its owner")


@router.post("/key/successor", summary="The next key of a device")
async def fetch_successor(request: Request) -> KeyFetched:
    """For a device whose answers carry `Key-Retires`, with the key that retires; after its grace once.

    An answer that got lost is asked for again: what was fetched before and not used is void then.
    """
    platform, address = platform_of(request.scope), address_of(request.scope)
    key = presented_key(request.scope)
    if key is None:
        raise key_missing()
    try:
        async with platform.begin() as work:
            old = await work.keyring.open_succession(key, address=address)
            await work.act_as(
                replace(
                    provenance_of(request.scope),
                    actor_kind="device",
                    actor=str(old.device_uuid),
                    key_id=old.key_id,
                )
            )
            issued = await work.keyring.fetch_successor(old)
    except SuccessorRefused as error:
        platform.refusals.note("keys", address or "", reason=f"successor {error.why}")
        raise
    return KeyFetched.model_validate({"device_uuid": old.device_uuid, "api_key": issued.text.reveal()})


async def _own(work: Work, caller: Principal, key_id: str) -> Key:
    """Somebody else's key looks like none."""
    key = await work.keyring.get_key(key_id)
    if key.username is None or key.username != caller.username:
        raise KeyNotFound(f"You have no key {key_id!r}.")
    return key
