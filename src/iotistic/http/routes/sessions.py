"""Coming in: people log in."""

from dataclasses import replace
from datetime import timedelta

from fastapi import APIRouter, Request

from iotistic.http.access import provenance_of
from iotistic.http.login_gate import LoginGate, TooManyFailures
from iotistic.http.permissions import Caller, for_any_account, for_any_key
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.sessions import CallerSeen, Credentials, SessionOpened
from iotistic.secret import Secret
from iotistic.security import LoginRefused

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", responses=refusals())

_SESSION_LASTS = timedelta(hours=12)


@router.post("/auth/login", responses=refusals(429), tags=["sessions"], summary="Log in")
async def log_in(request: Request, credentials: Credentials) -> SessionOpened:
    """Gives a key for 12 hours. A wrong name and a wrong password are refused alike."""
    client = request.client.host if request.client else ""
    try:
        return await _opened(request, client, credentials)
    except (LoginRefused, TooManyFailures) as error:
        refusals_seen = platform_of(request.scope).refusals
        refusals_seen.note("logins", client, reason=error.code, name=credentials.username)
        raise


@router.get("/auth/me", dependencies=[for_any_key], tags=["sessions"], summary="Whose key is this?")
async def get_caller(caller: Caller) -> CallerSeen:
    """For devices too."""
    return CallerSeen(
        kind="user" if caller.device_uuid is None else "device",
        key_id=caller.key_id,
        username=caller.username,
        role=caller.role,
        device_uuid=caller.device_uuid,
        expires_at=caller.expires_at,
    )


@router.delete(
    "/auth/session", dependencies=[for_any_account], status_code=204, tags=["sessions"], summary="Log out"
)
async def log_out(request: Request, caller: Caller) -> None:
    """The key that was sent is good for nothing from now on."""
    async with platform_of(request.scope).begin() as work:
        await work.security.revoke_key(caller.key_id, reason="logged out")


async def _opened(request: Request, client: str, credentials: Credentials) -> SessionOpened:
    platform = platform_of(request.scope)
    gate: LoginGate = request.app.state.login_gate
    password = Secret(credentials.password.get_secret_value())
    async with gate.turn(client), platform.begin() as work:
        user = await work.security.log_in(credentials.username, password)
        await work.act_as(replace(provenance_of(request.scope), actor_kind="user", actor=user.username))
        issued = await work.security.issue_user_key(user.id, lasts=_SESSION_LASTS, reason="logged in")
    return SessionOpened(
        key=issued.text.reveal(),
        expires_at=platform.clock() + _SESSION_LASTS,
        username=user.username,
        role=user.role,
    )
