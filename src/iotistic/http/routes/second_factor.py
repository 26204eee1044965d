"""The second factor of one's own account, and that of somebody who has lost theirs."""

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import APIRouter, Request

from iotistic.http.owners import Username, require_owner_for_owner
from iotistic.http.permissions import Caller, for_anybody_half_in, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.proof import require_proof
from iotistic.http.responses import refusals
from iotistic.http.schemas.second_factor import (
    AppEnrolled,
    FirstCode,
    Proof,
    RecoveryCodes,
    SecondFactorSeen,
)
from iotistic.secret import Secret
from iotistic.security import Principal
from iotistic.security.second_factor import SecondFactor, SecondFactorMissing, SecondFactorOn

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["second factor"], responses=refusals())


@router.get(
    "/auth/second-factor",
    dependencies=[for_anybody_half_in],
    response_model=SecondFactorSeen,
    summary="Whether one has a second factor",
)
async def get_own_factor(request: Request, caller: Caller) -> SecondFactor:
    """And how many recovery codes are left."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.second_factors.get(caller.username or "")


@router.post(
    "/auth/second-factor",
    dependencies=[for_anybody_half_in],
    status_code=HTTPStatus.CREATED,
    responses=refusals(409, 429),
    summary="Begin to set up an authenticator app",
)
async def begin_factor(request: Request, caller: Caller, proof: Proof) -> AppEnrolled:
    """Tells what to put into the app, this once. It counts for nothing until a first code of it came, within an hour."""
    user_id = _account(caller)
    async with platform_of(request.scope).begin(read_only=True) as work:
        if (await work.second_factors.get(caller.username or "")).since is not None:
            raise SecondFactorOn("The account has a second factor.", hint="Take it away first.")
    await require_proof(request, caller, proof)
    async with platform_of(request.scope).begin() as work:
        begun = await work.second_factors.begin(user_id, caller.username or "")
    return AppEnrolled(secret=begun.seed.reveal(), uri=begun.uri.reveal())


@router.post(
    "/auth/second-factor/confirmation",
    dependencies=[for_anybody_half_in],
    responses=refusals(404, 409, 429),
    summary="Show the first code of the app",
)
async def confirm_factor(request: Request, caller: Caller, first: FirstCode) -> RecoveryCodes:
    """From now on a login asks for a code. Ends every other session of the account; this one counts as opened with both factors."""
    user_id = _account(caller)
    async with platform_of(request.scope).begin() as work:
        outcome = await work.second_factors.confirm(user_id, Secret(first.code.get_secret_value()))
        if isinstance(outcome, Sequence):
            await work.sessions.add_factor(caller.key_id, "totp")
            await work.sessions.end_others(
                caller.username or "", kept=caller.key_id, reason="a second factor was set up"
            )
    if not isinstance(outcome, Sequence):
        raise outcome
    return _shown(outcome)


@router.post(
    "/auth/second-factor/recovery-codes",
    dependencies=[for_anybody_half_in],
    responses=refusals(404, 429),
    summary="Get other recovery codes",
)
async def renew_recovery_codes(request: Request, caller: Caller, proof: Proof) -> RecoveryCodes:
    """Ten others; those of before are good no more."""
    user_id = _account(caller)
    await _require_own_factor(request, caller)
    await require_proof(request, caller, proof)
    async with platform_of(request.scope).begin() as work:
        return _shown(await work.second_factors.renew_recovery_codes(user_id))


@router.post(
    "/auth/second-factor/removal",
    dependencies=[for_anybody_half_in],
    status_code=HTTPStatus.NO_CONTENT,
    responses=refusals(404, 429),
    summary="Do without a second factor",
)
async def remove_factor(request: Request, caller: Caller, proof: Proof) -> None:
    """Needs the password and a code. Ends every other session of the account."""
    await _require_own_factor(request, caller)
    await require_proof(request, caller, proof)
    async with platform_of(request.scope).begin() as work:
        await work.second_factors.remove(caller.username or "")
        await work.sessions.end_others(
            caller.username or "", kept=caller.key_id, reason="the second factor was taken away"
        )


@router.get(
    "/users/{username}/second-factor",
    dependencies=[needs("users:read")],
    response_model=SecondFactorSeen,
    responses=refusals(404),
    summary="Whether somebody has a second factor",
)
async def get_factor(request: Request, username: Username) -> SecondFactor:
    """For whoever looks after accounts."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.second_factors.get(username)


@router.delete(
    "/users/{username}/second-factor",
    dependencies=[needs("users:write")],
    status_code=HTTPStatus.NO_CONTENT,
    responses=refusals(404),
    summary="Take a lost second factor away",
)
async def reset_factor(request: Request, caller: Caller, username: Username) -> None:
    """For somebody who has lost the app and the recovery codes. Ends all their sessions; that of an owner only an owner takes away."""
    async with platform_of(request.scope).begin() as work:
        await require_owner_for_owner(work, caller, username)
        await work.second_factors.get(username)
        await work.second_factors.remove(username)
        await work.sessions.end_all(username, reason="the second factor was reset")


def _account(caller: Principal) -> int:
    if caller.user_id is None:
        raise LookupError("an account without a number")
    return caller.user_id


def _shown(codes: Sequence[Secret]) -> RecoveryCodes:
    return RecoveryCodes(recovery_codes=[code.reveal() for code in codes])


async def _require_own_factor(request: Request, caller: Principal) -> None:
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.second_factors.get(caller.username or "")
    if found.since is None:
        raise SecondFactorMissing("You have no second factor.")
